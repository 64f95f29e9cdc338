import { limits } from '../../limits.ts'
import { type Name, rootName } from '../../name/name.ts'
import { parseName } from '../../name/text.ts'
import { accept, type Result, refuse } from '../../result.ts'
import { parseBase32hex } from '../base32hex.ts'
import { fromLatin1 } from '../octets.ts'
import { parseTime } from '../time.ts'
import { parseType, TYPE } from '../types.ts'
import type { Token } from '../zone-tokens.ts'
import { parseAddress } from './address.ts'
import { checkRdata } from './check.ts'
import { type Field, layoutOf } from './layout.ts'
import { parseParameter } from './service-parameters.ts'
import { u16, u32, writeBitmap, writeTxt } from './write.ts'

/** Why the words of a record are no data of its type. */
export type RdataTextFault = 'missing-field' | 'bad-field' | 'surplus-field' | 'malformed-rdata' | 'unknown-type'

/**
 * Reads record data from the words of zone text. RFC 1035 §5.1, RFC 3597 §5
 *
 * Any type may be in the generic form `\# length hex`. `at` of a fault is an offset into the text of the words.
 */
export function parseRdata(
  type: number,
  words: readonly Token[],
  origin: Name | null = rootName,
): Result<Uint8Array, RdataTextFault> {
  const first = words[0]
  if (first !== undefined && first.text === '\\#' && !first.quoted) return parseGeneric(type, words)
  const layout = layoutOf(type)
  if (layout === undefined) return refuse('unknown-type', first?.at ?? 0)
  if (words.length > limits.dns.messageOctets) return refuse('malformed-rdata', first?.at ?? 0)
  const pieces: Uint8Array[] = []
  const rest = [...words]
  for (const field of layout) {
    const isLast = field === layout.at(-1)
    const taken = takesRest(field) && isLast ? rest.splice(0) : rest.splice(0, 1)
    if (taken.length === 0 && field !== 'bitmap' && field !== 'parameters') return refuse('missing-field', endOf(words))
    const octets = parseField(field, taken, origin)
    if (octets === undefined) return refuse('bad-field', taken[0]?.at ?? endOf(words))
    pieces.push(octets)
  }
  if (rest[0] !== undefined) return refuse('surplus-field', rest[0].at)
  return checked(type, Buffer.concat(pieces), first?.at ?? 0)
}

function checked(type: number, rdata: Uint8Array, at: number): Result<Uint8Array, RdataTextFault> {
  const fits = rdata.length <= limits.dns.messageOctets && checkRdata(type, rdata).ok
  return fits ? accept(rdata) : refuse('malformed-rdata', at)
}

function endOf(words: readonly Token[]): number {
  const last = words.at(-1)
  return last === undefined ? 0 : last.at + last.text.length
}

function parseGeneric(type: number, words: readonly Token[]): Result<Uint8Array, RdataTextFault> {
  const length = words[1]
  if (length === undefined) return refuse('missing-field', endOf(words))
  const octets = parseHex(words.slice(2))
  if (!/^\d{1,5}$/.test(length.text) || octets?.length !== Number(length.text)) return refuse('bad-field', length.at)
  return checked(type, octets, length.at)
}

function takesRest(field: Field): boolean {
  return ['hex', 'hex-or-none', 'base64', 'strings', 'bitmap', 'parameters'].includes(field)
}

function parseField(field: Field, words: readonly Token[], origin: Name | null): Uint8Array | undefined {
  const text = words[0]?.text ?? ''
  switch (field) {
    case 'u8':
      return parseNumber(text, 255, (value) => Uint8Array.of(value))
    case 'u16':
      return parseNumber(text, 65535, u16)
    case 'u32':
      return parseNumber(text, 0xffffffff, u32)
    case 'type':
      return map(parseType(text), u16)
    case 'time':
      return map(parseTime(text), u32)
    case 'ipv4':
    case 'ipv6':
      return parseFamily(text, field === 'ipv4' ? 4 : 16)
    case 'name':
    case 'tolerated-name':
    case 'plain-name': {
      const name = parseName(text, origin)
      return name.ok ? fromLatin1(name.value.wire) : undefined
    }
    case 'string':
    case 'tag':
      return map(unescapeWord(text, 255), (string) => writeTxt([string]))
    case 'strings':
      return parseStrings(words)
    case 'text':
      return map(unescapeWord(text, 65535), fromLatin1)
    case 'salt':
      return text === '-' ? Uint8Array.of(0) : counted(parseHex(words))
    case 'hash':
      return counted(parseBase32hex(text))
    case 'bitmap':
      return parseBitmap(words)
    case 'hex':
    case 'hex-or-none':
      return parseHex(words)
    case 'base64':
      return parseBase64(words)
    case 'parameters':
      return parseParameters(words)
  }
}

function map<In, Out>(value: In | undefined, change: (value: In) => Out): Out | undefined {
  return value === undefined ? undefined : change(value)
}

function parseNumber(text: string, max: number, write: (value: number) => Uint8Array): Uint8Array | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= max ? write(Number(text)) : undefined
}

function parseFamily(text: string, width: number): Uint8Array | undefined {
  const octets = parseAddress(text)
  return octets?.length === width ? octets : undefined
}

function counted(octets: Uint8Array | undefined): Uint8Array | undefined {
  return octets === undefined || octets.length > 255 ? undefined : Buffer.concat([Uint8Array.of(octets.length), octets])
}

function parseHex(words: readonly Token[]): Uint8Array | undefined {
  const text = words.map((word) => word.text).join('')
  return /^(?:[0-9a-fA-F]{2})*$/.test(text) ? Buffer.from(text, 'hex') : undefined
}

function parseBase64(words: readonly Token[]): Uint8Array | undefined {
  const text = words.map((word) => word.text).join('')
  const isWhole = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
  return isWhole ? Buffer.from(text, 'base64') : undefined
}

function parseStrings(words: readonly Token[]): Uint8Array | undefined {
  const strings = words.map((word) => unescapeWord(word.text, 255))
  return strings.every((string) => string !== undefined) ? writeTxt(strings) : undefined
}

/** Octets of a word whose escapes still stand; undefined when one is bad or they are too many. */
function unescapeWord(text: string, max: number): string | undefined {
  let isBad = false
  const octets = text.replace(/\\(\d{3}|[\x00-/:-\x7f]|)|[^\x00-\x7f]+/g, (whole, escaped: string | undefined) => {
    if (escaped === undefined) return Buffer.from(whole, 'utf8').toString('latin1')
    if (escaped.length === 3 && Number(escaped) < 256) return String.fromCharCode(Number(escaped))
    isBad ||= escaped.length !== 1
    return escaped
  })
  return isBad || octets.length > max ? undefined : octets
}

function parseBitmap(words: readonly Token[]): Uint8Array | undefined {
  const types = words.map((word) => parseType(word.text))
  return types.every((type) => type !== undefined) ? writeBitmap(new Set(types)) : undefined
}

/** By name, or in the generic form; in whatever order, each once. RFC 9460 §2.1 */
function parseParameters(words: readonly Token[]): Uint8Array | undefined {
  const parameters = new Map<number, Uint8Array>()
  for (const { text } of words) {
    const equals = text.indexOf('=')
    const value = equals < 0 ? '' : unescapeWord(text.slice(equals + 1).replace(/^"|"$/g, ''), 65535)
    const parameter = value === undefined ? undefined : parseParameter(equals < 0 ? text : text.slice(0, equals), value)
    if (parameter === undefined || parameters.has(parameter.key)) return undefined
    parameters.set(parameter.key, parameter.value)
  }
  const ordered = [...parameters].sort(([one], [other]) => one - other)
  return Buffer.concat(ordered.flatMap(([key, value]) => [u16(key), u16(value.length), value]))
}

/** Whether records of a type may stand in a zone at all. */
export function isZoneType(type: number): boolean {
  return type !== TYPE.OPT && type !== TYPE.TSIG && type !== TYPE.ANY && type !== 0
}
