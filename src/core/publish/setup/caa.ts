import { formatRdata } from '../../dns/rdata/format.ts'
import type { Resolution } from '../../dnssec/resolution.ts'
import { limits } from '../../limits.ts'
import { formatName } from '../../name/text.ts'

/** What authorities may issue certificates, where somebody has said so; lookups from a name upward. RFC 8659 §3 */
export function caaNotes(caa: readonly Resolution[]): string[] {
  const answer = caa.find(({ kind }) => kind === 'answer')
  if (answer?.kind !== 'answer') return []
  const issuers = answer.records.slice(0, limits.setup.caaShown).map(({ type, rdata }) => formatRdata(type, rdata))
  return [`CAA at ${formatName(answer.name)} says who may issue certificates: ${issuers.join('; ')}`]
}
