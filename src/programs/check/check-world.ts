import type { ProbeDepth } from '../../core/check/address-probe.ts'
import { createReadPresented, type ReadPresented } from '../../core/check/sessions.ts'
import type { TlsProfileName } from '../../core/check/tls-judgement.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../../io/clock.ts'
import type { PkixTrust } from '../../io/https/pkix-trust.ts'
import { findPolicy } from '../../io/mtasts/policy-cache.ts'
import { appliedFrom } from '../../io/mtasts/sts-finding.ts'
import type { Network } from '../../io/network.ts'
import type { Pause } from '../../io/probe/probe-io.ts'
import { createServerSurvey } from '../../io/resolver/all-servers.ts'
import type { ResolverOptions } from '../../io/resolver/create-resolver.ts'
import type { Resolver, TraceEvent } from '../../io/resolver/resolver.ts'
import { type Store, StoreError } from '../../io/store/store.ts'
import type { GatherIo } from './gather-io.ts'
import { createHostSurveys } from './host-surveys.ts'
import { createProber } from './prober.ts'

/** What checks are made with. */
export interface CheckWorldOptions {
  readonly resolver: Resolver
  /** What the resolver is made from. */
  readonly resolverOptions: ResolverOptions
  readonly network: Network
  readonly clock: Clock
  readonly trust: PkixTrust
  readonly ca?: string | readonly string[] | undefined
  readonly store: Store
  readonly smtpPort: number
  readonly clientName: string
  readonly depth: ProbeDepth
  readonly tlsProfile?: TlsProfileName | undefined
  /** Sees every query of the resolver. */
  readonly trace?: ((event: TraceEvent) => void) | undefined
  /** In the place of timers, for tests. */
  readonly pause?: Pause | undefined
}

export interface CheckWorld extends GatherIo {
  /** For reports of what was gathered here: many domains have the same hosts. */
  readonly presentedBy: ReadPresented
  /** Ends what asks name servers and connects to hosts; the rest is whose it was. */
  close(): Promise<void>
}

/** Puts together what any number of checks share: the comparison of name servers, TLS contexts, and our politeness. */
export function createCheckWorld(options: CheckWorldOptions): CheckWorld {
  const { resolver, resolverOptions, network, clock, trust, store, smtpPort, trace } = options
  const { tlsProfile = 'rfc9325' } = options
  const survey = resolverOptions.engine === 'trust-ad' ? undefined : createServerSurvey(resolverOptions, resolver)
  const hostSurveys = survey && createHostSurveys(survey, clock)
  const prober = createProber(options)
  return {
    ...{ resolver, survey, hostSurveys, network, clock, trust, smtpPort, tlsProfile, trace, ...prober },
    presentedBy: createReadPresented(),
    remembered: (domain) => recall(domain, store, clock),
    async close() {
      await Promise.all([prober.close(), hostSurveys?.close()])
      await survey?.close()
    },
  }
}

/** What cannot be read is as unknown as what was never there: a check changes nothing. */
async function recall(domain: DomainName, store: Store, clock: Clock) {
  try {
    const { cached } = await findPolicy(domain, { store, clock })
    return cached && appliedFrom(cached)
  } catch (error) {
    if (error instanceof StoreError) return undefined
    throw error
  }
}
