import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plain } from '../../../test/fuzz/arbitrary-records.ts'
import { createFrameReader, frame } from './frames.ts'

const one = new Uint8Array(12).fill(1)
const two = new Uint8Array(300).fill(2)

/** The messages of a stream that comes in these chunks. */
function read(...chunks: readonly Uint8Array[]): Uint8Array[] {
  const reader = createFrameReader()
  const messages = chunks.flatMap((chunk) => {
    const pushed = reader.push(chunk)
    assert.ok(pushed.ok)
    return pushed.value
  })
  assert.deepEqual(reader.end(), { ok: true, value: undefined })
  return plain(messages)
}

test('WIRE-10: several messages in one chunk come apart', () => {
  assert.deepEqual(read(Buffer.concat([frame(one), frame(two)])), [one, two])
})

test('WIRE-10: messages that come an octet at a time come together', () => {
  const stream = Buffer.concat([frame(one), frame(two)])
  assert.deepEqual(read(...Array.from(stream, (octet) => Uint8Array.of(octet))), [one, two])
})

test('WIRE-10: messages of 12 and of 65535 octets are taken', () => {
  const largest = new Uint8Array(65535).fill(7)
  assert.deepEqual(read(frame(one), frame(largest)), [one, largest])
})

test('WIRE-10: a length under 12 is a fault, and says where', () => {
  for (let length = 0; length < 12; length++) {
    const pushed = createFrameReader().push(Buffer.concat([frame(one), Uint8Array.of(0, length)]))
    assert.deepEqual(pushed, { ok: false, fault: 'frame-too-short', at: 14 })
  }
})

test('WIRE-10: a stream that ends inside a message, or its length, is truncated', () => {
  for (let length = 1; length < 14; length++) {
    const reader = createFrameReader()
    assert.deepEqual(reader.push(frame(one).subarray(0, length)), { ok: true, value: [] })
    assert.equal(reader.end().ok, false)
  }
})

test('WIRE-10: frame writes length and message in one piece', () => {
  assert.deepEqual([...frame(two).subarray(0, 3)], [1, 44, 2])
  assert.throws(() => frame(new Uint8Array(65536)), RangeError)
})

test('a message that was handed out does not change with what comes after', () => {
  const reader = createFrameReader()
  const chunk = Buffer.from(frame(one))
  const pushed = reader.push(chunk)
  chunk.fill(9)
  assert.ok(pushed.ok)
  assert.deepEqual(plain(pushed.value), [one])
})

test('WIRE-10: however a stream is cut, its messages are the same', () => {
  const messages = fc.array(fc.uint8Array({ minLength: 12, maxLength: 40 }), { maxLength: 5 })
  fc.assert(
    fc.property(messages, fc.array(fc.nat({ max: 200 })), (list, sizes) => {
      const stream = Uint8Array.from(Buffer.concat(list.map(frame)))
      const cuts = [0, ...sizes.filter((size) => size < stream.length)].sort((one, other) => one - other)
      const chunks = cuts.map((cut, index) => stream.subarray(cut, cuts[index + 1] ?? stream.length))
      assert.deepEqual(read(...chunks), list)
    }),
  )
})
