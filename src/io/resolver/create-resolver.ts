import { randomInt } from 'node:crypto'
import { ConfigError } from '../../core/config-error.ts'
import type { Message } from '../../core/dns/message.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import { rootAnchors, type TrustAnchor } from '../../core/dnssec/anchors.ts'
import { describeNegativeAnchor, judgeNegativeAnchor, type NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import { createPolicy, type ValidationPolicy } from '../../core/dnssec/policy.ts'
import { showTime } from '../../core/dnssec/problem.ts'
import { limits } from '../../core/limits.ts'
import { rootName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { type Clock, systemClock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import { createPkixTrust, type PkixTrust } from '../https/pkix-trust.ts'
import type { Endpoint, Network } from '../network.ts'
import { abandonable } from '../shared-work.ts'
import { Stop, type StopSignal } from '../stop.ts'
import type { TrustPointTable } from '../store/store.ts'
import { createAnchorKeeper } from './anchor-keeper.ts'
import type { After } from './anchor-refresh.ts'
import type { AnchorSource } from './anchor-source.ts'
import { type Asker, createAsker, formatServer } from './ask.ts'
import { describeStripping, patienceBy, strippingAdvice } from './attempts.ts'
import type { CacheRoom } from './cache.ts'
import { type CacheKeeper, openCacheKeeper } from './cache-keeper.ts'
import { createCounters, type ResolverCounters } from './counters.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { createForwarder } from './forward.ts'
import { createHeardReplies, type HeardReplies } from './heard-replies.ts'
import { createIterator, type Iterator } from './iterate.ts'
import type { Pace } from './pace.ts'
import { withPriming } from './priming.ts'
import {
  believedServers,
  knownToSystem,
  type RecursiveOptions,
  serversFor,
  warnOfNetwork,
} from './recursive-servers.ts'
import type { Resolver } from './resolver.ts'
import { answerHere, closed, failureOf, givenUp } from './results.ts'
import { builtInRootHints } from './root-servers.ts'
import { createSelfTest } from './self-test.ts'
import { checksAtOnce, createSpreadChecks, type SignatureChecks } from './signature-checks.ts'
import { createTask } from './task.ts'
import { withTls } from './tls-exchange.ts'
import { createTrustAdResolver } from './trust-ad.ts'
import type { Upstream } from './upstream.ts'
import { createValidatingResolver, type ValidatingResolver } from './validating-resolver.ts'

export interface ResolverOptions extends RecursiveOptions {
  /** `auto` unless told: `iterate`, or `forward` where servers are given or port 53 is closed to us. */
  readonly engine?: 'auto' | 'forward' | 'iterate' | 'trust-ad' | undefined
  readonly network: Network
  readonly clock?: Clock | undefined
  readonly rootHints?: readonly Endpoint[] | undefined
  readonly trustAnchors?: readonly TrustAnchor[] | undefined
  /** Whether anchors follow what their zones publish; only those built in do unless told. RFC 5011 */
  readonly updateAnchors?: boolean | undefined
  /** Where that is remembered beyond the process. */
  readonly trustPoints?: (() => TrustPointTable) | undefined
  /** Where nothing is validated. Those that have ended count for nothing. RFC 7646 */
  readonly negativeAnchors?: readonly NegativeAnchor[] | undefined
  readonly allowSha1?: boolean | undefined
  /** Seconds by which signatures may begin after our clock, which may be a little slow. */
  readonly clockSkew?: number | undefined
  /**
   * Whether what is proved absent answers for the names around it too: `off` unless told, `hosts` for all but MX, TLSA and
   * `_mta-sts`, of which news matters, or `all`. RFC 8198
   */
  readonly aggressiveNsec?: 'off' | 'hosts' | 'all' | undefined
  /** Whether answers that are asked for at the end of their life are renewed in the background; not unless told. */
  readonly prefetch?: boolean | undefined
  /**
   * A file that secure answers are saved to when the resolver closes, and from which they are proved again by the next.
   */
  readonly cacheFile?: string | undefined
  /** Whether `iterate` shows servers no more of a name than they need, as it does unless told. RFC 9156 */
  readonly minimise?: boolean | undefined
  /** Whether `iterate` asks root servers who they are, as it does unless told. RFC 9609 */
  readonly prime?: boolean | undefined
  /** How much is kept of what was learnt: all that the limits allow unless told. */
  readonly room?: CacheRoom | undefined
  /** From 0 up to 1: tests give their own. */
  readonly random?: (() => number) | undefined
  /** The authorities that servers asked over TLS must chain to; those that Node carries unless told. */
  readonly trust?: (() => PkixTrust) | undefined
  /** Factor by which waiting for an answer is longer or shorter than usual, for tests and the lab. */
  readonly patience?: number | undefined
  /** In the place of timers, for tests. */
  readonly after?: After | undefined
  /** In the place of sockets, for tests. */
  readonly exchange?: Exchange | undefined
  /** In the place of a second thread, for tests. */
  readonly checks?: SignatureChecks | undefined
  /** Shared with others that validate the same; its own, by `allowSha1` and `clockSkew`, unless given. */
  readonly policy?: ValidationPolicy | undefined
  /**
   * For a service that answers others meanwhile: whose turns lookups take. While many wait for theirs, another thread makes
   * signature checks.
   */
  readonly pace?: Pace | undefined
  /** Counts what the resolver does, for whoever reads it. */
  readonly counters?: ResolverCounters | undefined
  /** Told once which engine `auto` took, and why. */
  readonly onEngine?: ((engine: 'forward' | 'iterate', why: string) => void) | undefined
}

interface Parts {
  readonly asker: Asker
  readonly exchange: Exchange
  readonly clock: Clock
  readonly anchors: AnchorSource
  readonly policy: ValidationPolicy
  readonly checks: SignatureChecks
  readonly options: ResolverOptions
  readonly keeper: CacheKeeper | undefined
}

/** A resolver that can outlive its process. */
export interface LastingResolver extends Resolver {
  /** Writes what is secure to `cacheFile`, if there is one; closing does so too. Rejects when it cannot be written. */
  save(): Promise<void>
}

/** Makes a resolver. Throws ConfigError for options that do not go together. */
export function createResolver(given: ResolverOptions): LastingResolver {
  const { counters = createCounters() } = given
  const options = { ...given, counters }
  const exchange = exchangeFor(options)
  const clock = options.clock ?? systemClock
  const keeper = keeperFor(options, clock)
  const policy = policyOf(options)
  const anchors = anchorsFor(options, policy)
  const { pace, onWarning } = options
  const checks = options.checks ?? (pace === undefined ? checksAtOnce : createSpreadChecks({ pace, onWarning }))
  const asker = createAsker(exchange, counters)
  const resolver = choose({ asker, exchange, clock, policy, checks, anchors, options, keeper })
  warnOfNegativeAnchors(options)
  return {
    resolve: (name, type, more) => resolver.resolve(name, type, more),
    inside: async () => resolver.inside?.(),
    anchorChanges: () => anchors.changes,
    trustPoints: () => (options.engine === 'trust-ad' ? [] : anchors.points()),
    async close() {
      await resolver.close()
      await exchange.close()
      await checks.close()
      await keeper?.save().catch((error: Error) => {
        options.onWarning?.(`the DNS cache could not be saved: ${error.message}`)
      })
    },
    save: async () => keeper?.save(),
  }
}

/** What is accepted, as the options have it. */
export function policyOf({ policy, allowSha1, clockSkew }: ResolverOptions): ValidationPolicy {
  return policy ?? createPolicy({ allowSha1, inceptionSkew: clockSkew })
}

/** What a server said to be secure cannot be proved again: `trust-ad` has nothing to save. */
function keeperFor(options: ResolverOptions, clock: Clock): CacheKeeper | undefined {
  const { engine, cacheFile, onWarning } = options
  if (cacheFile === undefined || engine === 'trust-ad') return undefined
  return openCacheKeeper(cacheFile, { now: () => clock.now(), onWarning })
}

/** What puts questions to servers as the options have it: over TLS to those with a name. */
export function exchangeFor(options: ResolverOptions): Exchange {
  const { network, clock = systemClock, trust = createPkixTrust, onWarning, counters, pace } = options
  const plain = () => createExchange(network, {}, counters, pace)
  return options.exchange ?? withTls(plain(), { network, trust, clock, onWarning, counters, pace })
}

function choose(parts: Parts): Resolver {
  const { engine = 'auto', servers = [] } = parts.options
  switch (engine) {
    case 'iterate':
      return iterating(parts)
    case 'forward':
      return forwarding(parts)
    case 'trust-ad':
      return trusting(parts)
    case 'auto':
      return servers.length > 0 ? forwarding(parts) : deciding(parts)
  }
}

function iterating(parts: Parts): Resolver {
  const { asker, anchors, clock, options } = parts
  const now = () => clock.now()
  const iterator = iteratorFor(parts)
  const heard = createHeardReplies(now)
  const { validator, ...validated } = validating(parts, iterator, heard)
  const inside = async () => {
    await anchors.load()
    return { asker, iterator, heard, validator }
  }
  const resolver: Resolver = { ...validated, inside }
  return options.prime === false ? resolver : withPriming(resolver, now)
}

/** From the root servers that options name, or the built-in ones. */
export function iteratorFor({ asker, clock, options }: Pick<Parts, 'asker' | 'clock' | 'options'>): Iterator {
  const { rootHints = builtInRootHints, random = safeRandom, minimise = true, counters, room } = options
  const patience = patienceBy(options.patience)
  return createIterator({ asker, minimise, rootHints, random, patience, counters, room, now: () => clock.now() })
}

function forwarding(parts: Parts): Resolver {
  warnOfNetwork(parts.options, () => parts.clock.now())
  return validating(parts, forwarderFor(parts))
}

/** The recursive servers that options name, or the system has. Throws ConfigError when there are none. */
export function forwarderFor({ asker, clock, options }: Pick<Parts, 'asker' | 'clock' | 'options'>): Upstream {
  const { trustAnchors: anchors = rootAnchors, onWarning } = options
  return createForwarder({
    asker,
    servers: serversFor(options, () => clock.now()),
    anchors,
    patience: recursivePatience(options),
    now: () => clock.now(),
    onStripping: (server, missing) =>
      onWarning?.(`forwarder ${server} ${describeStripping(missing)}, and is passed over: ${strippingAdvice}`),
  })
}

function validating(
  { clock, anchors, policy, checks, options, keeper }: Omit<Parts, 'asker' | 'exchange'>,
  upstream: Upstream,
  heard?: HeardReplies,
): ValidatingResolver {
  const { prefetch, aggressiveNsec, after, counters } = options
  return createValidatingResolver({
    ...{ upstream, anchors, clock, policy, checks, prefetch, aggressiveNsec, after, counters },
    ...{ saved: keeper?.replies, heard, room: options.room },
  })
}

/** Where validation starts, and where it must not. Throws ConfigError for a negative anchor that would last too long. */
export function anchorsFor(options: ResolverOptions, policy: ValidationPolicy): AnchorSource {
  const { trustAnchors = rootAnchors, negativeAnchors = [], clock = systemClock, onWarning } = options
  const tooLong = negativeAnchors.find((one) => judgeNegativeAnchor(one, clock.now()) === 'too-long')
  if (tooLong !== undefined) {
    const most = limits.dnssec.negativeAnchorKept / 86_400
    throw new ConfigError(`negative trust anchor for ${formatName(tooLong.name)}: ends more than ${most} days from now`)
  }
  const areBuiltIn = trustAnchors === rootAnchors
  return createAnchorKeeper({
    ...{ anchors: trustAnchors, areBuiltIn, negative: negativeAnchors, policy, now: () => clock.now(), onWarning },
    ...{ follows: options.updateAnchors ?? areBuiltIn, table: options.trustPoints },
  })
}

/** Each takes protection away, and says so at every start. RFC 7646 §3 */
function warnOfNegativeAnchors({ negativeAnchors = [], clock = systemClock, onWarning }: ResolverOptions): void {
  for (const anchor of negativeAnchors) {
    if (judgeNegativeAnchor(anchor, clock.now()) === 'in-force') {
      onWarning?.(`${describeNegativeAnchor(anchor)}; hosts at and below it have no DANE`)
      continue
    }
    const end = showTime(Math.floor(anchor.until / 1000))
    onWarning?.(`the negative trust anchor for ${formatName(anchor.name)} ended ${end}: it counts for nothing any more`)
  }
}

/** What is between us and the server must be secure, and a network is not. RFC 4035 §4.9.3, RFC 7672 §2.1.1 */
function trusting({ asker, clock, options }: Parts): Resolver {
  const { trustAnchors: [anchor] = [], negativeAnchors = [], onWarning = () => {} } = options
  if (negativeAnchors.length > 0) {
    throw new ConfigError('engine trust-ad validates nothing: give negative trust anchors to the resolver that it asks')
  }
  const now = () => clock.now()
  const servers = believedServers(options, now)
  const patience = recursivePatience(options)
  const selfTest = createSelfTest({ asker, patience, now, apex: anchor?.owner ?? rootName, onWarning })
  return createTrustAdResolver({ asker, servers, clock, patience, selfTest, counters: options.counters })
}

/** A recursive server may have to ask others first. */
function recursivePatience({ patience = 1 }: ResolverOptions) {
  return patienceBy(4 * patience)
}

/** Asks a root server once; where that is not allowed, the system's resolvers are what is left. */
function deciding(parts: Parts): Resolver {
  const closing = new Stop()
  let decided: Promise<Resolver> | undefined
  const decide = async () => {
    const { onEngine } = parts.options
    const isOpen = await reachesRoot(parts, closing)
    const others = isOpen ? [] : knownToSystem(parts.options, () => parts.clock.now())()
    if (closing.aborted) return iterating(parts)
    if (others.length === 0) {
      onEngine?.('iterate', isOpen ? 'root servers answer' : 'no root server answers, and no other resolver is known')
      return iterating(parts)
    }
    const names = others.map(formatServer).join(', ')
    onEngine?.('forward', `no root server answers: port 53 may be closed; asking ${names}`)
    return forwarding(parts)
  }
  return {
    async resolve(name, type, options = {}) {
      if (decided === undefined && closing.aborted) return failureOf({ name, type }, closed({ name, type }))
      const here = answerHere({ name, type })
      if (here !== undefined) return here
      decided ??= decide()
      try {
        const resolver = await abandonable(decided, options.signal)
        if (closing.aborted) return failureOf({ name, type }, closed({ name, type }))
        return await resolver.resolve(name, type, options)
      } catch (error) {
        if (options.signal?.aborted !== true) throw error
        return failureOf({ name, type }, givenUp({ name, type }))
      }
    },
    async inside() {
      if (decided === undefined && closing.aborted) return undefined
      decided ??= decide()
      return (await decided).inside?.()
    },
    async close() {
      closing.abort()
      await (await decided)?.close()
    },
  }
}

/** Whether any of a few root servers answers as one does. RFC 9609 §4 */
async function reachesRoot({ asker, clock, options }: Parts, signal: StopSignal): Promise<boolean> {
  const { rootHints = builtInRootHints, patience = 1 } = options
  const ending = createEnding(signal)
  const task = createTask({ signal: ending.signal, clock })
  const ask = {
    name: rootName,
    type: TYPE.NS,
    chosenBy: 'operator',
    recursionDesired: false,
    checkingDisabled: true,
    timeoutMs: patience * limits.resolver.udpLastTryMs,
  } as const
  const tries = rootHints.slice(0, 6).map(async (endpoint) => {
    const asked = await asker({ ...ask, endpoint }, task)
    if (!asked.ok || !isPriming(asked.value.message)) throw new Error('no root server')
  })
  try {
    await Promise.any(tries)
    return true
  } catch {
    return false
  } finally {
    ending.stop()
    ending.abort()
  }
}

/** A resolver that answers in a root server's place lacks AA. */
function isPriming({ rcode, isAuthoritative, answer }: Message): boolean {
  return rcode === RCODE.NOERROR && isAuthoritative && answer.some(({ type }) => type === TYPE.NS)
}

function safeRandom(): number {
  return randomInt(2 ** 32) / 2 ** 32
}
