import { TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import { type Name, prependLabels, sameName } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import type { Resolver } from '../resolver/resolver.ts'

/**
 * Domains of others that have delegated their policy to us: by a CNAME at `_mta-sts` that leads to a profile's record of
 * ours, or one at `mta-sts` that leads to our policy host below the profile's name. RFC 8461 §8.2
 */
export interface Delegations {
  /** What is known now, without asking anybody; undefined for a domain that is not known to be delegated. */
  known(domain: DomainName): string | undefined
  /** The name of the profile that the domain has chosen, looked up if need be; undefined for one that is not delegated. */
  find(domain: DomainName): Promise<string | undefined>
  /** Domains that are delegated, as far as anybody has asked. */
  readonly size: number
  /** Lookups by what came of them. */
  readonly counts: Readonly<Record<DelegationOutcome, number>>
  close(): void
}

export const delegationOutcomes = ['delegated', 'not-delegated', 'failed', 'over-budget'] as const
export type DelegationOutcome = (typeof delegationOutcomes)[number]

export interface DelegationsOptions {
  readonly resolver: Resolver
  readonly clock: Clock
  /** The name of our policy host, to which `mta-sts` of the domains leads. */
  readonly name: DomainName
  /** The profiles that may be chosen. Looked up anew for each domain. */
  profiles(): Iterable<string>
}

interface Delegation {
  readonly profile: string
  /** When DNS said so last, and when it is to be asked again. */
  readonly saidAt: number
  dueAt: number
}

/** Everything is bounded: strangers can make up names without end. */
export function createDelegations({ resolver, clock, name, profiles }: DelegationsOptions): Delegations {
  const { policyServer } = limits
  const delegated = new Map<DomainName, Delegation>()
  const strangers = new Map<DomainName, number>()
  const underWay = new Map<DomainName, Promise<string | undefined>>()
  const counts: Record<DelegationOutcome, number> = { delegated: 0, 'not-delegated': 0, failed: 0, 'over-budget': 0 }
  const budget = { left: policyServer.lookupsBurst as number, at: clock.now() }
  const closing = createEnding(undefined)

  function mayLookUp(): boolean {
    const now = clock.now()
    const refilled = (Math.max(0, now - budget.at) / 1000) * policyServer.lookupsPerSecond
    budget.left = Math.min(policyServer.lookupsBurst, budget.left + refilled)
    budget.at = now
    if (budget.left < 1 || underWay.size >= policyServer.lookupsAtOnce) return false
    budget.left--
    return true
  }

  /** The delegation as it counts now. */
  function current(domain: DomainName): Delegation | undefined {
    const found = delegated.get(domain)
    if (found === undefined) return undefined
    const age = clock.now() - found.saidAt
    if (age < 0 || age >= policyServer.delegationKeptMs) {
      delegated.delete(domain)
      return undefined
    }
    remember(delegated, domain, found, policyServer.delegations)
    return found
  }

  async function lookUp(domain: DomainName): Promise<string | undefined> {
    const ending = createEnding(closing.signal, policyServer.lookupMs)
    try {
      const choices = choicesOf(name, profiles())
      for (const [prefix, type, targets] of [
        ['_mta-sts', TYPE.TXT, choices.records],
        ['mta-sts', TYPE.A, choices.hosts],
      ] as const) {
        const asked = prependLabels([prefix], nameOfDomain(domain))
        if (asked === undefined) return note(domain, 'not-delegated')
        const resolution = await resolver.resolve(asked, type, { signal: ending.signal })
        // RFC 7672 §2.1.1 holds here too: a lookup that fails says nothing.
        if (resolution.kind === 'failure') return note(domain, 'failed')
        const profile = chosenBy(resolution, targets)
        if (profile !== undefined) return note(domain, 'delegated', { profile, ttl: resolution.ttl })
      }
      return note(domain, 'not-delegated')
    } finally {
      ending.stop()
    }
  }

  function note(
    domain: DomainName,
    outcome: DelegationOutcome,
    found?: { readonly profile: string; readonly ttl: number },
  ): string | undefined {
    counts[outcome]++
    const now = clock.now()
    const before = current(domain)
    if (found !== undefined) {
      const { delegationLeastMs, delegationMostMs } = policyServer
      const lifeMs = Math.min(delegationMostMs, Math.max(delegationLeastMs, found.ttl * 1000))
      const delegation = { profile: found.profile, saidAt: now, dueAt: now + lifeMs }
      strangers.delete(domain)
      remember(delegated, domain, delegation, policyServer.delegations)
      return found.profile
    }
    if (outcome === 'failed' && before !== undefined) {
      before.dueAt = now + policyServer.strangerMs
      return before.profile
    }
    delegated.delete(domain)
    remember(strangers, domain, now, policyServer.strangers)
    return undefined
  }

  function begin(domain: DomainName): Promise<string | undefined> {
    const asking = lookUp(domain).finally(() => underWay.delete(domain))
    underWay.set(domain, asking)
    return asking
  }

  return {
    known: (domain) => current(domain)?.profile,
    async find(domain) {
      const now = clock.now()
      const found = current(domain)
      if (found !== undefined) {
        // Nobody waits for what is known to be known again.
        const isDue = now >= found.dueAt && !underWay.has(domain)
        if (isDue && mayLookUp()) begin(domain).catch(() => undefined)
        return found.profile
      }
      const refusedAt = strangers.get(domain)
      if (refusedAt !== undefined && Math.abs(now - refusedAt) < policyServer.strangerMs) return undefined
      const asking = underWay.get(domain)
      if (asking !== undefined) return asking
      if (mayLookUp()) return begin(domain)
      counts['over-budget']++
      return undefined
    },
    get size() {
      return delegated.size
    },
    counts,
    close: () => closing.abort(),
  }
}

/** At most so many; whoever was asked for longest ago goes first. */
function remember<Value>(map: Map<DomainName, Value>, domain: DomainName, value: Value, most: number): void {
  map.delete(domain)
  map.set(domain, value)
  if (map.size > most) map.delete(map.keys().next().value as DomainName) // it has one
}

type Target = readonly [profile: string, name: Name]

/** Where the aliases of a delegated domain may lead. */
function choicesOf(
  name: DomainName,
  profiles: Iterable<string>,
): { records: readonly Target[]; hosts: readonly Target[] } {
  const below = (labels: (profile: string) => readonly string[]) =>
    [...profiles].flatMap((profile): Target[] => {
      const target = prependLabels(labels(profile), nameOfDomain(name))
      return target === undefined ? [] : [[profile, target]]
    })
  return { records: below((profile) => [profile, '_mta-sts']), hosts: below((profile) => [profile]) }
}

function chosenBy(
  resolution: Exclude<Resolution, { kind: 'failure' }>,
  targets: readonly Target[],
): string | undefined {
  const { aliases } = resolution
  return targets.find(([, target]) => aliases.some((alias) => sameName(alias.target, target)))?.[0]
}
