import { hash, type X509Certificate } from 'node:crypto'
import { sameOctets } from '../dns/octets.ts'
import { parseCertificate, parseSpki, spkiOf } from '../x509/certificate.ts'
import type { UsableTlsa } from './tlsa.ts'

/** Whether the record is of this certificate. RFC 6698 §2.1.2, §2.1.3 */
export function matches(record: UsableTlsa, certificate: Pick<X509Certificate, 'raw'>): boolean {
  const association = associationOf(certificate, record)
  return association !== undefined && sameOctets(association, record.data)
}

/** Whether a record is of a certificate. */
export type IsOf = (record: UsableTlsa, certificate: Pick<X509Certificate, 'raw'>) => boolean

/** `matches`, for who asks about the same certificates again and again: what a record would hold is worked out once. */
export function createMatcher(): IsOf {
  const known = new WeakMap<object, (Uint8Array | undefined)[]>()
  return (record, certificate) => {
    const associations = known.get(certificate) ?? []
    known.set(certificate, associations)
    const place = 3 * record.selector + record.matchingType
    if (!(place in associations)) associations[place] = associationOf(certificate, record)
    const association = associations[place]
    return association !== undefined && sameOctets(association, record.data)
  }
}

/** What a record of this selector and matching type would hold for the certificate; undefined for a damaged one. */
export function associationOf(
  { raw }: Pick<X509Certificate, 'raw'>,
  { selector, matchingType }: Pick<UsableTlsa, 'selector' | 'matchingType'>,
): Uint8Array | undefined {
  const selected = selector === 0 ? raw : spkiOf(raw)
  return selected && digested(selected, matchingType)
}

/** The same for a key alone, given as SubjectPublicKeyInfo: selector SPKI(1). */
export function associationOfKey(spki: Uint8Array, matchingType: UsableTlsa['matchingType']): Uint8Array {
  return digested(spki, matchingType)
}

/** What a record of this matching type holds for what its selector selects. RFC 6698 §2.1.3 */
export function digested(selected: Uint8Array, matchingType: UsableTlsa['matchingType']): Uint8Array {
  if (matchingType === 0) return selected
  return hash(matchingType === 1 ? 'sha256' : 'sha512', selected, 'buffer')
}

/** What usable records ask of the certificates of a server. RFC 7671 §5 */
export interface RecordsDemand {
  /** Whether some DANE-EE record is of this certificate. */
  isEndEntity(certificate: X509Certificate): boolean
  /** Whether some DANE-TA record is of this certificate. */
  isAnchor(certificate: X509Certificate): boolean
  /** Whether a key that stands whole in some DANE-TA record signed this certificate. RFC 7671 §5.2.3 */
  signedByAnchor(certificate: X509Certificate): boolean
  /** Certificates that stand whole in DANE-TA records. RFC 7671 §5.2.2 */
  readonly wholeAnchors: readonly X509Certificate[]
  readonly hasAnchors: boolean
}

export function demandOf(records: readonly UsableTlsa[], isOf: IsOf = matches): RecordsDemand {
  const ends = records.filter(({ usage }) => usage === 3)
  const anchors = records.filter(({ usage }) => usage === 2)
  const full = anchors.filter(({ matchingType }) => matchingType === 0)
  const wholeAnchors = full.filter(({ selector }) => selector === 0).flatMap(({ data }) => parseCertificate(data) ?? [])
  const keys = full.filter(({ selector }) => selector === 1).flatMap(({ data }) => parseSpki(data) ?? [])
  return {
    isEndEntity: (certificate) => ends.some((record) => isOf(record, certificate)),
    isAnchor: (certificate) => anchors.some((record) => isOf(record, certificate)),
    signedByAnchor: (certificate) => keys.some((key) => certificate.verify(key)),
    wholeAnchors,
    hasAnchors: anchors.length > 0,
  }
}
