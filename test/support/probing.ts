import type { AddressProbe, KeyFinding, ProbeDepth, Talk } from '../../src/core/check/address-probe.ts'
import type { Network } from '../../src/io/network.ts'
import { createAddressGate } from '../../src/io/probe/address-gate.ts'
import { type ProbeRequest, probeAddress } from '../../src/io/probe/probe-address.ts'
import { createProbeContexts } from '../../src/io/probe/probe-contexts.ts'
import type { ProbeIo } from '../../src/io/probe/probe-io.ts'
import { openMint } from '../../src/programs/lab/certificates/mint.ts'
import { domain } from './domain.ts'
import { fakeNetwork } from './fake-network.ts'
import { movedClock } from './moved-clock.ts'
import { type SmtpScript, type SmtpTestServer, startSmtpServer } from './smtp-server.ts'

const mint = await openMint()
const contexts = createProbeContexts({ ca: mint.root })

export const address = '192.0.2.1'

/** A world in which nobody waits: pauses are written down, and move the clock. */
export function probingIo(network: Network, more: Partial<ProbeIo> = {}) {
  const clock = movedClock(Date.parse('2026-11-24T12:00:00Z'))
  const pauses: number[] = []
  const pause: ProbeIo['pause'] = async (milliseconds, signal) => {
    signal?.throwIfAborted()
    pauses.push(milliseconds)
    clock.move(milliseconds / 1000)
  }
  let count = 0
  const random = (octets: number) => new Uint8Array(octets).fill(count++)
  const io = { network, clock, pause, contexts, random, ...more }
  return { io: { ...io, gate: createAddressGate(clock, io.pause) }, pauses, clock }
}

export interface Probed {
  readonly probe: AddressProbe
  readonly server: SmtpTestServer
  readonly pauses: readonly number[]
}

/** Probes one server of a test, in a world of its own. */
export async function probeScript(
  script: SmtpScript,
  depth: ProbeDepth = 'quick',
  more: Partial<ProbeIo> = {},
): Promise<Probed> {
  const server = await startSmtpServer({ offers: ['STARTTLS', 'SIZE 1000'], offersInside: ['SIZE 2000'], ...script })
  try {
    const { io, pauses } = probingIo(fakeNetwork({ [`${address}:25`]: server.port }), more)
    const probe = await probeAddress(requestTo(depth), io)
    return { probe, server, pauses }
  } finally {
    await server.close()
  }
}

export function requestTo(depth: ProbeDepth = 'quick'): ProbeRequest {
  const host = domain('mx.test')
  return {
    ...{
      host,
      serverName: host,
      endpoint: { address, port: 25 },
      chosenBy: 'stranger',
      clientName: 'check.test',
      depth,
    },
  }
}

export function talkOf({ outcome }: AddressProbe): Talk {
  if (outcome.kind !== 'talked') throw new Error(`did not talk: ${JSON.stringify(outcome)}`)
  return outcome
}

export function handshakeOf(key: KeyFinding) {
  if (key.kind !== 'presented') throw new Error(`no handshake: ${JSON.stringify(key)}`)
  return key.handshake
}
