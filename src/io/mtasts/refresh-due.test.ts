import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { day, hour, policyBody, type StsWorld, startStsWorld } from '../../../test/support/sts-world.ts'
import type { StsEvent } from './sts-work.ts'

const names = ['a.example', 'b.example', 'c.example', 'd.example']
const a = domain('a.example')
const week = policyBody('enforce', 7 * day)

/** Has fetched the policies of these domains under id 1; no request and no event of it is left. */
async function startWith(context: TestContext, body = week, domains: readonly string[] = ['a.example']) {
  const world = await startStsWorld(context)
  world.serve(body)
  for (const name of domains) world.publish('1', name)
  await Promise.all(domains.map((name) => world.service.lookup(domain(name))))
  world.host.requests.length = 0
  world.events.length = 0
  return world
}

function told(world: StsWorld): Extract<StsEvent, { kind: 'refresh-failed' }>[] {
  return world.events.filter((event) => event.kind === 'refresh-failed')
}

test('STS-62: nothing is refreshed before its time', async (context) => {
  const world = await startWith(context)
  world.clock.move(day - 0.001)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 0, failed: 0 })
  assert.equal(world.host.requests.length, 0)
})

for (const record of ['1', '2', 'absent', 'invalid', 'servfail', 'hangs']) {
  test(`STS-62: a policy is refreshed after a day, and nobody asks for the record (${record})`, async (context) => {
    const world = await startWith(context)
    world.publish(record)
    const asked = world.lookups()
    world.clock.move(day)
    assert.deepEqual(await world.service.refreshDue(), { refreshed: 1, failed: 0 })
    const now = world.clock.now()
    const stored = await world.store.policies.find(a)
    assert.deepEqual([stored?.id, stored?.fetchedAt, stored?.refreshAt], ['1', now, now + day * 1000])
    assert.equal(world.lookups(), asked)
  })
}

test('STS-62: under one id, refreshed in time, there is never a moment without policy', async (context) => {
  const world = await startWith(context, policyBody('enforce', day))
  for (let hours = 0; hours < 48; hours++) {
    world.clock.move(hour)
    await world.service.refreshDue()
    assert.equal((await world.service.lookup(a)).row, 'S8', `after ${hours + 1} hours`)
  }
  assert.equal(world.host.requests.length, 4)
})

test('STS-62: a refresh brings what is served now, and a new id is still news', async (context) => {
  const world = await startWith(context)
  world.serve(policyBody('testing', 7 * day))
  world.publish('2')
  world.clock.move(day)
  await world.service.refreshDue()
  const stored = await world.store.policies.find(a)
  assert.deepEqual([stored?.id, stored?.mode], ['1', 'testing'])
  assert.equal((await world.service.lookup(a)).row, 'S9')
})

test('a refresh that fails keeps the policy, tells, and is tried again later', async (context) => {
  const world = await startWith(context)
  const before = (await world.store.policies.find(a)) ?? assert.fail('not stored')
  world.serve(undefined)
  world.clock.move(day)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 0, failed: 1 })
  const now = world.clock.now()
  assert.deepEqual(await world.store.policies.find(a), { ...before, refreshAt: now + 6 * hour * 1000 })
  const [event, ...more] = told(world)
  const expiresAt = before.fetchedAt + 7 * day * 1000
  assert.deepEqual([event?.domain, event?.expiresAt, event?.lapsing, more], [a, expiresAt, false, []])
  assert.equal(event?.failure.reason, 'the policy host answered with status 500')
  world.clock.move(6 * hour - 1)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 0, failed: 0 })
  world.serve(week)
  world.clock.move(1)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 1, failed: 0 })
})

test('STS-63: refreshes that go on failing are told long before the end, more and more often', async (context) => {
  const world = await startWith(context, policyBody('enforce', 2 * day))
  const expiresAt = world.clock.now() + 2 * day * 1000
  world.serve(undefined)
  const times: number[] = []
  while (world.clock.now() < expiresAt) {
    world.clock.move(300)
    if ((await world.service.refreshDue()).failed > 0) times.push((expiresAt - world.clock.now()) / 1000)
  }
  const lapsing = told(world).map((event) => event.lapsing)
  assert.equal(times[0], day)
  assert.equal(times[lapsing.indexOf(true)], 0.75 * day)
  assert.deepEqual(new Set(lapsing.slice(lapsing.indexOf(true))), new Set([true]))
  assert.ok((times.at(-1) ?? 0) <= 300, 'tried to the end')
  assert.equal((await world.service.lookup(a)).lapsed, true)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 0, failed: 0 }, 'what has lapsed is not refreshed')
})

test('STS-63: of mode none nothing is told, and the refresh is tried again all the same', async (context) => {
  const world = await startWith(context, policyBody('none', 7 * day))
  world.serve(undefined)
  world.clock.move(day)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 0, failed: 1 })
  assert.deepEqual(world.events, [])
  world.serve(week)
  world.clock.move(6 * hour)
  await world.service.refreshDue()
  assert.equal((await world.store.policies.find(a))?.mode, 'enforce')
})

test('one run fetches a policy once, however soon it is due again', async (context) => {
  const world = await startWith(context, policyBody('enforce', 100))
  let now = world.clock.now()
  context.mock.method(world.clock, 'now', () => {
    now += 60_000
    return now
  })
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 1, failed: 0 })
  assert.equal(world.host.requests.length, 1)
})

test('all that is due is refreshed, no more at once than told', async (context) => {
  const world = await startWith(context, week, names)
  world.clock.move(day)
  let open = 0
  let most = 0
  world.host.answer = (response) => {
    most = Math.max(most, ++open)
    setImmediate(() => {
      open--
      response.writeHead(200, { 'content-type': 'text/plain' }).end(week)
    })
  }
  assert.deepEqual(await world.service.refreshDue({ concurrency: 2 }), { refreshed: 4, failed: 0 })
  assert.ok(most <= 2)
  assert.deepEqual(new Set(world.host.serverNames), new Set(names.map((name) => `mta-sts.${name}`)))
})

test('one domain that fails does not hold up the others', async (context) => {
  const world = await startWith(context, week, names)
  world.clock.move(day)
  world.host.answer = (response, request) => {
    const status = request.headers.host === 'mta-sts.a.example' ? 404 : 200
    response.writeHead(status, { 'content-type': 'text/plain' }).end(week)
  }
  assert.deepEqual(await world.service.refreshDue({ concurrency: 1 }), { refreshed: 3, failed: 1 })
})

for (const [what, serves] of [
  ['succeed', week],
  ['fail', undefined],
] as const) {
  test(`a run of refreshes that ${what} ends when the store takes no writes`, async (context) => {
    const world = await startWith(context, week, names)
    for (const change of ['INSERT', 'UPDATE']) {
      world.tamper(`CREATE TRIGGER full_${change} BEFORE ${change} ON policies
        BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
    }
    world.clock.move(day)
    world.serve(serves)
    const { refreshed, failed } = await world.service.refreshDue()
    assert.equal(refreshed + failed, 4)
    assert.equal(world.host.requests.length, 4)
    assert.equal((await world.service.lookup(a)).row, 'S8')
  })
}

test('a run stops by its signal: what is under way is given up, and nothing begins', async (context) => {
  const world = await startWith(context, week, names)
  const before = await world.store.policies.list(10)
  world.clock.move(day)
  const stop = new AbortController()
  world.host.answer = () => stop.abort()
  assert.deepEqual(await world.service.refreshDue({ signal: stop.signal, concurrency: 1 }), { refreshed: 0, failed: 0 })
  assert.equal(world.host.requests.length, 1)
  assert.deepEqual(await world.store.policies.list(10), before)
  assert.deepEqual(world.events, [])
  assert.deepEqual(await world.service.refreshDue({ signal: AbortSignal.abort() }), { refreshed: 0, failed: 0 })
})

test('closing the service stops a run, and waits for its end', async (context) => {
  const world = await startWith(context, week, names)
  world.clock.move(day)
  const held = world.hold()
  const run = world.service.refreshDue({ concurrency: 1 })
  await held
  await world.restart()
  assert.deepEqual(await run, { refreshed: 0, failed: 0 })
  assert.deepEqual([world.events, world.warnings], [[], []])
  world.serve(week)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 4, failed: 0 })
})

test('a refresh that fails does not put off that of a newer policy', async (context) => {
  const world = await startWith(context)
  world.clock.move(day)
  const held = world.hold()
  const run = world.service.refreshDue()
  const response = await held
  world.publish('2')
  world.serve(policyBody('enforce', hour))
  assert.equal((await world.service.lookup(a)).row, 'S9')
  response.writeHead(500).end()
  assert.deepEqual(await run, { refreshed: 0, failed: 1 })
  assert.equal((await world.store.policies.find(a))?.refreshAt, world.clock.now() + (hour / 2) * 1000)
  assert.deepEqual(told(world), [])
})

test('after the clock went back, a policy from the future waits for a lookup', async (context) => {
  const world = await startWith(context)
  world.clock.move(-day)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 0, failed: 0 })
  assert.equal((await world.service.lookup(a)).row, 'S4')
  world.clock.move(day)
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 1, failed: 0 })
})

test('STS-65: what is due is known after a restart', async (context) => {
  const world = await startWith(context, week, names)
  world.clock.move(day)
  await world.restart()
  assert.deepEqual(await world.service.refreshDue(), { refreshed: 4, failed: 0 })
})
