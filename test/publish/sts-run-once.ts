// One run of `sts ramp` or `sts retire` on files: what the web server serves and what the zone has are files too. As a
// program it kills itself, as SIGKILL does, before the nth time that it changes a file.
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { ResourceRecord } from '../../src/core/dns/message.ts'
import { readTxt } from '../../src/core/dns/rdata/records.ts'
import { parseStsRecord } from '../../src/core/mtasts/record.ts'
import { stsRecord, stsRecordName } from '../../src/core/publish/sts-record.ts'
import { openStsStateFile } from '../../src/io/publish/sts-state-file.ts'
import type { ZoneWriter } from '../../src/io/publish/zone-writer.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import type { StsHands } from '../../src/programs/publish/sts/publish-step.ts'
import { runRamp } from '../../src/programs/publish/sts/run-ramp.ts'
import { runRetire } from '../../src/programs/publish/sts/run-retire.ts'
import { domain } from '../support/domain.ts'
import { lookOf, seenOf } from '../support/sts-look.ts'
import { usualWish } from '../support/sts-operator.ts'

export const own = domain('example.org')

export type Command = 'up' | 'down' | 'out'

/** What stands in `world.json` of a folder. */
export interface FiledWorld {
  readonly now: number
  readonly id: string | undefined
}

export function readFiledWorld(folder: string): FiledWorld {
  const { now, id } = JSON.parse(fs.readFileSync(join(folder, 'world.json'), 'utf8'))
  return { now, id }
}

export function writeFiledWorld(folder: string, world: FiledWorld): void {
  fs.writeFileSync(join(folder, 'world.json.new'), JSON.stringify(world))
  fs.renameSync(join(folder, 'world.json.new'), join(folder, 'world.json'))
}

/** What the web server serves: what lies in the file at any moment. */
export function servedIn(folder: string): string | undefined {
  const path = join(folder, 'mta-sts.txt')
  return fs.existsSync(path) ? fs.readFileSync(path, 'latin1') : undefined
}

/** Yields the exit status. */
export async function runOnce(folder: string, command: Command): Promise<number> {
  const { now } = readFiledWorld(folder)
  const file = openStsStateFile(join(folder, 'state', 'sts.json'), own, async () => {})
  const hands: StsHands = {
    ...{ domain: own, output: join(folder, 'mta-sts.txt'), signal: new AbortController().signal },
    writer: writerIn(folder),
  }
  const sink = { write: () => true, once: () => undefined }
  const said = { out: createOut({ stdout: sink, stderr: sink, environment: {} }), json: false }
  const look = async () => {
    const { id } = readFiledWorld(folder)
    const name = stsRecordName(own)
    const records = id === undefined || name === undefined ? [] : [stsRecord(name, id, 3600)]
    return seenOf([servedIn(folder)], [id], { records })
  }
  const release = await file.lock()
  if (release === undefined) return 75
  try {
    const work = { domain: own, file, hands, isDry: false }
    if (command === 'out') return await runRetire({ ...work, look, now: () => now }, { longestBefore: 1 }, said)
    const wish = { ...usualWish, to: command === 'down' ? ('testing' as const) : ('enforce' as const) }
    return await runRamp({ ...work, look: async () => lookOf(now, await look()) }, wish, said)
  } finally {
    release()
  }
}

function writerIn(folder: string): ZoneWriter {
  return {
    does: 'change the zone',
    async write({ add }) {
      writeFiledWorld(folder, { ...readFiledWorld(folder), id: add.map(idOf)[0] })
      return { kind: 'written', by: 'the file', wasThere: false }
    },
  }
}

function idOf({ rdata }: ResourceRecord): string {
  const texts = readTxt(rdata)
  const record = texts.ok ? parseStsRecord(texts.value.join('')) : undefined
  if (record?.ok !== true) throw new Error('no record of a policy')
  return record.value.id
}

const names = ['open', 'rename', 'rm'] as const
const syncNames = ['renameSync', 'writeFileSync'] as const

/** From the nth change of a file on there is none any more. Yields how to undo that, and whether it came so far. */
function endBefore(count: number, end: () => void): () => boolean {
  let left = count
  const undo: (() => void)[] = []
  const patch = <Module extends object>(module: Module, name: keyof Module) => {
    const call = module[name] as (...args: unknown[]) => unknown
    module[name] = ((...args: unknown[]) => {
      if (--left <= 0) end()
      return call(...args)
    }) as Module[keyof Module]
    undo.push(() => {
      module[name] = call as Module[keyof Module]
    })
  }
  for (const name of names) patch(promises, name)
  for (const name of syncNames) patch(fs, name)
  syncBuiltinESMExports()
  return () => {
    for (const one of undo) one()
    syncBuiltinESMExports()
    return left <= 0
  }
}

/** As if the process were gone from the nth change of a file on: none is made any more. Yields whether it came so far. */
export async function runEnding(folder: string, command: Command, count: number): Promise<boolean> {
  const undo = endBefore(count, () => {
    throw new Error('there is no process any more')
  })
  try {
    await runOnce(folder, command)
  } catch {
    // Whatever it says, nobody is there to say it.
  }
  return undo()
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder = '', command = '', count = ''] = process.argv
  endBefore(Number(count), () => process.kill(process.pid, 'SIGKILL'))
  await runOnce(folder, command as Command)
}
