import { TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import { prependLabels } from '../../core/name/name.ts'
import type { GatherIo } from './gather-io.ts'

/** TXT records where those of MTA-STS and TLSRPT do not belong, and where a wildcard alone would have any. */
export interface TextsBeside {
  readonly apex: Resolution
  /** Undefined where it is known that no wildcard answers. */
  readonly beside: Resolution | undefined
}

/** Nobody has reason to publish anything there. */
const unusedLabel = '_waxseal-asks-whether-a-wildcard-answers'

export async function lookupTextsBeside(domain: DomainName, io: GatherIo, signal: AbortSignal): Promise<TextsBeside> {
  const record = await lookupText(['_mta-sts'], domain, io, signal)
  const [apex, beside] = await Promise.all([
    io.resolver.resolve(nameOfDomain(domain), TYPE.TXT, { signal }),
    record !== undefined && isAbsent(record) ? undefined : lookupText([unusedLabel], domain, io, signal),
  ])
  return { apex, beside }
}

/** A wildcard at the domain would have answered for it. RFC 4592 §2.2.1 */
function isAbsent(lookup: Resolution): boolean {
  return lookup.kind === 'nxdomain' && lookup.aliases.length === 0
}

/** TXT at `labels` below the domain; undefined when there can be no such name. */
export async function lookupText(
  labels: readonly string[],
  domain: DomainName,
  { resolver }: GatherIo,
  signal: AbortSignal,
): Promise<Resolution | undefined> {
  const name = prependLabels(labels, nameOfDomain(domain))
  return name === undefined ? undefined : resolver.resolve(name, TYPE.TXT, { signal })
}
