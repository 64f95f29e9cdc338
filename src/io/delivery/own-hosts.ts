import { plainOctets } from '../../core/address/prefix.ts'
import { parseDomainName } from '../../core/name/domain.ts'
import { parseAddressLiteral } from '../../core/smtp/address-literal.ts'

/** Names and addresses of the sending mail server, by which it knows itself among MX hosts. RFC 5321 §5.1 */
export interface OwnHosts {
  readonly names: ReadonlySet<string>
  /** In octets, as hexadecimal digits: an address can be written in many ways. */
  readonly addresses: ReadonlySet<string>
}

export const noOwnHosts: OwnHosts = { names: new Set(), addresses: new Set() }

/** A host name in A-labels, or an address, in brackets or without; undefined for text that is neither. */
export function readOwnHost(text: string): string | undefined {
  const literal = parseAddressLiteral(text)
  if (literal.ok) return literal.value.address
  if (plainOctets(text) !== undefined) return text.toLowerCase()
  const name = parseDomainName(text)
  return name.ok ? name.value : undefined
}

/** Of texts that `readOwnHost` made. */
export function ownHostsOf(texts: readonly string[]): OwnHosts {
  const addresses = texts.flatMap((text) => keyOfAddress(text) ?? [])
  return { names: new Set(texts), addresses: new Set(addresses) }
}

/** Whether mail for this host would come back to us: it bears a name of ours, or has an address of ours among its own. */
export function isOwnHost(own: OwnHosts, host: string, addresses: readonly string[]): boolean {
  if (own.names.has(host)) return true
  if (own.addresses.size === 0) return false
  return [host, ...addresses].some((address) => own.addresses.has(keyOfAddress(address) ?? ''))
}

function keyOfAddress(address: string): string | undefined {
  const octets = plainOctets(address)
  return octets === undefined ? undefined : Buffer.from(octets).toString('hex')
}
