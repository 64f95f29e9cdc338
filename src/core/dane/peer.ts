import type { X509Certificate } from 'node:crypto'
import type { DomainName } from '../name/domain.ts'
import { bearsName, judgeDates, type PresentedChain, pathOf } from '../x509/peer.ts'
import type { RecordsDemand } from './match.ts'

/** What the TLSA records say of a peer. RFC 7672 §3 */
export type DaneEvidence =
  | { readonly kind: 'matched'; readonly usage: 'dane-ee' | 'dane-ta' }
  | { readonly kind: 'failed'; readonly why: DaneFault; readonly detail: string | undefined }

export type DaneFault =
  /** No record is of what was presented. */
  | 'no-match'
  /** DANE-TA records alone, and none of their anchors is in the chain. */
  | 'anchor-not-in-chain'
  /** The anchor is there, but the server's certificate does not lead to it. */
  | 'chain'
  | 'dates'
  | 'names'

/** What the usable TLSA records of a host ask of its certificates. RFC 7671 §5 */
export interface DaneDemand extends RecordsDemand {
  /** Reference identifiers, for DANE-TA alone. RFC 7672 §3.2.2 */
  readonly names: readonly DomainName[]
}

/**
 * What the records say of the chain presented, under the anchors that OpenSSL was given; none means public roots.
 *
 * DANE-EE looks at the server's certificate alone: neither names nor dates nor issuers (RFC 7672 §3.1.1). For DANE-TA
 * the path is OpenSSL's to judge, names and our clock are ours; it ignores public roots (RFC 7672 §3.1.2).
 */
export function daneEvidence(
  demand: DaneDemand,
  { chain, chainError }: PresentedChain,
  anchors: readonly X509Certificate[],
  now: number,
): DaneEvidence {
  const [leaf] = chain
  if (leaf === undefined) return failed('no-match')
  if (demand.isEndEntity(leaf)) return { kind: 'matched', usage: 'dane-ee' }
  if (!demand.hasAnchors) return failed('no-match')
  if (anchors.length === 0 || isMisled(demand, leaf, anchors)) return failed('anchor-not-in-chain')
  if (chainError !== undefined) return failed(isDate(chainError) ? 'dates' : 'chain', chainError)
  const dates = judgeDates(pathTo(chain, anchors), now)
  if (dates !== undefined) return failed('dates', dates)
  if (!demand.names.some((name) => bearsName(leaf, name))) return failed('names')
  return { kind: 'matched', usage: 'dane-ta' }
}

/**
 * Whether the server's own certificate was among the anchors, by a record that holds it whole. OpenSSL ends every path
 * at the first anchor, so that nothing was said of those above. RFC 7671 §5.2
 */
export function isMisled(
  demand: DaneDemand,
  leaf: X509Certificate | undefined,
  anchors: readonly X509Certificate[],
): boolean {
  if (leaf === undefined || !anchors.some(({ fingerprint256 }) => fingerprint256 === leaf.fingerprint256)) return false
  return !demand.signedByAnchor(leaf)
}

/**
 * The anchors to try the chain against: certificates of the records, and those above the server's own that a record is
 * of. A server's own certificate is nobody's anchor but through `signedByAnchor`. RFC 7671 §5.2
 */
export function findAnchors(demand: DaneDemand, chain: readonly X509Certificate[], now: number): X509Certificate[] {
  if (!demand.hasAnchors) return []
  const own = chain[0]?.fingerprint256
  const isAbove = ({ fingerprint256 }: X509Certificate) => fingerprint256 !== own
  const shown = chain.filter((certificate) => isAbove(certificate) && demand.isAnchor(certificate))
  const anchors = [...demand.wholeAnchors.filter(isAbove), ...shown]
  if (anchors.length > 0) return anchors
  const top = pathOf(chain).at(-1)
  const vouchedFor = top !== undefined && judgeDates([top], now) === undefined && demand.signedByAnchor(top)
  return vouchedFor ? [top] : []
}

/** With an anchor that was not sent put at the end. */
function pathTo(chain: readonly X509Certificate[], anchors: readonly X509Certificate[]): X509Certificate[] {
  const path = pathOf([...chain, ...anchors])
  const end = path.findIndex(({ fingerprint256 }) => anchors.some((anchor) => anchor.fingerprint256 === fingerprint256))
  return end < 0 ? path : path.slice(0, end + 1)
}

function isDate(chainError: string): boolean {
  return chainError === 'CERT_HAS_EXPIRED' || chainError === 'CERT_NOT_YET_VALID'
}

function failed(why: DaneFault, detail?: string): DaneEvidence {
  return { kind: 'failed', why, detail }
}
