import type { X509Certificate } from 'node:crypto'
import type { KeyType } from '../../check/address-probe.ts'
import { matches } from '../../dane/match.ts'
import type { UsableTlsa } from '../../dane/tlsa.ts'
import { pathOf } from '../../x509/peer.ts'

/** A certificate that an address of a host shows now. */
export interface ShownKey {
  readonly address: string
  readonly keyType: KeyType
  /** As it was sent, the server's own first. */
  readonly chain: readonly X509Certificate[]
}

/** Whether the record is of what is shown: of the certificate itself under usage 3, of one above it under usage 2. */
export function isOfShown(tlsa: UsableTlsa, { chain }: ShownKey): boolean {
  const [leaf] = chain
  if (leaf === undefined) return false
  if (tlsa.usage === 3) return matches(tlsa, leaf)
  return pathOf(chain)
    .slice(1)
    .some((issuer) => matches(tlsa, issuer))
}

/** What is shown and has no record of some kind of records here: mail to it would wait. RFC 7671 §8.1 */
export function withoutRecord(records: readonly UsableTlsa[], shown: readonly ShownKey[]): ShownKey[] {
  const kinds = new Set(records.map(kindOf))
  return shown.filter((one) =>
    [...kinds].some((kind) => !records.some((tlsa) => kindOf(tlsa) === kind && isOfShown(tlsa, one))),
  )
}

/** Records with the same parameters must match on their own. RFC 7671 §8 */
function kindOf({ usage, selector, matchingType }: UsableTlsa): string {
  return `${usage} ${selector} ${matchingType}`
}
