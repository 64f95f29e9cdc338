import type { DaneEvidence } from '../dane/peer.ts'
import type { PkixEvidence } from '../x509/peer.ts'
import type { PeerFault, PeerFinding } from './judge.ts'

/** What was found of the TLSA records, in the words of table 1d. */
export function daneMatch(dane: DaneEvidence): NonNullable<PeerFinding['dane']> {
  if (dane.kind === 'matched') return { kind: 'matched' }
  const { detail } = dane
  switch (dane.why) {
    case 'no-match':
      return failed('4', 'validation-failure', 'dane-no-match: no TLSA record is of the certificate presented')
    case 'anchor-not-in-chain':
      return failed(
        '5',
        'certificate-not-trusted',
        'dane-ta-not-in-chain: no TLSA record is of a certificate above the server’s',
      )
    case 'chain':
      return failed(
        '5',
        'certificate-not-trusted',
        `the certificate does not lead to the anchor: ${detail ?? 'no path'}`,
      )
    case 'dates':
      return failed('6', 'certificate-expired', `a certificate is out of date: ${detail ?? 'expired'}`)
    case 'names':
      return failed('7', 'certificate-host-mismatch', 'the certificate bears none of the names asked for')
  }
}

function failed(row: '4' | '5' | '6' | '7', resultType: PeerFault['resultType'], reason: string) {
  return { kind: 'failed', row, fault: { resultType, reason } } as const
}

/**
 * What public trust has against a peer; undefined when it holds. Expiry before names before trust: what is mended most
 * simply is said first. RFC 8460 §4.3.1
 */
export function pkixFault(pkix: PkixEvidence | undefined): PeerFault | undefined {
  if (pkix === undefined) return { resultType: 'certificate-not-trusted', reason: 'not held against public roots' }
  const { chainError, nameMatches, dates } = pkix
  if (dates === 'expired' || chainError === 'CERT_HAS_EXPIRED') {
    return { resultType: 'certificate-expired', reason: 'the certificate has expired' }
  }
  if (dates === 'not-yet-valid' || chainError === 'CERT_NOT_YET_VALID') {
    return { resultType: 'certificate-not-trusted', reason: 'the certificate is not valid yet' }
  }
  if (chainError !== undefined) {
    return { resultType: 'certificate-not-trusted', reason: `the certificate is not trusted: ${chainError}` }
  }
  if (!nameMatches) return { resultType: 'certificate-host-mismatch', reason: 'the certificate is not of this host' }
  return undefined
}
