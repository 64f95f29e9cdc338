import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { policyOf, startMachine } from '../../../../test/support/fleet-machines.ts'
import { createMemoryFleet } from '../../../../test/support/memory-fleet.ts'
import { movedClock } from '../../../../test/support/moved-clock.ts'
import { limits } from '../../../core/limits.ts'
import { formatSharedPolicy } from '../../../core/mtasts/shared-policy.ts'
import { StoreError } from '../store.ts'

const start = Date.UTC(2026, 0, 1)
const day = 86_400
const name = domain('a.example')

function machines(context: TestContext) {
  const clock = movedClock(start)
  const memory = createMemoryFleet()
  const begin = () => startMachine(context, memory.join, clock)
  return { clock, memory, begin, one: begin(), two: begin() }
}

test('STS-60: what one machine fetched, another has at once, and keeps', async (context) => {
  const { one, two, memory } = machines(context)
  const policy = policyOf('a.example', start)
  assert.equal(await one.store.policies.put(policy), 'durable')
  assert.deepEqual(await two.store.policies.find(name), policy)
  assert.deepEqual(await two.local.policies.find(name), policy)
  memory.state = { kind: 'away', reason: 'it was stopped' }
  assert.deepEqual(await two.store.policies.find(name), policy)
})

test('whichever policy was fetched last counts, wherever it is', async (context) => {
  const { one, two, memory } = machines(context)
  await one.store.policies.put(policyOf('a.example', start - 1000, { id: 'old' }))
  await two.local.policies.put(policyOf('a.example', start, { id: 'new' }))
  assert.equal((await two.store.policies.find(name))?.id, 'new')
  memory.state = { kind: 'away', reason: 'it was stopped' }
  assert.equal((await one.store.policies.find(name))?.id, 'old')
  memory.state = { kind: 'up' }
  await two.follow()
  assert.equal((await one.store.policies.find(name))?.id, 'new')
})

test('a policy of the fleet whose time is over is none, and takes the place of none', async (context) => {
  const { one, two, clock } = machines(context)
  await one.store.policies.put(policyOf('a.example', start))
  clock.move(10 * day + 1)
  assert.equal(await two.store.policies.find(name), undefined)
  assert.equal(await two.local.policies.find(name), undefined)
})

test('an error is no word about a policy: what cannot be read here is asked of the fleet, or fails', async (context) => {
  const { one, two, memory } = machines(context)
  const broken = { ...two.local.policies, find: () => Promise.reject(new StoreError('disk I/O error')) }
  const { createSharedPolicies } = await import('./shared-policies.ts')
  const clock = movedClock(start)
  const onMissed = () => {}
  const policies = createSharedPolicies({
    local: broken,
    fleet: memory.join(clock),
    clock,
    onWarning: onMissed,
    onMissed,
  })
  await assert.rejects(policies.find(name), StoreError)
  await one.store.policies.put(policyOf('a.example', start))
  assert.equal((await policies.find(name))?.id, '1')
  memory.state = { kind: 'away', reason: 'it was stopped' }
  await assert.rejects(policies.find(name), StoreError)
})

const garbage: [why: string, text: string, left: boolean][] = [
  ['garbage', 'garbage', false],
  ['a policy that was changed', formatSharedPolicy(policyOf('a.example', start)).replace('enforce', 'none'), false],
  ['the policy of another domain', formatSharedPolicy(policyOf('b.example', start)), false],
  ['a newer form', 'waxseal-policy/2 {}', true],
]
for (const [why, text, isLeft] of garbage) {
  test(`STS-65: ${why} in the shared store counts as absent, is warned of once, ${isLeft ? 'and left' : 'and mended'}`, async (context) => {
    const { one, memory } = machines(context)
    memory.values.set('a.example', text)
    assert.equal(await one.store.policies.find(name), undefined)
    assert.equal(one.warnings.length, 1)
    assert.equal(memory.values.has('a.example'), isLeft)
    const policy = policyOf('a.example', start)
    await one.local.policies.put(policy)
    memory.values.set('a.example', text)
    assert.deepEqual(await one.store.policies.find(name), policy)
    assert.equal(one.warnings.length, 1, 'the second time it is known')
    await one.follow()
    assert.equal(memory.values.get('a.example'), isLeft ? text : formatSharedPolicy(policy))
  })
}

test('a policy from the future is refused, one from a clock a little ahead is used', async (context) => {
  const { one, memory, clock } = machines(context)
  const { clockSkewMs } = limits.shared
  memory.values.set('a.example', formatSharedPolicy(policyOf('a.example', start + clockSkewMs + 1)))
  assert.equal(await one.store.policies.find(name), undefined)
  assert.match(one.warnings[0]?.reason ?? '', /future/)
  memory.values.set('a.example', formatSharedPolicy(policyOf('a.example', start + clockSkewMs)))
  assert.equal((await one.store.policies.find(name))?.fetchedAt, start)
  clock.move(clockSkewMs / 1000 + 1)
  assert.equal((await one.store.policies.find(name))?.fetchedAt, start + clockSkewMs)
})

test('where everything is wrong, enough is said at some time, and again when some is well', async (context) => {
  const { one, memory } = machines(context)
  const all = Array.from({ length: limits.shared.warned + 5 }, (_, at) => `d${at}.example`)
  for (const each of all) memory.values.set(each, 'waxseal-policy/2 ?')
  for (const each of [...all, ...all]) await one.store.policies.find(domain(each))
  assert.equal(one.warnings.length, limits.shared.warned)
  memory.values.delete('d0.example')
  await one.store.policies.find(domain('d0.example'))
  await one.store.policies.find(domain(all.at(-1) ?? ''))
  assert.equal(one.warnings.length, limits.shared.warned + 1)
})

test('a row from the future, after the clock of this machine went back, makes way', async (context) => {
  const { one, two } = machines(context)
  await one.local.policies.put(policyOf('a.example', start + 1e9, { id: 'future' }))
  await two.store.policies.put(policyOf('a.example', start))
  assert.equal((await one.store.policies.find(name))?.id, '1')
  assert.equal((await one.local.policies.find(name))?.id, '1')
})

test('what was learnt while the fleet was away is put there when it is back', async (context) => {
  const { one, two, memory } = machines(context)
  await one.follow()
  memory.state = { kind: 'away', reason: 'it was stopped' }
  for (const each of ['a.example', 'b.example']) await one.store.policies.put(policyOf(each, start))
  await one.follow()
  memory.state = { kind: 'up' }
  await one.follow()
  await two.follow()
  memory.state = { kind: 'away', reason: 'it was stopped' }
  assert.equal((await two.store.policies.find(name))?.id, '1')
})

test('a moment in which the fleet took nothing is made good, though nobody saw it gone', async (context) => {
  const { one, memory } = machines(context)
  await one.follow()
  memory.state = { kind: 'refusing', reason: 'OOM' }
  await one.store.policies.put(policyOf('a.example', start))
  memory.state = { kind: 'up' }
  await one.follow()
  assert.ok(memory.values.has('a.example'))
})

test('when the shared store was emptied, every machine puts back what it has', async (context) => {
  const { one, two, memory } = machines(context)
  const count = 2 * limits.shared.followedAtOnce + 3
  for (let at = 0; at < count; at++) await one.store.policies.put(policyOf(`d${at}.example`, start - at))
  await one.follow()
  await two.follow()
  memory.flush()
  await two.follow()
  assert.equal(memory.values.size, count)
  const before = new Map(memory.values)
  await one.follow()
  assert.deepEqual(memory.values, before)
})

test('a machine that is new has all that the others know, without asking for any of it', async (context) => {
  const { one, memory, begin } = machines(context)
  const count = 2 * limits.shared.followedAtOnce + 3
  for (let at = 0; at < count; at++) await one.store.policies.put(policyOf(`d${at}.example`, start - at))
  const three = begin()
  await three.follow()
  memory.state = { kind: 'away', reason: 'it was stopped' }
  assert.equal(await three.local.policies.count?.(), count)
  assert.equal((await three.store.policies.find(domain('d7.example')))?.fetchedAt, start - 7)
})

test('a refresh that was put off by one machine is put off for all', async (context) => {
  const { one, two } = machines(context)
  await one.store.policies.put(policyOf('a.example', start))
  await two.follow()
  await one.store.policies.postpone(name, start + 3 * day * 1000)
  await two.follow()
  assert.equal((await two.local.policies.find(name))?.refreshAt, start + 3 * day * 1000)
})

test('a policy that was removed is gone here and there', async (context) => {
  const { one, memory } = machines(context)
  await one.store.policies.put(policyOf('a.example', start))
  await one.store.policies.remove(name)
  assert.equal(await one.store.policies.find(name), undefined)
  assert.equal(memory.values.size, 0)
})
