import { createHash, randomBytes, type X509Certificate } from 'node:crypto'
import type { AddressProbe, HandshakeSeen, KeyType, ProbeDepth } from '../../core/check/address-probe.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { ChosenBy, Endpoint, Network } from '../network.ts'
import { createSharedWork } from '../shared-work.ts'
import type { TranscriptEntry } from '../smtp/transcript.ts'
import type { StopSignal } from '../stop.ts'
import { createAddressGate } from './address-gate.ts'
import { createAddressTurns } from './address-turns.ts'
import { createKept, octetsOfChain, octetsOfProbe } from './kept-probes.ts'
import { pause } from './pause.ts'
import { probeAddress } from './probe-address.ts'
import { createProbeContexts } from './probe-contexts.ts'
import type { Pause, ProbeIo } from './probe-io.ts'
import { secure } from './secure.ts'
import { createVisit } from './visit.ts'

export interface Asked {
  readonly host: DomainName
  readonly endpoint: Endpoint
  /** In SNI; the host unless it is told otherwise, such as the TLSA base domain of an alias. RFC 7672 §8.1 */
  readonly serverName?: DomainName | undefined
  readonly depth: ProbeDepth
  /** Strangers choose addresses through DNS, unless the operator named this one. */
  readonly chosenBy?: ChosenBy | undefined
}

/** A look at the same certificate again, with trust anchors that TLSA records name. */
export interface AskedWithAnchors extends Omit<Asked, 'depth'> {
  readonly keyType: KeyType
  readonly anchors: readonly X509Certificate[]
}

/** Probes for many domains, who share MX hosts: each address of a host is asked once, and not too many at once. */
export interface Probes {
  /** Rejects with the signal's reason for whoever gives up; others that wait for the same address go on waiting. */
  probe(asked: Asked, signal?: StopSignal): Promise<AddressProbe>
  /**
   * One more session, in which OpenSSL has these anchors from the start and no roots: only then does it say of a chain
   * whether it leads to one of them (RFC 7672 §3.1.2). Undefined when no handshake came about.
   */
  withAnchors(asked: AskedWithAnchors, signal?: StopSignal): Promise<HandshakeSeen | undefined>
  /** Gives up everything under way, and resolves when no connection is left open. */
  close(): Promise<void>
}

export interface ProbesOptions {
  readonly network: Network
  readonly clock: Clock
  /** For EHLO: must resolve to where we come from. RFC 5321 §4.1.1.1 */
  readonly clientName: string
  /** PEM text of the trusted roots; without it, those that Node carries. */
  readonly ca?: string | readonly string[] | undefined
  readonly pause?: Pause | undefined
  readonly random?: ((octets: number) => Uint8Array) | undefined
  readonly timeouts?: ProbeIo['timeouts']
  /** Sees every line of every transcript as it is written. */
  readonly follow?: ((entry: TranscriptEntry, asked: Asked, purpose: string) => void) | undefined
}

export function createProbes(options: ProbesOptions): Probes {
  const { network, clock, clientName, timeouts, follow } = options
  const wait = options.pause ?? pause
  const contexts = createProbeContexts({ ca: options.ca })
  const gate = createAddressGate(clock, wait)
  const io = { network, clock, pause: wait, contexts, gate, timeouts, random: options.random ?? randomBytes }
  const turns = createAddressTurns()
  const work = createSharedWork<AddressProbe>()
  const anchoredWork = createSharedWork<HandshakeSeen | undefined>()
  const kept = createKept<AddressProbe>(clock)
  const keptAnchored = createKept<HandshakeSeen>(clock)

  /** What was given up halfway says nothing to others. */
  async function inTurn<Value>(address: string, signal: StopSignal, make: () => Promise<Value>): Promise<Value> {
    const done = await turns.take(address)
    try {
      signal.throwIfAborted()
      const value = await make()
      signal.throwIfAborted()
      return value
    } finally {
      done()
    }
  }

  function requestOf<Depth extends ProbeDepth>(asked: Omit<Asked, 'depth'>, depth: Depth) {
    const { host, endpoint, serverName = host, chosenBy = 'stranger' } = asked
    return { host, endpoint, serverName, depth, chosenBy, clientName }
  }

  async function make(asked: Asked, signal: StopSignal): Promise<AddressProbe> {
    const probe = await probeAddress(requestOf(asked, asked.depth), {
      ...{ ...io, signal },
      follow: follow && ((entry, purpose) => follow(entry, asked, purpose)),
    })
    // Our own want of sockets is over in a moment.
    const isOurs = probe.outcome.kind === 'not-connected' && probe.outcome.why === 'overload'
    if (!signal.aborted && !isOurs) kept.keep(keyOf(asked, asked.depth), probe, probe.ended, octetsOfProbe(probe))
    return probe
  }

  async function meet(asked: AskedWithAnchors, signal: StopSignal): Promise<HandshakeSeen | undefined> {
    const { keyType, anchors, serverName = asked.host } = asked
    const { keys } = createProbeContexts({ ca: anchors.map(String), areAnchors: true })
    const session = await createVisit(requestOf(asked, 'quick'), { ...io, signal }).run(
      'trust anchors',
      async (line) => {
        const secured = await secure(line, { context: keys[keyType], serverName, clock })
        if (secured.kind !== 'secured') return undefined
        await line.leave()
        return secured.seen()
      },
    )
    const seen = session.kind === 'used' ? session.value : undefined
    if (seen !== undefined) keptAnchored.keep(anchorKeyOf(asked), seen, seen.at, octetsOfChain(seen))
    return seen
  }

  return {
    async probe(asked, signal) {
      signal?.throwIfAborted()
      // A full probe tells everything that a quick one does.
      const known = kept.recall(keyOf(asked, 'full')) ?? kept.recall(keyOf(asked, asked.depth))
      const start = (stop: StopSignal) => inTurn(asked.endpoint.address, stop, () => make(asked, stop))
      return known ?? (await work.join(keyOf(asked, asked.depth), start, signal))
    },
    async withAnchors(asked, signal) {
      signal?.throwIfAborted()
      const key = anchorKeyOf(asked)
      const start = (stop: StopSignal) => inTurn(asked.endpoint.address, stop, () => meet(asked, stop))
      return keptAnchored.recall(key) ?? (await anchoredWork.join(key, start, signal))
    },
    async close() {
      await Promise.all([work.close(), anchoredWork.close()])
    },
  }
}

function keyOf({ host, endpoint: { address, port }, serverName = host }: Omit<Asked, 'depth'>, what: string): string {
  return [host, serverName, address, port, what].join(' ')
}

function anchorKeyOf(asked: AskedWithAnchors): string {
  const hash = createHash('sha256')
  for (const { raw } of asked.anchors) hash.update(raw)
  return keyOf(asked, `${asked.keyType} ${hash.digest('hex')}`)
}
