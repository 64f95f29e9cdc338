// The shared store on a real Redis: what it must do, and what it must bear.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { FleetError, type FleetState } from '../../src/io/store/shared/fleet.ts'
import { createRedisFleet } from '../../src/io/store/shared/redis-fleet.ts'
import { openRedisLink, type RedisLink, type RedisPlace } from '../../src/io/store/shared/redis-link.ts'
import { domain } from '../support/domain.ts'
import { fleetContract, sharedPolicyOf } from '../support/fleet-contract.ts'
import { policyOf, startMachine } from '../support/fleet-machines.ts'
import { movedClock } from '../support/moved-clock.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { openStage } from './servers.ts'

const now = Date.UTC(2026, 0, 1)
const stage = openStage()
const name = domain('a.example')
const maxAge = 864_000
let redis: TestRedis
const links: RedisLink[] = []

before(async () => {
  redis = await startRedis(stage)
})

after(async () => {
  for (const link of links) link.close()
  await stage.stop()
})

interface Linked {
  readonly link: RedisLink
  /** What was told of it. */
  readonly states: FleetState[]
  /** Until that was told. */
  becomes(kind: FleetState['kind']): Promise<FleetState>
}

function open(to: TestRedis, more: Partial<RedisPlace> = {}): Linked {
  const states: FleetState[] = []
  const waiting = new Set<() => void>()
  const link = openRedisLink(
    { address: { kind: 'unix', path: to.path }, database: 0, user: undefined, password: undefined, ...more },
    {
      random: () => 0,
      onState(state) {
        states.push(state)
        for (const look of waiting) look()
      },
    },
  )
  links.push(link)
  const becomes = (kind: FleetState['kind']) =>
    new Promise<FleetState>((resolve) => {
      const look = () => {
        const last = states.at(-1)
        if (last?.kind !== kind) return
        waiting.delete(look)
        resolve(last)
      }
      waiting.add(look)
      look()
    })
  return { link, states, becomes }
}

async function fleetAt(to: TestRedis, more?: Partial<RedisPlace>) {
  const opened = open(to, more)
  const fleet = createRedisFleet({ link: opened.link, prefix: 'waxseal:', clock: movedClock(now) })
  return { ...opened, fleet }
}

fleetContract(now, async () => {
  redis.ask('FLUSHALL')
  const { fleet, becomes } = await fleetAt(redis)
  await becomes('up')
  return {
    fleet,
    write: async (of, text) => void redis.ask('SET', `waxseal:policy:${of}`, text),
    flush: async () => void redis.ask('FLUSHALL'),
  }
})

test('nothing stays for ever: every key has an end, and no turn outlives its machine', async () => {
  redis.ask('FLUSHALL')
  const { fleet, becomes } = await fleetAt(redis)
  await becomes('up')
  await fleet.put(sharedPolicyOf(now), maxAge, '1')
  await fleet.putFailure({ domain: name, id: '2' }, '{}')
  await fleet.askTurn({ domain: name, id: '3' }, 'token')
  await fleet.postpone(name, { fetchedAt: now, refreshAt: now + 2 * 86_400_000 })
  await fleet.changes(0)
  await fleet.tryWrite()
  const keys = redis.ask('KEYS', '*').split('\n').sort()
  assert.deepEqual(
    keys.filter((key) => !key.endsWith('writable')),
    ['epoch', 'feed', 'fetch:a.example:1', 'fetch:a.example:2', 'place', 'policy:a.example', 'turn:a.example:3'].map(
      (key) => `waxseal:${key}`,
    ),
  )
  const lifeOf = (key: string) => Number(redis.ask('PTTL', `waxseal:${key}`))
  for (const key of ['epoch', 'feed', 'place']) assert.ok(lifeOf(key) > limits.sts.maxAge * 1000, key)
  const life = lifeOf('policy:a.example') - limits.shared.keptMs
  assert.ok(life > maxAge * 1000 - 60_000 && life <= maxAge * 1000, String(life))
  const pause = lifeOf('fetch:a.example:2')
  assert.ok(pause > 0 && pause <= limits.sts.fetchPause * 1000, String(pause))
  const turn = lifeOf('turn:a.example:3')
  assert.ok(turn > 0 && turn <= limits.shared.turnMs, String(turn))
})

test('keys of another kind, and garbage in every key, are put right', async () => {
  const { fleet, becomes } = await fleetAt(redis)
  await becomes('up')
  for (const key of ['policy:a.example', 'feed', 'place', 'epoch', 'fetch:a.example:1', 'turn:a.example:1']) {
    for (const make of [['SADD'], ['SET']]) {
      redis.ask('FLUSHALL')
      await fleet.put(sharedPolicyOf(now - 5, { name: 'other.example' }), maxAge)
      redis.ask('DEL', `waxseal:${key}`)
      redis.ask(...make, `waxseal:${key}`, 'garbage')
      await fleet.find(name)
      const look = await fleet.askTurn({ domain: name, id: '1' }, 'token')
      assert.equal(look.attempt, undefined, key)
      assert.equal(await fleet.put(sharedPolicyOf(now), maxAge, '1'), 'put', key)
      assert.equal((await fleet.find(name)).kind, 'policy', key)
      const place = await fleet.changes(0)
      assert.ok(
        place.changed.some((one) => one.domain === name),
        key,
      )
    }
  }
  redis.ask('FLUSHALL')
  redis.ask('SET', 'waxseal:place', '3')
  redis.ask('ZADD', 'waxseal:feed', '1', 'NOT A NAME', '2', 'x'.repeat(300), '3', 'gone.example')
  assert.deepEqual(
    (await fleet.changes(0)).changed.map((one) => one.times.kind),
    ['absent'],
  )
  assert.equal(redis.ask('ZCARD', 'waxseal:feed'), '0')
})

const spoilt: [why: string, ...command: string[]][] = [
  ['a place that none can have', 'ZADD', 'waxseal:feed', '9e15', 'x.example'],
  ['a place without end', 'ZADD', 'waxseal:feed', 'inf', 'x.example'],
  ['a counter that went back', 'SET', 'waxseal:place', '0'],
  ['a counter that is none', 'SET', 'waxseal:place', 'garbage'],
  ['a feed that is gone', 'DEL', 'waxseal:feed'],
  ['a feed of another kind', 'SET', 'waxseal:feed', 'garbage'],
  ['an epoch that is gone', 'DEL', 'waxseal:epoch'],
  ['a policy that is gone', 'DEL', 'waxseal:policy:a.example'],
]
for (const [why, ...command] of spoilt) {
  test(`machines that knew everything tell a new one all of it after ${why}`, async (context) => {
    redis.ask('FLUSHALL')
    const clock = movedClock(now)
    const begin = async () => {
      const { fleet, becomes } = await fleetAt(redis)
      await becomes('up')
      return startMachine(context, () => fleet, clock)
    }
    const one = await begin()
    const all = ['a.example', 'b.example', 'c.example']
    for (const each of all) await one.store.policies.put(policyOf(each, now))
    await one.follow()
    redis.ask(...command)
    for (let round = 0; round < 3; round++) await one.follow()
    const two = await begin()
    for (let round = 0; round < 2; round++) await two.follow()
    for (const each of all) assert.equal((await two.local.policies.find(domain(each)))?.fetchedAt, now, each)
    const later = policyOf('d.example', now)
    await one.store.policies.put(later)
    await two.follow()
    assert.deepEqual(await two.local.policies.find(later.domain), later)
  })
}

test('a Redis that hangs is given up within bounds, asked nothing more, and back by itself', async () => {
  const { fleet, link, states, becomes } = await fleetAt(redis)
  await becomes('up')
  await fleet.put(sharedPolicyOf(now), maxAge)
  redis.hang()
  await Promise.all(Array.from({ length: 50 }, () => assert.rejects(fleet.find(name), FleetError)))
  assert.equal(states.at(-1)?.kind, 'away')
  // Nothing waits any more: a timer that is set now is not done before them.
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
  }, 0)
  for (let at = 0; at < 20; at++) await assert.rejects(link.run(['PING']), FleetError)
  assert.equal(isLate, false)
  clearTimeout(timer)
  redis.goOn()
  await becomes('up')
  assert.equal((await fleet.find(name)).kind, 'policy')
  assert.deepEqual(
    states.map(({ kind }) => kind),
    ['up', 'away', 'up'],
  )
})

test('an answer that came while this process was busy counts', async () => {
  const { fleet, becomes, states } = await fleetAt(redis)
  await becomes('up')
  const asked = fleet.find(name)
  await new Promise((resolve) => setImmediate(resolve)) // until it is sent, which its client does then
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, limits.shared.answerMs + 100)
  await asked
  assert.deepEqual(states, [{ kind: 'up' }])
})

test('a Redis that is stopped is away at once, and back when it is', async () => {
  const { fleet, becomes, states } = await fleetAt(redis)
  await becomes('up')
  await redis.stop()
  await becomes('away')
  await assert.rejects(fleet.find(name), FleetError)
  await redis.start()
  await becomes('up')
  assert.equal((await fleet.find(name)).kind, 'absent')
  assert.deepEqual(
    states.map(({ kind }) => kind),
    ['up', 'away', 'up'],
    'attempts in between are not told',
  )
})

test('a wrong password is told, and never the password itself', async () => {
  const guarded = await startRedis(stage, '--requirepass', 'correct horse')
  const wrong = open(guarded, { password: 'battery staple' })
  const told = await wrong.becomes('away')
  assert.match(told.kind === 'away' ? told.reason : '', /^WRONGPASS /)
  assert.doesNotMatch(JSON.stringify(wrong.states), /battery/)
  const none = open(guarded)
  const refused = await none.becomes('away')
  assert.match(refused.kind === 'away' ? refused.reason : '', /^NOAUTH /)
  const right = open(guarded, { password: 'correct horse' })
  await right.becomes('up')
})

test('a user with a password may be one of those of an access list', async () => {
  const guarded = await startRedis(stage)
  guarded.ask(
    'ACL',
    'SETUSER',
    'waxseal',
    'on',
    '>secret',
    '~waxseal:*',
    ...'+eval +get +getrange +set +del +pttl +pexpire +incr +ping +select +zadd +zrem +zrangebyscore +zremrangebyrank'.split(
      ' ',
    ),
  )
  guarded.ask('ACL', 'SETUSER', 'default', 'off')
  const { fleet, becomes, states } = await fleetAt(guarded, { user: 'waxseal', password: 'secret', database: 3 })
  await becomes('up')
  await fleet.put(sharedPolicyOf(now), maxAge, '1')
  assert.equal((await fleet.find(name)).kind, 'policy')
  assert.equal((await fleet.changes(0)).changed.length, 1)
  assert.equal((await fleet.askTurn({ domain: name, id: '1' }, 'token')).isOurs, true)
  await fleet.endTurn({ domain: name, id: '1' }, 'token')
  await fleet.postpone(name, { fetchedAt: now, refreshAt: now + 2 * 86_400_000 })
  await fleet.remove(name)
  await fleet.tryWrite()
  assert.deepEqual(states, [{ kind: 'up' }])
})

test('a replica is read from, and its refusals are told once', async () => {
  const primary = await startRedis(stage, '--port', '7001', '--bind', '127.0.0.1')
  const replica = await startRedis(stage, '--replicaof', '127.0.0.1', '7001', '--port', '7002', '--bind', '127.0.0.1')
  const source = await fleetAt(primary)
  await source.becomes('up')
  await source.fleet.put(sharedPolicyOf(now), maxAge)
  primary.ask('WAIT', '1', '10000')
  const { fleet, becomes, states } = await fleetAt(replica)
  await becomes('up')
  assert.equal((await fleet.find(name)).kind, 'policy')
  assert.equal((await fleet.changes(0)).changed.length, 1)
  for (let at = 0; at < 3; at++) await assert.rejects(fleet.put(sharedPolicyOf(now + 1), maxAge), FleetError)
  await assert.rejects(fleet.askTurn({ domain: name, id: '1' }, 'token'), FleetError)
  assert.equal((await fleet.find(name)).kind, 'policy')
  assert.equal(states.length, 2)
  assert.match(states[1]?.kind === 'refusing' ? states[1].reason : '', /READONLY/)
  replica.ask('REPLICAOF', 'NO', 'ONE')
  await fleet.tryWrite()
  assert.equal(fleet.state.kind, 'up')
})

test('a Redis that is full is read from, and takes up again when there is room', async () => {
  const full = await startRedis(stage)
  const { fleet, becomes, states } = await fleetAt(full)
  await becomes('up')
  await fleet.put(sharedPolicyOf(now), maxAge)
  full.ask('CONFIG', 'SET', 'maxmemory', '1')
  await assert.rejects(fleet.put(sharedPolicyOf(now + 1), maxAge), FleetError)
  assert.equal((await fleet.find(name)).kind, 'policy')
  assert.match(states[1]?.kind === 'refusing' ? states[1].reason : '', /OOM/)
  full.ask('CONFIG', 'SET', 'maxmemory', '0')
  assert.equal(await fleet.put(sharedPolicyOf(now + 1), maxAge), 'put')
  assert.equal(fleet.state.kind, 'up')
})
