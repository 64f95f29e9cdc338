import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advance, fakeAuthority, memoryFolder, policyHosts } from '../../../test/support/acme/memory.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import type { IssuanceBudget } from '../../core/acme/issuance-budget.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { AcmeFailure } from './acme-failure.ts'
import { createIssuing, type IssuingOptions } from './issuing.ts'
import type { IssuingEvent } from './issuing-event.ts'

const start = Date.UTC(2026, 0, 1)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const [one, two, three] = policyHosts(3) as [DomainName, DomainName, DomainName]
const plenty: IssuanceBudget = { perHour: 1000, perDay: 10_000, perWeek: 10_000, atOnce: 4 }

function open(change: Partial<IssuingOptions> = {}) {
  const clock = movedClock(start)
  const authority = fakeAuthority(clock)
  const folder = memoryFolder()
  const events: IssuingEvent[] = []
  const options: IssuingOptions = {
    ...{ authority, folder, clock, budget: plenty, challenges: ['http-01', 'tls-alpn-01'], mayIssue: () => true },
    onEvent: (event) => events.push(event),
    ...change,
  }
  const told = (kind: IssuingEvent['kind']) => events.filter((event) => event.kind === kind)
  return { clock, authority, folder, events, told, options, issuing: createIssuing(options) }
}

const refused: AcmeFailure = { fault: 'validation', reason: 'no answer' }

test('a name that is configured gets a certificate, and one that is asked for too, if it may', async () => {
  const world = open({ mayIssue: (name) => name === two })
  world.issuing.configure(new Set([one]))
  world.issuing.want(two)
  world.issuing.want(three)
  await advance(world.issuing, world.clock, start + hour)
  assert.deepEqual([...world.folder.certificates.keys()].sort(), [one, two])
  assert.equal(world.issuing.entry(three), undefined)
  assert.deepEqual((await world.folder.names()).sort(), [one, two])
  assert.equal(world.authority.orders.length, 2)
})

test('a name that may have none any more keeps its certificate until that ends, and is then forgotten', async () => {
  let isOurs = true
  const world = open({ mayIssue: async () => isOurs })
  world.issuing.want(one)
  await advance(world.issuing, world.clock, start + hour)
  isOurs = false
  await advance(world.issuing, world.clock, start + 80 * day)
  assert.ok(world.folder.certificates.has(one))
  await advance(world.issuing, world.clock, start + 92 * day)
  assert.deepEqual(await world.folder.names(), [])
  assert.equal(world.authority.orders.length, 1)
})

test('one order at a time for a name, and no more at once than the budget has', async () => {
  const world = open({ budget: { ...plenty, atOnce: 3 } })
  world.issuing.configure(new Set(policyHosts(40)))
  for (const name of policyHosts(40)) world.issuing.want(name)
  const steps = [world.issuing.step(), world.issuing.step(), world.issuing.step()]
  await Promise.all(steps)
  await advance(world.issuing, world.clock, start + hour)
  assert.equal(world.folder.certificates.size, 40)
  assert.equal(world.authority.orders.length, 40)
  assert.deepEqual(world.authority.most, { all: 3, ofOneName: 1 })
})

/** The most orders in any window of this length. */
function mostIn(orders: readonly { readonly at: number }[], length: number): number {
  let most = 0
  let from = 0
  for (const [index, { at }] of orders.entries()) {
    while ((orders[from]?.at ?? at) <= at - length) from++
    most = Math.max(most, index + 1 - from)
  }
  return most
}

test('a burst of thousands of new names stays within the budget, the oldest first, across restarts', async () => {
  const budget = { perHour: 50, perDay: 400, perWeek: 1000, atOnce: 4 }
  const world = open({ budget })
  const names = policyHosts(2500)
  let issuing = world.issuing
  for (const [at, name] of names.entries()) {
    issuing.want(name)
    if (at % 500 === 499) world.clock.move(60)
  }
  for (let restart = 1; restart <= 15; restart++) {
    await advance(issuing, world.clock, start + restart * 18 * hour)
    await issuing.close()
    issuing = createIssuing(world.options)
  }
  const { orders } = world.authority
  assert.ok(mostIn(orders, hour) <= 50 && mostIn(orders, hour) > 40)
  assert.ok(mostIn(orders, day) <= 400 && mostIn(orders, day) > 380)
  assert.ok(mostIn(orders, 7 * day) <= 1000)
  assert.ok(orders.length > 950)
  // Five hundred asked in each minute; at the change from one to the next a few are under way at once.
  const minuteOf = ({ name }: (typeof orders)[number]) => Math.floor(names.indexOf(name) / 500)
  assert.deepEqual(new Set(orders.slice(0, 490).map(minuteOf)), new Set([0]))
  assert.deepEqual(new Set(orders.slice(510, 950).map(minuteOf)), new Set([1]))
  assert.equal(new Set(orders.map(({ name }) => name)).size, orders.length)
  assert.ok(world.told('budget-spent').length >= 15)
})

test('what is under way when the process ends has been counted', async () => {
  const budget = { perHour: 2, perDay: 100, perWeek: 100, atOnce: 2 }
  const world = open({ budget })
  world.issuing.configure(new Set([one, two, three]))
  await world.issuing.step()
  await world.issuing.settled()
  // As if killed: nothing is closed.
  const next = createIssuing({ ...world.options, onEvent: undefined })
  next.configure(new Set([one, two, three]))
  await advance(next, world.clock, start + hour)
  assert.equal(world.authority.orders.length, 2)
  await advance(next, world.clock, start + hour + minute)
  assert.equal(world.authority.orders.length, 3)
})

test('a budget that cannot be read lets an hour pass', async () => {
  const world = open({ budget: { ...plenty, perHour: 3 } })
  const folder = { ...world.folder, spent: () => undefined }
  const issuing = createIssuing({ ...world.options, folder })
  issuing.configure(new Set([one]))
  assert.equal(await issuing.step(), start + hour + minute)
  assert.equal(world.told('damaged').length, 1)
})

test('renewals come before new names, however many of those there are', async () => {
  const world = open({ budget: { perHour: 5, perDay: 5, perWeek: 35, atOnce: 1 } })
  world.issuing.configure(new Set([one]))
  await advance(world.issuing, world.clock, start + hour)
  for (const name of policyHosts(1000, 'new')) world.issuing.want(name)
  await advance(world.issuing, world.clock, start + 91 * day)
  const renewed = world.authority.orders.filter(({ name }) => name === one)
  assert.equal(renewed.length, 2)
  assert.ok((renewed[1]?.at ?? 0) <= start + 61 * day)
})

test('after a failure a name waits, twice as long each time, also across restarts; then another challenge is tried', async () => {
  const world = open()
  world.authority.outcome = () => refused
  let issuing = world.issuing
  issuing.configure(new Set([one]))
  for (let restart = 1; restart <= 10; restart++) {
    await advance(issuing, world.clock, start + restart * 8 * hour)
    await issuing.close()
    issuing = createIssuing(world.options)
    issuing.configure(new Set([one]))
  }
  const times = world.authority.orders.map(({ at }) => at)
  const waits = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / minute)
  for (const [index, least] of [15, 30, 60, 120, 240, 480, 960, 1440].entries()) {
    const wait = waits[index]
    if (wait !== undefined) assert.ok(wait >= least && wait <= least * 1.1 + 1, `${index}: ${wait}`)
  }
  assert.ok(waits.length >= 6)
  const first = world.authority.orders.map(({ wish }) => wish.challenges[0])
  assert.deepEqual(first.slice(0, 4), ['http-01', 'tls-alpn-01', 'http-01', 'tls-alpn-01'])
  assert.equal(issuing.entry(one)?.reason, undefined) // not read yet
  await issuing.open()
  assert.equal(issuing.entry(one)?.reason, 'no answer')
})

test('a name that fails does not keep others waiting', async () => {
  const world = open({ budget: { ...plenty, atOnce: 1 } })
  world.authority.outcome = (name) => (name === one ? refused : undefined)
  world.issuing.configure(new Set([one, two, three]))
  await advance(world.issuing, world.clock, start + minute)
  assert.deepEqual([...world.folder.certificates.keys()], [two, three])
})

test('a name that becomes due again while its failure is still being written down is not passed over', async () => {
  const world = open()
  world.authority.outcome = () => refused
  let write = () => {}
  const folder = {
    ...world.folder,
    savePlan: () =>
      new Promise<undefined>((resolve) => {
        write = () => resolve(undefined)
      }),
  }
  const issuing = createIssuing({ ...world.options, folder })
  issuing.configure(new Set([one]))
  await issuing.step()
  while (world.told('failed').length === 0) await new Promise((resolve) => setImmediate(resolve))
  world.clock.move(3600)
  world.authority.outcome = () => undefined
  await issuing.step()
  write()
  await issuing.settled()
  await issuing.step()
  while (world.told('issued').length === 0) await new Promise((resolve) => setImmediate(resolve))
  write()
  await issuing.close()
})

test('an authority that does not answer is left alone, and no name is given up for it', async () => {
  const world = open({ budget: { ...plenty, atOnce: 1 } })
  const until = start + 6 * hour
  world.authority.outcome = (_, at) => (at < until ? { fault: 'unreachable', reason: 'no route' } : undefined)
  world.issuing.configure(new Set(policyHosts(50)))
  await advance(world.issuing, world.clock, until)
  // After 1, 2, 4, 8, 16, 32 minutes, then once an hour.
  assert.ok(world.authority.orders.length <= 12, `${world.authority.orders.length} orders`)
  assert.equal(world.told('paused').length, world.authority.orders.length)
  await advance(world.issuing, world.clock, until + 3 * hour)
  assert.equal(world.folder.certificates.size, 50)
})

test('one name for which the authority breaks the protocol does not stand in the way of others', async () => {
  const world = open({ budget: { ...plenty, atOnce: 1 } })
  world.authority.outcome = (name) => (name === one ? { fault: 'protocol', reason: 'odd' } : undefined)
  world.issuing.configure(new Set(policyHosts(20)))
  await advance(world.issuing, world.clock, start + hour)
  assert.equal(world.folder.certificates.size, 19)
})

test('a rate limit holds its name as long as it asks, up to a day, and others for a minute', async () => {
  const world = open({ budget: { ...plenty, atOnce: 1 } })
  const limited: AcmeFailure = { fault: 'rate-limited', reason: 'slow down', retryAfterMs: 5 * hour }
  world.authority.outcome = (name, at) => (name === one && at < start + minute ? limited : undefined)
  world.issuing.configure(new Set([one, two]))
  await advance(world.issuing, world.clock, start + day)
  const [first, other, second] = world.authority.orders
  assert.deepEqual([first?.name, other?.name, second?.name], [one, two, one])
  assert.equal(other?.at, start + minute)
  assert.ok((second?.at ?? 0) >= start + 5 * hour)
})

test('a renewal that fails is told, the certificate stays until it ends, and that is told once', async () => {
  const world = open()
  world.issuing.configure(new Set([one]))
  await advance(world.issuing, world.clock, start + hour)
  const before = world.folder.certificates.get(one)
  world.authority.outcome = () => refused
  await advance(world.issuing, world.clock, start + 89 * day)
  assert.equal(world.folder.certificates.get(one), before)
  assert.equal(world.told('ended').length, 0)
  const tries = world.told('failed').length
  assert.ok(tries > 25, `${tries} tries in the last month`)
  await advance(world.issuing, world.clock, start + 100 * day)
  assert.deepEqual(world.told('ended'), [{ kind: 'ended', name: one, notAfter: before?.notAfter, reason: 'no answer' }])
  world.authority.outcome = () => undefined
  await advance(world.issuing, world.clock, start + 102 * day)
  assert.notEqual(world.folder.certificates.get(one), before)
  // Tried more often towards the end.
  const times = world.authority.orders
    .map(({ at }) => at)
    .filter((at) => at > start + 89 * day && at < start + 90 * day)
  assert.ok(times.length >= 4, `${times.length} tries on the last day`)
})

test('a look at the name before costs nothing of the budget', async () => {
  const looked: string[] = []
  const precheck = async (name: DomainName) => {
    looked.push(name)
    return name === one ? 'leads elsewhere' : undefined
  }
  const world = open({ precheck, budget: { perHour: 1, perDay: 100, perWeek: 100, atOnce: 4 } })
  world.issuing.configure(new Set([one, two]))
  await advance(world.issuing, world.clock, start + minute)
  assert.deepEqual(
    world.authority.orders.map(({ name }) => name),
    [two],
  )
  assert.deepEqual(
    world.told('failed').map((event) => 'failure' in event && event.failure),
    [{ fault: 'elsewhere', reason: 'leads elsewhere' }],
  )
})

test('what cannot be counted is not ordered', async () => {
  const world = open()
  world.folder.failure = { fault: 'storage', reason: 'disk full' }
  world.issuing.configure(new Set([one]))
  await advance(world.issuing, world.clock, start + hour)
  assert.equal(world.authority.orders.length, 0)
  assert.ok(world.told('paused').length > 1)
  world.folder.failure = undefined
  await advance(world.issuing, world.clock, start + 4 * hour)
  assert.ok(world.folder.certificates.has(one))
})

test('a window that the authority suggests is kept to, also when it comes late, and the new order names what it replaces', async () => {
  const world = open()
  world.issuing.configure(new Set([one]))
  await advance(world.issuing, world.clock, start + 10 * day)
  // As when certificates are revoked: the window is in the past.
  world.authority.window = (id) => (id === 'id.1' ? { start, end: start + day, explanation: undefined } : undefined)
  await advance(world.issuing, world.clock, start + 11 * day)
  assert.equal(world.authority.orders.length, 2)
  assert.equal(world.authority.orders[1]?.wish.replaces, 'id.1')
  await advance(world.issuing, world.clock, start + 40 * day)
  assert.equal(world.authority.orders.length, 2)
})

test('an authority that always says now gets one order a day for a name', async () => {
  const world = open()
  world.authority.window = () => ({ start, end: start + day, explanation: undefined })
  world.issuing.configure(new Set([one]))
  await advance(world.issuing, world.clock, start + 10 * day)
  assert.ok(world.authority.orders.length <= 11, `${world.authority.orders.length}`)
})

test('an authority that gives out what is nearly over is not asked for the next at once', async () => {
  const world = open()
  world.authority.lifetimeMs = hour / 3
  world.issuing.configure(new Set([one]))
  await advance(world.issuing, world.clock, start + 2 * hour)
  assert.ok(world.authority.orders.length <= 37, `${world.authority.orders.length}`)
})

test('the number of names is bounded, and one too many is told', async () => {
  const world = open({ budget: { perHour: 0, perDay: 0, perWeek: 0, atOnce: 0 } })
  for (let each = 0; each < limits.acme.names; each++) world.issuing.want(`h${each}.example` as DomainName)
  assert.equal(world.told('too-many-names').length, 0)
  world.issuing.want(one)
  assert.deepEqual(world.told('too-many-names'), [{ kind: 'too-many-names', name: one }])
})

test('whoever closes it ends what is under way, and nothing begins after', async () => {
  const world = open()
  world.issuing.configure(new Set(policyHosts(20)))
  await world.issuing.step()
  await world.issuing.close()
  assert.equal(world.folder.certificates.size, 0)
  assert.equal(world.told('failed').length, 0)
  world.issuing.want(one)
  assert.equal(await world.issuing.step(), Number.POSITIVE_INFINITY)
  assert.equal(world.folder.queue().size, 20)
})

test('through 200 days of renewals nothing ends, the budget is kept, and renewals are spread', async () => {
  const budget = { perHour: 40, perDay: 200, perWeek: 800, atOnce: 4 }
  const world = open({ budget })
  const names = policyHosts(1500)
  world.authority.hasRenewalInfo = false
  // A few fail at any time, as in life.
  world.authority.outcome = (name, at) => ((at / minute + name.length * 7) % 11 < 1 ? refused : undefined)
  world.issuing.configure(new Set(names))
  await advance(world.issuing, world.clock, start + 200 * day)
  const { orders } = world.authority
  assert.equal(world.told('ended').length, 0)
  assert.equal(world.folder.certificates.size, names.length)
  assert.ok(orders.length > 3 * names.length)
  assert.ok(mostIn(orders, hour) <= 40 && mostIn(orders, day) <= 200 && mostIn(orders, 7 * day) <= 800)
  assert.equal(world.authority.most.ofOneName, 1)
  assert.ok(world.authority.most.all <= 4)
  for (const { notAfter } of world.folder.certificates.values()) assert.ok(notAfter > world.clock.now() + 20 * day)
})

test('the same where the authority says when to renew, and moves all windows of a day forward at once', async () => {
  const budget = { perHour: 40, perDay: 100, perWeek: 400, atOnce: 4 }
  const world = open({ budget })
  const names = policyHosts(150)
  const issuedAt = (renewalId: string) => world.authority.orders[Number(renewalId.slice(3)) - 1]?.at ?? 0
  // On day 100 everything issued before is to be renewed within two days.
  world.authority.window = (id) => {
    const at = issuedAt(id)
    const isRevoked = world.clock.now() >= start + 100 * day && at < start + 100 * day
    const from = isRevoked ? start + 100 * day : at + 59 * day
    return { start: from, end: from + 2 * day, explanation: undefined }
  }
  world.issuing.configure(new Set(names))
  await advance(world.issuing, world.clock, start + 104 * day)
  for (const { notBefore } of world.folder.certificates.values()) assert.ok(notBefore > start + 99 * day)
  await advance(world.issuing, world.clock, start + 200 * day)
  const { orders } = world.authority
  assert.equal(world.told('ended').length, 0)
  assert.ok(orders.length <= 5 * names.length, `${orders.length}`)
  assert.ok(mostIn(orders, hour) <= 40 && mostIn(orders, day) <= 100 && mostIn(orders, 7 * day) <= 400)
})
