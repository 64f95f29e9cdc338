import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { day, hour, policyBody, type StsWorld, startStsWorld } from '../../../test/support/sts-world.ts'

const a = domain('a.example')
const enforce = policyBody('enforce', 7 * day)

/** Has the policy of a.example fetched under id 1. */
async function fetchFirst(world: StsWorld, body = enforce): Promise<void> {
  world.publish('1')
  world.serve(body)
  assert.equal((await world.service.lookup(a)).row, 'S4')
}

test('STS-60: max_age counts from the fetch, not from a look at the record', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  world.serve(undefined)
  for (let days = 1; days < 7; days++) {
    world.clock.move(day)
    assert.equal((await world.service.lookup(a)).row, 'S8')
  }
  world.clock.move(day - 0.001)
  assert.equal((await world.service.lookup(a)).row, 'S8')
  world.clock.move(0.001)
  const { row, policy, lapsed } = await world.service.lookup(a)
  assert.deepEqual([row, policy, lapsed], ['S5', undefined, true])
})

test('a lapsed policy is told as lapsed, and fetched again under the same id', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  world.clock.move(7 * day)
  const { row, policy, lapsed } = await world.service.lookup(a)
  assert.deepEqual([row, policy?.source, lapsed], ['S4', 'fetched', true])
  assert.equal((await world.service.lookup(a)).lapsed, false)
})

test('STS-65: policies and the failures of fetches survive a restart', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  world.publish('2')
  world.serve(undefined)
  await world.service.lookup(a)
  await world.restart()
  world.serve(policyBody('none', day))
  const { row, policy, failure } = await world.service.lookup(a)
  assert.deepEqual([row, policy?.id, policy?.body], ['S10', '1', enforce])
  assert.equal(failure?.reason, 'the policy host answered with status 500')
  assert.equal(world.host.requests.length, 2)
  world.publish('absent')
  await world.restart()
  assert.equal((await world.service.lookup(a)).row, 'S11')
})

test('STS-65: a policy from the future, after the clock went back, is over', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  world.clock.move(-hour)
  world.publish('absent')
  const gone = await world.service.lookup(a)
  assert.deepEqual([gone.row, gone.policy, gone.lapsed], ['S1', undefined, true])
  world.publish('1')
  const { row, policy, lapsed } = await world.service.lookup(a)
  assert.deepEqual([row, policy?.fetchedAt, lapsed], ['S4', world.clock.now(), true])
  assert.equal((await world.store.policies.find(a))?.fetchedAt, world.clock.now())
  assert.equal((await world.service.lookup(a)).row, 'S8')
})

test('STS-27: a failure from the future, after the clock went back, holds nothing up', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  await world.service.lookup(a)
  world.clock.move(-1)
  world.serve(enforce)
  assert.equal((await world.service.lookup(a)).row, 'S4')
})

test('STS-65: a damaged policy is as absent, warned of, and fetched again', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  world.tamper("UPDATE policies SET mode = 'none'")
  const { row, lapsed } = await world.service.lookup(a)
  assert.deepEqual([row, lapsed], ['S4', false])
  assert.deepEqual(new Set(world.warnings.map(({ kind, key }) => `${kind} ${key}`)), new Set(['damaged-row a.example']))
  assert.equal((await world.service.lookup(a)).policy?.policy.mode, 'enforce')
})

test('a store that cannot be read is no word that there is no policy: mail waits', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  world.tamper('ALTER TABLE policies RENAME TO gone')
  for (const record of ['1', '2', 'absent']) {
    world.publish(record)
    const { row, policy, failure, unreadable } = await world.service.lookup(a)
    assert.deepEqual([row, policy, unreadable], ['S3', undefined, true])
    assert.match(failure?.reason ?? '', /^the store cannot be read: /)
  }
  assert.equal(world.warnings[0]?.kind, 'read-failed')
  await assert.rejects(world.service.refresh(a), { name: 'StoreError' })
})

test('a body that an earlier release took, and this one does not, is fetched again', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  const stored = (await world.store.policies.find(a)) ?? assert.fail('not stored')
  await world.store.policies.put({ ...stored, body: 'version: STSv0\n' })
  assert.equal((await world.service.lookup(a)).row, 'S4')
  assert.equal((await world.store.policies.find(a))?.body, enforce)
})

test('a policy that lapses while a fetch goes on is not applied any more', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world)
  world.clock.move(7 * day - 1)
  world.publish('2')
  const held = world.hold()
  const finding = world.service.lookup(a)
  const response = await held
  world.clock.move(1)
  response.writeHead(500).end()
  const { row, policy, lapsed } = await finding
  assert.deepEqual([row, policy, lapsed], ['S5', undefined, true])
})

test('V-CACHE: the timeline of a domain that changes its policy, loses its record, and withdraws', async (context) => {
  const world = await startStsWorld(context)
  const start = world.clock.now()
  let fetches = 0
  /** What applies so many seconds after the start, and how often it was fetched since the step before. */
  const at = async (seconds: number, expected: string, fetched: number) => {
    world.clock.move(seconds - (world.clock.now() - start) / 1000)
    const { row, policy } = await world.service.lookup(a)
    assert.equal(`${row} ${policy?.id} ${policy?.policy.mode}`, expected, `at ${seconds}`)
    assert.equal(world.host.requests.length - fetches, fetched, `fetches at ${seconds}`)
    fetches = world.host.requests.length
  }
  world.publish('1')
  world.serve(policyBody('enforce', 1000))
  await at(0, 'S4 1 enforce', 1)
  await at(100, 'S8 1 enforce', 0)
  world.publish('2')
  world.serve(undefined)
  await at(200, 'S10 1 enforce', 1)
  await at(210, 'S10 1 enforce', 0)
  world.serve(policyBody('testing', 1000))
  await at(501, 'S9 2 testing', 1)
  world.publish('absent')
  await at(600, 'S11 2 testing', 0)
  world.clock.move(100)
  await world.service.refresh(a)
  await at(700, 'S11 2 testing', 1)
  assert.equal((await world.store.policies.find(a))?.fetchedAt, start + 700_000)
  world.publish('3')
  world.serve(policyBody('none', 1000))
  await at(900, 'S9 3 none', 1)
  world.serve(undefined)
  world.events.length = 0
  await at(1500, 'S8 3 none', 1)
  assert.deepEqual(world.events, [])
})

test('V-CACHE: a policy whose record and host are gone applies to its end, and no longer', async (context) => {
  const world = await startStsWorld(context)
  await fetchFirst(world, policyBody('enforce', 1000))
  world.publish('absent')
  world.serve(undefined)
  world.clock.move(100)
  for (const [seconds, row] of [
    [400, 'S11'],
    [499.999, 'S11'],
    [0.001, 'S1'],
  ] as const) {
    world.clock.move(seconds)
    assert.equal((await world.service.lookup(a)).row, row)
  }
})
