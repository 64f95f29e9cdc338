import { base64, fromLatin1, latin1, readU16 } from '../octets.ts'
import { formatIpv6, parseAddress } from './address.ts'
import { u16 } from './write.ts'

/** The text of one kind of service parameter's value. RFC 9460 §7 */
interface ParameterForm {
  readonly name: string
  /** Undefined for octets that only the generic form of RFC 9460 §2.1 can show. */
  format(value: Uint8Array): string | undefined
  parse(text: string): Uint8Array | undefined
}

/** By key number: RFC 9460 §14.3.2. */
const forms: readonly ParameterForm[] = [
  { name: 'mandatory', format: formatKeys, parse: parseKeys },
  { name: 'alpn', format: formatProtocols, parse: parseProtocols },
  {
    name: 'no-default-alpn',
    format: (value) => (value.length === 0 ? '' : undefined),
    parse: (text) => (text === '' ? new Uint8Array(0) : undefined),
  },
  {
    name: 'port',
    format: (value) => (value.length === 2 ? String(readU16(value, 0)) : undefined),
    parse: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? u16(Number(text)) : undefined),
  },
  { name: 'ipv4hint', ...addresses(4, (octets) => octets.join('.')) },
  { name: 'ech', format: (value) => (value.length > 0 ? base64(value) : undefined), parse: parseBase64 },
  { name: 'ipv6hint', ...addresses(16, formatIpv6) },
]

/** A parameter's key and value as text, both without quotes or escapes of zone text; undefined for the generic form. */
export function formatParameter(key: number, value: Uint8Array): { name: string; text: string } | undefined {
  const form = forms[key]
  const text = form?.format(value)
  return form === undefined || text === undefined ? undefined : { name: form.name, text }
}

/** Reads what `formatParameter` gives, or `key` and a number with octets; undefined when it is neither. */
export function parseParameter(name: string, text: string): { key: number; value: Uint8Array } | undefined {
  const generic = /^key(\d{1,5})$/.exec(name)?.[1]
  if (generic !== undefined) {
    return Number(generic) <= 65535 ? { key: Number(generic), value: fromLatin1(text) } : undefined
  }
  const key = forms.findIndex((form) => form.name === name)
  const value = forms[key]?.parse(text)
  return value === undefined ? undefined : { key, value }
}

/** RFC 9460 §8: in ascending order, without itself. */
function formatKeys(value: Uint8Array): string | undefined {
  const keys = pieces(value, 2)?.map((piece) => readU16(piece, 0))
  const isOrdered = keys?.every((key, at) => key > (keys[at - 1] ?? 0))
  return keys !== undefined && isOrdered ? keys.map((key) => forms[key]?.name ?? `key${key}`).join(',') : undefined
}

function parseKeys(text: string): Uint8Array | undefined {
  const keys = text.split(',').map((name) => {
    const generic = /^key(\d{1,5})$/.exec(name)?.[1]
    return generic === undefined ? forms.findIndex((form) => form.name === name) : Number(generic)
  })
  const isSound = new Set(keys).size === keys.length && keys.every((key) => key > 0 && key <= 65535)
  return isSound ? Buffer.concat(keys.sort((one, other) => one - other).map(u16)) : undefined
}

/** RFC 9460 §7.1.1: a list whose commas and backslashes are escaped, within the escapes of zone text. */
function formatProtocols(value: Uint8Array): string | undefined {
  const protocols: string[] = []
  for (let at = 0; at < value.length; ) {
    const end = at + 1 + (value[at] as number)
    if (end === at + 1 || end > value.length) return undefined
    protocols.push(latin1(value, at + 1, end).replace(/[\\,]/g, (character) => `\\${character}`))
    at = end
  }
  return protocols.length > 0 ? protocols.join(',') : undefined
}

function parseProtocols(text: string): Uint8Array | undefined {
  if (!/^(?:\\[\\,]|[^\\,])+(?:,(?:\\[\\,]|[^\\,])+)*$/s.test(text)) return undefined
  const protocols = (text.match(/(?:\\[\\,]|[^\\,])+/gs) ?? []).map((item) => item.replace(/\\([\\,])/g, '$1'))
  if (protocols.some(({ length }) => length > 255)) return undefined
  return fromLatin1(protocols.map((item) => String.fromCharCode(item.length) + item).join(''))
}

/** RFC 9460 §7.3 */
function addresses(width: 4 | 16, show: (octets: Uint8Array) => string): Pick<ParameterForm, 'format' | 'parse'> {
  return {
    format: (value) => pieces(value, width)?.map(show).join(','),
    parse(text) {
      const read = text.split(',').map(parseAddress)
      return read.every((octets) => octets?.length === width) ? Buffer.concat(read as Uint8Array[]) : undefined
    },
  }
}

function parseBase64(text: string): Uint8Array | undefined {
  const octets = Buffer.from(text, 'base64')
  return octets.length > 0 && octets.toString('base64') === text ? octets : undefined
}

/** Undefined when there are none, or the last is short. */
function pieces(value: Uint8Array, width: number): Uint8Array[] | undefined {
  if (value.length === 0 || value.length % width !== 0) return undefined
  return Array.from({ length: value.length / width }, (_, at) => value.subarray(at * width, (at + 1) * width))
}
