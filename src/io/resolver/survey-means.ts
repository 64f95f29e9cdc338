import { systemClock } from '../clock.ts'
import { type Asker, createAsker } from './ask.ts'
import {
  anchorsFor,
  exchangeFor,
  forwarderFor,
  iteratorFor,
  policyOf,
  type ResolverOptions,
} from './create-resolver.ts'
import type { HeardReplies } from './heard-replies.ts'
import type { Iterator } from './iterate.ts'
import { keepFetched } from './kept-upstream.ts'
import type { Resolver } from './resolver.ts'
import { checksAtOnce } from './signature-checks.ts'
import type { Upstream } from './upstream.ts'
import { createValidator, type Validator } from './validator.ts'
import { createZones } from './zones.ts'

/** What all comparisons of servers work with. */
export interface Means {
  readonly asker: Asker
  /** Leads to servers of zones and their addresses. */
  readonly upstream: Upstream
  /** When it is the upstream. */
  readonly iterator: Iterator | undefined
  /** What a resolver beside it hears. */
  readonly heard: HeardReplies | undefined
  validator(): Validator
}

/** Where they are taken from: from inside of the resolver where it follows referrals, else they are made. */
export interface SurveyMeans {
  take(): Promise<Means>
  close(): Promise<void>
}

/** Throws ConfigError for options that do not go together, where no resolver is made from the same. */
export function createSurveyMeans(options: ResolverOptions, resolver?: Pick<Resolver, 'inside'>): SurveyMeans {
  const { clock = systemClock } = options
  const now = () => clock.now()
  let own = resolver?.inside === undefined ? makeMeans(options, now) : undefined
  let inside: Promise<Means | undefined> | undefined
  let kept: Upstream | undefined

  async function takeInside(): Promise<Means | undefined> {
    const found = await resolver?.inside?.()
    if (found === undefined) return undefined
    found.heard.listen()
    kept = keepFetched(found.iterator, now)
    return { ...found, upstream: kept }
  }

  return {
    async take() {
      inside ??= takeInside()
      const found = await inside
      if (found !== undefined) return found
      own ??= makeMeans(options, now)
      await own.load()
      return own
    },
    async close() {
      await kept?.close()
      await own?.close()
    },
  }
}

function makeMeans(options: ResolverOptions, now: () => number) {
  const { clock = systemClock } = options
  const exchange = exchangeFor(options)
  const asker = createAsker(exchange)
  const policy = policyOf(options)
  const anchors = anchorsFor(options, policy)
  const iterator = isForwarding(options) ? undefined : iteratorFor({ asker, clock, options })
  const upstream = iterator ?? forwarderFor({ asker, clock, options })
  const checks = checksAtOnce
  const validator = createValidator({
    zones: createZones({ upstream, anchors, policy, checks, now, room: options.room }),
    ...{ policy, checks },
  })
  const kept = keepFetched(upstream, now)
  return {
    ...{ asker, iterator, upstream: kept, heard: undefined, validator: () => validator },
    load: async () => anchors.load(),
    async close() {
      await kept.close()
      await upstream.close()
      await exchange.close()
    },
  }
}

function isForwarding({ engine = 'auto', servers = [] }: ResolverOptions): boolean {
  return engine === 'forward' || (engine === 'auto' && servers.length > 0)
}
