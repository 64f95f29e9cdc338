import type { X509Certificate } from 'node:crypto'
import { associationOf } from '../../dane/match.ts'
import { formatTlsa, type Tlsa } from '../../dane/tlsa.ts'
import type { DomainName } from '../../name/domain.ts'
import type { Publication } from '../report.ts'
import type { HostView, KeyView, View } from '../view.ts'
import { dnsText } from './finding.ts'

/** Where the TLSA records of a host stand, or would. RFC 7672 §2.2.3 */
export function tlsaName({ facts: { smtpPort } }: View, { host, facts }: HostView): string {
  const base: DomainName | string = 'baseDomain' in facts.tlsa ? facts.tlsa.baseDomain : host
  return `_${smtpPort}._tcp.${base}`
}

/** `3 1 1 …` for a certificate: its key alone, which renewals may keep. RFC 7672 §3.1.1 */
export function keyRecord(certificate: X509Certificate): Tlsa | undefined {
  const data = associationOf(certificate, { selector: 1, matchingType: 1 })
  return data && { usage: 3, selector: 1, matchingType: 1, data }
}

/** The TLSA records that certificates of a host need, each once. */
export function recordsFor(view: View, host: HostView, keys: readonly KeyView[], note: string): Publication[] {
  const leaves = keys.flatMap(({ chain }) => chain.slice(0, 1))
  const records = new Set(leaves.flatMap((leaf) => keyRecord(leaf) ?? []).map(formatTlsa))
  if (records.size === 0) return []
  const name = tlsaName(view, host)
  return [dnsText(host.host, [...records].map((record) => `${name}. IN TLSA ${record}`).join('\n'), note)]
}
