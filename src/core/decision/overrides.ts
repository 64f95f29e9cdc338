import { type DomainName, parentOfDomain } from '../name/domain.ts'
import { formatNamePattern, type Override } from './override.ts'

/** All overrides there are, to be asked for those of a domain and a host. */
export interface Overrides {
  /** Why nobody knows them; whoever asks must then wait, as one may ask for more than was found. */
  readonly unreadable: string | undefined
  readonly isEmpty: boolean
  /** The one that counts for mail to the domain, whatever the host. */
  forDomain(domain: DomainName | undefined, now: number): Override | undefined
  /** The one that counts for mail to the domain by way of this host. */
  forHost(domain: DomainName | undefined, host: string, now: number): Override | undefined
  /** Whether one about hosts alone, whatever the domain, asks for more than was found. */
  hasHostRequirements(now: number): boolean
}

type ByHost = Map<string, Override>

/** Of several for one target the last counts. */
export function createOverrides(all: readonly Override[], unreadable?: string): Overrides {
  const byDomain = new Map<string, ByHost>()
  for (const override of all) {
    const { domain, host } = override.target
    const key = domain === undefined ? '' : formatNamePattern(domain)
    const hosts: ByHost = byDomain.get(key) ?? new Map()
    byDomain.set(key, hosts.set(host === undefined ? '' : formatNamePattern(host), override))
  }
  const forDomain = (domain: DomainName | undefined, now: number) =>
    domain === undefined ? undefined : firstOf(domain, (key) => alive(byDomain.get(key)?.get(''), now))
  return {
    unreadable,
    isEmpty: all.length === 0 && unreadable === undefined,
    forDomain,
    forHost(domain, host, now) {
      const ofHosts = (hosts: ByHost | undefined) =>
        hosts === undefined ? undefined : firstOf(host, (key) => alive(hosts.get(key), now))
      const both = domain === undefined ? undefined : firstOf(domain, (key) => ofHosts(byDomain.get(key)))
      return both ?? stricterOf(forDomain(domain, now), ofHosts(byDomain.get('')))
    },
    hasHostRequirements(now) {
      const hosts = byDomain.get('')
      return hosts !== undefined && [...hosts.values()].some((override) => alive(override, now) !== undefined)
    },
  }
}

export const noOverrides: Overrides = createOverrides([])

/** From the name itself up: what is nearest counts, and for the name alone before for all below it. */
function firstOf(name: string, find: (key: string) => Override | undefined): Override | undefined {
  let found = find(name)
  for (let parent: string | undefined = name; found === undefined && parent !== undefined; ) {
    found = find(`.${parent}`)
    parent = parentOfDomain(parent as DomainName) // any part of a name that begins after a dot is one
  }
  return found
}

function alive(override: Override | undefined, now: number): Override | undefined {
  return override !== undefined && (override.expiresAt === undefined || override.expiresAt > now) ? override : undefined
}

/** The host's where both are as strict: it is about this very server. */
function stricterOf(domain: Override | undefined, host: Override | undefined): Override | undefined {
  if (domain === undefined || host === undefined) return domain ?? host
  return strictness(domain) > strictness(host) ? domain : host
}

/** From leaving a domain alone up to never using a host. */
function strictness({ rule, target }: Override): number {
  switch (rule.kind) {
    case 'skip':
      return target.host === undefined ? 0 : 6
    case 'relax':
      return rule.level === 'may' ? 1 : 2
    case 'require':
      return { encrypt: 3, pkix: 4, dane: 5 }[rule.level]
  }
}
