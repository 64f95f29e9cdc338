import { accept, type Result, refuse } from '../result.ts'

/** An IP address in place of a domain. RFC 5321 §4.1.3 */
export interface AddressLiteral {
  readonly family: 4 | 6
  /** As text that a socket understands, in lower case, no brackets, no `IPv6:`. */
  readonly address: string
}

export type LiteralFault = 'brackets' | 'address' | 'tag'

/** Reads `[192.0.2.1]` or `[IPv6:2001:db8::1]`, brackets included. Other tags have no meaning registered. */
export function parseAddressLiteral(text: string): Result<AddressLiteral, LiteralFault> {
  if (!text.startsWith('[') || !text.endsWith(']')) return refuse('brackets')
  const inside = text.slice(1, -1)
  if (isIpv4(inside)) return accept({ family: 4, address: inside })
  if (!/^IPv6:/i.test(inside)) return refuse(inside.includes(':') ? 'tag' : 'address', 1)
  const address = inside.slice(5).toLowerCase()
  return isIpv6(address) ? accept({ family: 6, address }) : refuse('address', 6)
}

export function formatAddressLiteral({ family, address }: AddressLiteral): string {
  return family === 4 ? `[${address}]` : `[IPv6:${address}]`
}

/** Four decimal numbers without leading zeros. */
function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
}

/** Eight groups of four hexadecimal digits, `::` once for some of them, the last two also as IPv4. RFC 4291 §2.2 */
function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const counts = halves.map((half, place) => countGroups(half, place === halves.length - 1))
  if (counts.includes(undefined)) return false
  const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  return halves.length === 2 ? total <= 7 : total === 8
}

function countGroups(half: string, endsAddress: boolean): number | undefined {
  if (half === '') return 0
  const groups = half.split(':')
  const tail = groups.at(-1) ?? ''
  const plain = endsAddress && isIpv4(tail) ? groups.slice(0, -1) : groups
  if (!plain.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined
  return plain.length === groups.length ? groups.length : groups.length + 1
}
