import { baseDomains } from '../../core/dane/names.ts'
import type { AddressFinding } from '../../core/decision/facts.ts'
import { readAddress } from '../../core/dns/rdata/address.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Failure, Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { mapKnown } from '../../core/lists.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import { acceptedValue } from '../../core/result.ts'
import type { ExamineIo } from './examine.ts'

export interface HostAddresses {
  readonly addresses: AddressFinding
  /** Names below which TLSA records may stand. */
  readonly candidates: readonly DomainName[]
}

/** The addresses of an MX host, of both families. RFC 7672 §2.2.2 */
export async function findAddresses(
  host: DomainName,
  { resolver, signal }: Pick<ExamineIo, 'resolver' | 'signal'>,
): Promise<HostAddresses> {
  const name = nameOfDomain(host)
  const lookups = await Promise.all([TYPE.A, TYPE.AAAA].map((type) => resolver.resolve(name, type, { signal })))
  const failure = decisiveFailure(lookups)
  if (failure !== undefined) {
    return { addresses: { kind: 'failed', reason: failure.reason, lookups }, candidates: [] }
  }
  const addresses = ofBothFamilies(lookups.map(addressesIn), limits.smtp.addressesPerHost)
  if (addresses.length === 0) return { addresses: { kind: 'none', lookups }, candidates: [] }
  const isWhole = lookups.every(({ kind }) => kind !== 'failure')
  return { addresses: { kind: 'found', addresses, lookups }, candidates: isWhole ? baseDomains(host, lookups) : [] }
}

/**
 * The failure that makes the host unreachable. One family that does not answer hides nothing where the other shows that
 * the host's zone is not signed: nobody could have asked for DANE there. RFC 7672 §2.1.2, §2.2.2
 */
function decisiveFailure(lookups: readonly Resolution[]): Failure | undefined {
  const failures = lookups.filter((lookup) => lookup.kind === 'failure')
  const hasInsecure = lookups.some((lookup) => lookup.kind === 'answer' && isPlainlyInsecure(lookup))
  const decisive = failures.find(({ why }) => why === 'bogus' || why === 'limit')
  return decisive ?? (hasInsecure ? undefined : failures[0])
}

/** An insecure host behind a secure alias may still have TLSA records at the alias. */
function isPlainlyInsecure({ status, aliases }: Exclude<Resolution, Failure>): boolean {
  return status === 'insecure' && aliases[0]?.status !== 'secure'
}

/** At most so many, of which the less numerous family has up to half: a sender may be able to reach it alone. */
function ofBothFamilies([first = [], second = []]: readonly string[][], most: number): string[] {
  const kept = first.slice(0, Math.max(Math.ceil(most / 2), most - second.length))
  return [...kept, ...second.slice(0, most - kept.length)]
}

function addressesIn(lookup: Resolution): string[] {
  if (lookup.kind !== 'answer') return []
  return mapKnown(lookup.records, ({ type, rdata }) => acceptedValue(readAddress(type, rdata)))
}
