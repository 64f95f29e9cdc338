import type { CheckFacts, SectionName } from '../../../core/check/check-facts.ts'
import { sectionNames } from '../../../core/check/check-facts.ts'
import type { Resolution } from '../../../core/dnssec/resolution.ts'
import { type DomainName, parseDomainName } from '../../../core/name/domain.ts'
import { createServerSurvey } from '../../../io/resolver/all-servers.ts'
import { createResolver, type ResolverOptions } from '../../../io/resolver/create-resolver.ts'
import type { CheckWorld } from '../../check/check-world.ts'
import { gatherFacts } from '../../check/gather.ts'
import { lookupCaa } from '../../check/gather-hosts.ts'

/** What a plan is made from. */
export interface SetupGathered {
  readonly facts: CheckFacts
  readonly caa: readonly Resolution[]
}

export interface GatherSetup {
  readonly checking: CheckWorld
  readonly resolverOptions: ResolverOptions
  readonly signal: AbortSignal
  readonly lookupSignal: AbortSignal
}

/**
 * Looks at a domain anew: by a resolver that remembers nothing, so that what was just published is seen, and at every name
 * server. With `hosts` mail servers are left alone, and what they showed before counts.
 */
export async function gatherSetup(
  domain: DomainName,
  { checking, resolverOptions, signal, lookupSignal }: GatherSetup,
  hosts?: CheckFacts['hosts'],
): Promise<SetupGathered> {
  const fresh = { ...resolverOptions, cacheFile: undefined, prefetch: false }
  const resolver = createResolver(fresh)
  const survey = fresh.engine === 'trust-ad' ? undefined : createServerSurvey(fresh, resolver)
  try {
    const io = { ...checking, resolver, survey, ...(survey !== undefined && { hostSurveys: survey }) }
    const wanted = sectionNames.filter((name) => hosts === undefined || name !== 'smtp')
    const sections: ReadonlySet<SectionName> = new Set(wanted)
    const policyHost = parseDomainName(`mta-sts.${domain}`)
    const [facts, caa] = await Promise.all([
      gatherFacts(domain, { sections, signal, lookupSignal }, io),
      policyHost.ok ? lookupCaa(policyHost.value, io, lookupSignal) : [],
    ])
    if (hosts === undefined) return { facts, caa }
    return {
      facts: { ...facts, hosts, leftOut: facts.leftOut.filter((text) => text !== 'smtp was not asked for') },
      caa,
    }
  } finally {
    await survey?.close()
    await resolver.close()
  }
}
