import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRdata } from '../../../src/core/dns/rdata/format.ts'
import { TYPE } from '../../../src/core/dns/types.ts'
import { codesOf } from '../../../src/core/dnssec/extended-error.ts'
import type { Resolution } from '../../../src/core/dnssec/resolution.ts'
import { isAtOrBelow, sameName } from '../../../src/core/name/name.ts'
import type { ResolverOptions } from '../../../src/io/resolver/create-resolver.ts'
import type { Asked, Behaviour } from '../fake-exchange.ts'
import type { MemoryResolver } from '../memory-resolver.ts'
import { type Change, type Engine, engines, type SignedWorld, signedWorld, verdictOf } from '../signed-world.ts'
import { atServer, type Costs, costOf } from './costs.ts'
import { evil } from './hostile-zone.ts'

/** A zone evil.test. below the signed zone test., beside the signed zone good.test. */
export interface Hostile {
  /** DS records that its parent has of it; without any it is unsigned. */
  readonly ds?: readonly Uint8Array[]
  /** More zones, as docs/lab.md has them. */
  readonly zones?: string
  /** What its server says. Undefined leaves it to the zone that `zones` declares. */
  say?(asked: Asked): Behaviour | undefined
  /** What other servers are made to say. */
  change?: Change
}

export interface Attack extends Hostile {
  readonly question: string
  /** What comes of it, in one line. */
  readonly says: RegExp
  /** For what an attack costs and does not bring about. */
  readonly code?: number
  readonly most: Partial<Costs> & { readonly queries?: number }
  /** Without which the attack would have missed. */
  readonly least?: Partial<Costs> & { readonly queries?: number }
  readonly engines?: readonly Engine[]
  readonly options?: Partial<ResolverOptions>
}

const good = `
zone good.test
zone www.good.test A 203.0.113.80
zone *.wild.good.test TXT "any"
zone far.good.test CNAME www.better.test
zone better.test denial=nsec3
zone www.better.test A 203.0.113.81
zone evil.test signed=no
`

export function hostileWorld({ ds = [], zones = '' }: Hostile): SignedWorld {
  const world = signedWorld(`${good}${zones}`)
  for (const rdata of ds) world.zones.put('test', `evil.test. 3600 DS ${formatRdata(TYPE.DS, rdata)}`)
  return world
}

export function resolverIn(
  world: SignedWorld,
  engine: Engine,
  hostile: Hostile,
  options: Partial<ResolverOptions> = {},
): MemoryResolver {
  const isEvil = ({ name, type, server }: Asked) =>
    isAtOrBelow(name, evil) &&
    (engine === 'iterate' ? server === world.serverOf('evil.test') : !(type === TYPE.DS && sameName(name, evil)))
  const change: Change = (message, asked) =>
    atServer(() => (isEvil(asked) ? hostile.say?.(asked) : undefined) ?? hostile.change?.(message, asked))
  return world.resolver(engine, change, options)
}

/** Lookups of others, which no attack may harm. */
const innocent: [question: string, verdict: string][] = [
  ['www.good.test. A', 'secure'],
  ['none.good.test. MX', 'secure'],
  ['any.wild.good.test. TXT', 'secure'],
  ['far.good.test. A', 'secure'],
  ['none.better.test. TLSA', 'secure'],
  ['good.test. DNSKEY', 'secure'],
]

async function assertOthersUnharmed({ ask }: MemoryResolver): Promise<void> {
  for (const [question, verdict] of innocent) assert.equal(verdictOf(await ask(question)), verdict, question)
}

/** A question of ours is bounded, fails for a reason, and harms no other lookup. */
export function testAttack(what: string, attack: Attack): void {
  const { question, says, code, most, least = {} } = attack
  for (const engine of attack.engines ?? engines) {
    test(`DNSSEC-62, RES-36: ${engine}: ${what}: the cost is bounded, and the reason told`, async (t) => {
      const world = hostileWorld(attack)
      const resolver = resolverIn(world, engine, attack, attack.options)
      // The keys of the root are looked at once in the life of a resolver, whatever is asked of it first. RFC 5011 §2.3
      await resolver.ask('. DNSKEY')
      const before = resolver.asked.length
      const { value: resolution, costs } = await costOf(() => resolver.ask(question))
      const spent = { ...costs, queries: resolver.asked.length - before }
      t.diagnostic(`${JSON.stringify(spent)} ${verdictOf(resolution)}`)
      assertFailed(resolution, says, code)
      for (const cost of Object.keys(spent) as (keyof typeof spent)[]) {
        const { [cost]: upper = Number.POSITIVE_INFINITY } = most
        const { [cost]: lower = 0 } = least
        assert.ok(spent[cost] <= upper, `${spent[cost]} ${cost}, where ${upper} are allowed`)
        assert.ok(spent[cost] >= lower, `${spent[cost]} ${cost}: the attack missed`)
      }
      await resolver.close()
    })

    test(`DNSSEC-66, RES-26: ${engine}: ${what}: others are none the worse, meanwhile and after`, async () => {
      const resolver = resolverIn(hostileWorld(attack), engine, attack, attack.options)
      const lookups = Array.from({ length: 5 }, () => resolver.ask(question))
      const [, ...attacks] = await Promise.all([assertOthersUnharmed(resolver), ...lookups])
      for (const found of attacks) assertFailed(found, says, code)
      await assertOthersUnharmed(resolver)
      const sent = resolver.asked.length
      assertFailed(await resolver.ask(question), says, code)
      assert.equal(resolver.asked.length, sent, 'asked again at once')
      await resolver.close()
    })
  }
}

function assertFailed(resolution: Resolution, says: RegExp, code: number | undefined): void {
  assert.match(verdictOf(resolution), says)
  assert.doesNotMatch(verdictOf(resolution), /\n|too many tries/)
  assert.equal(resolution.kind, 'failure')
  if (code !== undefined) assert.equal(codesOf(resolution)[0], code)
}
