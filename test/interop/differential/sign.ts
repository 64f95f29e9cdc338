// Signs planned zones, by our own signer and by those of others, and writes them as files that any server reads.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ResourceRecord } from '../../../src/core/dns/message.ts'
import { type Ds, readDnskey } from '../../../src/core/dns/rdata/records.ts'
import { writeDs } from '../../../src/core/dns/rdata/write.ts'
import { CLASS, TYPE } from '../../../src/core/dns/types.ts'
import { formatRecord, parseZone } from '../../../src/core/dns/zone-text.ts'
import { digestTypes } from '../../../src/core/dnssec/algorithms.ts'
import { dsDigest } from '../../../src/core/dnssec/ds.ts'
import { keyTagOf } from '../../../src/core/dnssec/key-tag.ts'
import { type Name, rootName } from '../../../src/core/name/name.ts'
import { createSigningKey, type SigningKey } from '../../../src/programs/lab/dns/signing-key.ts'
import { createSigner } from '../../../src/programs/lab/dns/zone-signer.ts'
import { run, type Stage } from '../servers.ts'
import type { Chance } from './chance.ts'
import { spoilZone, validityOf } from './defects.ts'
import type { AlgorithmNumber, Signing } from './plans.ts'

export interface SignedZone {
  readonly file: string
  /** What the parent is to say of it, as the plan has it. */
  readonly ds: readonly ResourceRecord[]
  readonly touched: readonly Name[]
}

interface Zone {
  readonly origin: Name
  /** With the final dot. */
  readonly name: string
  readonly text: string
}

const mnemonics: Readonly<Record<AlgorithmNumber, string>> = {
  5: 'RSASHA1',
  7: 'NSEC3RSASHA1',
  8: 'RSASHA256',
  10: 'RSASHA512',
  13: 'ECDSAP256SHA256',
  14: 'ECDSAP384SHA384',
  15: 'ED25519',
  16: 'ED448',
}

export function signPlanned(stage: Stage, zone: Zone, signing: Signing, chance: Chance): SignedZone {
  const folder = folderFor(stage, zone.name)
  const signed = signWith[signing.signer](folder, zone, signing)
  const { defect } = signing
  const { records, touched } =
    defect === undefined ? { records: signed, touched: [] } : spoilZone(defect, signed, chance, zone.origin)
  const ds = dsRecords(zone.origin, signed, signing)
  return { file: writeZone(folder, records), ds, touched }
}

/** A zone without signatures. */
export function writeUnsigned(stage: Stage, { name, text }: Pick<Zone, 'name' | 'text'>): string {
  return writeZone(folderFor(stage, name), readZone(text))
}

function folderFor(stage: Stage, name: string): string {
  const folder = join(stage.folder, name === '.' ? 'zone-of-the-root' : name)
  mkdirSync(folder)
  return folder
}

function writeZone(folder: string, records: readonly ResourceRecord[]): string {
  const file = join(folder, 'served')
  writeFileSync(file, `${records.map(formatRecord).join('\n')}\n`)
  return file
}

function readZone(text: string): ResourceRecord[] {
  const records = parseZone(text, { origin: rootName, ttl: 3600 })
  if (!records.ok) throw new Error(`cannot read "${text.slice(records.at, records.at + 80)}": ${records.fault}`)
  return records.value
}

type Sign = (folder: string, zone: Zone, signing: Signing) => ResourceRecord[]

const signWith: Readonly<Record<Signing['signer'], Sign>> = {
  waxseal: signWithOurs,
  ldns: signWithLdns,
  bind: signWithBind,
  knot: signWithKnot,
}

function signWithOurs(_folder: string, { origin, text }: Zone, signing: Signing): ResourceRecord[] {
  const { algorithm, denial, iterations, salt, keys, defect } = signing
  const signer = createSigner({
    ...{ origin, denial, iterations, salt: Buffer.from(salt, 'hex'), keys: keysFor(algorithm, keys) },
    ...validityOf(defect),
  })
  return signer.sign(readZone(text), Date.now())
}

function keysFor(algorithm: AlgorithmNumber, keys: Signing['keys']): SigningKey[] {
  const flags = { single: [257], split: [257, 256], double: [257, 257, 256, 256] } as const
  return flags[keys].map((one) => createSigningKey(algorithm, one))
}

function signWithLdns(folder: string, { name, text }: Zone, signing: Signing): ResourceRecord[] {
  const { algorithm, keys } = signing
  writeFileSync(join(folder, 'zone'), text)
  const mnemonic = algorithm === 7 ? 'RSASHA1-NSEC3-SHA1' : mnemonics[algorithm]
  const bits = algorithm <= 10 ? ['-b', '2048'] : []
  const makeKey = (...more: string[]) =>
    run('ldns-keygen', ['-a', mnemonic, ...bits, ...more, name], { cwd: folder }).trim()
  const files = keys === 'single' ? [makeKey('-k')] : [makeKey('-k'), makeKey()]
  run('ldns-signzone', [...ldnsDenial(signing), '-o', name, '-f', 'signed', 'zone', ...files], { cwd: folder })
  return readZone(readFileSync(join(folder, 'signed'), 'utf8'))
}

function ldnsDenial({ denial, iterations, salt }: Signing): string[] {
  if (denial === 'nsec') return []
  const options = ['-n', '-t', String(iterations), ...(salt === '' ? [] : ['-s', salt])]
  return denial === 'opt-out' ? [...options, '-p'] : options
}

function signWithBind(folder: string, { name, text }: Zone, signing: Signing): ResourceRecord[] {
  const { algorithm, keys, denial, iterations, salt } = signing
  writeFileSync(join(folder, 'zone'), text)
  const bits = algorithm <= 10 ? ['-b', '2048'] : []
  const makeKey = (...more: string[]) =>
    run('dnssec-keygen', ['-q', '-K', '.', '-a', mnemonics[algorithm], ...bits, ...more, name], { cwd: folder })
  makeKey('-f', 'KSK')
  if (keys !== 'single') makeKey()
  const optOut = denial === 'opt-out' ? ['-A'] : []
  const hashed = denial === 'nsec' ? [] : ['-3', salt === '' ? '-' : salt, '-H', String(iterations), ...optOut]
  const alone = keys === 'single' ? ['-z'] : []
  run('dnssec-signzone', [...hashed, ...alone, '-S', '-K', '.', '-O', 'full', '-o', name, '-f', 'signed', 'zone'], {
    cwd: folder,
  })
  return readZone(readFileSync(join(folder, 'signed'), 'utf8'))
}

function signWithKnot(folder: string, { name, text }: Zone, signing: Signing): ResourceRecord[] {
  writeFileSync(join(folder, 'zone'), text)
  mkdirSync(join(folder, 'keys'))
  mkdirSync(join(folder, 'signed'))
  const config = join(folder, 'knot.conf')
  writeFileSync(config, knotConfig(folder, name, signing))
  const makeKey = (ksk: boolean, zsk: boolean) => {
    const kinds = [`ksk=${ksk ? 'yes' : 'no'}`, `zsk=${zsk ? 'yes' : 'no'}`]
    const bits = signing.algorithm <= 10 ? ['size=2048'] : []
    run('keymgr', ['-c', config, name, 'generate', `algorithm=${signing.algorithm}`, ...bits, ...kinds])
  }
  if (signing.keys === 'single') makeKey(true, true)
  else for (const isKsk of [true, false]) makeKey(isKsk, !isKsk)
  run('kzonesign', ['-c', config, '-o', join(folder, 'signed'), name])
  return readZone(readFileSync(join(folder, 'signed', 'zone'), 'utf8'))
}

const knotAlgorithm = ({ algorithm }: Signing) =>
  algorithm === 7 ? 'rsasha1-nsec3-sha1' : mnemonics[algorithm].toLowerCase()

function knotConfig(folder: string, name: string, signing: Signing): string {
  const { denial, iterations, keys } = signing
  return [
    'server:',
    `  rundir: "${folder}"`,
    'database:',
    `  storage: "${folder}/keys"`,
    'policy:',
    '  - id: planned',
    `    algorithm: ${knotAlgorithm(signing)}`,
    '    manual: on',
    `    single-type-signing: ${keys === 'single' ? 'on' : 'off'}`,
    `    nsec3: ${denial === 'nsec' ? 'off' : 'on'}`,
    `    nsec3-opt-out: ${denial === 'opt-out' ? 'on' : 'off'}`,
    `    nsec3-iterations: ${iterations}`,
    '    nsec3-salt-length: 4',
    'zone:',
    `  - domain: "${name}"`,
    `    storage: "${folder}"`,
    '    file: "zone"',
    '    dnssec-signing: on',
    '    dnssec-policy: planned',
    '',
  ].join('\n')
}

/** Of the keys with the SEP flag, whoever made them; or what the plan wants said in their place. */
function dsRecords(origin: Name, records: readonly ResourceRecord[], signing: Signing): ResourceRecord[] {
  const right = records.flatMap(({ type, name, rdata }) => {
    const key = type === TYPE.DNSKEY && name.key === origin.key ? readDnskey(rdata) : undefined
    return key?.ok === true && (key.value.flags & 1) === 1 ? [dsOfKey(origin, rdata, signing)] : []
  })
  const { ds: manner } = signing
  const said = right.flatMap((ds) => saidInstead(ds, manner))
  return said.map((ds) => ({ name: origin, type: TYPE.DS, class: CLASS.IN, ttl: 3600, rdata: writeDs(ds) }))
}

function dsOfKey(owner: Name, rdata: Uint8Array, { algorithm, digestType }: Signing): Ds {
  const digest = dsDigest({ owner, rdata, digestType }, { digests: digestTypes })
  if (digest === undefined) throw new Error(`no digest of type ${digestType}`)
  return { keyTag: keyTagOf(rdata), algorithm, digestType, digest }
}

function saidInstead(right: Ds, manner: Signing['ds']): Ds[] {
  const wrong = { ...right, digest: right.digest.map((octet) => octet ^ 0xff) }
  switch (manner) {
    case 'right':
      return [right]
    case 'none':
      return []
    case 'wrong':
      return [wrong]
    case 'beside-wrong':
      return [wrong, right]
    case 'unknown-algorithm':
      return [{ ...right, algorithm: 99 }]
    case 'unknown-digest':
      return [{ ...right, digestType: 99 }]
  }
}
