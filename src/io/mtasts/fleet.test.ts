// Several machines that share what they know of policies: which of them asks a policy host, and when.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { type Machine, startMachine } from '../../../test/support/fleet-machines.ts'
import { createMemoryFleet, type MemoryFleet } from '../../../test/support/memory-fleet.ts'
import { day, policyBody, type StsWorld, startStsWorld } from '../../../test/support/sts-world.ts'
import { createStsService, type StsService } from './sts-service.ts'
import type { StsEvent } from './sts-work.ts'

const name = domain('a.example')

interface Fleet {
  readonly world: StsWorld
  readonly memory: MemoryFleet
  readonly machines: readonly (Machine & { readonly service: StsService; readonly events: StsEvent[] })[]
}

async function startFleet(context: TestContext, count = 3): Promise<Fleet> {
  const world = await startStsWorld(context)
  const memory = createMemoryFleet()
  const { resolver, network, clock, trust } = world
  const machines = Array.from({ length: count }, () => {
    const machine = startMachine(context, memory.join, clock)
    const events: StsEvent[] = []
    const { store } = machine
    const onEvent = (event: StsEvent) => events.push(event)
    const service = createStsService({ resolver, network, store, clock, trust, onEvent })
    context.after(() => service.close())
    return { ...machine, service, events }
  })
  return { world, memory, machines }
}

const kindsOf = (events: readonly StsEvent[]) => events.map(({ kind }) => kind)

test('a policy host is asked once for a domain and id, whichever machines want to know', async (context) => {
  const { world, machines } = await startFleet(context, 4)
  world.publish('1')
  const held = world.hold()
  const lookups = machines.flatMap(({ service }) => [service.lookup(name), service.lookup(name)])
  const response = await held
  response.writeHead(200, { 'content-type': 'text/plain' }).end(policyBody('enforce', day))
  for (const finding of await Promise.all(lookups)) {
    assert.deepEqual([finding.row, finding.policy?.policy.mode, finding.policy?.id], ['S4', 'enforce', '1'])
  }
  assert.equal(world.host.requests.length, 1)
  assert.deepEqual(
    machines.flatMap(({ events }) => kindsOf(events)),
    ['policy-stored'],
  )
  for (const { local } of machines) assert.equal((await local.policies.find(name))?.id, '1')
})

test('STS-27: a fetch that failed is not tried again by any machine for five minutes, but for another id', async (context) => {
  const { world, machines } = await startFleet(context)
  world.publish('1')
  for (let minute = 0; minute < 4; minute++) {
    for (const { service } of machines) assert.equal((await service.lookup(name)).row, 'S5')
    world.clock.move(60)
  }
  assert.equal(world.host.requests.length, 1)
  assert.deepEqual(
    machines.flatMap(({ events }) => kindsOf(events)),
    ['fetch-failed'],
  )
  world.publish('2')
  world.serve(policyBody('enforce', day))
  for (const { service } of machines) assert.equal((await service.lookup(name)).row === 'S5', false)
  assert.equal(world.host.requests.length, 2)
})

test('STS-60: a policy that another machine learnt counts where the record is suppressed', async (context) => {
  const { world, machines, memory } = await startFleet(context)
  const [one, two, three] = machines
  world.publish('1')
  world.serve(policyBody('enforce', 10 * day))
  await one?.service.lookup(name)
  await three?.follow()
  world.publish('absent')
  assert.deepEqual(await rowOf(two?.service), ['S11', 'enforce'])
  memory.state = { kind: 'away', reason: 'it was stopped' }
  assert.deepEqual(await rowOf(three?.service), ['S11', 'enforce'], 'what was taken over before is enough')
  world.publish('servfail')
  assert.deepEqual(await rowOf(two?.service), ['S11', 'enforce'])
})

async function rowOf(service: StsService | undefined) {
  const finding = await service?.lookup(name)
  return [finding?.row, finding?.policy?.policy.mode]
}

test('while the fleet is away each machine fetches for itself, and one that comes back tells what it learnt', async (context) => {
  const { world, machines, memory } = await startFleet(context, 2)
  const [one, two] = machines
  await one?.follow()
  memory.state = { kind: 'away', reason: 'it was stopped' }
  world.publish('1')
  world.serve(policyBody('enforce', 10 * day))
  assert.deepEqual(await rowOf(one?.service), ['S4', 'enforce'])
  memory.state = { kind: 'up' }
  await one?.follow()
  world.publish('absent')
  assert.deepEqual(await rowOf(two?.service), ['S11', 'enforce'])
  assert.equal(world.host.requests.length, 1)
})

test('STS-61: a policy that is due is fetched again by one machine', async (context) => {
  const { world, machines } = await startFleet(context)
  world.publish('1')
  world.serve(policyBody('enforce', 10 * day))
  for (const { service } of machines) await service.lookup(name)
  assert.equal(world.host.requests.length, 1)
  world.clock.move(day + 1)
  const reports = await Promise.all(machines.map(({ service }) => service.refreshDue()))
  assert.equal(world.host.requests.length, 2)
  assert.equal(
    reports.every(({ failed }) => failed === 0),
    true,
  )
  for (const { service } of machines) {
    await service.refreshDue()
    assert.deepEqual(await rowOf(service), ['S8', 'enforce'])
  }
  assert.equal(world.host.requests.length, 2)
})

test('a refresh that mail waits for is done by one machine, too', async (context) => {
  const { world, machines } = await startFleet(context)
  world.publish('1')
  world.serve(policyBody('enforce', 10 * day))
  for (const { service } of machines) await service.lookup(name)
  world.clock.move(day + 1)
  const held = world.hold()
  const lookups = machines.map(({ service }) => service.lookup(name))
  const response = await held
  response.writeHead(200, { 'content-type': 'text/plain' }).end(policyBody('testing', 10 * day))
  for (const { policy, row } of await Promise.all(lookups)) {
    assert.deepEqual([row, policy?.policy.mode, policy?.fetchedAt], ['S8', 'testing', world.clock.now()])
  }
  assert.equal(world.host.requests.length, 2)
})

test('a refresh that fails is put off for all machines', async (context) => {
  const { world, machines } = await startFleet(context)
  world.publish('1')
  world.serve(policyBody('enforce', 10 * day))
  for (const { service } of machines) await service.lookup(name)
  world.clock.move(day + 1)
  world.serve(undefined)
  for (const { service } of machines) await service.refreshDue()
  assert.equal(world.host.requests.length, 2)
  world.clock.move(1000)
  for (const { service, follow } of machines) {
    await follow()
    await service.refreshDue()
  }
  assert.equal(world.host.requests.length, 2)
})

test('while machines see one id and the other, each of them is fetched once', async (context) => {
  const { world, machines } = await startFleet(context, 2)
  const [one, two] = machines
  world.serve(policyBody('enforce', 10 * day))
  for (let round = 0; round < 5; round++) {
    world.publish('1')
    await one?.service.lookup(name)
    world.publish('2')
    await two?.service.lookup(name)
  }
  assert.equal(world.host.requests.length, 2)
})

test('a machine that is stopped in the middle of a fetch lets another have its turn', async (context) => {
  const { world, machines } = await startFleet(context, 2)
  const [one, two] = machines
  world.publish('1')
  const held = world.hold()
  const given = assert.rejects(Promise.resolve(one?.service.lookup(name)))
  await held
  const other = two?.service.lookup(name)
  const again = world.hold()
  await one?.service.close()
  await given
  ;(await again).writeHead(200, { 'content-type': 'text/plain' }).end(policyBody('enforce', day))
  assert.equal((await other)?.policy?.policy.mode, 'enforce')
  assert.equal(world.host.requests.length, 2)
})

test('the policy that a machine fetched is what it goes by, though the shared store has a damaged one', async (context) => {
  const { world, machines, memory } = await startFleet(context, 2)
  const [one, two] = machines
  world.publish('1')
  world.serve(policyBody('enforce', 10 * day))
  memory.values.set(name, 'garbage')
  assert.deepEqual(await rowOf(one?.service), ['S4', 'enforce'])
  memory.values.set(name, 'garbage')
  assert.deepEqual(await rowOf(one?.service), ['S8', 'enforce'])
  memory.values.set(name, 'garbage')
  assert.deepEqual(await rowOf(two?.service), ['S4', 'enforce'])
})
