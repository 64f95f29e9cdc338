// A resolver that lives while the keys of the root change, and those after it with what it remembered. RFC 5011
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { readDs } from '../../src/core/dns/rdata/records.ts'
import { rootName } from '../../src/core/name/name.ts'
import type { After } from '../../src/io/resolver/anchor-refresh.ts'
import type { ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import { dsRdata } from '../support/dnssec-vectors.ts'
import { movedClock } from '../support/moved-clock.ts'
import { makeKey, type TestKey } from '../support/sign.ts'
import { memoryResolver, start } from './memory-resolver.ts'
import { anchorOf, revoke, rollingRoot } from './rolling-root.ts'
import { verdictOf } from './signed-world.ts'

const [old, young] = [makeKey(13), makeKey(13)]
const day = 86_400
const mismatch = 'bogus: no key matches the trust anchors of .'

/** Timers that ring when a test says so. */
function handTimers() {
  const waiting: { milliseconds: number; callBack: () => void }[] = []
  const after: After = (milliseconds, callBack) => {
    const timer = { milliseconds, callBack }
    waiting.push(timer)
    return () => waiting.splice(waiting.indexOf(timer), 1)
  }
  return { waiting, after, ring: () => waiting.shift()?.callBack() }
}

function living(context: TestContext, given: Partial<ResolverOptions> = {}, at = start) {
  const clock = movedClock(at)
  const root = rollingRoot(() => Math.floor(clock.now() / 1000))
  root.publish([old], [old])
  const timers = handTimers()
  const warnings: string[] = []
  const resolver = memoryResolver(root.server, {
    ...{ clock, trustAnchors: [anchorOf(old)], updateAnchors: true, after: timers.after },
    ...{ onWarning: (warning) => warnings.push(warning), ...given },
  })
  context.after(() => resolver.close())
  return {
    ...{ clock, root, timers, warnings, resolver },
    verdict: async () => verdictOf(await resolver.ask('. TXT')),
    /** Lets a day pass, with a lookup at its end. */
    async pass(days: number) {
      for (let count = 0; count < days; count++) {
        clock.move(day)
        await resolver.ask('. TXT')
      }
    },
  }
}

/** A digest of the key, as an operator gets it from IANA. */
function dsAnchorOf(key: TestKey) {
  const ds = readDs(dsRdata(rootName, key))
  assert.ok(ds.ok)
  return { kind: 'ds', owner: rootName, ds: ds.value } as const
}

function storeIn(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-anchors-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'store.sqlite')
}

test('DNSSEC-08 a new key is trusted after 30 days of lookups, and may then sign alone', async (context) => {
  const { root, warnings, verdict, pass } = living(context)
  assert.equal(await verdict(), 'secure')
  root.publish([old, young], [old])
  await pass(29)
  root.publish([young], [young])
  await pass(2) // past what was remembered
  assert.equal(await verdict(), mismatch)
  root.publish([old, young], [old])
  await pass(1)
  assert.equal(await verdict(), 'secure')
  await pass(31)
  root.publish([young], [young])
  await pass(2)
  assert.equal(await verdict(), 'secure')
  assert.deepEqual(
    warnings.map((warning) =>
      warning.replace(/^key (\d+) \(algorithm 13\) of \.,?/, (_, tag) =>
        Number(tag) === young.keyTag ? 'young' : 'old',
      ),
    ),
    [
      'young is new: nothing here lives long enough to trust it one day; a store would, or a newer release',
      'young is a trust anchor from now on (RFC 5011)',
      'old is a trust anchor, and is no longer among the keys of the zone',
    ],
  )
})

test('DNSSEC-08 anchors of an operator stay as they are unless asked, and what goes on is told', async (context) => {
  const { root, warnings, verdict, pass, timers } = living(context, { updateAnchors: undefined })
  assert.equal(await verdict(), 'secure')
  assert.equal(timers.waiting.length, 0)
  root.publish([old, young], [old])
  await pass(60)
  assert.deepEqual(warnings, [
    `key ${young.keyTag} (algorithm 13) of . is no trust anchor here: its owner may be about to change keys`,
  ])
  root.publish([young], [young])
  await pass(2)
  assert.equal(await verdict(), mismatch)
})

test('DNSSEC-08 a revoked key counts no more at once, and what it vouched for is forgotten', async (context) => {
  const { root, clock, timers, warnings, verdict, resolver } = living(context, {
    trustAnchors: [anchorOf(old), anchorOf(young)],
  })
  const half = day / 2
  root.publish([old, young], [old], half)
  assert.equal(await verdict(), 'secure')
  assert.equal(resolver.anchorChanges(), 0)
  root.publish([revoke(old), young], [revoke(old), young], half)
  clock.move(half / 2) // when half of the life of the signatures is over, it is time to look
  timers.ring()
  await settled()
  assert.match(warnings.join(), new RegExp(`^key ${old.keyTag} .* was revoked by its owner, and is no trust anchor`))
  assert.equal(resolver.anchorChanges(), 1, 'who decided by it has to decide anew')
  root.publish([old], [old], half)
  assert.equal(await verdict(), mismatch, 'whoever has the revoked key cannot use it any more')
  root.publish([young], [young], half)
  clock.move(61)
  assert.equal(await verdict(), 'secure')
})

test('DNSSEC-08 RFC 9718 §2.2: anchors count in their time alone, in a process that lives on', async (context) => {
  const timed = (key: TestKey, from: number, until?: number) => {
    const period = { from: start + from * 1000, until: until === undefined ? undefined : start + until * 1000 }
    return { ...dsAnchorOf(key), period }
  }
  const { root, clock, warnings, verdict } = living(context, {
    trustAnchors: [timed(old, -1, 100), timed(young, 50, 200)],
    updateAnchors: false,
  })
  root.publish([old, young], [young])
  assert.match(await verdict(), /^bogus/, 'the young one does not count yet')
  clock.move(61) // both count, and a failure is remembered no longer
  assert.equal(await verdict(), 'secure')
  root.publish([old], [old])
  clock.move(40) // the old one counts no more, and what was proved by the young one is proved anew
  assert.equal(await verdict(), mismatch)
  root.publish([young], [young])
  clock.move(61)
  assert.equal(await verdict(), 'secure')
  assert.deepEqual(warnings, [])
  clock.move(100)
  assert.equal(await verdict(), mismatch, 'no anchor left makes nothing unsigned')
  assert.deepEqual(warnings, ['no trust anchor of . counts at this time: all names below it fail, and mail waits'])
  clock.move(-100)
  assert.equal(await verdict(), 'secure', 'a clock that was ahead takes nothing away for good')
})

test('DNSSEC-08 where anchors are followed those begin that count at the start', async (context) => {
  const period = { from: start - 2000, until: start - 1000 }
  const gone = { ...dsAnchorOf(old), period }
  const one = living(context, { trustAnchors: [gone, anchorOf(young)] })
  one.root.publish([old, young], [old])
  assert.match(await one.verdict(), /^bogus/)
  const none = living(context, { trustAnchors: [gone] })
  assert.equal(await none.verdict(), mismatch)
  assert.deepEqual(none.warnings, ['no trust anchor of . counts at this time: all names below it fail, and mail waits'])
})

test('DNSSEC-08 when every key is revoked everything is bogus, and never insecure', async (context) => {
  const { root, clock, warnings, verdict } = living(context)
  assert.equal(await verdict(), 'secure')
  root.publish([revoke(old), young], [revoke(old), young])
  clock.move(day + 1)
  assert.equal(await verdict(), mismatch)
  assert.match(warnings.at(-1) ?? '', /^every trust anchor of \. is revoked: all names below it fail, and mail waits/)
  root.publish([old], [old])
  clock.move(61)
  assert.equal(await verdict(), mismatch)
})

test('DNSSEC-08 RES-48: what was learnt outlives the process, and stays lost what was revoked', async (context) => {
  const path = storeIn(context)
  let at = start
  /** A process of its own, that looks once. */
  const run = async (keys: readonly TestKey[], by: readonly TestKey[], days: number) => {
    at += days * day * 1000
    const store = openStore(path)
    const { root, verdict, resolver, warnings } = living(context, { trustPoints: () => store.trustPoints }, at)
    root.publish(keys, by)
    const found = await verdict()
    await resolver.close()
    await store.close()
    return { found, asked: root.asked(), warnings }
  }
  const first = await run([old, young], [old], 0)
  assert.deepEqual([first.found, first.warnings.length], ['secure', 1])
  assert.match(
    first.warnings.join(),
    /it becomes a trust anchor if it is still there 2026-07-31T00:00:00Z \(RFC 5011\)$/,
  )
  assert.deepEqual(await run([old, young], [old], 15), { found: 'secure', asked: 1, warnings: [] })
  assert.match((await run([old, young], [old], 16)).warnings.join(), /is a trust anchor from now on/)
  assert.equal((await run([revoke(old), young], [revoke(old), young], 2)).found, 'secure')
  assert.equal((await run([old], [old], 0)).found, mismatch)
  assert.equal((await run([young], [young], 40)).found, 'secure')
})

test('DNSSEC-08 what was saved is no look at the keys, and is proved by the anchors in force alone', async (context) => {
  const path = storeIn(context)
  const store = openStore(path)
  const half = day / 2
  const given = {
    ...{ trustAnchors: [anchorOf(old), anchorOf(young)], cacheFile: `${path}-cache` },
    trustPoints: () => store.trustPoints,
  }
  const first = living(context, given)
  first.root.publish([old, young], [old], half)
  assert.equal(await first.verdict(), 'secure')
  await first.resolver.close()

  const second = living(context, given, start + (half / 2 + 60) * 1000)
  const observedAt = () => second.resolver.trustPoints().map((point) => point.observedAt)
  second.root.publish([revoke(old), young], [revoke(old), young], half)
  assert.equal(await second.verdict(), 'secure')
  assert.deepEqual([second.root.asked(), observedAt()], [0, [start / 1000]], 'of saved keys, when it is time to look')
  second.timers.ring()
  await settled()
  assert.deepEqual([second.root.asked(), observedAt()], [1, [second.clock.now() / 1000]])
  assert.match(second.warnings.join(), new RegExp(`^key ${old.keyTag} .* was revoked by its owner`))
  second.root.publish([old], [old], half)
  assert.match(await second.verdict(), /^bogus: /, 'nothing that was saved counts by the key that is revoked')
  await second.resolver.close()
  await store.close()
})

test('RES-48: a damaged store means to begin with the anchors that were given, and never without', async (context) => {
  const path = storeIn(context)
  const look = async () => {
    const store = openStore(path)
    const one = living(context, { trustPoints: () => store.trustPoints })
    const found = await one.verdict()
    await one.resolver.close()
    await store.close()
    return found
  }
  assert.equal(await look(), 'secure')
  const database = new DatabaseSync(path)
  assert.equal(database.prepare('SELECT owner FROM trust_points').all().length, 1)
  database.exec(`UPDATE trust_points SET state = '{}'`)
  database.close()
  assert.equal(await look(), 'secure')
})

test('DNSSEC-08 other anchors of an operator begin anew, and never count with those before', async (context) => {
  const path = storeIn(context)
  const store = openStore(path)
  const trustPoints = () => store.trustPoints
  assert.equal(await living(context, { trustPoints }).verdict(), 'secure')
  const other = living(context, { trustPoints, trustAnchors: [anchorOf(young)] })
  assert.equal(await other.verdict(), mismatch)
  other.root.publish([young], [young])
  other.clock.move(61)
  assert.equal(await other.verdict(), 'secure')
  await other.resolver.close()
  await store.close()
})

test('DNSSEC-08 a resolver that nobody asks looks at the keys when it is time, and not before', async (context) => {
  const { root, clock, timers, warnings, verdict } = living(context)
  assert.equal(timers.waiting.length, 0, 'nothing is asked before a lookup')
  assert.equal(await verdict(), 'secure')
  assert.equal(root.asked(), 1, 'a cold lookup asks for the keys once')
  root.publish([old, young], [old])
  const hours: number[] = []
  for (let hour = 1; hour <= 31 * 24; hour++) {
    clock.move(3600)
    const before = root.asked()
    timers.ring()
    await settled()
    if (root.asked() > before) hours.push(hour)
    assert.equal(timers.waiting.length, 1)
    assert.ok(Number(timers.waiting[0]?.milliseconds) <= 3_600_000)
  }
  // Half the TTL of two days, by RFC 5011 §2.3.
  assert.deepEqual(hours.slice(0, 3), [24, 48, 72])
  assert.match(warnings.at(-1) ?? '', /is a trust anchor from now on/)
  root.publish([young], [young])
  clock.move(2 * day)
  assert.equal(await verdict(), 'secure')
})

test('DNSSEC-08 a look that fails is made again soon, from another source, and long failure is told once', async (context) => {
  const { root, clock, timers, warnings, verdict } = living(context)
  assert.equal(await verdict(), 'secure')
  root.publish([young], [young])
  const days: number[] = []
  for (let hour = 1; hour <= 20 * 24; hour++) {
    clock.move(3600)
    const before = root.asked()
    timers.ring()
    await settled()
    if (root.asked() > before) days.push(hour / 24)
  }
  // After one day, then after a tenth of the TTL each, rounded up to the hour at which the clock is looked at.
  assert.equal(days[0], 1)
  assert.ok(days.length > 80 && days.length < 110, `${days.length} looks`)
  assert.equal(warnings.length, 1)
  assert.match(
    warnings[0] ?? '',
    /^the keys of \. could not be verified since 2026-07-01T00:00:00Z, so that new ones are missed: /,
  )
})

test('RES-47: close takes the timer away, ends a look under way, and none begins after it', async (context) => {
  const { clock, timers, resolver, verdict } = living(context)
  assert.equal(await verdict(), 'secure')
  assert.equal(timers.waiting.length, 1)
  await resolver.close()
  assert.equal(timers.waiting.length, 0)

  const other = living(context)
  assert.equal(await other.verdict(), 'secure')
  other.root.publish([], [])
  clock.move(2 * day)
  other.clock.move(2 * day)
  other.timers.ring()
  await other.resolver.close()
  await settled()
  assert.equal(other.timers.waiting.length, 0)
})

/** Until all that can be done now is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done))
}
