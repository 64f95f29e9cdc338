import type { Resolution } from '../dnssec/resolution.ts'
import type { Facts } from './facts.ts'

/** When the first of what a decision rests on ends, in milliseconds since 1970; undefined when something failed. */
export function validUntil(facts: Facts, now: number): number | undefined {
  const ends = lookupsOf(facts).map((lookup) => (lookup.kind === 'failure' ? undefined : now + lookup.ttl * 1000))
  const policy = facts.sts?.policy
  if (policy !== undefined) ends.push(policy.expiresAt)
  const known = ends.filter((end) => end !== undefined)
  return known.length === 0 || known.length < ends.length ? undefined : Math.min(...known)
}

export function lookupsOf({ mx, hosts, sts }: Facts): Resolution[] {
  const all = [
    mx.resolution,
    sts?.record,
    ...hosts.flatMap(({ addresses, tlsa }) => [...addresses.lookups, ...tlsa.lookups]),
  ]
  return all.filter((lookup) => lookup !== undefined)
}
