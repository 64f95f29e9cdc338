import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../../src/core/dns/message.ts'
import { writeName, writeNsec } from '../../../src/core/dns/rdata/write.ts'
import { TYPE } from '../../../src/core/dns/types.ts'
import { limits } from '../../../src/core/limits.ts'
import { prependLabels } from '../../../src/core/name/name.ts'
import { formatName } from '../../../src/core/name/text.ts'
import { makeKey, nameOf, signRrset } from '../../support/sign.ts'
import { recordsOfText } from '../fake-exchange.ts'
import { engines, verdictOf } from '../signed-world.ts'
import { hostileWorld, resolverIn } from './hostile-world.ts'
import {
  dsOf,
  evil,
  keyRecords,
  replyWith,
  rrsetWith,
  signedRecords,
  signedText,
  withFalseSignatures,
} from './hostile-zone.ts'

const key = makeKey(15)
const keys = keyRecords([key], key)

/** An alias made from a wildcard, with the proof that it may be and so many others that somebody must check. */
function aliasCosting(checks: number, target: string) {
  const name = nameOf('a.evil.test.')
  const wildcard = signRrset(rrsetWith(nameOf('*.evil.test.'), TYPE.CNAME, [writeName(nameOf(target))]), key, evil)
  const proofs = Array.from({ length: checks - 1 }, (_, at) => {
    const owner = at === 0 ? evil : (prependLabels([`z${at}`], evil) ?? evil)
    const next = at === 0 ? nameOf('b.evil.test.') : evil
    const nsec = rrsetWith(owner, TYPE.NSEC, [writeNsec({ next, types: new Set([TYPE.NSEC, TYPE.RRSIG]) })])
    return signRrset(nsec, key, evil)
  })
  return { answer: signedRecords({ ...wildcard, name }), authority: proofs.flatMap(signedRecords) }
}

const victims: [question: string, verdict: string][] = [
  ['none.good.test. A', 'secure'],
  ['any.wild.good.test. TXT', 'secure'],
  ['www.good.test. TLSA', 'secure'],
  ['none.better.test. TLSA', 'secure'],
  ['www.orphan.better.test. A', 'insecure: orphan.better.test. is delegated without DS'],
  ['www.orphan.open.test. A', 'insecure: orphan.open.test. lies in an opt-out span, where delegations may be unsigned'],
  ['www.orphan.good.test. A', 'insecure: orphan.good.test. is delegated without DS'],
]
const zones = `
zone open.test denial=opt-out
zone *.wild.open.test TXT "any"
zone orphan.open.test signed=no
zone www.orphan.open.test A 203.0.113.92
zone orphan.better.test signed=no
zone www.orphan.better.test A 203.0.113.90
zone orphan.good.test signed=no
zone www.orphan.good.test A 203.0.113.91
`

for (const engine of engines) {
  for (const [victim, verdict] of victims) {
    const [target = '', type = ''] = victim.split(' ')
    test(`DNSSEC-62, DNSSEC-63: ${engine}: who spends our checks and then leads to ${victim} does not make it bogus`, async () => {
      const { checks } = limits.dnssec
      const ends = new Set<string>()
      for (let spent = checks - 24; spent <= checks; spent++) {
        const parts = aliasCosting(spent, target)
        const resolver = resolverIn(hostileWorld({ ds: [dsOf(key)], zones }), engine, {
          say: ({ query, type: asked }) => replyWith(query, asked === TYPE.DNSKEY ? { answer: keys } : parts),
        })
        const end = verdictOf(await resolver.ask(`a.evil.test. ${type}`))
        assert.match(end, /^(?:secure$|insecure: orphan|limit: too many signature checks)/, `${spent} checks`)
        ends.add(end.replace(/:.*/, ''))
        assert.equal(verdictOf(await resolver.ask(victim)), verdict, `after ${spent} checks`)
        await resolver.close()
      }
      assert.deepEqual([...ends].sort(), ['limit', verdict.replace(/:.*/, '')].sort(), 'the attack missed')
    })
  }
}

for (const engine of engines) {
  test(`DNSSEC-62, DNSSEC-66: ${engine}: a zone of false signatures costs its checks once a minute, whatever is asked of it`, async () => {
    const dnskeys = {
      ...rrsetWith(evil, TYPE.DNSKEY, [key.rdata]),
      signatures: signRrset(rrsetWith(evil, TYPE.DNSKEY, [key.rdata]), key, evil).signatures,
    }
    const falsely = signedRecords(withFalseSignatures(dnskeys, 30))
    let asked = 0
    const resolver = resolverIn(hostileWorld({ ds: [dsOf(key)] }), engine, {
      say: ({ query, name, type }) => {
        if (type === TYPE.DNSKEY) asked++
        if (type === TYPE.DNSKEY) return replyWith(query, { answer: falsely })
        return replyWith(query, { answer: signedText(`${formatName(name)} 300 A 203.0.113.66`, key) })
      },
    })
    const says = /^bogus: signature 15\/\d+ over DNSKEY of evil\.test\. does not verify$/
    for (let at = 0; at < 20; at++) assert.match(verdictOf(await resolver.ask(`a${at}.evil.test. A`)), says)
    assert.ok(asked <= limits.resolver.serversTriedWhenBogus, `${asked} times asked for keys`)
    const before = asked
    resolver.clock.move(limits.resolver.bogusTtl)
    await resolver.ask('b.evil.test. A')
    assert.ok(asked > before, 'never asked again')
    await resolver.close()
  })
}

const detours: [what: string, change: (message: Message) => Message, rest: number][] = [
  ['to nowhere', (message) => ({ ...message, additional: [] }), limits.resolver.failureTtl],
  [
    'to servers that do not answer',
    (message) => ({
      ...message,
      additional: recordsOfText('ns.test. 172800 A 192.0.2.1\nns.test. 172800 AAAA 2001:db8::1'),
    }),
    limits.resolver.failureTtl,
  ],
  [
    'to servers of somebody else',
    (message) => ({ ...message, additional: recordsOfText('ns.test. 172800 A 192.0.2.66') }),
    limits.resolver.bogusTtl,
  ],
]
for (const [what, change, rest] of detours) {
  test(`RES-24, RES-26: iterate: one forged referral ${what} takes a zone out no longer than a failure lasts`, async () => {
    let isForged = true
    const world = hostileWorld({})
    const resolver = resolverIn(world, 'iterate', {
      change(message, { server, query }) {
        if (server === '192.0.2.66')
          return replyWith(query, { answer: recordsOfText('www.good.test. 300 A 192.0.2.66') })
        if (server.startsWith('192.0.2.') || server.startsWith('2001:')) return 'timeout'
        const isReferral = server === world.serverOf('.') && message.authority.some(({ type }) => type === TYPE.NS)
        return isForged && isReferral ? change(message) : undefined
      },
    })
    assert.equal((await resolver.ask('www.good.test. A')).kind, 'failure')
    isForged = false
    resolver.clock.move(rest)
    assert.equal(verdictOf(await resolver.ask('www.good.test. A')), 'secure')
    await resolver.close()
  })
}

test('RES-26: iterate: the parent of a zone that nobody serves is asked less and less (RFC 9520 §3.3)', async () => {
  const world = hostileWorld({})
  const resolver = resolverIn(world, 'iterate', { say: () => 'timeout' })
  const parent = world.serverOf('test')
  const times: number[] = []
  for (let second = 0; second < 600; second++) {
    const before = resolver.asked.length
    await resolver.ask(`h${second}.evil.test. A`)
    if (resolver.asked.slice(before).some((line) => line.startsWith(`${parent} `))) times.push(second)
    resolver.clock.move(1)
  }
  assert.ok(times.length <= 10, `asked at ${times}`)
  const gaps = times.slice(1).map((time, at) => time - (times[at] as number))
  assert.deepEqual(
    gaps,
    [...gaps].sort((one, other) => one - other),
  )
  await resolver.close()
})
