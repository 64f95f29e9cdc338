import type { AddressProbe } from '../../core/check/address-probe.ts'
import type { HostSide } from '../../core/check/check-facts.ts'
import type { HostFacts } from '../../core/decision/facts.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { type DomainName, nameOfDomain, parentOfDomain } from '../../core/name/domain.ts'
import { prependLabels } from '../../core/name/name.ts'
import type { GatherIo, ProbeAsk } from './gather-io.ts'

/** Below which name the TLSA records of a host stand, or would. RFC 7672 §2.2.3 */
export function baseDomainOf({ host, tlsa }: HostFacts): DomainName {
  return 'baseDomain' in tlsa ? tlsa.baseDomain : (host as DomainName) // hosts of MX records are names
}

interface HostOptions {
  readonly domain: DomainName
  readonly ipv4: boolean
  /** Ends lookups, and not sessions. */
  readonly lookupSignal: AbortSignal
}

/** What a host has in DNS that no sender asks for, and what each of its addresses shows. */
export async function gatherHost(
  facts: HostFacts,
  { domain, ipv4, lookupSignal }: HostOptions,
  io: GatherIo,
  signal: AbortSignal,
): Promise<HostSide> {
  const host = facts.host as DomainName // hosts of MX records are names
  const known = facts.addresses.kind === 'found' ? facts.addresses.addresses : []
  const left = ipv4 ? known.filter((address) => address.includes(':')) : []
  const notProbed = left.map((address) => ({ address, why: 'IPv4 alone was asked for' }))
  const asked = known.filter((address) => !left.includes(address))
  const serverName = baseDomainOf(facts)
  const [probes, tlsaAnyway, parent, caa, reporting] = await Promise.all([
    Promise.all(asked.map((address) => probeInTime({ host, address, serverName, signal }, io))),
    facts.tlsa.row === 'H4' ? lookupBelow([`_${io.smtpPort}`, '_tcp'], host, TYPE.TLSA, io, lookupSignal) : undefined,
    'records' in facts.tlsa ? lookupBelow(['_tcp'], serverName, TYPE.TXT, io, lookupSignal) : undefined,
    lookupCaa(host, io, lookupSignal),
    host === domain ? undefined : lookupBelow(['_smtp', '_tls'], host, TYPE.TXT, io, lookupSignal),
  ])
  const anchored = await anchoredIn(facts, probes, io, signal)
  return { host, tlsaAnyway, parent, caa, reporting, probes, anchored, notProbed }
}

/** What was given up on is as unknown as what was never begun; the other addresses are worth no less for it. */
async function probeInTime(ask: ProbeAsk, io: GatherIo): Promise<AddressProbe> {
  const { host, address, serverName, signal } = ask
  const begun = io.clock.now()
  try {
    return await io.probe(ask)
  } catch (error) {
    if (!signal.aborted) throw error
    const outcome = { kind: 'given-up' } as const
    const times = { begun, ended: io.clock.now() }
    return { host, address, port: io.smtpPort, serverName, depth: 'quick', ...times, outcome, sessions: [] }
  }
}

/** Only where a DANE-TA record can be used is there an anchor to hold chains against. */
async function anchoredIn(facts: HostFacts, probes: readonly AddressProbe[], io: GatherIo, signal: AbortSignal) {
  const hasAnchors = facts.tlsa.row === 'H5' && facts.tlsa.usable.some(({ usage }) => usage === 2)
  return hasAnchors ? io.anchor(facts, probes, signal) : []
}

/** CAA records from the host upward, to the first name that has any: all at once, as none is far. RFC 8659 §3 */
export async function lookupCaa(host: DomainName, { resolver }: GatherIo, signal: AbortSignal): Promise<Resolution[]> {
  const names: DomainName[] = []
  for (let at: DomainName | undefined = host; at?.includes('.') === true; at = parentOfDomain(at)) names.push(at)
  const lookups = await Promise.all(names.map((name) => resolver.resolve(nameOfDomain(name), TYPE.CAA, { signal })))
  const first = lookups.findIndex(({ kind }) => kind === 'answer')
  return first < 0 ? lookups : lookups.slice(0, first + 1)
}

async function lookupBelow(
  labels: readonly string[],
  domain: DomainName,
  type: number,
  { resolver }: GatherIo,
  signal: AbortSignal,
): Promise<Resolution | undefined> {
  const name = prependLabels(labels, nameOfDomain(domain))
  return name === undefined ? undefined : resolver.resolve(name, type, { signal })
}
