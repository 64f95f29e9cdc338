import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { encodeMessage } from '../../src/core/dns/encode.ts'
import { createFrameReader, frame } from '../../src/core/dns/frames.ts'
import { accept, refuse } from '../../src/core/result.ts'
import type { Datagrams, Endpoint, Network } from '../../src/io/network.ts'
import { answerRecursively } from '../../src/programs/lab/dns/answer.ts'
import { originFor } from '../../src/programs/lab/dns/text.ts'
import type { Zones } from '../../src/programs/lab/dns/zones.ts'
import { readQuery } from '../support/dns-server.ts'

/** From 0 up to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** How often each thing happens to a message, from 0 to 1. */
export interface Weather {
  readonly lost: number
  readonly doubled: number
  /** Some octets are other ones. */
  readonly garbled: number
  readonly cut: number
  /** TC is set, and a connection refused or broken. */
  readonly truncated: number
  readonly broken: number
  /** An answer to some other question comes before it. */
  readonly strayed: number
  /** Messages overtake each other. */
  readonly late: number
}

export const calm: Weather = {
  ...{ lost: 0, doubled: 0, garbled: 0, cut: 0, truncated: 0, broken: 0, strayed: 0, late: 0 },
}

export interface ChaosNetwork extends Network {
  weather: Weather
  /** What is open now. */
  readonly open: Set<unknown>
  readonly happened: Map<keyof Weather, number>
}

/** The servers of these zones, in memory, and a network before them in which anything may happen. */
export function chaosNetwork(zones: Zones, random: () => number): ChaosNetwork {
  const open = new Set<unknown>()
  const happened = new Map<keyof Weather, number>()
  const earlier: Uint8Array[] = []
  const network: ChaosNetwork = { weather: calm, open, happened, openUdp, connectTcp }
  const answer = serverOf(zones)

  function happens(what: keyof Weather): boolean {
    if (random() >= network.weather[what]) return false
    happened.set(what, (happened.get(what) ?? 0) + 1)
    return true
  }

  /** What arrives in the place of a message, in order. */
  function arriving(octets: Uint8Array): Uint8Array[] {
    if (earlier.length < 500) earlier.push(octets)
    const changed = Uint8Array.from(octets)
    if (happens('truncated')) changed[2] = (changed[2] as number) | 2
    if (happens('garbled')) {
      for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
        changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256)
      }
    }
    const whole = happens('cut') ? changed.subarray(0, Math.floor(random() * changed.length)) : changed
    const stray = happens('strayed') ? [earlier[Math.floor(random() * earlier.length)] as Uint8Array] : []
    return [...stray, whole, ...(happens('doubled') ? [whole] : [])]
  }

  /** Now, or after a few turns of the event loop. */
  function later(act: () => void): void {
    const turns = happens('late') ? 1 + Math.floor(random() * 6) : 0
    const wait = (left: number) => (left === 0 ? act() : setImmediate(wait, left - 1))
    setImmediate(wait, turns)
  }

  async function openUdp({ address }: Endpoint): ReturnType<Network['openUdp']> {
    const datagrams: Datagrams = {
      localAddress: '127.0.0.1',
      onMessage: undefined,
      send(query) {
        if (happens('lost')) return
        const reply = answer(address, query)
        if (reply === undefined || happens('lost')) return
        for (const octets of arriving(reply)) later(() => datagrams.onMessage?.(octets))
      },
      // What is still on its way comes all the same, and must find nobody who minds.
      close: () => open.delete(datagrams),
    }
    open.add(datagrams)
    return accept(datagrams)
  }

  async function connectTcp({ address }: Endpoint): ReturnType<Network['connectTcp']> {
    if (happens('broken')) return refuse('refused')
    const frames = createFrameReader()
    const socket = new Duplex({
      read() {},
      write(chunk: Uint8Array, _, done) {
        done()
        const queries = frames.push(chunk)
        for (const query of queries.ok ? queries.value : []) {
          const reply = answer(address, query)
          const pieces = reply === undefined ? [] : arriving(reply).flatMap((one) => split(frame(one)))
          later(() => {
            for (const piece of pieces) if (!socket.destroyed) socket.push(piece)
            if (happens('broken')) socket.push(null)
          })
        }
      },
    })
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    return accept(Object.assign(socket, { ref: () => socket, unref: () => socket }) as unknown as Socket)
  }

  function split(octets: Uint8Array): Uint8Array[] {
    const at = Math.floor(random() * octets.length)
    return [octets.subarray(0, at), octets.subarray(at)].filter(({ length }) => length > 0)
  }

  return network
}

/** What the server of an address says: that of a zone, or else one that asks all of them. */
function serverOf(zones: Zones): (address: string, query: Uint8Array) => Uint8Array | undefined {
  const origins = new Set(zones.servers.keys())
  const originOf = new Map([...zones.servers].map(([origin, address]) => [address, origin]))
  return (address, octets) => {
    const query = readQuery(octets)
    const [question] = query.questions
    if (question === undefined) return undefined
    const origin = originOf.get(address)
    const sections =
      origin === undefined
        ? answerRecursively((one) => zones.answer(originFor(one, origins), one, true), question)
        : zones.answer(origin, question, true)
    return (
      sections && encodeMessage({ ...query, ...sections, isResponse: true, recursionAvailable: origin === undefined })
    )
  }
}
