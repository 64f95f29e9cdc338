// Starts the authoritative servers, each at an address of its own, with files that were signed before.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Stage, startNsd, waitForPort } from '../servers.ts'
import type { Server } from './plans.ts'

/** Zone name to file. */
export type ZoneFiles = Readonly<Record<string, string>>

type Start = (stage: Stage, address: string, zones: ZoneFiles) => Promise<void>

/** Knot DNS at `address`, port 53. */
const startKnot: Start = async (stage, address, zones) => {
  const folder = join(stage.folder, `knot-${address}`)
  mkdirSync(folder)
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
    'template:',
    '  - id: default',
    '    semantic-checks: off',
    '    zonefile-sync: -1',
    '    journal-content: none',
    'zone:',
    ...Object.entries(zones).flatMap(([name, file]) => [`  - domain: "${name}"`, `    file: "${file}"`]),
  ]
  writeFileSync(join(folder, 'knot.conf'), `${config.join('\n')}\n`)
  stage.start('/usr/sbin/knotd', ['-c', join(folder, 'knot.conf')])
  await waitForPort(address, 53)
}

/** BIND at `address`, port 53, as an authoritative server alone. */
const startBind: Start = async (stage, address, zones) => {
  const folder = join(stage.folder, `bind-${address}`)
  mkdirSync(folder)
  const config = [
    'options {',
    `  directory "${folder}";`,
    `  listen-on { ${address}; };`,
    '  listen-on-v6 { none; };',
    '  pid-file none;',
    '  session-keyfile none;',
    '  recursion no;',
    '  notify no;',
    '  dnssec-validation no;',
    '  check-names primary ignore;',
    '  check-integrity no;',
    '  check-sibling no;',
    '};',
    'controls { };',
    ...Object.entries(zones).map(([name, file]) => `zone "${name}" { type primary; file "${file}"; };`),
  ]
  writeFileSync(join(folder, 'named.conf'), `${config.join('\n')}\n`)
  // One thread is enough, and each takes memory.
  stage.start('/usr/sbin/named', ['-g', '-n', '1', '-c', join(folder, 'named.conf')])
  await waitForPort(address, 53)
}

export const startServer: Readonly<Record<Server, Start>> = { nsd: startNsd, knot: startKnot, bind: startBind }
