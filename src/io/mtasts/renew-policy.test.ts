import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { day, hour, policyBody, type StsWorld, startStsWorld } from '../../../test/support/sts-world.ts'
import { limits } from '../../core/limits.ts'

const a = domain('a.example')
const week = policyBody('enforce', 7 * day)

/** Has the policy of a.example under id 1, and its refresh is due. */
async function startDue(context: TestContext, body = week): Promise<StsWorld> {
  const world = await startStsWorld(context)
  world.serve(body)
  world.publish('1')
  await world.service.lookup(a)
  world.host.requests.length = 0
  world.events.length = 0
  world.clock.move(day)
  return world
}

test('STS-62: who sends mail every day never lets a policy lapse, although its id stays and nobody calls refreshDue', async (context) => {
  const world = await startDue(context, policyBody('enforce', 2 * day))
  for (let days = 1; days < 10; days++) {
    const { row, policy, failure } = await world.service.lookup(a)
    assert.deepEqual([row, policy?.fetchedAt, failure], ['S8', world.clock.now(), undefined])
    await world.service.lookup(a)
    assert.equal(world.host.requests.length, days)
    world.clock.move(day)
  }
})

for (const record of ['absent', 'invalid', 'servfail']) {
  test(`STS-62: a due policy is fetched again by a lookup whose record is ${record}`, async (context) => {
    const world = await startDue(context)
    world.publish(record)
    const { row, policy, failure } = await world.service.lookup(a)
    assert.deepEqual([row, policy?.fetchedAt], ['S11', world.clock.now()])
    assert.match(failure?.reason ?? '', /record|lookup/)
    assert.equal((await world.store.policies.find(a))?.fetchedAt, world.clock.now())
  })
}

test('STS-62: what is served now counts at once, and under the old id', async (context) => {
  const world = await startDue(context)
  world.serve(policyBody('testing', day))
  const { row, policy } = await world.service.lookup(a)
  assert.deepEqual([row, policy?.id, policy?.policy.mode], ['S8', '1', 'testing'])
})

test('STS-43: a due policy that comes again with max_age 0 counts for who fetched it', async (context) => {
  const world = await startDue(context)
  world.serve(policyBody('enforce', 0))
  const { row, policy } = await world.service.lookup(a)
  assert.deepEqual([row, policy?.policy.mode, policy?.expiresAt], ['S8', 'enforce', world.clock.now()])
})

test('STS-98, STS-63: a refresh that fails leaves the policy in force, is told and reported, and waits for its next time', async (context) => {
  const world = await startDue(context)
  world.serve(undefined)
  const before = await world.store.policies.find(a)
  const { row, policy, failure } = await world.service.lookup(a)
  assert.deepEqual([row, policy?.fetchedAt], ['S8', before?.fetchedAt])
  const reason = 'the policy host answered with status 500'
  assert.deepEqual(failure, { resultType: 'sts-policy-fetch-error', reason })
  assert.deepEqual(
    world.events.map(({ kind }) => kind),
    ['fetch-failed', 'refresh-failed'],
  )
  world.clock.move(6 * hour - 1)
  assert.equal((await world.service.lookup(a)).failure, undefined)
  assert.equal(world.host.requests.length, 1)
  world.clock.move(1)
  world.serve(week)
  assert.equal((await world.service.lookup(a)).policy?.fetchedAt, world.clock.now())
})

test('STS-27: a refresh by hand that failed is not tried again for five minutes', async (context) => {
  const world = await startDue(context)
  world.serve(undefined)
  for (let times = 0; times < 10; times++) assert.equal((await world.service.refresh(a))?.kind, 'failed')
  assert.equal(world.host.requests.length, 1)
  world.clock.move(limits.sts.fetchPause)
  await world.service.refresh(a)
  assert.equal(world.host.requests.length, 2)
})

test('mail does not wait long for the refresh of a policy that is still in force', async (context) => {
  const world = await startDue(context)
  const held = world.hold()
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const looking = world.service.lookup(a)
  await held
  context.mock.timers.tick(limits.sts.renewMs)
  context.mock.timers.reset()
  const { row, failure } = await looking
  assert.deepEqual([row, failure?.reason], ['S8', 'no policy after 10 seconds'])
})
