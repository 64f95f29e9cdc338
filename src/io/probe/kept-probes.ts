import type { AddressProbe, HandshakeSeen } from '../../core/check/address-probe.ts'
import { limits } from '../../core/limits.ts'
import type { Clock } from '../clock.ts'

/** Results of a short while, for other domains with the same hosts; those longest unused go first. */
export interface Kept<Value> {
  recall(key: string): Value | undefined
  /** `at` is when it was found out, `octets` roughly what it takes in memory. */
  keep(key: string, value: Value, at: number, octets: number): void
}

interface Entry<Value> {
  readonly value: Value
  readonly at: number
  readonly octets: number
}

export function createKept<Value>(clock: Clock): Kept<Value> {
  const entries = new Map<string, Entry<Value>>()
  let octets = 0

  function drop(key: string, entry: Entry<Value>): void {
    entries.delete(key)
    octets -= entry.octets
  }

  return {
    recall(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      entries.set(key, entry)
      const age = clock.now() - entry.at
      if (age >= 0 && age < limits.probe.resultKeptMs) return entry.value
      drop(key, entry)
      return undefined
    },
    keep(key, value, at, size) {
      const former = entries.get(key)
      if (former !== undefined) drop(key, former)
      entries.set(key, { value, at, octets: size })
      octets += size
      for (const [oldest, one] of entries) {
        if (entries.size <= limits.probe.results && octets <= limits.probe.resultOctets) return
        drop(oldest, one)
      }
    },
  }
}

/** Of an object and its fields, roughly. */
const overhead = 4096
const perLine = 100

/** What a result takes in memory, by what a server can make long: transcripts, replies that stand in them, certificates. */
export function octetsOfProbe({ sessions, outcome }: AddressProbe): number {
  let octets = overhead
  for (const { transcript } of sessions) {
    // Text twice: the reply that a line shows is kept as well.
    for (const { text } of transcript) octets += perLine + 4 * text.length
  }
  const keys = outcome.kind === 'talked' ? Object.values(outcome.keys) : []
  for (const key of keys) octets += key.kind === 'presented' ? octetsOfChain(key.handshake) : 0
  return octets
}

export function octetsOfChain({ chain }: HandshakeSeen): number {
  return chain.reduce((sum, { length }) => sum + length, 0)
}
