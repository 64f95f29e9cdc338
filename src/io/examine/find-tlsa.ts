import { type Digest, selectUsable, type Tlsa } from '../../core/dane/tlsa.ts'
import type { TlsaFinding } from '../../core/decision/facts.ts'
import { readTlsa } from '../../core/dns/rdata/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Answer, Resolution } from '../../core/dnssec/resolution.ts'
import { mapKnown } from '../../core/lists.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import { prependLabels } from '../../core/name/name.ts'
import { acceptedValue } from '../../core/result.ts'
import type { ExamineIo } from './examine.ts'

/**
 * The TLSA records of the first candidate that has secure ones, usable or not. A lookup that fails before that is the
 * end: what it hides may be a demand. RFC 7672 §2.1.2, §2.2.3
 */
export async function findTlsa(
  candidates: readonly DomainName[],
  {
    resolver,
    smtpPort,
    signal,
    preferredDigest,
  }: Pick<ExamineIo, 'resolver' | 'smtpPort' | 'signal' | 'preferredDigest'>,
): Promise<TlsaFinding> {
  const lookups: Resolution[] = []
  for (const baseDomain of candidates) {
    const name = prependLabels([`_${smtpPort}`, '_tcp'], nameOfDomain(baseDomain))
    if (name === undefined) continue // no such name can exist
    const lookup = await resolver.resolve(name, TYPE.TLSA, { signal })
    lookups.push(lookup)
    if (lookup.kind === 'failure') return { row: 'H8', reason: lookup.reason, lookups }
    if (lookup.kind === 'answer' && lookup.status === 'secure') {
      return judgeRecords(baseDomain, lookup, { lookups, preferredDigest })
    }
  }
  return { row: 'H7', lookups }
}

function judgeRecords(
  baseDomain: DomainName,
  { records: found }: Answer,
  {
    lookups,
    preferredDigest,
  }: { readonly lookups: readonly Resolution[]; readonly preferredDigest: Digest | undefined },
): TlsaFinding {
  const records: Tlsa[] = mapKnown(found, ({ rdata }) => acceptedValue(readTlsa(rdata)))
  const usable = selectUsable(records, preferredDigest)
  if (usable.length === 0) return { row: 'H6', baseDomain, records, lookups }
  return { row: 'H5', baseDomain, records, usable, lookups }
}
