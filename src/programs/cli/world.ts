import type { Resolution } from '../../core/dnssec/resolution.ts'
import type { Clock } from '../../io/clock.ts'
import type { PkixTrust } from '../../io/https/pkix-trust.ts'
import type { StsService } from '../../io/mtasts/sts-service.ts'
import type { StsEvent } from '../../io/mtasts/sts-work.ts'
import type { Network } from '../../io/network.ts'
import type { OverrideWatch } from '../../io/overrides/override-watch.ts'
import type { ResolverCounters } from '../../io/resolver/counters.ts'
import type { ResolverOptions } from '../../io/resolver/create-resolver.ts'
import type { Resolver, TraceEvent } from '../../io/resolver/resolver.ts'
import type { TlsProfile } from '../../io/smtp/tls-profile.ts'
import type { FleetState } from '../../io/store/shared/fleet.ts'
import type { QuestionResult } from '../../io/store/shared/redis-link.ts'
import type { TurnResult } from '../../io/store/shared/take-turns.ts'
import type { Store } from '../../io/store/store.ts'
import type { SettingValues } from '../config/settings.ts'
import type { StoreNeed } from '../config/store-path.ts'
import type { Values } from './command.ts'
import type { sendingOptions } from './sending-options.ts'
import type { serviceOptions } from './service-options.ts'
import type { worldOptions } from './world-options.ts'

/** Everything that a command needs of the world outside, put together from its options and the configuration. */
export interface World {
  readonly resolver: Resolver
  /** What the resolver has done so far. */
  readonly counters: Readonly<ResolverCounters>
  /** What the resolver is made from, for what asks name servers itself. */
  readonly resolverOptions: ResolverOptions
  readonly network: Network
  readonly store: Store
  /** What operators decided otherwise, as the store has it. */
  readonly overrides: OverrideWatch
  readonly clock: Clock
  /** The authorities that policy hosts and MX hosts under MTA-STS must chain to. */
  readonly trust: PkixTrust
  /** The same as PEM text; undefined for those that Node brings. */
  readonly authorities: string | undefined
  /** The same authorities for sessions with MX hosts. */
  readonly profile: TlsProfile
  readonly sts: StsService
  /** Port of MX hosts: 25 except in laboratories. */
  readonly smtpPort: number
  /** For one domain with all its lookups, in milliseconds. */
  readonly timeoutMs: number
  /** What else was set, on the command line or in the configuration. */
  readonly settings: SettingValues
  /** Set when `--trace` was given: put it into every lookup. */
  readonly trace: ((event: TraceEvent) => void) | undefined
  close(): Promise<void>
}

export type WorldValues = Partial<Values<typeof worldOptions & typeof sendingOptions & typeof serviceOptions>>

/** Something that an operator may have to hear of a world; texts may quote strangers. */
export type WorldEvent =
  | { readonly kind: 'policy'; readonly event: StsEvent }
  | { readonly kind: 'resolver-warning' | 'store-warning'; readonly text: string }
  | { readonly kind: 'shared-store'; readonly place: string; readonly state: FleetState }
  /** An attempt to have a turn at a fetch, and a question to the shared store. */
  | { readonly kind: 'turn'; readonly result: TurnResult; readonly waitedMs: number }
  | { readonly kind: 'shared-question'; readonly result: QuestionResult }
  | { readonly kind: 'engine'; readonly engine: string; readonly why: string }

/** Watches over a world: what would have been warned of on standard error is told here. */
export interface WorldObserver {
  told(event: WorldEvent): void
  /** Where the resolver counts: the same for one world after the other, as counts only grow. */
  readonly counters: ResolverCounters
  /** Of every lookup. */
  resolved(resolution: Resolution): void
  /** How many have been answered from memory: lookups leave them most of the main thread. */
  answered?(): number
}

/** Throws ConfigError or UsageError for what the operator must mend, before anything was sent or written. */
export type OpenWorld = (values: WorldValues, store: StoreNeed, observer?: WorldObserver) => Promise<World>
