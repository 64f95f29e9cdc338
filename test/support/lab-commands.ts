// Runs command lines inside a lab: the real commands and options, the lab's network in the place of the machine's.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Clock } from '../../src/io/clock.ts'
import { openWorld } from '../../src/programs/cli/open-world.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { runCommandLine } from '../../src/programs/cli/run-command-line.ts'
import type { Lab } from '../../src/programs/lab/lab.ts'

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly input?: string | Uint8Array
  readonly columns?: number
  readonly unicode?: boolean
  /** In the place of the lab's. */
  readonly clock?: Clock
  readonly signal?: AbortSignal
  readonly onReload?: (reload: () => void) => void
  /** Told of what is written to standard output, as it is written. */
  readonly onOutput?: (text: string) => void
}

export interface LabCommands {
  /** Holds the lab's root hints, trust anchors and authorities, as `hints`, `anchors` and `ca.pem`. */
  readonly folder: string
  /** Options that put a command into the lab, resolving from its root. */
  readonly iterate: readonly string[]
  run(args: readonly string[], line?: CommandLine): Promise<Ended>
  /** Takes the folder away; the lab is whose it was. */
  close(): void
}

export function commandsIn(lab: Lab): LabCommands {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-commands-'))
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const hints = lab.rootHints.map(({ address }, at) => `. 3600 IN NS r${at}.\nr${at}. 3600 IN A ${address}\n`)
  const iterate = [
    ...['--engine', 'iterate', '--root-hints', file('hints', hints.join(''))],
    ...['--trust-anchor', file('anchors', lab.trustAnchors), '--ca-file', file('ca.pem', lab.ca)],
  ]
  return {
    folder,
    iterate,
    run: (args, line) => runIn(lab, args, line),
    close: () => rmSync(folder, { recursive: true }),
  }
}

async function runIn(lab: Lab, args: readonly string[], line: CommandLine = {}): Promise<Ended> {
  const { input = '', columns = 80, unicode = true, clock = lab.clock, signal = new AbortController().signal } = line
  const written = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof written) => ({
    write(text: string) {
      written[name] += text
      if (name === 'stdout') line.onOutput?.(text)
      return true
    },
    once: () => undefined,
  })
  const environment = { COLUMNS: String(columns), LC_ALL: unicode ? 'C.UTF-8' : 'C' }
  const out = createOut({ stdout: sink('stdout'), stderr: sink('stderr'), environment })
  const around = { out, clock, environment, network: lab.network }
  const status = await runCommandLine(args, {
    ...{ out, signal, clock, environment },
    ...(line.onReload !== undefined && { onReload: line.onReload }),
    openInput: () => Readable.from([Buffer.from(input)]),
    openWorld: (values, need, observer) => openWorld(values, need, around, observer),
  })
  return { status, ...written }
}
