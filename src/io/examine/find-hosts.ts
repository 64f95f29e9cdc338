import type { MxFinding } from '../../core/decision/facts.ts'
import { type Mx, readMx } from '../../core/dns/rdata/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Answer, Denial, Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { mapKnown } from '../../core/lists.ts'
import { type DomainName, domainOfName, nameOfDomain } from '../../core/name/domain.ts'
import { acceptedValue } from '../../core/result.ts'
import type { ExamineIo } from './examine.ts'

export interface MxHosts {
  readonly mx: MxFinding
  readonly hosts: readonly MxHost[]
}

/** A host that the domain names for its mail. */
export interface MxHost {
  readonly host: DomainName
  readonly preference: number
}

/** The rows of table 1a: the hosts that take a domain's mail, the most preferred first. RFC 5321 §5.1 */
export async function findHosts(
  domain: DomainName,
  { resolver, signal }: Pick<ExamineIo, 'resolver' | 'signal'>,
): Promise<MxHosts> {
  const resolution = await resolver.resolve(nameOfDomain(domain), TYPE.MX, { signal })
  switch (resolution.kind) {
    case 'failure':
      return { mx: { row: 'M1', resolution }, hosts: [] }
    case 'nxdomain':
      return { mx: { row: 'M2', resolution }, hosts: [] }
    case 'nodata':
      return implicitHost(domain, resolution)
    case 'answer':
      return namedHosts(domain, resolution)
  }
}

/** Without MX records the domain is its own host, under the name at the end of its aliases. RFC 5321 §5.1 */
function implicitHost(domain: DomainName, resolution: Denial): MxHosts {
  const host = domainOfName(resolution.canonicalName)
  if (!host.ok) return { mx: { row: 'M7', resolution }, hosts: [] }
  return {
    mx: { row: 'M4', resolution, status: resolution.status, expanded: expansionOf(domain, resolution) },
    hosts: [{ host: host.value, preference: 0 }],
  }
}

function namedHosts(domain: DomainName, resolution: Answer): MxHosts {
  const records = mapKnown(resolution.records, ({ rdata }) => acceptedValue(readMx(rdata)))
  if (isNull(records)) return { mx: { row: 'M3', resolution }, hosts: [] }
  const hosts = hostsOf(records)
  if (hosts.length === 0) return { mx: { row: 'M7', resolution }, hosts }
  const { status } = resolution
  const row = status === 'secure' ? 'M5' : 'M6'
  return { mx: { row, resolution, status, expanded: expansionOf(domain, resolution) }, hosts }
}

/** One MX record that names the root. RFC 7505 §3 */
function isNull(records: readonly Mx[]): boolean {
  return records.length === 1 && records[0]?.exchange.labelCount === 0
}

/** Each host once, by its best preference; targets that are no host names are passed over. */
function hostsOf(records: readonly Mx[]): MxHost[] {
  const hosts = new Map<DomainName, MxHost>()
  for (const { preference, exchange } of records.toSorted((one, other) => one.preference - other.preference)) {
    const host = domainOfName(exchange)
    if (host.ok && !hosts.has(host.value)) hosts.set(host.value, { host: host.value, preference })
  }
  return [...hosts.values()].slice(0, limits.smtp.hosts)
}

/** What the domain is an alias of. RFC 7672 §3.2.2 */
function expansionOf(domain: DomainName, { canonicalName }: Exclude<Resolution, { kind: 'failure' }>) {
  const expanded = domainOfName(canonicalName)
  return expanded.ok && expanded.value !== domain ? expanded.value : undefined
}
