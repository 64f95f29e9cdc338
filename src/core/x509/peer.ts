import type { X509Certificate } from 'node:crypto'
import type { DomainName } from '../name/domain.ts'

/** What a handshake showed of who is there. */
export interface PresentedChain {
  /** As the server sent them, its own first. */
  readonly chain: readonly X509Certificate[]
  /** OpenSSL's name for what is wrong with the chain under the anchors it was given; undefined when nothing is. */
  readonly chainError: string | undefined
}

/** What public trust says of a peer: every part of it, whether or not anything depends on it. RFC 5280 §6, RFC 9525 §6 */
export interface PkixEvidence {
  /** OpenSSL's name for what is wrong with the chain; undefined when it leads to a trusted root. */
  readonly chainError: string | undefined
  /** Whether a DNS-ID is the name asked for; common names never count. RFC 8461 §4.2 */
  readonly nameMatches: boolean
  /** By our clock, for the chain as far as it could be followed; OpenSSL judges by the machine's. */
  readonly dates: DateFault | undefined
}

export type DateFault = 'expired' | 'not-yet-valid'

/** A wildcard stands for one whole leftmost label. RFC 9525 §6.3 */
const matching = { partialWildcards: false, multiLabelWildcards: false, singleLabelSubdomains: false } as const

/** Whether a DNS-ID of the certificate is this name. */
export function bearsDnsId(certificate: X509Certificate, name: DomainName): boolean {
  return certificate.checkHost(name, { ...matching, subject: 'never' }) !== undefined
}

/** As `bearsDnsId`, but the common name counts for a certificate without any DNS-ID. RFC 7672 §3.2.3 */
export function bearsName(certificate: X509Certificate, name: DomainName): boolean {
  return certificate.checkHost(name, { ...matching, subject: 'default' }) !== undefined
}

export function pkixEvidence({ chain, chainError }: PresentedChain, name: DomainName, now: number): PkixEvidence {
  const [leaf] = chain
  return {
    chainError,
    nameMatches: leaf !== undefined && bearsDnsId(leaf, name),
    dates: judgeDates(pathOf(chain), now),
  }
}

/** The certificates from the server's own up, each the issuer of the one before; what else was sent is left out. */
export function pathOf(chain: readonly X509Certificate[]): X509Certificate[] {
  const [leaf, ...others] = chain
  const path: X509Certificate[] = []
  for (let next = leaf; next !== undefined; ) {
    const current: X509Certificate = next
    path.push(current)
    next = others.find((candidate) => !path.includes(candidate) && current.checkIssued(candidate))
  }
  return path
}

/** The first certificate that is out of date decides. `now` in milliseconds since 1970, compared in UTC. */
export function judgeDates(path: readonly X509Certificate[], now: number): DateFault | undefined {
  for (const { validFromDate, validToDate } of path) {
    if (now > validToDate.getTime()) return 'expired'
    if (now < validFromDate.getTime()) return 'not-yet-valid'
  }
  return undefined
}
