import { ConfigError } from '../../core/config-error.ts'
import { brokenAlgorithms } from '../../core/dnssec/algorithms.ts'
import { createPolicy } from '../../core/dnssec/policy.ts'
import { createPkixTrust } from '../../io/https/pkix-trust.ts'
import { createStsService } from '../../io/mtasts/sts-service.ts'
import type { Network } from '../../io/network.ts'
import { createNetwork } from '../../io/network-node.ts'
import { createOverrideWatch } from '../../io/overrides/override-watch.ts'
import { passingRoom } from '../../io/resolver/cache.ts'
import { createCounters } from '../../io/resolver/counters.ts'
import { createResolver, type ResolverOptions } from '../../io/resolver/create-resolver.ts'
import { createPace } from '../../io/resolver/pace.ts'
import type { Resolver, TraceEvent } from '../../io/resolver/resolver.ts'
import { createTlsProfile } from '../../io/smtp/tls-profile.ts'
import { openStore } from '../../io/store/open-store.ts'
import type { Store, StoreWarning, TrustPointTable } from '../../io/store/store.ts'
import { type Inputs, readInputs, useAuthorities } from '../config/inputs.ts'
import { loadSettings } from '../config/resolve-settings.ts'
import { type SettingValues, valuesOf } from '../config/settings.ts'
import { chooseStorePath, inMemory, type StoreNeed } from '../config/store-path.ts'
import type { CommandContext } from './command.ts'
import { shareWithOthers } from './share-store.ts'
import { formatTrace } from './trace-text.ts'
import type { World, WorldObserver, WorldValues } from './world.ts'
import { warnerTo } from './world-warnings.ts'

interface Surroundings extends Pick<CommandContext, 'out' | 'clock' | 'environment'> {
  /** In the place of this machine's: for the lab. */
  readonly network?: Network
}

/** Puts the world together that options and configuration describe. Throws ConfigError or UsageError. */
export async function openWorld(
  values: WorldValues,
  need: StoreNeed,
  around: Surroundings,
  observer?: WorldObserver,
): Promise<World> {
  const { out, clock, environment } = around
  const settings = valuesOf(await loadSettings(values, environment))
  const inputs = readInputs(settings)
  const trust = useAuthorities(settings['ca-file'], () => createPkixTrust(inputs.authorities))
  const profile = createTlsProfile({ ca: inputs.authorities })
  const { network = createNetwork({ allowPrivate: settings['allow-private'] }) } = around
  const trace = values.trace === true ? (event: TraceEvent) => out.note(formatTrace(event)) : undefined
  const tell = observer?.told ?? warnerTo(out, trace !== undefined)
  // The store comes last, so that nothing that fails may leave it open; nothing is asked before it is there.
  const keeping: Keeping = { path: chooseStorePath(settings.store, need, environment), store: undefined }
  const validation = { allowSha1: settings['allow-sha1'], inceptionSkew: settings['clock-skew'] }
  const resolverOptions = {
    ...resolverOptionsOf(settings, inputs, { network, trust, clock, tell, keeping }),
    // Who checks a domain has all its servers say the same; a service asks one of them, and has its memory to mind.
    ...(need !== 'shared' && { policy: createPolicy({ ...validation, remembers: true }), room: passingRoom }),
  }
  const counters = observer?.counters ?? createCounters()
  const pace = observer?.answered && createPace({ others: observer.answered })
  const own = createResolver({ ...resolverOptions, counters, pace })
  const resolver = observed(traced(own, trace), observer)
  const local = openStoreAt(keeping, need, tell)
  const store = need === 'shared' ? await shareWithOthers(local, settings, { clock, tell }) : local
  const overrides = createOverrideWatch({
    ...{ table: store.overrides, clock },
    onTrouble: (reason) => tell({ kind: 'store-warning', text: `overrides cannot be read: ${reason}` }),
  })
  const timeoutMs = settings.timeout * 1000
  const sts = createStsService({
    ...{ resolver, network, store, clock, trust, deadlineMs: Math.min(timeoutMs, 60_000) },
    onEvent: (event) => tell({ kind: 'policy', event }),
  })
  const close = async () => {
    await sts.close()
    await resolver.close()
    await store.close()
  }
  await overrides.refresh()
  const { unreadable } = overrides.current
  if (unreadable !== undefined) {
    await close()
    throw new ConfigError(`the store "${keeping.path}" cannot be used: ${unreadable}`)
  }
  return {
    ...{ resolverOptions, counters, settings, overrides, close, authorities: inputs.authorities },
    ...{ resolver, network, store, clock, trust, profile, sts, trace, timeoutMs, smtpPort: settings['smtp-port'] },
  }
}

type Tell = WorldObserver['told']

/** The store, as soon as there is one. */
interface Keeping {
  path: string
  store: Store | undefined
}

function openStoreAt(keeping: Keeping, need: StoreNeed, tell: Tell): Store {
  const onWarning = ({ table, key, reason }: StoreWarning) =>
    tell({ kind: 'store-warning', text: `store: ${table} of ${key}: ${reason}` })
  try {
    keeping.store = openStore(keeping.path, { onWarning })
  } catch (error) {
    if (need !== 'optional' || !(error instanceof ConfigError)) throw error
    tell({ kind: 'store-warning', text: `${error.message}; what was learnt of trust anchors is not known` })
    keeping.path = inMemory
    keeping.store = openStore(inMemory)
  }
  return keeping.store
}

function resolverOptionsOf(
  settings: SettingValues,
  { rootHints, trustAnchors }: Inputs,
  {
    network,
    trust,
    clock,
    tell,
    keeping,
  }: Pick<World, 'network' | 'trust' | 'clock'> & { readonly tell: Tell; readonly keeping: Keeping },
): ResolverOptions {
  if (settings.engine !== 'trust-ad') warnOfAlgorithms(settings['allow-sha1'], tell)
  return {
    ...{ engine: settings.engine, network, clock, servers: settings.server, rootHints, trustAnchors },
    negativeAnchors: settings['negative-trust-anchor'],
    updateAnchors: settings['update-anchors'],
    ...(keeping.path !== inMemory && { trustPoints: () => trustPointsOf(keeping) }),
    allowSha1: settings['allow-sha1'],
    prefetch: true,
    aggressiveNsec: settings['aggressive-nsec'],
    cacheFile: settings['cache-file'],
    clockSkew: settings['clock-skew'],
    trustRemoteAd: settings['trust-remote-ad'],
    trust: () => trust,
    onEngine: (engine, why) => tell({ kind: 'engine', engine, why }),
    onWarning: (text) => tell({ kind: 'resolver-warning', text }),
  }
}

function trustPointsOf({ store }: Keeping): TrustPointTable {
  if (store === undefined) throw new Error('nothing is asked before the store is open')
  return store.trustPoints
}

/** A crypto policy may forbid what DNSSEC needs; it must not take DANE away without a word. RFC 6840 §5.2 */
function warnOfAlgorithms(allowSha1: boolean, tell: Tell): void {
  const broken = brokenAlgorithms({ allowSha1 })
  if (broken.length === 0) return
  const text = `the crypto library refuses ${broken.join(', ')}: zones signed by nothing else count as unsigned`
  tell({ kind: 'resolver-warning', text })
}

/** With `--trace` every lookup is shown, whoever makes it. */
function traced(resolver: Resolver, trace: World['trace']): Resolver {
  if (trace === undefined) return resolver
  return { ...resolver, resolve: (name, type, options) => resolver.resolve(name, type, { trace, ...options }) }
}

function observed(resolver: Resolver, observer: WorldObserver | undefined): Resolver {
  if (observer === undefined) return resolver
  return {
    ...resolver,
    async resolve(name, type, options) {
      const resolution = await resolver.resolve(name, type, options)
      observer.resolved(resolution)
      return resolution
    },
  }
}
