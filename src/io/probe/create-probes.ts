import { randomBytes } from 'node:crypto'
import type { AddressProbe, ProbeDepth } from '../../core/check/address-probe.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import { createTurns } from '../decisions/turns.ts'
import type { ChosenBy, Endpoint, Network } from '../network.ts'
import { createSharedWork } from '../shared-work.ts'
import type { TranscriptEntry } from '../smtp/transcript.ts'
import type { StopSignal } from '../stop.ts'
import { createAddressGate } from './address-gate.ts'
import { createKeptProbes } from './kept-probes.ts'
import { pause } from './pause.ts'
import { probeAddress } from './probe-address.ts'
import { createProbeContexts } from './probe-contexts.ts'
import type { Pause, ProbeIo } from './probe-io.ts'

export interface Asked {
  readonly host: DomainName
  readonly endpoint: Endpoint
  /** In SNI; the host unless it is told otherwise, such as the TLSA base domain of an alias. RFC 7672 §8.1 */
  readonly serverName?: DomainName | undefined
  readonly depth: ProbeDepth
  /** Strangers choose addresses through DNS, unless the operator named this one. */
  readonly chosenBy?: ChosenBy | undefined
}

/** Probes for many domains, who share MX hosts: each address of a host is asked once, and not too many at once. */
export interface Probes {
  /** Rejects with the signal's reason for whoever gives up; others that wait for the same address go on waiting. */
  probe(asked: Asked, signal?: StopSignal): Promise<AddressProbe>
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
  const turns = createTurns(limits.probe.hostsAtOnce, Number.POSITIVE_INFINITY)
  const work = createSharedWork<AddressProbe>()
  const kept = createKeptProbes(clock)

  async function make(asked: Asked, signal: StopSignal): Promise<AddressProbe> {
    const done = await turns.take()
    try {
      signal.throwIfAborted()
      const { host, endpoint, depth, serverName = host, chosenBy = 'stranger' } = asked
      const probe = await probeAddress(
        { host, endpoint, serverName, depth, chosenBy, clientName },
        { ...io, signal, follow: follow && ((entry, purpose) => follow(entry, asked, purpose)) },
      )
      // What was given up halfway says nothing to others.
      signal.throwIfAborted()
      kept.keep(keyOf(asked, depth), probe)
      return probe
    } finally {
      done?.()
    }
  }

  return {
    async probe(asked, signal) {
      signal?.throwIfAborted()
      // A full probe tells everything that a quick one does.
      const known = kept.recall(keyOf(asked, 'full')) ?? kept.recall(keyOf(asked, asked.depth))
      return known ?? (await work.join(keyOf(asked, asked.depth), (stop) => make(asked, stop), signal))
    },
    close: () => work.close(),
  }
}

function keyOf({ host, endpoint: { address, port }, serverName = host }: Asked, depth: ProbeDepth): string {
  return [host, serverName, address, port, depth].join(' ')
}
