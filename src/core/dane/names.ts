import type { Resolution, Security } from '../dnssec/resolution.ts'
import { type DomainName, domainOfName } from '../name/domain.ts'

/**
 * Names below which TLSA records of a host may stand, in the order of asking; none when DANE does not apply because the
 * host's addresses are not secure. `lookups` are those of its addresses, none of them failed. RFC 7672 §2.2.2
 */
export function baseDomains(host: DomainName, lookups: readonly Resolution[]): DomainName[] {
  const found = lookups.flatMap((lookup) => (lookup.kind === 'failure' ? [] : [lookup]))
  const [first] = [...found.filter(({ kind }) => kind === 'answer'), ...found]
  if (first === undefined) return []
  // A denial for the other family counts too: a zone whose denials are insecure is held to be unsigned. RFC 9276 §3.2
  const isSecure = found.every(({ status }) => status === 'secure')
  const [alias] = first.aliases
  if (alias === undefined) return isSecure ? [host] : []
  if (!isSecure) return alias.status === 'secure' ? [host] : []
  const expanded = domainOfName(first.canonicalName)
  return expanded.ok && expanded.value !== host ? [expanded.value, host] : [host]
}

/** Who was to get the mail, and how the host was found. */
export interface NamesOptions {
  /** The domain of the recipients, or a relay that an operator named; undefined for an address. */
  readonly nextHop: DomainName | undefined
  /** What the next-hop domain is an alias of, when it is one. */
  readonly expanded: DomainName | undefined
  /** How what DNS says of MX records is known; undefined when nobody asked, as for a relay. */
  readonly mx: Security | undefined
  /** The host, as the MX record names it. */
  readonly host: DomainName
  readonly baseDomain: DomainName
}

/** Names of which a certificate under DANE-TA must bear one. RFC 7672 §3.2.2 */
export function referenceIdentifiers({ nextHop, expanded, mx, host, baseDomain }: NamesOptions): DomainName[] {
  if (mx === 'insecure') return [host]
  const names = [baseDomain, ...(nextHop === undefined ? [] : [nextHop]), ...(expanded === undefined ? [] : [expanded])]
  return [...new Set(names)]
}
