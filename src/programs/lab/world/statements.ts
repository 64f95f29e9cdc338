import { parseType } from '../../../core/dns/types.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import { certificateReaders, describeCertificate } from './certificates.ts'
import type { WorldFault } from './fault.ts'
import {
  listOf,
  numberIn,
  type Options,
  oneOf,
  type Reader,
  readAddress,
  readName,
  readOptions,
  readText,
  readYesNo,
} from './readers.ts'
import { parseRecordStatement } from './records.ts'
import type { Line, Word } from './words.ts'
import {
  delegations,
  denials,
  type HostDeclaration,
  keyKinds,
  modes,
  namelessManners,
  oldestVersions,
  type PolicyDeclaration,
  type RecordDeclaration,
  startTlsBehaviours,
  tempers,
  type ZoneDeclaration,
} from './world.ts'

type Parsed<Value> = Result<Value, WorldFault>

/** The word at an index; what is missing is missed at the end of the line. */
export function wordAt(line: Line, index: number): Result<Word, WorldFault> {
  const word = line.words[index]
  return word === undefined ? refuse('missing-word', line.end) : accept(word)
}

/** The word at an index, read. */
export function readAt<Value>(line: Line, index: number, reader: Reader<Value>): Parsed<Value> {
  const word = wordAt(line, index)
  return word.ok ? reader(word.value.text, word.value.at) : word
}

/** The signing algorithms by the names that worlds have for them. */
export const algorithmNames: Record<string, number> = {
  rsasha1: 5,
  'rsasha1-nsec3': 7,
  rsasha256: 8,
  rsasha512: 10,
  ecdsap256: 13,
  ecdsap384: 14,
  ed25519: 15,
  ed448: 16,
}

const readAlgorithm: Reader<number> = (text, at) => {
  const algorithm = Object.hasOwn(algorithmNames, text) ? algorithmNames[text] : undefined
  return algorithm === undefined ? refuse('unknown-value', at) : accept(algorithm)
}

/** The options of a zone. */
export const zoneReaders = {
  signed: readYesNo,
  algorithm: readAlgorithm,
  denial: oneOf(denials),
  iterations: numberIn(0, 65535),
  ds: oneOf(delegations),
  ttl: numberIn(0, 604_800),
}

/**
 * `zone NAME option…` declares a zone; `zone OWNER [TTL] TYPE DATA [fate]` one record of it. A type is written in
 * capitals, as in zone files, and that tells them apart.
 */
export function parseZoneStatement(line: Line, text: string): Parsed<ZoneDeclaration | RecordDeclaration> {
  const origin = readAt(line, 1, readName)
  if (!origin.ok) return origin
  const [second, third] = [line.words[2]?.text ?? '', line.words[3]?.text ?? '']
  if (isType(second) || (/^\d+$/.test(second) && isType(third))) return parseRecordStatement(line, text)
  const options = readOptions(line.words.slice(2), zoneReaders)
  return options.ok ? accept(zoneOf(origin.value, options.value)) : options
}

function isType(text: string): boolean {
  return text === text.toUpperCase() && parseType(text) !== undefined
}

function zoneOf(origin: string, options: Options<typeof zoneReaders>): ZoneDeclaration {
  return {
    kind: 'zone',
    origin,
    signed: options.signed ?? true,
    algorithm: options.algorithm ?? 13,
    denial: options.denial ?? 'nsec',
    iterations: options.iterations ?? 0,
    ds: options.ds ?? 'right',
    ttl: options.ttl ?? 3600,
  }
}

/** A keyword list is written with commas, and a keyword's parameters behind its first space. */
const readKeywords: Reader<readonly string[]> = (text) =>
  accept(text === '' ? [] : text.split(',').map((word) => word.trim()))

/** The options of a host. */
export const hostReaders = {
  ...certificateReaders,
  address: listOf(readAddress),
  published: readYesNo,
  starttls: oneOf(startTlsBehaviours),
  tls: oneOf(['1.0', '1.1', '1.2', '1.3']),
  oldest: oneOf(oldestVersions),
  also: oneOf(keyKinds),
  nameless: oneOf(namelessManners),
  temper: oneOf(tempers),
  down: readYesNo,
  offers: readKeywords,
  'offers-inside': readKeywords,
  refuses: listOf(readText),
  defers: listOf(readText),
  greeting: readText,
  ehlo: readText,
  mail: readText,
  rcpt: readText,
  data: readText,
  end: readText,
}

/** `host NAME option…`: a server on port 25. `greeting`, `ehlo`, `mail`, `rcpt`, `data` and `end` replace replies. */
export function parseHostStatement(line: Line): Parsed<HostDeclaration> {
  const name = readAt(line, 1, readName)
  if (!name.ok) return name
  const read = readOptions(line.words.slice(2), hostReaders)
  return read.ok ? accept(hostOf(name.value, read.value)) : read
}

const scripted = ['greeting', 'ehlo', 'mail', 'rcpt', 'data', 'end'] as const

/** A host with everything usual that `options` do not say otherwise. */
export function hostOf(name: string, options: Options<typeof hostReaders> = {}): HostDeclaration {
  const replies = scripted.flatMap((verb) => {
    const reply = options[verb]
    return reply === undefined ? [] : [[verb, reply] as const]
  })
  return {
    kind: 'host',
    name,
    addresses: options.address ?? [],
    published: options.published ?? true,
    certificate: describeCertificate(name, options),
    startTls: options.starttls ?? 'yes',
    tls: options.tls === '1.0' ? 'TLSv1' : `TLSv${options.tls ?? '1.3'}`,
    oldest: options.oldest,
    also: options.also && describeCertificate(name, { ...options, key: options.also }),
    nameless: options.nameless ?? 'usual',
    temper: options.temper ?? 'usual',
    down: options.down ?? false,
    offers: options.offers ?? ['SIZE 10485760', '8BITMIME', 'PIPELINING', 'ENHANCEDSTATUSCODES'],
    offersInside: options['offers-inside'] ??
      options.offers ?? ['SIZE 10485760', '8BITMIME', 'PIPELINING', 'ENHANCEDSTATUSCODES'],
    replies: new Map(replies),
    refuses: options.refuses ?? [],
    defers: options.defers ?? [],
  }
}

/** The options of a policy. */
export const policyReaders = {
  ...certificateReaders,
  mode: oneOf(modes),
  mx: listOf(readText),
  max_age: readText,
  id: readText,
  txt: readText,
  body: readText,
  status: numberIn(200, 599),
  type: readText,
  location: readText,
  down: readYesNo,
  endless: readYesNo,
}

/** `policy DOMAIN option…`: its TXT record and its policy host. `txt=none` publishes no record. */
export function parsePolicyStatement(line: Line): Parsed<PolicyDeclaration> {
  const domain = readAt(line, 1, readName)
  if (!domain.ok) return domain
  const read = readOptions(line.words.slice(2), policyReaders)
  return read.ok ? accept(policyOf(domain.value, read.value)) : read
}

function policyOf(domain: string, options: Options<typeof policyReaders>): PolicyDeclaration {
  const { mode = 'enforce', mx = [], max_age = '604800', id = '1' } = options
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((pattern) => `mx: ${pattern}`), `max_age: ${max_age}`]
  return {
    kind: 'policy',
    domain,
    txt: options.txt === 'none' ? undefined : (options.txt ?? `v=STSv1; id=${id};`),
    body: options.body ?? lines.map((line) => `${line}\r\n`).join(''),
    status: options.status ?? 200,
    type: options.type === 'none' ? undefined : (options.type ?? 'text/plain'),
    location: options.location,
    certificate: describeCertificate(`mta-sts.${domain}`, options),
    down: options.down ?? false,
    endless: options.endless ?? false,
  }
}
