import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../core/limits.ts'
import { createPace, type Loop } from './pace.ts'

/** An event loop whose time passes when told. */
function createFakeLoop() {
  let next: (() => void)[] = []
  let now = 0
  let events = 0
  const loop: Loop = {
    onNextTurn: (...both) => next.push(...both),
    now: () => now,
    events: () => events,
  }
  return {
    loop,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
    /** A turn in which others first have so much to do. */
    async turn(othersMs = 0) {
      now += othersMs
      if (othersMs > 0) events++
      const due = next
      next = []
      for (const one of due) {
        one()
        await new Promise((resolve) => setImmediate(resolve)) // all that it set off
      }
    },
    isIdle: () => next.length === 0,
  }
}

/** Lookups that each take so long once it is their turn; in the order in which they went. */
function createLookups(count: number, tookMs: number) {
  const fake = createFakeLoop()
  const pace = createPace(fake.loop)
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

test('one goes at once, each of the others in a turn of the loop of its own, in order', async () => {
  const pace = createPace()
  let turn = 0
  let counting = setImmediate(function count() {
    turn++
    counting = setImmediate(count)
  })
  const went: [name: string, turn: number][] = []
  assert.equal(pace.take(), undefined)
  const others = ['second', 'third', 'fourth'].map((name) => pace.take()?.then(() => went.push([name, turn])))
  assert.ok(others.every((other) => other !== undefined))
  assert.equal(pace.waiting, 3)
  await Promise.all(others)
  clearImmediate(counting)
  assert.deepEqual(
    went.map(([name]) => name),
    ['second', 'third', 'fourth'],
  )
  assert.equal(new Set(went.map(([, at]) => at)).size, 3, 'two went in one turn')
  assert.equal(pace.waiting, 0)
})

test('after a turn without anybody the next goes at once again', async () => {
  const fake = createFakeLoop()
  const pace = createPace(fake.loop)
  assert.equal(pace.take(), undefined)
  assert.notEqual(pace.take(), undefined)
  await fake.turn()
  assert.equal(fake.isIdle(), false)
  await fake.turn()
  assert.equal(fake.isIdle(), true, 'the loop is kept busy for nobody')
  assert.equal(pace.take(), undefined)
})

test('who had long waits until others had twice as long, when they have enough to do', async () => {
  const { turn, went } = createLookups(3, 3)
  await turn(1)
  assert.deepEqual(went, [0])
  for (let others = 0; others < 5; others++) await turn(1)
  assert.deepEqual(went, [0], 'others had 5 ms after 3 ms')
  await turn(1)
  assert.deepEqual(went, [0, 1])
})

test('lookups have the whole thread when nothing comes from outside', async () => {
  const { turn, went } = createLookups(4, 50)
  for (let one = 0; one < 4; one++) await turn()
  assert.deepEqual(went, [0, 1, 2, 3])
})

test('the first turn in which nothing has come ends the others’ time', async () => {
  const { turn, went } = createLookups(2, 5)
  await turn(1)
  await turn(1)
  assert.deepEqual(went, [0])
  await turn()
  assert.deepEqual(went, [0, 1])
})

test('no pause of the process holds lookups up for longer than their limit', async () => {
  const { turn, went } = createLookups(2, 60_000)
  await turn(1)
  await turn(limits.resolver.othersFirstMs - 1)
  assert.deepEqual(went, [0])
  await turn(1)
  assert.deepEqual(went, [0, 1])
})

test('of a thread that is never idle lookups have a third, whatever each of them takes', async () => {
  for (const tookMs of [0.1, 0.7, 2]) {
    const { turn, went } = createLookups(1000, tookMs)
    const othersMs = 0.3
    let turns = 0
    for (; went.length < 50; turns++) await turn(othersMs)
    const part = (50 * tookMs) / (50 * tookMs + turns * othersMs)
    // A turn of the others is never cut short.
    assert.ok(part <= 1 / 3 && part >= tookMs / (3 * tookMs + 2 * othersMs), `${tookMs} ms each: ${part}`)
  }
})
