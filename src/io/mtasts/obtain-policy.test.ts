import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { day, policyBody, type StsWorld, startStsWorld } from '../../../test/support/sts-world.ts'

const a = domain('a.example')
const enforce = policyBody('enforce', 7 * day)

async function lookUpTimes(world: StsWorld, times: number): Promise<string[]> {
  const rows: string[] = []
  for (let time = 0; time < times; time++) rows.push((await world.service.lookup(a)).row)
  return rows
}

test('STS-27: ten messages while the policy host fails make one request in five minutes', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  assert.deepEqual(new Set(await lookUpTimes(world, 10)), new Set(['S5']))
  assert.equal(world.host.requests.length, 1)
  world.clock.move(299.999)
  world.serve(enforce)
  const { failure } = await world.service.lookup(a)
  assert.equal(failure?.reason, 'the policy host answered with status 500')
  assert.equal(world.host.requests.length, 1)
  world.clock.move(0.001)
  assert.equal((await world.service.lookup(a)).row, 'S4')
  assert.equal(world.host.requests.length, 2)
})

test('STS-27: a new id may be tried at once, and the pause of the old goes on', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  await world.service.lookup(a)
  world.publish('2')
  await world.service.lookup(a)
  assert.equal(world.host.requests.length, 2)
  for (const id of ['1', '2']) {
    world.publish(id)
    await lookUpTimes(world, 2)
  }
  assert.equal(world.host.requests.length, 2)
})

test('STS-27: the pause is for one domain', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  await world.service.lookup(a)
  world.publish('1', 'b.example')
  world.serve(enforce)
  assert.equal((await world.service.lookup(domain('b.example'))).row, 'S4')
})

test('STS-27: a new id that fails over and over is tried every five minutes, while the old policy counts', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  await world.service.lookup(a)
  world.publish('2')
  world.serve(undefined)
  for (let minutes = 0; minutes < 20; minutes++) {
    assert.equal((await world.service.lookup(a)).row, 'S10')
    world.clock.move(60)
  }
  assert.equal(world.host.requests.length, 1 + 4)
})

test('STS-66: concurrent lookups share one question and one fetch', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  const findings = await Promise.all(Array.from({ length: 20 }, () => world.service.lookup(a)))
  assert.deepEqual(new Set(findings.map(({ row }) => row)), new Set(['S4']))
  assert.deepEqual([world.lookups(), world.host.requests.length], [1, 1])
})

test('STS-66: lookups of different domains do not wait for each other', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.publish('1', 'b.example')
  const held = world.hold()
  const slow = world.service.lookup(a)
  const response = await held
  world.serve(enforce)
  assert.equal((await world.service.lookup(domain('b.example'))).row, 'S4')
  response.writeHead(200, { 'content-type': 'text/plain' }).end(enforce)
  assert.equal((await slow).row, 'S4')
})

test('STS-66: a lookup and a refresh of one id share one fetch', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(policyBody('enforce', day))
  await world.service.lookup(a)
  const held = world.hold()
  const refreshed = world.service.refresh(a)
  const response = await held
  world.clock.move(day)
  const lookedUp = world.service.lookup(a)
  response.writeHead(200, { 'content-type': 'text/plain' }).end(enforce)
  assert.equal((await refreshed)?.kind, 'policy')
  assert.deepEqual([(await lookedUp).policy?.body, world.host.requests.length], [enforce, 2])
})

test('a caller that gives up during the fetch is told its reason, and nothing is stored', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  const held = world.hold()
  const stop = new AbortController()
  const finding = world.service.lookup(a, { signal: stop.signal })
  await held
  const reason = new Error('the message was withdrawn')
  stop.abort(reason)
  await assert.rejects(finding, (error) => error === reason)
  assert.equal(await world.store.policies.find(a), undefined)
  assert.equal(await world.store.policies.findFailure(a, '1'), undefined)
  assert.deepEqual(world.events, [])
  world.serve(enforce)
  assert.equal((await world.service.lookup(a)).row, 'S4', 'no pause follows')
})

test('a caller that gives up during the DNS lookup, or before, is told its reason', async (context) => {
  const world = await startStsWorld(context)
  world.publish('hangs')
  const reason = new Error('the message was withdrawn')
  const stop = new AbortController()
  const finding = world.service.lookup(a, { signal: stop.signal })
  stop.abort(reason)
  await assert.rejects(finding, (error) => error === reason)
  await assert.rejects(world.service.lookup(a, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
  await assert.rejects(world.service.refresh(a, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
  assert.deepEqual(world.events, [])
})

test('STS-66: when one caller gives up, the work goes on for the others', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  const held = world.hold()
  const stop = new AbortController()
  const impatient = world.service.lookup(a, { signal: stop.signal })
  const patient = world.service.lookup(a)
  const response = await held
  stop.abort()
  await assert.rejects(impatient, { name: 'AbortError' })
  response.writeHead(200, { 'content-type': 'text/plain' }).end(enforce)
  assert.equal((await patient).row, 'S4')
  assert.equal(world.host.requests.length, 1)
})

test('closing gives up what is under way, without a trace in the store, and nothing starts after it', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  const held = world.hold()
  const finding = world.service.lookup(a)
  const rejected = assert.rejects(finding, { name: 'AbortError' })
  await held
  await world.service.close()
  await rejected
  await assert.rejects(world.service.lookup(a), { name: 'AbortError' })
  assert.equal(await world.store.policies.findFailure(a, '1'), undefined)
  assert.deepEqual([world.events, world.warnings], [[], []])
})

test('a policy that cannot be written applies to who asked, and is not told as stored', async (context) => {
  const world = await startStsWorld(context)
  world.tamper("CREATE TRIGGER full BEFORE INSERT ON policies BEGIN SELECT RAISE(ABORT, 'disk full'); END")
  world.publish('1')
  world.serve(enforce)
  assert.equal((await world.service.lookup(a)).policy?.policy.mode, 'enforce')
  assert.deepEqual(world.events, [])
  assert.deepEqual(
    world.warnings.map(({ kind, reason }) => [kind, reason]),
    [['write-failed', 'disk full']],
  )
})

test('a fetch for an older id that ends late does not take the place of a newer policy', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  await world.service.lookup(a)
  const held = world.hold()
  const refreshed = world.service.refresh(a)
  const response = await held
  world.publish('2')
  world.serve(policyBody('none', day))
  assert.equal((await world.service.lookup(a)).row, 'S9')
  response.writeHead(200, { 'content-type': 'text/plain' }).end(enforce)
  await refreshed
  const stored = await world.store.policies.find(a)
  assert.deepEqual([stored?.id, stored?.mode], ['2', 'none'])
})

test('STS-63: what fails while the policy in force is of mode none is not told', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(policyBody('none', day))
  await world.service.lookup(a)
  world.events.length = 0
  world.publish('2')
  world.serve(undefined)
  await world.service.lookup(a)
  await world.service.refresh(a)
  assert.deepEqual(world.events, [])
})
