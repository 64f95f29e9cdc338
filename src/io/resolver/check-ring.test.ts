import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { CheckResult } from '../../core/dnssec/checking.ts'
import { limits } from '../../core/limits.ts'
import { createCheckRing, openAskingEnd, openMakingEnd, type SharedCheck } from './check-ring.ts'

const { checksApart: ringSlots, checkOctets: slotOctets, checkPauseMs } = limits.resolver

const outcomes: readonly (CheckResult | undefined)[] = ['right', 'wrong', 'no-key', undefined]

function checkOf(number: number): SharedCheck {
  return { key: Buffer.from(`key ${number}`), data: Buffer.from(`d${number}`), signature: Buffer.from([number & 255]) }
}

/** Both ends in one thread; what came of a check depends on its number. */
function createEnds() {
  const ring = createCheckRing()
  const asking = openAskingEnd(ring)
  const met: string[] = []
  const told: number[] = []
  const open = () =>
    openMakingEnd(
      ring,
      ({ key, data, signature }) => {
        met.push(`${Buffer.from(key)} ${Buffer.from(data)} ${signature.join()}`)
        return outcomes[(signature[0] ?? 0) % outcomes.length]
      },
      () => told.push(met.length),
    )
  return { asking, open, met, told }
}

test('results come in the order of asking, however often the ring has gone round', () => {
  const { asking, open, met } = createEnds()
  const making = open()
  for (let number = 0; number < 10 * ringSlots; ) {
    const count = 1 + (number % ringSlots)
    const numbers = Array.from({ length: count }, () => number++)
    assert.ok(numbers.every((one) => asking.ask(checkOf(one))))
    assert.deepEqual(asking.collect(), [])
    making.waitForMore() // does not block: there is something to do
    making.makeAll()
    assert.deepEqual(
      asking.collect(),
      numbers.map((one) => outcomes[(one & 255) % outcomes.length]),
    )
    assert.deepEqual(
      met.splice(0),
      numbers.map((one) => `key ${one} d${one} ${one & 255}`),
    )
  }
})

test('no more is taken than there are slots, until results have been collected', () => {
  const { asking, open } = createEnds()
  const making = open()
  for (let number = 0; number < ringSlots; number++) assert.equal(asking.ask(checkOf(number)), true)
  assert.equal(asking.ask(checkOf(0)), false)
  making.makeAll()
  assert.equal(asking.ask(checkOf(0)), false, 'a result was written over')
  assert.equal(asking.collect().length, ringSlots)
  assert.equal(asking.ask(checkOf(0)), true)
})

test('a check that is longer than a slot is not taken, and one that just fits is', () => {
  const { asking, open, met } = createEnds()
  const making = open()
  const { key, signature } = checkOf(1)
  const room = slotOctets - key.length - signature.length
  assert.equal(asking.ask({ key, data: new Uint8Array(room + 1), signature }), false)
  assert.equal(asking.ask({ key, data: Buffer.alloc(room, 'a'), signature }), true)
  assert.equal(asking.ask(checkOf(2)), true)
  making.makeAll()
  assert.deepEqual(met, [`key 1 ${'a'.repeat(room)} 1`, 'key 2 d2 2'])
})

test('it is known whether the other end is there', () => {
  const { asking, open } = createEnds()
  assert.equal(asking.isServed(), false)
  open()
  assert.equal(asking.isServed(), true)
})

test('who waits is told of the next result, once; who comes too late need not wait', () => {
  const { asking, open, told } = createEnds()
  const making = open()
  asking.ask(checkOf(1))
  making.makeAll()
  assert.deepEqual(told, [])
  assert.equal(asking.waitForNext(), false)
  asking.collect()
  assert.equal(asking.waitForNext(), true)
  asking.ask(checkOf(2))
  asking.ask(checkOf(3))
  making.makeAll()
  assert.deepEqual(told, [2])
})

test('who is told to take time pauses after each check, until told otherwise', () => {
  const { asking, open, met } = createEnds()
  const making = open()
  const waits = mock.method(Atomics, 'wait', () => 'timed-out')
  try {
    const pausesFor = (isUnhurried: boolean) => {
      asking.takeTime(isUnhurried)
      for (let number = 0; number < 3; number++) asking.ask(checkOf(number))
      making.makeAll()
      asking.collect()
      const pauses = waits.mock.calls.map((call) => call.arguments.at(-1))
      waits.mock.resetCalls()
      return pauses
    }
    assert.deepEqual(pausesFor(false), [])
    assert.deepEqual(pausesFor(true), [checkPauseMs, checkPauseMs, checkPauseMs])
    assert.deepEqual(pausesFor(false), [])
    assert.equal(met.length, 9)
  } finally {
    waits.mock.restore()
  }
})
