import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { limits } from '../../core/limits.ts'
import { createDelegations } from './delegations.ts'

const ours = `
  secure strict._mta-sts.sts.host.example. TXT "v=STSv1; id=1"
  secure sts.host.example. A 192.0.2.1
  secure strict.sts.host.example. A 192.0.2.1
  secure soft.sts.host.example. A 192.0.2.1
`
const bounds = limits.policyServer
const a = domain('a.example')

function open(context: TestContext, world: string) {
  const resolver = fakeResolver(ours + world)
  const time = { now: 1_000_000 }
  const delegations = createDelegations({
    resolver,
    clock: { now: () => time.now },
    name: domain('sts.host.example'),
    profiles: () => ['soft', 'strict'],
  })
  context.after(() => delegations.close())
  return { resolver, time, delegations, set: (text: string) => resolver.setWorld(ours + text) }
}

const record = 'secure _mta-sts.a.example. CNAME strict._mta-sts.sts.host.example.'

const worlds: [what: string, world: string, profile: string | undefined][] = [
  ['a CNAME at _mta-sts chooses the profile', record, 'strict'],
  ['in any case of letters', 'secure _mta-sts.a.example. CNAME STRICT._MTA-STS.sts.host.example.', 'strict'],
  ['a CNAME at mta-sts does so too', 'secure mta-sts.a.example. CNAME soft.sts.host.example.', 'soft'],
  ['that at _mta-sts counts first', `${record}\nsecure mta-sts.a.example. CNAME soft.sts.host.example.`, 'strict'],
  [
    'a CNAME may lead there by another',
    'secure _mta-sts.a.example. CNAME x.a.example.\nsecure x.a.example. CNAME strict._mta-sts.sts.host.example.',
    'strict',
  ],
  ['an insecure CNAME is one: ACME asks no more', record.replace('secure', 'insecure'), 'strict'],
  [
    'a record of our profile that is not there yet',
    'secure mta-sts.a.example. A 192.0.2.9\nsecure _mta-sts.a.example. CNAME soft._mta-sts.sts.host.example.',
    'soft',
  ],
  ['no records', '', undefined],
  [
    'a policy of its own',
    'secure _mta-sts.a.example. TXT "v=STSv1; id=1"\nsecure mta-sts.a.example. A 192.0.2.1',
    undefined,
  ],
  ['a profile that we do not have', 'secure _mta-sts.a.example. CNAME none._mta-sts.sts.host.example.', undefined],
  ['a name below a profile', 'secure _mta-sts.a.example. CNAME x.strict._mta-sts.sts.host.example.', undefined],
  ['the host without a profile', 'secure mta-sts.a.example. CNAME sts.host.example.', undefined],
  ['somebody else', 'secure _mta-sts.a.example. CNAME strict._mta-sts.sts.other.example.', undefined],
  ['a bogus answer', record.replace('secure', 'bogus'), undefined],
  ['a lookup that fails', 'servfail _mta-sts.a.example. TXT', undefined],
]
for (const [what, world, profile] of worlds) {
  test(`RFC 8461 §8.2: ${what} ${profile === undefined ? 'delegates nothing' : ''}`.trim(), async (context) => {
    const { delegations } = open(context, world)
    assert.equal(delegations.known(a), undefined)
    assert.equal(await delegations.find(a), profile)
    assert.equal(delegations.known(a), profile)
  })
}

test('what is known is asked for again when it is due, and nobody waits for that', async (context) => {
  const { delegations, resolver, time, set } = open(context, `60 ${record}`)
  await delegations.find(a)
  time.now += bounds.delegationLeastMs - 1
  await delegations.find(a)
  assert.equal(resolver.asked.length, 1)
  set(record.replace('strict', 'soft'))
  time.now += 1
  assert.equal(await delegations.find(a), 'strict', 'what was known')
  await new Promise(setImmediate)
  assert.equal(await delegations.find(a), 'soft')
})

test('a delegation that is taken back ends; one that cannot be looked up lasts for days, not for ever', async (context) => {
  const { delegations, time, set } = open(context, record)
  await delegations.find(a)
  set('servfail _mta-sts.a.example. TXT')
  for (let passed = 0; passed < bounds.delegationKeptMs; passed += bounds.delegationMostMs) {
    assert.equal(await delegations.find(a), 'strict', `after ${passed} ms`)
    await new Promise(setImmediate)
    time.now += bounds.delegationMostMs
  }
  assert.equal(await delegations.find(a), undefined)
  assert.ok(delegations.counts.failed > 1)
  time.now += bounds.strangerMs
  set(record)
  assert.equal(await delegations.find(a), 'strict')
  set('')
  time.now += bounds.delegationMostMs
  await delegations.find(a)
  await new Promise(setImmediate)
  assert.equal(delegations.known(a), undefined)
})

test('a name that is not delegated is not looked up again for a while', async (context) => {
  const { delegations, resolver, time, set } = open(context, '')
  await delegations.find(a)
  const { length } = resolver.asked
  set(record)
  time.now += bounds.strangerMs - 1
  assert.equal(await delegations.find(a), undefined)
  assert.equal(resolver.asked.length, length)
  time.now += 1
  assert.equal(await delegations.find(a), 'strict')
})

test('those that ask for the same domain share a lookup', async (context) => {
  const { delegations, resolver } = open(context, record)
  const found = await Promise.all(Array.from({ length: 50 }, () => delegations.find(a)))
  assert.deepEqual(new Set(found), new Set(['strict']))
  assert.equal(resolver.asked.length, 1)
})

test('strangers that make up names cost so many lookups and no more, and those that are known go on', async (context) => {
  const { delegations, resolver, time } = open(context, record)
  await delegations.find(a)
  for (let number = 0; number < 2 * bounds.lookupsBurst; number++) await delegations.find(domain(`s${number}.example`))
  assert.ok(resolver.asked.length <= 2 * bounds.lookupsBurst)
  assert.ok(delegations.counts['over-budget'] >= bounds.lookupsBurst)
  assert.equal(await delegations.find(a), 'strict')
  time.now += 1000
  const { length } = resolver.asked
  for (let number = 0; number < 100; number++) await delegations.find(domain(`t${number}.example`))
  assert.equal(resolver.asked.length, length + 2 * bounds.lookupsPerSecond, 'two for each name')
})

test('only so many lookups are under way at once', async (context) => {
  const names = Array.from({ length: bounds.lookupsAtOnce + 5 }, (_, number) => domain(`h${number}.example`))
  const { delegations, resolver } = open(context, names.map((name) => `hangs _mta-sts.${name}. TXT`).join('\n'))
  const finding = names.map((name) => delegations.find(name))
  await new Promise(setImmediate)
  assert.equal(resolver.asked.length, bounds.lookupsAtOnce)
  delegations.close()
  assert.deepEqual(new Set(await Promise.all(finding)), new Set([undefined]))
})
