import type { AddressProbe, ProbeDepth } from '../../core/check/address-probe.ts'
import type { AnchoredChain } from '../../core/check/check-facts.ts'
import { anchorsFor, type Presented, presentedBy } from '../../core/check/sessions.ts'
import { decide } from '../../core/decision/decide.ts'
import type { HostFacts } from '../../core/decision/facts.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../../io/clock.ts'
import type { Network } from '../../io/network.ts'
import { createProbes } from '../../io/probe/create-probes.ts'
import type { Pause } from '../../io/probe/probe-io.ts'
import type { GatherIo } from './gather-io.ts'

export interface ProberOptions {
  readonly network: Network
  readonly clock: Clock
  /** PEM text of the public roots; those that Node carries unless told. */
  readonly ca?: string | readonly string[] | undefined
  readonly smtpPort: number
  /** For EHLO. */
  readonly clientName: string
  readonly depth: ProbeDepth
  readonly pause?: Pause | undefined
}

/** What connects to MX hosts for checks: politely, never further than TLS, and to each address once for all domains. */
export interface Prober extends Pick<GatherIo, 'probe' | 'anchor'> {
  close(): Promise<void>
}

export function createProber(options: ProberOptions): Prober {
  const { clock, smtpPort, depth } = options
  const probes = createProbes(options)
  return {
    probe({ host, address, serverName, signal }) {
      return probes.probe({ host, endpoint: { address, port: smtpPort }, serverName, depth }, signal)
    },
    async anchor(facts, found, signal) {
      const chains = await Promise.all(found.map((probe) => anchorAll(facts, probe, signal)))
      return chains.flat()
    },
    close: () => probes.close(),
  }

  async function anchorAll(facts: HostFacts, probe: AddressProbe, signal: AbortSignal): Promise<AnchoredChain[]> {
    const chains = await Promise.all(presentedBy(probe).map((one) => anchorOne(facts, probe, one, signal)))
    return chains.flatMap((chain) => chain ?? [])
  }

  /** One more session, in which OpenSSL has the anchors from the start. RFC 7672 §3.1.2 */
  async function anchorOne(
    facts: HostFacts,
    { host, address, port }: AddressProbe,
    one: Presented,
    signal: AbortSignal,
  ): Promise<AnchoredChain | undefined> {
    const dane = demandsOf(facts)
    const anchors = dane === undefined ? [] : anchorsFor(one, dane, clock.now())
    if (dane === undefined || anchors.length === 0) return undefined
    const { keyType } = one
    const asked = { host, endpoint: { address, port }, serverName: dane.serverName, keyType, anchors }
    const seen = await probes.withAnchors(asked, signal)
    if (seen === undefined) return undefined
    return { address, keyType, chain: seen.chain, anchors: anchors.map(({ raw }) => raw), chainError: seen.chainError }
  }
}

/** What is demanded of a host by its TLSA records alone, as a sender decides. */
function demandsOf(facts: HostFacts) {
  const mx = { row: 'M8', resolution: undefined } as const
  const nextHop = { kind: 'relay', host: facts.host as DomainName } as const // hosts of MX records are names
  const [host] = decide({ nextHop, mx, hosts: [facts], sts: undefined }, { now: 0 }).hosts
  if (host?.action !== 'connect' || host.dane.state !== 'ok') return undefined
  return { records: host.dane.records, names: host.dane.names, serverName: host.serverName }
}
