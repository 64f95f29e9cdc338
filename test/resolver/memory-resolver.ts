import { parseType } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import type { TrustPoint } from '../../src/core/dnssec/trust-point.ts'
import { createResolver, type ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import type { ResolveOptions, Resolver } from '../../src/io/resolver/resolver.ts'
import { type MovedClock, movedClock } from '../support/moved-clock.ts'
import { nameOfText } from '../support/records.ts'
import { type FakeExchange, fakeExchange, noNetwork, type Server } from './fake-exchange.ts'

export interface MemoryResolver {
  readonly resolver: Resolver
  readonly clock: MovedClock
  readonly exchange: FakeExchange
  /** Everything sent so far; see `FakeExchange`. */
  readonly asked: readonly string[]
  /** Looks up `www.example. A`. */
  ask(question: string, options?: ResolveOptions): Promise<Resolution>
  trustPoints(): readonly TrustPoint[]
  anchorChanges(): number
  close(): Promise<void>
}

/** 2026-07-01 */
export const start = Date.UTC(2026, 6, 1)

/** A resolver whose servers are in memory; without trust anchors unless told. */
export function memoryResolver(server: Server, options: Partial<ResolverOptions> = {}): MemoryResolver {
  const clock = movedClock(start)
  const exchange = fakeExchange(server)
  const usual = {
    engine: 'forward',
    servers: [{ address: '192.0.2.1', port: 53 }],
    trustAnchors: [],
    clock,
    prime: false,
  } as const
  const resolver = createResolver({ ...usual, network: noNetwork, exchange, random: () => 0, ...options })
  return {
    resolver,
    clock,
    exchange,
    asked: exchange.asked,
    ask(question, more) {
      const [name = '', type = ''] = question.split(' ')
      return resolver.resolve(nameOfText(name), parseType(type) ?? Number.NaN, more)
    },
    trustPoints: () => resolver.trustPoints?.() ?? [],
    anchorChanges: () => resolver.anchorChanges?.() ?? Number.NaN,
    close: () => resolver.close(),
  }
}

/** A resolution in one line: `answer insecure 300 www.example. 300 IN A 192.0.2.1`, or why it failed. */
export function show(resolution: Resolution): string {
  if (resolution.kind === 'failure') return `failure ${resolution.why}`
  const records = resolution.kind === 'answer' ? resolution.records.map(formatRecord).sort() : []
  return [resolution.kind, resolution.status, resolution.ttl, ...records].join(' ')
}

/** `192.0.2.1`, `192.0.2.2` and so on, as servers. */
export function endpoints(count: number) {
  return Array.from({ length: count }, (_, index) => ({ address: `192.0.2.${index + 1}`, port: 53 }))
}
