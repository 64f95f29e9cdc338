import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { makeKey, nameOf, now, rrsetOf, signRrset, type TestKey, zoneKey } from '../../../test/support/sign.ts'
import type { Rrset } from '../../core/dns/rrset.ts'
import { type Budget, createBudget } from '../../core/dnssec/budget.ts'
import { type CheckResult, makeCheck } from '../../core/dnssec/checking.ts'
import { createPolicy } from '../../core/dnssec/policy.ts'
import { verifyRrset, verifyRrsetInSteps } from '../../core/dnssec/signature.ts'
import { readZoneKey, type ZoneKey } from '../../core/dnssec/zone-key.ts'
import { limits } from '../../core/limits.ts'
import { Stop } from '../stop.ts'
import type { SharedCheck } from './check-ring.ts'
import { type CheckThread, type StartThread, startCheckThread, type ThreadOptions } from './check-thread.ts'
import type { Pace } from './pace.ts'
import { createSpreadChecks } from './signature-checks.ts'

const zone = nameOf('example.')
const key = makeKey(13)
const signed = signRrset(rrsetOf('a.example. A 192.0.2.1'), key, zone)
const many: number = limits.resolver.waitingUntilSpread

/** So many wait, and nobody has to. */
function createFakePace(waiting = many) {
  const pace = { waiting, taken: 0, hasOthers: false, take: () => void pace.taken++ }
  return pace satisfies Pace
}

const policy = createPolicy({ allowSha1: true })

/** As the real one makes them. */
function makeShared({ key: rdata, data, signature }: SharedCheck): CheckResult {
  const read = readZoneKey(rdata)
  assert.ok(read)
  return makeCheck({ key: read, data, signature, policy })
}

/** A thread that makes its checks when it is told, and waits for that. */
function createFakeThread(make: (check: SharedCheck) => CheckResult | undefined = makeShared) {
  const asked: SharedCheck[] = []
  let made: (CheckResult | undefined)[] = []
  let isWaited = false
  let options: ThreadOptions | undefined
  const state = { starts: 0, isClosed: false, isFull: false, isUnhurried: false }
  const start: StartThread = (given): CheckThread => {
    options = given
    state.starts++
    return {
      ask(check) {
        if (state.isFull) return false
        asked.push(check)
        return true
      },
      takeTime(isUnhurried) {
        state.isUnhurried = isUnhurried
      },
      collect: () => made.splice(0),
      waitForNext() {
        isWaited = made.length === 0
        return isWaited
      },
      close: async () => {
        state.isClosed = true
      },
    }
  }
  return {
    ...{ asked, state, start },
    work() {
      made = made.concat(asked.splice(0).map(make))
      if (isWaited) options?.onNews()
      isWaited = false
    },
    die: (why?: Error) => options?.onGone(why),
  }
}

const oneTurn = () => new Promise((resolve) => setImmediate(resolve))

function optionsFor(keys: readonly ZoneKey[], budget: Budget = createBudget()) {
  return { zone, keys, now, policy: createPolicy(), budget }
}

function garbled(rrset: Rrset, count: number): Rrset['signatures'] {
  return rrset.signatures.flatMap((signature) =>
    Array.from({ length: count }, (_, at) => ({
      ...signature,
      signature: Uint8Array.from(signature.signature, (octet, place) => (place === at ? octet ^ 1 : octet)),
    })),
  )
}

/** An RRset whose key is not one: it has the tag and a point off the curve. */
function withoutKey({ algorithm, publicKey }: TestKey): ZoneKey {
  return zoneKey({ algorithm, publicKey: Buffer.concat([publicKey.subarray(2), publicKey.subarray(0, 2)]) })
}

const cases: [claim: string, rrset: Rrset, keys: readonly ZoneKey[]][] = [
  ['a good signature', signed, [key]],
  ['a wrong signature', { ...signed, signatures: garbled(signed, 1) }, [key]],
  [
    'a good signature behind wrong ones',
    { ...signed, signatures: [...garbled(signed, 5), ...signed.signatures] },
    [key],
  ],
  [
    'more wrong ones than may be tried',
    { ...signed, signatures: [...garbled(signed, 9), ...signed.signatures] },
    [key],
  ],
  ['a key that is none, beside the right one', signed, [withoutKey(key), key]],
  ['keys that are none', signed, [withoutKey(key)]],
  ['a signature of the wrong length', withLength(signed, 63), [key]],
  ['no signature', { ...signed, signatures: [] }, [key]],
]

function withLength(rrset: Rrset, length: number): Rrset {
  const signatures = rrset.signatures.map((one) => ({ ...one, signature: one.signature.subarray(0, length) }))
  return { ...rrset, signatures }
}

for (const [claim, rrset, keys] of cases) {
  test(`DNSSEC-62 with ${claim}, another thread comes to the same verdict at the same cost`, async () => {
    const here = optionsFor(keys)
    const expected = verifyRrset(rrset, here)
    const thread = createFakeThread()
    const checks = createSpreadChecks({ pace: createFakePace(), processors: 2, startThread: thread.start })
    const there = optionsFor(keys)
    const verdict = checks.run(verifyRrsetInSteps(rrset, there), new Stop())
    for (let turn = 0; thread.asked.length > 0; turn++) {
      assert.ok(turn < limits.dnssec.signaturesPerRrset)
      assert.equal(there.budget.spent.checks, turn + 1, 'a check was made that had not been counted')
      thread.work()
      await oneTurn()
      await oneTurn()
    }
    assert.deepEqual(await verdict, expected)
    assert.deepEqual(there.budget.spent, here.budget.spent)
    await checks.close()
  })
}

test('DNSSEC-62 CVE-2023-50387 the checks of one question end with its budget, wherever they are made', async () => {
  const thread = createFakeThread()
  const checks = createSpreadChecks({ pace: createFakePace(), processors: 2, startThread: thread.start })
  const options = optionsFor([key])
  const bad = { ...signed, signatures: garbled(signed, 8) }
  const kinds: string[] = []
  let made = 0
  for (let one = 0; one < 4; one++) {
    const judged = Promise.resolve(checks.run(verifyRrsetInSteps(bad, options), new Stop()))
    for (; thread.asked.length > 0; made++) {
      thread.work()
      await oneTurn()
      await oneTurn()
    }
    const verdict = await judged
    kinds.push(verdict.verdict === 'bogus' ? verdict.problem.kind : verdict.verdict)
  }
  assert.deepEqual(kinds, ['wrong-signature', 'wrong-signature', 'limit', 'limit'])
  assert.equal(made, limits.dnssec.failedChecks)
})

const sparing: [claim: string, waiting: number, processors: number, starts: number][] = [
  ['few lookups wait', many - 1, 2, 0],
  ['there is one processor', many, 1, 0],
  ['many lookups wait', many, 2, 1],
]
for (const [claim, waiting, processors, starts] of sparing) {
  test(`when ${claim}, ${starts === 0 ? 'no' : 'another'} thread is asked`, async () => {
    const thread = createFakeThread()
    const checks = createSpreadChecks({ pace: createFakePace(waiting), processors, startThread: thread.start })
    const judged = checks.run(verifyRrsetInSteps(signed, optionsFor([key])), new Stop())
    assert.equal(thread.state.starts, starts)
    assert.equal(judged instanceof Promise, starts > 0)
    thread.work()
    assert.equal((await judged).verdict, 'secure')
    await checks.close()
    assert.equal(thread.state.isClosed, starts > 0)
  })
}

test('the thread takes its time while others keep asking, and not when they have gone', async () => {
  const thread = createFakeThread()
  const pace = createFakePace()
  const checks = createSpreadChecks({ pace, processors: 2, startThread: thread.start })
  for (const hasOthers of [false, true, true, false]) {
    pace.hasOthers = hasOthers
    const judged = checks.run(verifyRrsetInSteps(signed, optionsFor([key])), new Stop())
    assert.equal(thread.state.isUnhurried, hasOthers)
    assert.equal(thread.asked.length, 1)
    thread.work()
    assert.equal((await judged).verdict, 'secure')
  }
})

test('a thread that has enough to do, or has not started yet, is not waited for', () => {
  const thread = createFakeThread()
  thread.state.isFull = true
  const checks = createSpreadChecks({ pace: createFakePace(), processors: 2, startThread: thread.start })
  const judged = checks.run(verifyRrsetInSteps(signed, optionsFor([key])), new Stop())
  assert.equal(judged instanceof Promise ? undefined : judged.verdict, 'secure')
})

test('what comes of it takes its turn as what a reply sets off does', async () => {
  const thread = createFakeThread()
  const pace = createFakePace()
  const gate = Promise.withResolvers<undefined>()
  const checks = createSpreadChecks({
    ...{ processors: 2, startThread: thread.start },
    pace: { waiting: many, hasOthers: false, take: () => gate.promise },
  })
  const order: string[] = []
  const judged = Promise.resolve(checks.run(verifyRrsetInSteps(signed, optionsFor([key])), new Stop()))
  const told = judged.then(() => order.push('judged'))
  thread.work()
  for (let turn = 0; turn < 3; turn++) await oneTurn()
  order.push('its turn')
  gate.resolve(undefined)
  await told
  assert.deepEqual(order, ['its turn', 'judged'])
  assert.equal(pace.taken, 0)
})

for (const [claim, rrset, verdict] of [
  ['a good signature', signed, 'secure'],
  ['a wrong one', { ...signed, signatures: garbled(signed, 1) }, 'bogus'],
] as const) {
  test(`what a thread cannot find out of ${claim} is found out here`, async () => {
    const thread = createFakeThread(() => undefined)
    const checks = createSpreadChecks({ pace: createFakePace(), processors: 2, startThread: thread.start })
    const judged = checks.run(verifyRrsetInSteps(rrset, optionsFor([key])), new Stop())
    thread.work()
    assert.equal((await judged).verdict, verdict)
  })

  test(`when the thread is gone, ${claim} that it was asked about is checked here, and so are all others`, async () => {
    const thread = createFakeThread()
    const warnings: string[] = []
    const pace = createFakePace()
    const onWarning = (text: string) => warnings.push(text)
    const checks = createSpreadChecks({ pace, processors: 2, startThread: thread.start, onWarning })
    const judged = checks.run(verifyRrsetInSteps(rrset, optionsFor([key])), new Stop())
    thread.die(new Error('no memory'))
    assert.equal((await judged).verdict, verdict)
    const later = checks.run(verifyRrsetInSteps(rrset, optionsFor([key])), new Stop())
    assert.equal(later instanceof Promise ? undefined : later.verdict, verdict)
    assert.equal(thread.state.starts, 1)
    assert.deepEqual(warnings, ['the thread for signature checks has ended, all are made by one: no memory'])
  })
}

test('who gives up is told why, nothing more of it is checked, and others get their results', async () => {
  const thread = createFakeThread()
  const checks = createSpreadChecks({ pace: createFakePace(), processors: 2, startThread: thread.start })
  const stop = new Stop()
  const options = optionsFor([key])
  const bad = { ...signed, signatures: garbled(signed, 3) }
  const given = Promise.resolve(checks.run(verifyRrsetInSteps(bad, options), stop))
  const other = checks.run(verifyRrsetInSteps(signed, optionsFor([key])), new Stop())
  stop.abort('timeout')
  thread.work()
  await assert.rejects(given, (error) => error === 'timeout')
  assert.equal((await other).verdict, 'secure')
  assert.deepEqual(options.budget.spent, { checks: 1, failedChecks: 0, nsec3Blocks: 0 })
  assert.deepEqual(thread.asked, [])
})

test('a result is looked for in each turn while others wait, and told of when nobody does', async () => {
  const thread = createFakeThread()
  const pace = createFakePace()
  const checks = createSpreadChecks({ pace, processors: 2, startThread: thread.start })
  const first = checks.run(verifyRrsetInSteps(signed, optionsFor([key])), new Stop())
  await oneTurn()
  thread.work()
  assert.equal((await first).verdict, 'secure')
  const second = checks.run(verifyRrsetInSteps(signed, optionsFor([key])), new Stop())
  pace.waiting = 0
  await oneTurn()
  thread.work()
  assert.equal((await second).verdict, 'secure')
})

test('a real thread tells good signatures from bad ones, of every algorithm', async () => {
  const news = Promise.withResolvers<undefined>()
  const thread = startCheckThread({ onNews: () => news.resolve(undefined), onGone: (why) => assert.fail(why) })
  const collected: (CheckResult | undefined)[] = []
  const expected: CheckResult[] = []
  const askOne = async (check: SharedCheck) => {
    while (!thread.ask(check)) await oneTurn() // it is being started
  }
  for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
    const one = makeKey(algorithm)
    const data = Buffer.from(`data of ${algorithm}`)
    const signature = one.sign(data)
    const wrong = Uint8Array.from(signature, (octet, at) => (at === 8 ? octet ^ 1 : octet))
    const none = zoneKey({ algorithm, publicKey: one.publicKey.subarray(0, 7) }).rdata
    await askOne({ key: one.rdata, data, signature })
    await askOne({ key: one.rdata, data, signature: wrong })
    await askOne({ key: none, data, signature })
    expected.push('right', 'wrong', 'no-key')
  }
  if (thread.waitForNext()) await news.promise
  while (collected.length < expected.length) {
    collected.push(...thread.collect())
    await oneTurn()
  }
  assert.deepEqual(collected, expected)
  await thread.close()
})

for (const [claim, collect] of [
  ['stays for a check that is waited for', 'if (!thread.waitForNext()) console.log(thread.collect())'],
  [
    'does not stay for a thread that has nothing to do',
    'let made = []; while (made.length === 0) { await turn(); made = thread.collect() } console.log(made)',
  ],
]) {
  test(`the process ${claim}`, () => {
    const program = `
      import { startCheckThread } from ${JSON.stringify(new URL('check-thread.ts', import.meta.url).href)}
      const turn = () => new Promise((resolve) => setImmediate(resolve))
      const check = { key: new Uint8Array(8), data: new Uint8Array(8), signature: new Uint8Array(8) }
      const thread = startCheckThread({ onNews: () => console.log(thread.collect()), onGone: (why) => { throw why } })
      while (!thread.ask(check)) await turn()
      ${collect}
    `
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    assert.deepEqual([ended.stdout, ended.stderr, ended.status], ["[ 'no-key' ]\n", '', 0])
  })
}
