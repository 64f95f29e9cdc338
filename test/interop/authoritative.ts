// BIND and Knot as authoritative servers alone, each at an address of its own.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Stage, waitForPort } from './servers.ts'

export interface NamedSetup {
  /** Where its files are; made unless given. */
  readonly folder?: string
  /** Clauses before that of its options, such as keys. */
  readonly keys?: readonly string[]
  /** Of the options clause, each with its semicolon. */
  readonly options?: readonly string[]
  /** Clauses of zones. */
  readonly zones: readonly string[]
}

/** BIND at `address`, port 53: knows nothing but these zones, and asks nobody. */
export async function startNamed(stage: Stage, address: string, setup: NamedSetup): Promise<void> {
  const { folder = folderFor(stage, `bind-${address}`), keys = [], options = [], zones } = setup
  const config = [
    ...keys,
    'options {',
    `  directory "${folder}";`,
    `  listen-on { ${address}; };`,
    '  listen-on-v6 { none; };',
    '  pid-file none;',
    '  lock-file none;',
    '  recursion no;',
    '  notify no;',
    '  dnssec-validation no;',
    ...options.map((option) => `  ${option}`),
    '};',
    'controls { };',
    ...zones,
  ]
  writeFileSync(join(folder, 'named.conf'), `${config.join('\n')}\n`)
  // One thread is enough, and each takes memory.
  stage.start('/usr/sbin/named', ['-g', '-n', '1', '-c', join(folder, 'named.conf')])
  await waitForPort(address, 53)
}

/** Clauses for zones that are served from these files, and never change. */
export function primaries(zones: Readonly<Record<string, string>>): string[] {
  return Object.entries(zones).map(([name, file]) => `zone "${name}" { type primary; file "${file}"; };`)
}

export interface KnotSetup {
  readonly folder?: string
  /** All behind the sections about the server itself. */
  readonly sections: readonly string[]
}

/** Knot DNS at `address`, port 53. */
export async function startKnot(stage: Stage, address: string, setup: KnotSetup): Promise<void> {
  const { folder = folderFor(stage, `knot-${address}`), sections } = setup
  const config = [
    'server:',
    `  listen: ${address}@53`,
    `  rundir: "${folder}"`,
    '  udp-workers: 1',
    '  tcp-workers: 1',
    '  background-workers: 1',
    'database:',
    `  storage: "${folder}"`,
    'log:',
    '  - target: stderr',
    '    any: warning',
    ...sections,
  ]
  writeFileSync(join(folder, 'knot.conf'), `${config.join('\n')}\n`)
  stage.start('/usr/sbin/knotd', ['-c', join(folder, 'knot.conf')])
  await waitForPort(address, 53)
}

/** A new folder below that of the stage. */
export function folderFor(stage: Stage, name: string): string {
  const folder = join(stage.folder, name)
  mkdirSync(folder)
  return folder
}
