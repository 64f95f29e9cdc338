import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../core/limits.ts'
import { createPace, type Loop } from './pace.ts'

/** An event loop whose time passes when told, and others who ask something in its turns. */
function createFakeLoop() {
  let next: (() => void)[] = []
  let now = 0
  let answers = 0
  const loop: Loop = {
    onNextTurn: (calls) => void next.push(...calls),
    now: () => now,
  }
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  const turn = async () => {
    const due = next
    next = []
    for (const one of due) {
      one()
      await new Promise((resolve) => setImmediate(resolve)) // all that it set off
    }
  }
  return {
    ...{ loop, pass, others: () => answers },
    answer() {
      answers++
    },
    /** A turn in which others are answered first, which takes so long. */
    async busyTurn(milliseconds: number) {
      pass(milliseconds)
      answers++
      await turn()
    },
    /** A turn in which nobody else wants anything. */
    async calmTurn(milliseconds = 0) {
      pass(milliseconds)
      await turn()
    },
    isIdle: () => next.length === 0,
  }
}

/** Lookups that each take so long once it is their turn; in the order in which they went. */
function createLookups(count: number, tookMs: number) {
  const fake = createFakeLoop()
  const pace = createPace(fake)
  const went: number[] = []
  assert.equal(pace.take(), undefined)
  for (let one = 0; one < count; one++) {
    const go = async () => {
      await pace.take()
      went.push(one)
      fake.pass(tookMs)
    }
    void go()
  }
  return { ...fake, pace, went }
}

const { othersFirstMs, othersPauseMs, repliesInTurn, turnMs } = limits.resolver

test('one goes at once, a few of the others in each turn of the loop, in order', async () => {
  const pace = createPace()
  let turn = 0
  let counting = setImmediate(function count() {
    turn++
    counting = setImmediate(count)
  })
  const went: [one: number, turn: number][] = []
  assert.equal(pace.take(), undefined)
  const ones = Array.from({ length: 3 * repliesInTurn }, (_, one) => one)
  const others = ones.map((one) => pace.take()?.then(() => went.push([one, turn])))
  assert.ok(others.every((other) => other !== undefined))
  assert.equal(pace.waiting, ones.length)
  await Promise.all(others)
  clearImmediate(counting)
  assert.deepEqual(
    went.map(([one]) => one),
    ones,
  )
  const inEach = Map.groupBy(went, ([, at]) => at).values()
  assert.ok([...inEach].every(({ length }) => length <= repliesInTurn))
  assert.equal(pace.waiting, 0)
})

test('what one sets off is done before the next goes, in the same turn too', async () => {
  const pace = createPace()
  const order: string[] = []
  assert.equal(pace.take(), undefined)
  const work = async (name: string) => {
    await pace.take()
    order.push(`${name} begins`)
    for (let step = 0; step < 5; step++) await Promise.resolve()
    order.push(`${name} ends`)
  }
  await Promise.all(['one', 'another'].map(work))
  assert.deepEqual(order, ['one begins', 'one ends', 'another begins', 'another ends'])
})

for (const [claim, tookMs, inEach] of [
  ['those that take no time', 0, repliesInTurn],
  ['those that take half of a turn', turnMs / 2, 2],
  ['one that takes a whole turn', turnMs, 1],
  ['one that takes long', 100 * turnMs, 1],
] as const) {
  test(`a turn is for ${inEach} of ${claim}`, async () => {
    const { calmTurn, went } = createLookups(10, tookMs)
    await calmTurn()
    assert.equal(went.length, inEach)
    await calmTurn()
    assert.equal(went.length, 2 * inEach)
  })
}

test('it is known whether others have been asking of late', () => {
  const { loop, pass, others, answer } = createFakeLoop()
  const pace = createPace({ loop, others })
  pass(1)
  assert.equal(pace.hasOthers, false)
  answer()
  assert.equal(pace.hasOthers, true)
  pass(othersFirstMs)
  assert.equal(pace.hasOthers, true)
  pass(othersPauseMs)
  assert.equal(pace.hasOthers, false)
})

test('after a turn without anybody the next goes at once again', async () => {
  const fake = createFakeLoop()
  const pace = createPace(fake)
  assert.equal(pace.take(), undefined)
  assert.notEqual(pace.take(), undefined)
  await fake.calmTurn()
  assert.equal(fake.isIdle(), false)
  await fake.calmTurn()
  assert.equal(fake.isIdle(), true, 'the loop is kept busy for nobody')
  assert.equal(pace.take(), undefined)
})

test('who is alone is called once a turn', async () => {
  let calls = 0
  const pace = createPace({
    loop: {
      onNextTurn(all) {
        calls += all.length
        for (const call of all) setImmediate(call)
      },
      now: () => 0,
    },
  })
  for (let turn = 1; turn <= 3; turn++) {
    assert.equal(pace.take(), undefined)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(calls, turn)
  }
})

test('after a turn that took long, others who keep asking come first for nine times as long', async () => {
  const { busyTurn, went } = createLookups(3, 1.1)
  await busyTurn(1)
  assert.deepEqual(went, [0])
  for (let turn = 0; turn < 9; turn++) await busyTurn(1)
  assert.deepEqual(went, [0], 'others had 9 ms after 1.1 ms')
  await busyTurn(1)
  assert.deepEqual(went, [0, 1])
})

test('others who ask again after a moment have not gone', async () => {
  const { busyTurn, calmTurn, went } = createLookups(2, 1)
  await busyTurn(othersPauseMs)
  assert.deepEqual(went, [0])
  for (let turn = 0; turn < 4; turn++) {
    await busyTurn(othersPauseMs / 2)
    await calmTurn(othersPauseMs / 2)
  }
  assert.deepEqual(went, [0])
})

test('lookups have the whole thread as soon as nobody else asks for anything', async () => {
  const { busyTurn, calmTurn, went } = createLookups(5, 3)
  await busyTurn(1)
  await busyTurn(1)
  assert.deepEqual(went, [0])
  await calmTurn(2 * othersPauseMs)
  assert.deepEqual(went, [0, 1])
  for (let turn = 0; turn < 3; turn++) await calmTurn()
  assert.deepEqual(went, [0, 1, 2, 3, 4])
})

test('where nobody else is known to be there, nobody is waited for', async () => {
  const { loop, calmTurn, pass } = createFakeLoop()
  const pace = createPace({ loop })
  let went = 0
  const go = () => {
    went++
    pass(5)
  }
  assert.equal(pace.take(), undefined)
  for (let one = 0; one < 3; one++) void pace.take()?.then(go)
  for (let turn = 0; turn < 3; turn++) await calmTurn(1)
  assert.equal(went, 3)
})

test('no pause of the process holds lookups up for longer than their limit', async () => {
  const { busyTurn, went } = createLookups(2, 60_000)
  await busyTurn(1)
  await busyTurn(othersFirstMs - 1)
  assert.deepEqual(went, [0])
  await busyTurn(1)
  assert.deepEqual(went, [0, 1])
})

test('of a thread that is never idle lookups have a tenth, whatever each of them takes', async () => {
  for (const tookMs of [0.1, 0.3, 0.7, 1.1]) {
    const turnOf = tookMs * Math.min(repliesInTurn, Math.ceil(turnMs / tookMs))
    const { busyTurn, went } = createLookups(1000, tookMs)
    const othersMs = 0.3
    let turns = 0
    for (; went.length < 50; turns++) await busyTurn(othersMs)
    const part = (50 * tookMs) / (50 * tookMs + turns * othersMs)
    // A turn of the others is never cut short.
    assert.ok(part < 0.105 && part >= turnOf / (10 * turnOf + 2 * othersMs), `${tookMs} ms each: ${part}`)
  }
})
