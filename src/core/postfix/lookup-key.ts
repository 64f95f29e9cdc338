import { parseAddress } from '../dns/rdata/address.ts'
import { type DomainName, parseDomainName, parseHostName } from '../name/domain.ts'

/** What Postfix asks about: a destination of mail, or something that no policy can be about. */
export type LookupKey =
  | { readonly kind: 'domain'; readonly domain: DomainName; readonly port: number }
  /** `[host]`: no MX records are looked up. */
  | { readonly kind: 'relay'; readonly host: DomainName; readonly port: number }
  | { readonly kind: 'none'; readonly why: 'parent' | 'literal' | 'path' | 'no-name' | 'no-port' }

const smtpPort = 25

/** As /etc/services has them, for those that mail is sent to. */
const services: ReadonlyMap<string, number> = new Map([
  ['smtp', 25],
  ['lmtp', 24],
  ['submission', 587],
  ['submissions', 465],
  ['smtps', 465],
])

/**
 * Reads a key of `smtp_tls_policy_maps`: a recipient's domain, or a next hop word for word as a transport names it,
 * `[relay.example]:587`, `example.com:submission`, in any case and in U-labels too. `.example.com` comes after a plain
 * domain was not found, for what holds below a parent; policies hold for no domain but their own. RFC 8461 §3
 */
export function parseLookupKey(text: string): LookupKey {
  if (text.startsWith('.')) return none('parent')
  if (text.startsWith('[')) return readBracketed(text)
  if (text.includes('/')) return none('path')
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const domain = parseDomainName(name)
  if (!domain.ok) return none(domain.fault === 'address-literal' || parseAddress(text) ? 'literal' : 'no-name')
  const port = colon < 0 ? smtpPort : readPort(text.slice(colon + 1))
  return port === undefined ? none('no-port') : { kind: 'domain', domain: domain.value, port }
}

function readBracketed(text: string): LookupKey {
  const parts = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (parts === null) return none('no-name')
  const [, inside = '', service] = parts
  const host = parseHostName(inside)
  if (!host.ok) {
    const address = inside.replace(/^IPv6:/i, '')
    return none(host.fault === 'address-literal' || parseAddress(address) !== undefined ? 'literal' : 'no-name')
  }
  const port = service === undefined ? smtpPort : readPort(service)
  return port === undefined ? none('no-port') : { kind: 'relay', host: host.value, port }
}

function readPort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return services.get(text.toLowerCase())
  const port = Number(text)
  return port >= 1 && port <= 65535 ? port : undefined
}

function none(why: Extract<LookupKey, { kind: 'none' }>['why']): LookupKey {
  return { kind: 'none', why }
}
