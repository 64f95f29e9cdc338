import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../../src/core/dns/types.ts'
import { limits } from '../../../src/core/limits.ts'
import { isAtOrBelow, labelsOf, type Name } from '../../../src/core/name/name.ts'
import { formatName } from '../../../src/core/name/text.ts'
import { makeKey, nameOf, signRrset } from '../../support/sign.ts'
import { type Asked, type Behaviour, recordsOfText } from '../fake-exchange.ts'
import { engines, verdictOf } from '../signed-world.ts'
import { costOf } from './costs.ts'
import { type Attack, hostileWorld, resolverIn, testAttack } from './hostile-world.ts'
import { denial, dsOf, evil, keyRecords, replyWith, rrsetWith, signedRecords, signedText } from './hostile-zone.ts'

const { addressesPerServer, aliases, minimiseCount, missingServers, missingServersPerZone } = limits.resolver
const { nameServersPerZone } = limits.resolver
const { queries, queriesPerStep, referrals, retriesPerServer } = limits.resolver
const iterate = ['iterate'] as const
const many = (count: number) => Array.from({ length: count }, (_, at) => at)
/** Queries for the way to evil.test.: the keys of root, test. and the referrals. */
const way = 6

/** Thirty labels, which no other name has. */
function deepLabels(at: number): string {
  return many(30)
    .map((one) => `${at}x${one}`)
    .join('.')
}

function refer(query: Asked['query'], zone: string, servers: readonly string[], glue = ''): Behaviour {
  const authority = recordsOfText(servers.map((server) => `${zone} 3600 NS ${server}`).join('\n'))
  return replyWith(query, { isAuthoritative: false, authority, additional: recordsOfText(glue) })
}

/** The server of evil.test. hands what lies below on, and knows of nothing else. */
function delegating(servers: readonly string[], glue = ''): NonNullable<Attack['say']> {
  return ({ query, name }) => (name.key === evil.key ? undefined : refer(query, 'sub.evil.test.', servers, glue))
}

const silent: Attack['change'] = (_, { server }) => (server.startsWith('192.0.2.') ? 'timeout' : undefined)

testAttack('NXNSAttack (CVE-2020-8616), 1500 name servers that are not there, in the zone of a victim', {
  ...{ question: 'www.sub.evil.test. A', engines: iterate, code: 22 },
  say: delegating(many(1500).map((at) => `ns${at}.x.good.test.`)),
  says: /^unreachable: no server is known for A of www\.sub\.evil\.test\.$/,
  most: { queries: 2 * way + 4 * missingServersPerZone },
  least: { queries: way },
})

testAttack('NXNSAttack with names of many labels, each shown little by little (CAMP)', {
  ...{ question: 'www.sub.evil.test. A', engines: iterate },
  say: delegating(many(1500).map((at) => `${deepLabels(at)}.good.test.`)),
  says: /^unreachable: no server is known for A of www\.sub\.evil\.test\.$/,
  most: { queries: Math.min(queries, 2 * way + 2 * missingServersPerZone * (minimiseCount + 1)) },
})

/** Each zone has four name servers that are not there, all of them in the zone of a victim, and one that is. */
const crowded: NonNullable<Attack['say']> = ({ query, name }) => {
  const at = /s(\d+)\x04evil/.exec(name.key)?.[1]
  if (at === undefined) return undefined
  const absent = many(missingServersPerZone - 1).map((one) => `ns${one}.x${at}.good.test.`)
  return refer(query, `s${at}.evil.test.`, [...absent, 'www.helper.test.'])
}
const helper = '192.0.2.9'

test('RES-36: iterate: aliases from one such zone to the next bring a victim few questions in all (NXNSAttack)', async () => {
  const hostile: Attack = {
    ...{ question: 'a0.s0.evil.test. A', says: /./, most: {}, say: crowded },
    zones: `zone helper.test signed=no\nzone www.helper.test A ${helper}`,
    change: (_, asked) => {
      if (asked.server !== helper) return undefined
      const at = Number(/s(\d+)\x04evil/.exec(asked.name.key)?.[1] ?? 0) + 1
      const answer = recordsOfText(`${formatName(asked.name)} 300 CNAME a${at}.s${at}.evil.test.`)
      return replyWith(asked.query, { answer })
    },
  }
  const resolver = resolverIn(hostileWorld(hostile), 'iterate', hostile)
  const resolution = await resolver.ask(hostile.question)
  assert.match(
    verdictOf(resolution),
    /^limit: A of a\d\.s\d\.evil\.test\.: more than 10 name servers without an address/,
  )
  const atVictim = resolver.asked.filter((line) => / ns\d\.x\d+\.good\.test\./.test(line)).length
  assert.ok(atVictim <= 2 * missingServers, `${atVictim} questions for the victim`)
  assert.ok(atVictim > 2 * missingServersPerZone, `${atVictim} questions for the victim: the attack missed`)
  assert.equal(verdictOf(await resolver.ask('www.good.test. A')), 'secure')
  await resolver.close()
})

for (const [what, behaviour] of [
  ['that do not answer', 'timeout'],
  ['that refuse', { flags: 'refused' }],
] as const) {
  testAttack(`NRDelegationAttack (CVE-2022-3204), 1500 name servers of a zone with servers ${what}`, {
    ...{ question: 'www.sub.evil.test. A', engines: iterate },
    zones: 'zone dead.test signed=no',
    say: delegating(many(1500).map((at) => `ns${at}.dead.test.`)),
    change: (_, { name }) => (isAtOrBelow(name, nameOf('dead.test.')) && name.labelCount > 2 ? behaviour : undefined),
    says: /^(?:unreachable: no server is known for|timeout: |refused: |limit: )/,
    most: { queries },
  })
}

const addresses = many(1500).map((at) => `192.0.2.${at & 255}`)
testAttack('a name server with 1500 addresses, none of which answers', {
  ...{ question: 'www.sub.evil.test. A', engines: iterate, code: 22, change: silent },
  say: delegating(['ns.sub.evil.test.'], addresses.map((address) => `ns.sub.evil.test. 3600 A ${address}`).join('\n')),
  says: /^timeout: A of www\.sub\.evil\.test\.: 192\.0\.2\.\d+ does not answer, and 7 more of no use$/,
  most: { queries: way + addressesPerServer * retriesPerServer },
  least: { queries: addressesPerServer },
})

testAttack('1500 name servers with addresses, none of which answers (phantom domains)', {
  ...{ question: 'www.sub.evil.test. A', engines: iterate, code: 22, change: silent },
  say: delegating(
    many(400).map((at) => `ns${at}.sub.evil.test.`),
    many(400)
      .flatMap((at) => [1, 2, 3].map((one) => `ns${at}.sub.evil.test. A 192.0.2.${(3 * at + one) & 255}`))
      .join('\n'),
  ),
  says: /^timeout: A of www\.sub\.evil\.test\.: 192\.0\.2\.\d+ does not answer, and 49 more of no use$/,
  most: { queries: way + queriesPerStep },
  least: { queries: nameServersPerZone },
})

testAttack('a zone that is not served by anybody', {
  ...{ question: 'www.evil.test. A', engines: iterate, say: () => 'timeout', code: 22 },
  says: /^timeout: A of www\.evil\.test\.: \S+ does not answer$/,
  most: { queries: way + retriesPerServer },
})

const deepName = `${many(100)
  .map(() => 'x')
  .join('.')}.evil.test.`

/** `depth` labels below evil.test., on the way to a name. */
function zoneAt(depth: number, name: Name): string {
  return `${labelsOf(name)
    .slice(-(2 + depth))
    .join('.')}.`
}

/** The servers of evil.test. and of 192.0.2.0/24: each refers one label down, to the next. */
function depthOf({ server }: Asked): number {
  return server.startsWith('192.0.2.') ? Number(server.slice(8)) : 0
}

function referDown(asked: Asked): Behaviour {
  const depth = depthOf(asked) + 1
  const zone = zoneAt(depth, asked.name)
  return refer(asked.query, zone, [`ns.${zone}`], `ns.${zone} A 192.0.2.${depth}`)
}

testAttack('delegations without end', {
  ...{ question: `${deepName} A`, engines: iterate, say: referDown, options: { minimise: false } },
  change: (_, asked) => (depthOf(asked) > 0 ? referDown(asked) : undefined),
  // Who asks meanwhile goes on where the first had to stop.
  says: /^(?:limit: A of x\..*: more than 30 referrals|(?:unreachable|timeout|malformed): A of x\..*)$/,
  most: { queries: way + referrals },
  least: { queries: referrals },
})

const loops: [what: string, zone: string][] = [
  ['to the root', '.'],
  ['to its parent', 'test.'],
  ['to itself', 'evil.test.'],
  ['to a zone beside it', 'good.test.'],
]
for (const [what, zone] of loops) {
  testAttack(`a server that refers ${what}`, {
    ...{ question: 'www.evil.test. A', engines: iterate, code: 22 },
    say: ({ query, server }) =>
      refer(query, zone, [`ns.${zone === '.' ? '' : zone}`], `ns.${zone === '.' ? '' : zone} A ${server}`),
    says: /^malformed: A of www\.evil\.test\.: \S+ does not serve evil\.test\.$/,
    most: { queries: way + 2 * retriesPerServer },
  })
}

function aliasing(target: (at: number) => string): NonNullable<Attack['say']> {
  return ({ query, name }) => {
    const at = Number(/a(\d+)/.exec(name.key)?.[1] ?? 0)
    return replyWith(query, { answer: recordsOfText(`${formatName(name)} 300 CNAME ${target(at + 1)}`) })
  }
}

testAttack('aliases without end', {
  ...{ question: 'a0.evil.test. A', code: 0, say: aliasing((at) => `a${at}.evil.test.`) },
  says: /^limit: A of a0\.evil\.test\.: more than 11 aliases$/,
  most: { queries: 4 * way + aliases },
  least: { queries: aliases },
})

testAttack('aliases of many labels, each shown little by little (CAMP)', {
  ...{
    question: 'a0.evil.test. A',
    say: aliasing((at) => `a${at}.${deepLabels(at)}.evil.test.`),
  },
  says: /^limit: A of a0\.evil\.test\.: more than 11 aliases$/,
  most: { queries: 4 * way + (aliases + 1) * (minimiseCount + 1) },
})

testAttack('a DNAME that makes names ever longer', {
  ...{ question: 'a.d.evil.test. A' },
  say: ({ query }) => replyWith(query, { answer: recordsOfText('d.evil.test. 300 DNAME x.d.evil.test.') }),
  says: /^(?:limit: A of a\.d\.evil\.test\.: more than 11 aliases|malformed: .*)$/,
  most: { queries: 4 * way + aliases },
})

testAttack('an alias to itself', {
  ...{ question: 'a0.evil.test. A', code: 0, say: aliasing(() => 'a0.evil.test.') },
  says: /^alias-loop: A of a0\.evil\.test\.: the aliases come back to a0\.evil\.test\.$/,
  most: { queries: 4 * way },
})

const key = makeKey(13)

/** As `referDown`, with DS records; the last zone has an answer. */
function signedDown(asked: Asked, last: number): Behaviour {
  const { query, name, type } = asked
  const depth = depthOf(asked)
  const own = nameOf(zoneAt(depth, name))
  if (type === TYPE.DNSKEY) return replyWith(query, { answer: keyRecords([key], key, own) })
  if (depth === last) return replyWith(query, { answer: signedText(`${formatName(name)} 300 A 203.0.113.1`, key, own) })
  const below = zoneAt(depth + 1, name)
  const ds = rrsetWith(nameOf(below), TYPE.DS, [dsOf(key, 2, nameOf(below))])
  const authority = [...recordsOfText(`${below} 3600 NS ns.${below}`), ...signedRecords(signRrset(ds, key, own))]
  const additional = recordsOfText(`ns.${below} A 192.0.2.${depth + 1}`)
  return replyWith(query, { isAuthoritative: false, authority, additional })
}

test('DNSSEC-62, RES-36: iterate: signed zones inside each other, as many as are followed, cost what one question may', async () => {
  const last = referrals - 3
  const hostile: Attack = {
    ...{ ds: [dsOf(key)], question: `${deepName} A`, says: /./, most: {} },
    say: (asked) => signedDown(asked, last),
    change: (_, asked) => (depthOf(asked) > 0 ? signedDown(asked, last) : undefined),
  }
  const resolver = resolverIn(hostileWorld(hostile), 'iterate', hostile, { minimise: false })
  const { value, costs } = await costOf(() => resolver.ask(hostile.question))
  const { checks } = limits.dnssec
  assert.ok(costs.checks <= checks && resolver.asked.length <= queries, `${costs.checks}, ${resolver.asked.length}`)
  assert.equal(verdictOf(value), 'secure')
  assert.ok(costs.checks > 2 * last)
  assert.equal(verdictOf(await resolver.ask('www.good.test. A')), 'secure')
  await resolver.close()
})

for (const engine of engines) {
  test(`RES-27, RES-36: ${engine}: a chain of zones in which nothing lasts costs no more than others do`, async () => {
    const hostile = {
      ds: [dsOf(key)],
      say: (asked: Asked): Behaviour => {
        const { query, name, type } = asked
        if (type === TYPE.DNSKEY)
          return replyWith(query, { answer: keyRecords([key], key).map((one) => ({ ...one, ttl: 0 })) })
        if (type === TYPE.A) return replyWith(query, { answer: signedText(`${formatName(name)} 0 A 203.0.113.1`, key) })
        return replyWith(query, denial(name, key))
      },
    }
    const { ask, asked } = resolverIn(hostileWorld(hostile), engine, hostile)
    await ask('. DNSKEY') // looked at once in the life of a resolver
    const { value, costs } = await costOf(() => ask('www.evil.test. A'))
    assert.equal(verdictOf(value), 'secure')
    assert.ok(asked.length <= 2 * way && costs.checks <= way, `${asked.length} queries, ${costs.checks} checks`)
    assert.equal(value.kind === 'answer' && value.ttl, 0)
  })

  test(`RES-27: ${engine}: a TTL of 2^32-1 lasts a day`, async () => {
    const hostile = {
      ds: [dsOf(key)],
      say: ({ query, name, type }: Asked): Behaviour => {
        if (type === TYPE.DNSKEY) return replyWith(query, { answer: keyRecords([key], key) })
        return replyWith(query, {
          answer: signedText(`${formatName(name)} 2147483647 A 203.0.113.1`, key).map((one) => ({
            ...one,
            ttl: 4_294_967_295,
          })),
        })
      },
    }
    const { ask } = resolverIn(hostileWorld(hostile), engine, hostile)
    const resolution = await ask('www.evil.test. A')
    assert.equal(verdictOf(resolution), 'secure')
    assert.ok(resolution.kind === 'answer' && resolution.ttl <= limits.resolver.ttl)
  })
}

const forwarders: [what: string, behaviour: Behaviour][] = [
  ['that fail, as in a loop of forwarders (TsuKing)', { flags: 'servfail ra' }],
  ['that refuse', { flags: 'refused ra' }],
  ['that do not answer', 'timeout'],
  ['that say nothing', { flags: 'ra', authority: '. NS a.root.' }],
]
for (const [what, behaviour] of forwarders) {
  test(`RES-26, RES-36: forward: forwarders ${what} are asked a few times, however many want to know`, async () => {
    const hostile = { change: () => behaviour }
    const { ask, asked } = resolverIn(hostileWorld(hostile), 'forward', hostile)
    for (let at = 0; at < 100; at++) assert.equal((await ask('www.evil.test. A')).kind, 'failure')
    // Two forwarders, each with and without CD.
    assert.ok(asked.length <= 4 * retriesPerServer, `${asked.length} queries`)
  })
}

test('RES-30: iterate: no server is ever asked to ask others, as loops of resolvers need it (TsuKing)', async () => {
  const seen = new Set<boolean>()
  const hostile: Attack['change'] = (_, { recursionDesired }) => {
    seen.add(recursionDesired)
    return undefined
  }
  const { ask } = resolverIn(hostileWorld({}), 'iterate', { change: hostile })
  assert.equal(verdictOf(await ask('far.good.test. A')), 'secure')
  assert.deepEqual([...seen], [false])
})
