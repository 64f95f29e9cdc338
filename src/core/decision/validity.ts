import type { NegativeAnchor } from '../dnssec/negative-anchors.ts'
import type { Resolution } from '../dnssec/resolution.ts'
import type { Facts } from './facts.ts'

/**
 * When the first of what a decision rests on ends, in milliseconds since 1970; undefined when something failed, and may
 * go well at the next try. A policy that cannot be fetched is such a failure too.
 */
export function validUntil(facts: Facts, now: number): number | undefined {
  if (facts.sts?.id !== undefined && facts.sts.failure !== undefined) return undefined
  const ends = lookupsOf(facts).map((lookup) => (lookup.kind === 'failure' ? undefined : now + lookup.ttl * 1000))
  const policy = facts.sts?.policy
  if (policy !== undefined) ends.push(policy.expiresAt)
  // What was not validated by a negative anchor is to be, as soon as that ends. RFC 7646 §2
  ends.push(...negativeAnchorsOf(facts).map(({ until }) => until))
  const known = ends.filter((end) => end !== undefined)
  return known.length === 0 || known.length < ends.length ? undefined : Math.min(...known)
}

/** Every lookup that the facts rest on. */
export function lookupsOf({ mx, hosts, sts }: Facts): Resolution[] {
  const all = [mx.resolution, sts?.record].filter((lookup) => lookup !== undefined)
  for (const { addresses, tlsa } of hosts) all.push(...addresses.lookups, ...tlsa.lookups)
  return all
}

/** Those by which some lookup was not validated, each once. RFC 7646 */
export function negativeAnchorsOf(facts: Facts): NegativeAnchor[] {
  const anchors = new Map<string, NegativeAnchor>()
  for (const lookup of lookupsOf(facts)) {
    if (lookup.kind === 'failure') continue
    for (const anchor of lookup.evidence.negativeAnchors ?? []) anchors.set(anchor.name.key, anchor)
  }
  return [...anchors.values()]
}
