import { foldCase, type Name } from '../../name/name.ts'
import { formatName } from '../../name/text.ts'
import { base32hex } from '../base32hex.ts'
import { base64, hex, latin1, readU16, readU32 } from '../octets.ts'
import { formatTime } from '../time.ts'
import { formatType } from '../types.ts'
import { readWireName } from '../wire-name.ts'
import { formatIpv6 } from './address.ts'
import { checkRdata } from './check.ts'
import { type Field, layoutOf } from './layout.ts'
import { formatParameter } from './service-parameters.ts'

/**
 * Record data as zone text, safe to show: nothing but printable ASCII. RFC 1035 §5.1
 *
 * Unknown types and malformed data take the generic form `\# 3 c00c01`. RFC 3597 §5
 */
export function formatRdata(type: number, rdata: Uint8Array): string {
  const layout = layoutOf(type)
  if (layout === undefined || !checkRdata(type, rdata).ok) return formatGeneric(rdata)
  const words: string[] = []
  let at = 0
  for (const field of layout) {
    if (field === 'hex-or-none' && at === rdata.length) return formatGeneric(rdata) // text has no word for nothing
    if (field === 'tag' && !isTag(stringAt(rdata, at))) return formatGeneric(rdata)
    const { text, end } = formatField(field, rdata, at)
    if (text !== '') words.push(text)
    at = end
  }
  return words.join(' ')
}

/** RFC 3597 §5 */
export function formatGeneric(rdata: Uint8Array): string {
  return rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${hex(rdata)}`
}

/** The tag of a property goes without quotes: servers refuse it with them. RFC 8659 §4.1.1 */
function isTag(text: string): boolean {
  return /^[A-Za-z0-9]+$/.test(text)
}

/** The character string that begins there. RFC 1035 §3.3 */
function stringAt(rdata: Uint8Array, at: number): string {
  return latin1(rdata, at + 1, at + 1 + (rdata[at] ?? 0))
}

interface Formatted {
  readonly text: string
  readonly end: number
}

/** One field of data that has been checked. */
function formatField(field: Field, rdata: Uint8Array, at: number): Formatted {
  const octet = rdata[at] ?? 0
  const rest = rdata.subarray(at)
  switch (field) {
    case 'u8':
      return { text: String(octet), end: at + 1 }
    case 'u16':
      return { text: String(readU16(rdata, at)), end: at + 2 }
    case 'u32':
      return { text: String(readU32(rdata, at)), end: at + 4 }
    case 'type':
      return { text: formatType(readU16(rdata, at)), end: at + 2 }
    case 'time':
      return { text: formatTime(readU32(rdata, at)), end: at + 4 }
    case 'ipv4':
      return { text: rdata.subarray(at, at + 4).join('.'), end: at + 4 }
    case 'ipv6':
      return { text: formatIpv6(rdata.subarray(at, at + 16)), end: at + 16 }
    case 'name':
    case 'tolerated-name':
    case 'plain-name':
      return formatNameAt(rdata, at)
    case 'string':
      return { text: formatString(stringAt(rdata, at)), end: at + 1 + octet }
    case 'tag':
      return { text: stringAt(rdata, at), end: at + 1 + octet }
    case 'strings':
      return { text: formatStrings(rest), end: rdata.length }
    case 'salt':
      return { text: octet === 0 ? '-' : hex(rdata.subarray(at + 1, at + 1 + octet)), end: at + 1 + octet }
    case 'hash':
      return { text: base32hex(rdata.subarray(at + 1, at + 1 + octet)), end: at + 1 + octet }
    case 'bitmap':
      return { text: formatBitmap(rest), end: rdata.length }
    case 'hex':
    case 'hex-or-none':
      return { text: hex(rest), end: rdata.length }
    case 'base64':
      return { text: base64(rest), end: rdata.length }
    case 'text':
      return { text: formatString(latin1(rest)), end: rdata.length }
    case 'parameters':
      return { text: formatParameters(rest), end: rdata.length }
  }
}

function formatNameAt(rdata: Uint8Array, at: number): Formatted {
  const read = readWireName(rdata, at, { limit: rdata.length, compressed: false, budget: { octets: 256 } })
  return read.ok ? { text: formatName(read.value.name), end: read.value.end } : { text: '', end: at }
}

function formatStrings(octets: Uint8Array): string {
  const words: string[] = []
  for (let at = 0; at < octets.length; at += 1 + (octets[at] as number)) {
    words.push(formatString(latin1(octets, at + 1, at + 1 + (octets[at] as number))))
  }
  return words.join(' ')
}

/** A quoted character-string. */
export function formatString(octets: string): string {
  const escaped = octets.replace(/[^ -~]|["\\]/g, (octet) =>
    octet === '"' || octet === '\\' ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`,
  )
  return `"${escaped}"`
}

function formatBitmap(octets: Uint8Array): string {
  const types: string[] = []
  for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
    for (let bit = 0; bit < (octets[at + 1] as number) * 8; bit++) {
      const isSet = ((octets[at + 2 + (bit >> 3)] as number) & (0x80 >> (bit & 7))) !== 0
      if (isSet) types.push(formatType(((octets[at] as number) << 8) | bit))
    }
  }
  return types.join(' ')
}

/** `alpn=h2,h3`, or in the generic form of RFC 9460 §2.1 where the value is not what its key wants: `key3="a"`. */
function formatParameters(octets: Uint8Array): string {
  const words: string[] = []
  for (let at = 0; at < octets.length; ) {
    const key = readU16(octets, at)
    const end = at + 4 + readU16(octets, at + 2)
    const value = octets.subarray(at + 4, end)
    const { name, text } = formatParameter(key, value) ?? { name: `key${key}`, text: latin1(value) }
    words.push(text === '' ? name : `${name}=${/^[\w.:,+/=-]*$/.test(text) ? text : formatString(text)}`)
    at = end
  }
  return words.join(' ')
}

/** The name as people compare it: lower case. */
export function formatFolded(name: Name): string {
  return foldCase(formatName(name))
}
