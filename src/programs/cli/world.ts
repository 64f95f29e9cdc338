import type { Clock } from '../../io/clock.ts'
import type { Network } from '../../io/network.ts'
import type { Resolver, TraceEvent } from '../../io/resolver/resolver.ts'
import type { Store } from '../../io/store/store.ts'
import type { Values } from './command.ts'
import type { worldOptions } from './world-options.ts'

/** Everything that a command needs of the world outside, put together from its options and the configuration. */
export interface World {
  readonly resolver: Resolver
  readonly network: Network
  readonly store: Store
  readonly clock: Clock
  /** Certificates in PEM that HTTPS and `pkix` deliveries trust; undefined for those that Node brings. */
  readonly certificateAuthorities: readonly string[] | undefined
  /** Port of MX hosts: 25 except in laboratories. */
  readonly smtpPort: number
  readonly allowPrivate: boolean
  /** For one domain with all its lookups, in milliseconds. */
  readonly timeoutMs: number
  /** Set when `--trace` was given: put it into every lookup. */
  readonly trace: ((event: TraceEvent) => void) | undefined
  close(): Promise<void>
}

export type WorldValues = Partial<Values<typeof worldOptions>>

/** Throws ConfigError for what the operator must mend, before anything was sent or written. */
export type OpenWorld = (values: WorldValues) => Promise<World>
