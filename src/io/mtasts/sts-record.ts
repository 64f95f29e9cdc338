import { readTxt } from '../../core/dns/rdata/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { parseStsRecords } from '../../core/mtasts/record.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import { prependLabels } from '../../core/name/name.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'

/** What DNS said about a domain's MTA-STS record. `failed` is no word about whether there is one. */
export type StsRecordFinding =
  | { readonly kind: 'valid'; readonly id: string; readonly resolution: Resolution }
  | { readonly kind: 'invalid'; readonly reason: string; readonly resolution: Resolution }
  | { readonly kind: 'absent'; readonly resolution: Resolution | undefined }
  | { readonly kind: 'failed'; readonly reason: string; readonly resolution: Resolution }

/** Asks for `_mta-sts` TXT below the policy domain; the resolver follows its aliases. RFC 8461 §3.1 */
export async function lookupStsRecord(
  domain: DomainName,
  { resolver, signal }: { readonly resolver: Resolver; readonly signal: StopSignal },
): Promise<StsRecordFinding> {
  const name = prependLabels(['_mta-sts'], nameOfDomain(domain))
  if (name === undefined) return { kind: 'absent', resolution: undefined } // no such name can exist
  const resolution = await resolver.resolve(name, TYPE.TXT, { signal })
  if (resolution.kind === 'failure') return { kind: 'failed', reason: resolution.reason, resolution }
  if (resolution.kind !== 'answer') return { kind: 'absent', resolution }
  const texts = resolution.records.flatMap(({ rdata }) => {
    const text = readTxt(rdata)
    return text.ok ? [text.value] : []
  })
  const record = parseStsRecords(texts)
  if (!record.ok) return { kind: 'invalid', reason: record.fault, resolution }
  return { kind: 'valid', id: record.value.id, resolution }
}
