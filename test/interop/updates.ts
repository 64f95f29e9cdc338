// BIND and Knot that take updates: each with a zone that it signs itself, and keys for the names that we publish.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TsigKey } from '../../src/core/dns/tsig-key.ts'
import { parseTsigKey } from '../../src/core/dns/tsig-key-text.ts'
import { folderFor, startKnot, startNamed } from './authoritative.ts'
import { run, type Stage } from './servers.ts'

export const algorithms = ['hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

/** Keys by their names, as files that the tools of the servers have written. */
export interface Keys {
  readonly bind: Readonly<Record<string, string>>
  readonly knot: Readonly<Record<string, string>>
}

/** One key for each algorithm, `other`, which may change nothing of ours, and for BIND `short`, with MACs of half their length. */
export function makeKeys(stage: Stage): Keys {
  const names = [...algorithms.map((algorithm) => [algorithm, algorithm] as const), ['other', 'hmac-sha256'] as const]
  const keep = (server: string, name: string, text: string) => {
    const file = join(stage.folder, `${server}-${name}.key`)
    writeFileSync(file, text, { mode: 0o600 })
    return [name, file] as const
  }
  const bind = [
    ...names.map(([name, algorithm]) => keep('bind', name, run('tsig-keygen', ['-a', algorithm, name]))),
    keep('bind', 'short', run('tsig-keygen', ['-a', 'hmac-sha256', 'short']).replace('sha256;', 'sha256-128;')),
  ]
  const knot = names.map(([name, algorithm]) => keep('knot', name, run('keymgr', ['-t', name, algorithm])))
  return { bind: Object.fromEntries(bind), knot: Object.fromEntries(knot) }
}

export function readKey(file: string): TsigKey {
  const key = parseTsigKey(readFileSync(file, 'utf8'))
  if (!key.ok) throw new Error(`${file}: ${key.fault}`)
  return key.value
}

export const zoneText = (address: string) =>
  [
    '$TTL 60',
    '@ SOA ns hostmaster 1 7200 900 1209600 60',
    '@ NS ns',
    '@ MX 10 mx',
    `ns A ${address}`,
    'mx A 192.0.2.25',
    '_25._tcp.alias CNAME tlsa.example.net.',
    'sub NS ns.example.net.',
    '',
  ].join('\n')

const published = ['_25._tcp.mx', '_25._tcp.alias', '_mta-sts']

/** BIND at `address`: `example` is signed as it is updated, `inline` apart from the updates, `frozen` cannot be written. */
export async function startUpdatedBind(stage: Stage, address: string, keys: Keys['bind']): Promise<void> {
  const folder = folderFor(stage, `bind-${address}`)
  const mine = Object.keys(keys).filter((name) => name !== 'other')
  const policy = (zone: string) =>
    mine.flatMap((key) => published.map((name) => `grant "${key}" name ${name}.${zone} TLSA TXT CNAME;`)).join(' ')
  const zone = (name: string, more: string) => {
    writeFileSync(join(folder, name), zoneText(address))
    return `zone "${name}" { type primary; file "${name}"; update-policy { ${policy(name)} }; ${more} };`
  }
  await startNamed(stage, address, {
    folder,
    keys: Object.values(keys).map((file) => readFileSync(file, 'utf8')),
    options: ['session-keyfile none;', 'allow-transfer { any; };'],
    zones: [
      zone('example', 'dnssec-policy default;'),
      zone('inline', 'dnssec-policy default; inline-signing yes;'),
      zone('plain', ''),
    ],
  })
}

/** Knot at `address`: `example` is signed as it is updated. */
export async function startUpdatedKnot(stage: Stage, address: string, keys: Keys['knot']): Promise<void> {
  const folder = folderFor(stage, `knot-${address}`)
  for (const name of ['example', 'plain']) writeFileSync(join(folder, name), zoneText(address))
  const entries = Object.values(keys).flatMap((file) => readFileSync(file, 'utf8').replace(/^[\s\S]*key:\n/, ''))
  const mine = Object.keys(keys).filter((name) => name !== 'other')
  const sections = [
    'key:',
    ...entries.map((entry) => entry.trimEnd()),
    'acl:',
    '  - id: publish',
    `    key: [${mine.join(', ')}]`,
    '    action: update',
    '    update-owner: name',
    '    update-owner-match: equal',
    `    update-owner-name: [${published.join(', ')}]`,
    '  - id: transfer',
    '    address: 192.0.2.0/24',
    '    action: transfer',
    'template:',
    '  - id: default',
    `    storage: "${folder}"`,
    '    file: "%s"',
    '    acl: [publish, transfer]',
    'zone:',
    '  - domain: example',
    '    dnssec-signing: on',
    '  - domain: plain',
  ]
  await startKnot(stage, address, { folder, sections })
}

/** Data of the records there, in order. */
export function showRecords(name: string, type: string, address: string): string[] {
  return run('dig', [`@${address}`, '+short', '+norecurse', name, type])
    .split('\n')
    .filter((line) => line !== '')
    .sort()
}

/** Servers make keys and sign once they have started. */
export async function waitUntilSigned(zone: string, address: string): Promise<void> {
  const deadline = AbortSignal.timeout(20_000)
  while (!/\bSOA \d+ /.test(run('dig', [`@${address}`, '+short', '+norecurse', '+dnssec', zone, 'SOA']))) {
    if (deadline.aborted) throw new Error(`${zone} is not signed at ${address}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The whole zone as zone text. */
function transfer(zone: string, address: string): string {
  return run('dig', [`@${address}`, zone, 'AXFR', '+onesoa', '+nocmd', '+nocomments', '+nostats'])
}

/** Throws unless every RRset of the zone is signed, and every name denied that is not there. */
export function verifySigned(stage: Stage, zone: string, address: string): string {
  const file = join(stage.folder, `${zone}-${address}`)
  const text = transfer(zone, address)
  writeFileSync(file, text)
  run('dnssec-verify', ['-z', '-o', zone, file])
  return text
}
