import type { AddressProbe, HandshakeSeen } from '../../core/check/address-probe.ts'
import { limits } from '../../core/limits.ts'
import type { Clock } from '../clock.ts'

/** Results of a short while, for other domains with the same hosts; those longest unused go first. */
export interface KeptProbes {
  recall(key: string): AddressProbe | undefined
  keep(key: string, probe: AddressProbe): void
}

interface Entry {
  readonly probe: AddressProbe
  readonly octets: number
}

export function createKeptProbes(clock: Clock): KeptProbes {
  const entries = new Map<string, Entry>()
  let octets = 0

  function drop(key: string, entry: Entry): void {
    entries.delete(key)
    octets -= entry.octets
  }

  return {
    recall(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      entries.set(key, entry)
      const age = clock.now() - entry.probe.ended
      if (age >= 0 && age < limits.probe.resultKeptMs) return entry.probe
      drop(key, entry)
      return undefined
    },
    keep(key, probe) {
      const former = entries.get(key)
      if (former !== undefined) drop(key, former)
      const entry = { probe, octets: sizeOf(probe) }
      entries.set(key, entry)
      octets += entry.octets
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
function sizeOf({ sessions, outcome }: AddressProbe): number {
  let octets = overhead
  for (const { transcript } of sessions) {
    // Text twice: the reply that a line shows is kept as well.
    for (const { text } of transcript) octets += perLine + 4 * text.length
  }
  const keys = outcome.kind === 'talked' ? Object.values(outcome.keys) : []
  for (const key of keys) octets += key.kind === 'presented' ? chainOctets(key.handshake) : 0
  return octets
}

function chainOctets({ chain }: HandshakeSeen): number {
  return chain.reduce((sum, { length }) => sum + length, 0)
}
