import { latin1 } from '../../core/dns/octets.ts'
import type { Nsec3Record } from '../../core/dnssec/nsec3.ts'
import type { VerifiedRrset } from '../../core/dnssec/signature.ts'
import { limits } from '../../core/limits.ts'
import { type Name, parentOfName } from '../../core/name/name.ts'
import { createCache } from './cache.ts'
import { createOrderedKeys, type OrderedKeys } from './ordered-keys.ts'
import type { SecureZone } from './zone-state.ts'

/** A verified NSEC or NSEC3 RRset, and its end in milliseconds since 1970. */
export interface Span {
  readonly rrset: VerifiedRrset
  /** Its owner's sort key or hash. */
  readonly at: string
  readonly server: string
  readonly until: number
}

/** What is known of one zone. */
export interface SpannedZone {
  readonly zone: SecureZone
  /** Of NSEC3, what its names are hashed with. */
  readonly nsec3: Pick<Nsec3Record, 'salt' | 'iterations'> | undefined
}

/** Verified spans between names or hashes, each zone's in order: bounded, the longest unused go first. */
export interface SpanStore {
  putNsec(zone: SecureZone, span: Span): void
  putNsec3(zone: SecureZone, span: Span, parameters: Nsec3Record): void
  /** The deepest zone at or above the name of which any span is known. */
  closest(name: Name): SpannedZone | undefined
  /** The span that begins at this sort key, or else the last before it. */
  nsecAround(zone: SpannedZone, sortKey: string): Span | undefined
  nsec3At(zone: SpannedZone, hash: string): Span | undefined
  /** As `nsecAround`, round the end of the order too. RFC 5155 §3.1.7 */
  nsec3Around(zone: SpannedZone, hash: string): Span | undefined
}

interface Chain {
  readonly prefix: string
  readonly keys: OrderedKeys
}

interface Known {
  zone: SecureZone
  nsec3: SpannedZone['nsec3']
  readonly byName: Chain
  byHash: Chain
}

interface Kept extends Span {
  readonly known: Known
  readonly chain: Chain
}

export function createSpanStore(now: () => number): SpanStore {
  const { denials: entries, denialOctets: octets } = limits.resolver
  const zones = new Map<string, Known>()
  const spans = createCache<Kept>({ now, entries, octets, octetsOf: octetsOfSpan, onDrop: forget })

  function forget({ at, chain, known }: Kept): void {
    chain.keys.delete(at)
    const { key } = known.zone.zone
    const isEmpty = known.byName.keys.size + known.byHash.keys.size === 0
    if (isEmpty && zones.get(key) === known) zones.delete(key)
  }

  function knownFor(zone: SecureZone): Known {
    const { key } = zone.zone
    const known = zones.get(key) ?? {
      ...{ zone, nsec3: undefined },
      byName: { prefix: `nsec ${key}`, keys: createOrderedKeys() },
      byHash: { prefix: `nsec3 ${key}`, keys: createOrderedKeys() },
    }
    known.zone = zone
    return known
  }

  function put(known: Known, chain: Chain, span: Span): void {
    const key = keyOf(chain, span.at)
    spans.put(key, { ...span, known, chain }, span.until)
    if (spans.get(key) === undefined) return
    chain.keys.add(span.at)
    zones.set(known.zone.zone.key, known)
  }

  function take(chain: Chain, at: string | undefined): Span | undefined {
    return at === undefined ? undefined : spans.get(keyOf(chain, at))?.value
  }

  const knownOf = ({ zone }: SpannedZone) => zones.get(zone.zone.key)

  return {
    putNsec(zone, span) {
      const known = knownFor(zone)
      put(known, known.byName, span)
    },
    putNsec3(zone, span, parameters) {
      const known = knownFor(zone)
      const prefix = `nsec3 ${zone.zone.key} ${latin1(parameters.salt)}`
      // Another salt is a new chain; what is left of the old one is found no more, and goes in its time.
      if (known.byHash.prefix !== prefix) known.byHash = { prefix, keys: createOrderedKeys() }
      known.nsec3 = parameters
      put(known, known.byHash, span)
    },
    closest(name) {
      for (let at: Name | undefined = name; at !== undefined && zones.size > 0; at = parentOfName(at)) {
        const known = zones.get(at.key)
        if (known !== undefined) return known
      }
      return undefined
    },
    nsecAround(zone, sortKey) {
      const chain = knownOf(zone)?.byName
      return chain && take(chain, chain.keys.atOrBefore(sortKey))
    },
    nsec3At(zone, hash) {
      const chain = knownOf(zone)?.byHash
      return chain && take(chain, hash)
    },
    nsec3Around(zone, hash) {
      const chain = knownOf(zone)?.byHash
      return chain && take(chain, chain.keys.atOrBefore(hash) ?? chain.keys.last())
    },
  }
}

function keyOf({ prefix }: Chain, at: string): string {
  return `${prefix} ${at}`
}

function octetsOfSpan({ rrset, at }: Kept): number {
  return octetsOfRrset(rrset) + 6 * at.length
}

/** With the message that its records are pieces of. */
export function octetsOfRrset({ rdatas, signatures }: VerifiedRrset): number {
  const pieces = [...rdatas, ...signatures.map(({ signature }) => signature)]
  return 512 + 256 * pieces.length + Math.max(0, ...pieces.map(({ buffer }) => buffer.byteLength))
}
