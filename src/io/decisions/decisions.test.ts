import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stsOf } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { type FakeResolver, fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { createOverrides } from '../../core/decision/overrides.ts'
import { limits } from '../../core/limits.ts'
import {
  createDecisions,
  type Decisions,
  type Destination,
  type Made,
  type Outcome,
  type Shelved,
} from './decisions.ts'

const start = 1_800_000_000_000

const withDane = `
  600 secure example. MX 10 mx.example.
  900 secure mx.example. A 192.0.2.1
  900 secure _25._tcp.mx.example. TLSA 3 1 1 ${'5a'.repeat(32)}
`
const bogus = 'bogus example. MX'

interface Bed {
  readonly resolver: FakeResolver
  readonly clock: ReturnType<typeof movedClock>
  readonly decisions: Decisions<string>
  readonly made: Made<string>[]
  /** What each was told to take the place of, and what failed without one. */
  readonly replaced: (string | undefined)[]
  readonly failed: string[]
}

function createBed(world: string, deadlineMs?: number): Bed {
  const resolver = fakeResolver(world)
  const clock = movedClock(start)
  const made: Made<string>[] = []
  const replaced: (string | undefined)[] = []
  const failed: string[] = []
  const decisions = createDecisions<string>({
    ...{ resolver, clock, random: () => 0.5, present: shelve, read },
    sts: { lookup: async () => stsOf() },
    ...(deadlineMs !== undefined && { deadlineMs }),
    onMade(one, outcome, before) {
      assert.equal(present(outcome), one.view)
      made.push(one)
      replaced.push(before && `${before.made.view}, on ${before.outcome && present(before.outcome)}`)
    },
    onFailed: (held, outcome) => failed.push(`${held.view} held: ${present(outcome)}`),
  })
  return { resolver, clock, decisions, made, replaced, failed }
}

function shelve(outcome: Outcome): Shelved {
  return { ready: present(outcome), rest: '' }
}

function read({ ready }: Shelved): string {
  return ready
}

function present(outcome: Outcome): string {
  if (outcome.kind === 'failed') return `failed: ${outcome.reason}`
  const { action, hosts, text } = outcome.decision
  return action === 'deliver' ? hosts.map((host) => (host.action === 'connect' ? host.tls : 'skip')).join(' ') : text
}

const example: Destination = { nextHop: { kind: 'domain', domain: domain('example') }, port: 25 }

/** Until all that `tick` began has ended. */
async function settle({ decisions }: Bed): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (decisions.underWay > 0)
}

test('a decision is made once and kept until the first of what it rests on ends', async () => {
  const { resolver, clock, decisions, made } = createBed(withDane)
  assert.equal((await decisions.decide(example)).view, 'dane')
  const asked = resolver.asked.length
  clock.move(599)
  assert.equal((await decisions.decide(example)).until, start + 600_000)
  assert.equal(decisions.held(example)?.view, 'dane')
  assert.equal(resolver.asked.length, asked)
  clock.move(1)
  assert.equal(decisions.held(example), undefined)
  await decisions.decide(example)
  assert.equal(resolver.asked.length, 2 * asked)
  assert.deepEqual(
    made.map(({ why }) => why),
    ['asked', 'asked'],
  )
})

test('who asks at the same time shares one look', async () => {
  const { resolver, decisions, made } = createBed(withDane)
  const views = await Promise.all(Array.from({ length: 50 }, () => decisions.decide(example)))
  assert.deepEqual(new Set(views.map(({ view }) => view)), new Set(['dane']))
  assert.equal(made.length, 1)
  assert.equal(new Set(resolver.asked).size, resolver.asked.length)
})

test('the same domain by another port or as a relay is another destination', async () => {
  const { decisions } = createBed(withDane)
  await decisions.decide(example)
  assert.equal(decisions.held({ ...example, port: 587 }), undefined)
  assert.equal(decisions.held({ nextHop: { kind: 'relay', host: domain('example') }, port: 25 }), undefined)
})

test('a lookup that fails is kept for seconds only, and is no word about protection', async () => {
  const { resolver, clock, decisions } = createBed(bogus)
  assert.match((await decisions.decide(example)).view, /bogus/)
  resolver.setWorld(withDane)
  assert.match((await decisions.decide(example)).view, /bogus/)
  clock.move(5)
  assert.equal((await decisions.decide(example)).view, 'dane')
})

test('what gets mail is renewed before it ends, and nobody waits', async () => {
  const bed = createBed(withDane)
  const { clock, decisions, made } = bed
  await decisions.decide(example)
  clock.move(500)
  decisions.tick()
  await settle(bed)
  assert.equal(made.length, 1, 'not yet')
  clock.move(20) // 0.15 of its life is left at 510 s
  decisions.tick()
  await settle(bed)
  assert.deepEqual(
    made.map(({ why }) => why),
    ['asked', 'renewed'],
  )
  assert.equal(decisions.held(example)?.until, start + 520_000 + 600_000)
  assert.equal(decisions.held(example)?.serial, made[1]?.serial)
})

test('what gets no mail for some of its lives is dropped at its end', async () => {
  const bed = createBed(withDane)
  const { clock, decisions, made } = bed
  await decisions.decide(example)
  for (let minute = 0; minute < 60; minute++) {
    clock.move(60)
    decisions.tick()
    await settle(bed)
  }
  assert.equal(decisions.size, 0)
  assert.ok(made.length >= 4 && made.length <= 6, `${made.length} made`)
})

test('a renewal that fails puts nothing aside that still holds', async () => {
  const bed = createBed(withDane)
  const { resolver, clock, decisions, failed } = bed
  await decisions.decide(example)
  resolver.setWorld(bogus)
  clock.move(580)
  decisions.tick()
  await settle(bed)
  assert.equal((await decisions.decide(example)).view, 'dane')
  assert.equal((await decisions.renew(example)).view, 'dane')
  assert.equal(failed.length, 2, 'each failure is told of')
  assert.match(failed[0] ?? '', /^dane held: .*bogus/)
  clock.move(20)
  assert.match((await decisions.decide(example)).view, /bogus/)
})

test('a decision that is asked for takes the place of one that was to be kept', async () => {
  const { resolver, decisions, made, replaced } = createBed(withDane)
  const before = await decisions.decide(example)
  resolver.setWorld('600 secure example. MX 10 mx.example.\n900 secure mx.example. A 192.0.2.1')
  assert.equal((await decisions.renew(example)).view, 'may')
  assert.notEqual(decisions.held(example)?.serial, before.serial)
  assert.deepEqual(replaced, [undefined, 'dane, on dane'])
  assert.ok((made[1]?.serial ?? 0) > (made[0]?.serial ?? 0))
})

test('the list is in the order of serial numbers, also after some were renewed', async () => {
  const { decisions } = createBed(withDane)
  const other: Destination = { ...example, port: 587 }
  for (const one of [example, other]) await decisions.decide(one)
  await decisions.renew(example)
  assert.deepEqual(
    [...decisions.list()].map(({ destination, serial }) => [destination.port, serial]),
    [
      [587, 2],
      [25, 3],
    ],
  )
})

test('forgotten decisions are made anew', async () => {
  const { decisions, made } = createBed(withDane)
  await decisions.decide(example)
  assert.equal(decisions.outcomeOf(example)?.kind, 'decided')
  assert.equal(decisions.forget(example), true)
  assert.equal(decisions.forget(example), false)
  assert.equal(decisions.held(example), undefined)
  assert.equal(decisions.outcomeOf(example), undefined)
  await decisions.decide(example)
  decisions.forgetAll()
  assert.deepEqual([decisions.size, [...decisions.list()].length, made.length], [0, 0, 2])
})

test('no more octets are kept than may be: the longest kept go first', async () => {
  const clock = movedClock(start)
  const octets = 2 ** 20
  const many = Math.ceil(limits.decisions.keptOctets / octets) + 5
  const decisions = createDecisions<string>({
    ...{ resolver: fakeResolver(withDane), clock, random: () => 0.5, read },
    present: () => ({ ready: 'x'.repeat(octets), rest: '' }),
    sts: { lookup: async () => stsOf() },
  })
  const all = Array.from({ length: many }, (_, at) => domain(`d${at}.example`))
  for (const one of all) await decisions.decide({ nextHop: { kind: 'domain', domain: one }, port: 25 })
  assert.ok(decisions.size * octets <= limits.decisions.keptOctets && decisions.size > many / 2, `${decisions.size}`)
  assert.deepEqual(
    Array.from(decisions.list(), ({ key }) => key),
    all.slice(-decisions.size),
  )
})

test('evidence is kept of so many decisions a second, and the others stand without', async () => {
  const { decisions } = createBed(withDane)
  const { evidencePerSecond } = limits.decisions
  const ask = async (name: string) => {
    const destination: Destination = { nextHop: { kind: 'domain', domain: domain(name) }, port: 25 }
    await decisions.decide(destination)
    return decisions.outcomeOf(destination)?.kind
  }
  for (let at = 0; at < evidencePerSecond; at++) assert.equal(await ask(`d${at}.example`), 'decided')
  assert.equal(await ask('one-more.example'), undefined)
  decisions.tick()
  assert.equal(await ask('later.example'), 'decided')
  assert.equal(decisions.size, evidencePerSecond + 2)
})

test('lookups that take longer than they may end as a failure that says so', async () => {
  const { decisions } = createBed('hangs example. MX', 20)
  assert.equal((await decisions.decide(example)).view, 'failed: the lookups took longer than 0.02 s')
})

test('closing ends what is under way, and whoever waits is told', async () => {
  const bed = createBed('hangs example. MX')
  const waiting = bed.decisions.decide(example)
  await new Promise((resolve) => setImmediate(resolve))
  await bed.decisions.close()
  assert.equal((await waiting).view, 'failed: the service is being stopped')
  assert.equal(bed.made.length, 0)
})

test('no more are looked at than may be, and the others have their turn', async () => {
  const bed = createBed(withDane)
  const many = Array.from({ length: 500 }, (_, at) => domain(`d${at}.example`))
  const all = await Promise.all(
    many.map((one) => bed.decisions.decide({ nextHop: { kind: 'domain', domain: one }, port: 25 })),
  )
  assert.equal(all.length, 500)
  assert.equal(bed.decisions.underWay, 0)
})

const hour = 3600

for (const steps of [
  [-hour],
  [-24 * hour],
  [7 * 24 * hour, -7 * 24 * hour],
  [-24 * hour, 24 * hour],
  [hour, -2 * hour, hour],
]) {
  test(`a clock that is set by ${steps.map((step) => step / hour).join(', ')} h keeps nothing past its time`, async () => {
    const bed = createBed(withDane)
    const { clock, decisions, resolver } = bed
    decisions.tick()
    const before = await decisions.decide(example)
    for (const step of steps) {
      clock.move(1)
      decisions.tick()
      clock.move(step)
      decisions.tick()
    }
    resolver.setWorld('600 secure example. MX 10 mx.example.\n900 secure mx.example. A 192.0.2.1')
    // A second is a second again: what was decided before may hold for the rest of its ten minutes, by any clock.
    for (let second = 0; second < 600; second += 10) {
      clock.move(10)
      decisions.tick()
    }
    await settle(bed)
    assert.equal((await decisions.decide(example)).view, 'may')
    assert.notEqual(decisions.held(example)?.serial, before.serial)
  })

  test(`a clock that is set by ${steps.map((step) => step / hour).join(', ')} h starts no storm of lookups`, async () => {
    const bed = createBed(withDane)
    const { clock, decisions, made } = bed
    decisions.tick()
    const many = Array.from({ length: 20 }, (_, at) => domain(`d${at}.example`))
    const ask = () =>
      Promise.all(many.map((one) => decisions.decide({ nextHop: { kind: 'domain', domain: one }, port: 25 })))
    await ask()
    for (const step of steps) {
      clock.move(step)
      for (let second = 0; second < 30; second++) {
        clock.move(1)
        decisions.tick()
        await settle(bed)
      }
      await ask()
    }
    assert.ok(made.length <= many.length * (1 + 2 * steps.length), `${made.length} made`)
    assert.ok(decisions.size <= many.length)
  })
}

test('a clock that is put right by a second forgets nothing', async () => {
  const { clock, decisions } = createBed(withDane)
  decisions.tick()
  const made = await decisions.decide(example)
  clock.move(-1)
  decisions.tick()
  assert.equal(decisions.held(example)?.serial, made.serial)
})

test('an override that comes while a destination is looked at counts for it, and what it is about alone is forgotten', async () => {
  const resolver = fakeResolver(withDane.replaceAll('example', 'slow.example') + withDane)
  const domainOf = ({ nextHop }: Destination) => (nextHop.kind === 'domain' ? nextHop.domain : nextHop.host)
  let overrides = createOverrides([])
  const decisions = createDecisions<string>({
    ...{ resolver, clock: movedClock(start), random: () => 0.5, present: shelve, read, overrides: () => overrides },
    sts: { lookup: async () => stsOf() },
  })
  const slow: Destination = { nextHop: { kind: 'domain', domain: domain('slow.example') }, port: 25 }
  assert.equal((await decisions.decide(example)).view, 'dane')
  const waiting = decisions.decide(slow)
  const target = { domain: { name: domain('slow.example'), below: false }, host: undefined }
  const rule = { kind: 'relax', level: 'may' } as const
  const rest = { reason: 'r', author: 'a', createdAt: start, expiresAt: start + 60_000 }
  overrides = createOverrides([{ target, rule, ...rest }])
  assert.equal(
    decisions.forgetWhere((destination) => domainOf(destination) === 'slow.example'),
    0,
  )
  const made = await waiting
  assert.deepEqual([made.view, made.until], ['may', start + 60_000])
  const seen: (string | undefined)[] = []
  const count = decisions.forgetWhere((destination, outcome) => {
    seen.push(outcome?.kind)
    return domainOf(destination) === 'slow.example'
  })
  assert.deepEqual([count, seen], [1, ['decided', 'decided']])
  assert.deepEqual([decisions.held(slow), decisions.held(example)?.view], [undefined, 'dane'])
  await decisions.close()
})
