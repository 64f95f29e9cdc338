import { limits } from '../limits.ts'
import { foldCase, type Name } from '../name/name.ts'
import { formatName, parseName } from '../name/text.ts'
import { accept, type Result, refuse } from '../result.ts'
import type { ResourceRecord } from './message.ts'
import { formatRdata } from './rdata/format.ts'
import { isZoneType, parseRdata, type RdataTextFault } from './rdata/parse.ts'
import { CLASS, formatClass, formatType, parseClass, parseType } from './types.ts'
import { type Entry, splitEntries, type Token, type TokenFault } from './zone-tokens.ts'

/** Why zone text is refused. */
export type ZoneFault =
  | TokenFault
  | RdataTextFault
  | 'too-long'
  | 'unknown-directive'
  | 'bad-directive'
  | 'bad-owner'
  | 'no-owner'
  | 'no-type'
  | 'no-ttl'
  | 'bad-class'

export interface ZoneTextOptions {
  /** What names without a final dot are relative to; without it they are refused. */
  readonly origin?: Name
  /** Seconds for records that give none, until a $TTL; without either, the last TTL stated counts. */
  readonly ttl?: number
}

interface Context {
  origin: Name | null
  /** Of $TTL, or of the options. */
  ttl: number | undefined
  /** Those of the entry before, which entries may leave out. */
  owner: Name | undefined
  statedTtl: number | undefined
  class: number
}

/**
 * Reads zone text: records with `$ORIGIN`, `$TTL`, parentheses, comments, `@` and left-out owners. RFC 1035 §5.1
 *
 * TTL and class may stand in either order, TTLs in seconds or with units (`1h30m`); left out, the last ones stated count
 * (for TTLs, $TTL before them: RFC 2308 §4). `$INCLUDE` is refused.
 */
export function parseZone(text: string, options: ZoneTextOptions = {}): Result<ResourceRecord[], ZoneFault> {
  const entries = parseZoneEntries(text, options)
  return entries.ok ? accept(entries.value.map(({ record }) => record)) : entries
}

/** A record, and the offset in the text where its entry begins. */
export interface ZoneEntry {
  readonly record: ResourceRecord
  readonly at: number
}

/** As `parseZone`, for those who judge the records further and want to say where one stands. */
export function parseZoneEntries(text: string, options: ZoneTextOptions = {}): Result<ZoneEntry[], ZoneFault> {
  if (text.length > limits.dns.zoneTextOctets) return refuse('too-long', limits.dns.zoneTextOctets)
  const entries = splitEntries(text)
  if (!entries.ok) return entries
  const context: Context = {
    ...{ origin: options.origin ?? null, ttl: options.ttl },
    ...{ owner: undefined, statedTtl: undefined, class: CLASS.IN },
  }
  const found: ZoneEntry[] = []
  for (const entry of entries.value) {
    if (entry.tokens[0]?.text.startsWith('$') === true && !entry.tokens[0].quoted) {
      const fault = followDirective(entry.tokens, context)
      if (fault !== undefined) return fault
      continue
    }
    const record = readEntry(entry, context)
    if (!record.ok) return record
    found.push({ record: record.value, at: entry.at })
  }
  return accept(found)
}

/** Reads exactly one record, its names absolute unless an origin is given. */
export function parseRecord(line: string, options: ZoneTextOptions = {}): Result<ResourceRecord, ZoneFault> {
  const records = parseZone(line, options)
  if (!records.ok) return records
  const [record, surplus] = records.value
  if (record === undefined) return refuse('no-owner')
  return surplus === undefined ? accept(record) : refuse('surplus-field', line.indexOf('\n'))
}

function followDirective([directive, value, surplus]: readonly Token[], context: Context) {
  const at = directive?.at ?? 0
  const name = foldCase(directive?.text ?? '')
  if (name !== '$origin' && name !== '$ttl') return refuse('unknown-directive', at)
  if (value === undefined || surplus !== undefined) return refuse('bad-directive', at)
  if (name === '$ttl') {
    context.ttl = parseTtl(value.text)
    return context.ttl === undefined ? refuse('bad-directive', value.at) : undefined
  }
  const origin = parseName(value.text, context.origin)
  if (!origin.ok) return refuse('bad-directive', value.at)
  context.origin = origin.value
  return undefined
}

function readEntry({ tokens, indented, at }: Entry, context: Context): Result<ResourceRecord, ZoneFault> {
  const words = [...tokens]
  const owner = readOwner(words, indented, context)
  if (!owner.ok) return refuse(owner.fault, at + owner.at)
  let ttl: number | undefined
  let klass: number | undefined
  for (let word = words[0]; word !== undefined; word = words[0]) {
    const asTtl = ttl === undefined ? parseTtl(word.text) : undefined
    const asClass = klass === undefined ? parseClass(word.text) : undefined
    if (asTtl === undefined && asClass === undefined) break
    ttl ??= asTtl
    klass ??= asClass
    words.shift()
  }
  const typeWord = words.shift()
  const type = typeWord === undefined ? undefined : parseType(typeWord.text)
  if (type === undefined || !isZoneType(type)) return refuse('no-type', typeWord?.at ?? at)
  context.owner = owner.value
  context.statedTtl = ttl ?? context.statedTtl
  context.class = klass ?? context.class
  ttl ??= context.ttl ?? context.statedTtl
  if (ttl === undefined) return refuse('no-ttl', typeWord?.at ?? at)
  const rdata = parseRdata(type, words, context.origin)
  if (!rdata.ok) return refuse(rdata.fault, rdata.at === 0 ? (typeWord?.at ?? at) : rdata.at)
  return accept({ name: owner.value, type, class: context.class, ttl, rdata: rdata.value })
}

function readOwner(words: Token[], indented: boolean, context: Context): Result<Name, 'no-owner' | 'bad-owner'> {
  if (indented) return context.owner === undefined ? refuse('no-owner') : accept(context.owner)
  const word = words.shift()
  if (word === undefined) return refuse('no-owner')
  const name = parseName(word.text, context.origin)
  return name.ok ? accept(name.value) : refuse('bad-owner', name.at)
}

/** Ten digits and a letter, of each unit. */
const ttlCharacters = 5 * 11

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds, or numbers with units; undefined when it is neither or over 32 bits. RFC 2181 §8 */
export function parseTtl(text: string): number | undefined {
  if (text.length > ttlCharacters || !/^(?:\d{1,10}|(?:\d{1,10}[smhdw])+)$/i.test(text)) return undefined
  const parts = text.toLowerCase().match(/\d+[smhdw]?/g) ?? []
  const seconds = parts.reduce(
    (sum, part) => sum + Number.parseInt(part, 10) * (unitSeconds[part.at(-1) ?? ''] ?? 1),
    0,
  )
  return seconds <= 0xffffffff ? seconds : undefined
}

/** One line of zone text, safe to show. */
export function formatRecord({ name, type, class: klass, ttl, rdata }: ResourceRecord): string {
  return `${formatName(name)} ${ttl} ${formatClass(klass)} ${formatType(type)} ${formatRdata(type, rdata)}`
}

/** Line and column, from 1, of an offset in a text: for telling people where a fault is. */
export function positionOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: at - lineStart + 1 }
}
