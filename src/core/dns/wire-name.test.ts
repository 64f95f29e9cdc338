import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { names } from '../../../test/fuzz/arbitrary-names.ts'
import { limits } from '../limits.ts'
import { formatName } from '../name/text.ts'
import { fromLatin1 } from './octets.ts'
import { endOfPlainName, readWireName, type WireNameFault } from './wire-name.ts'

/** A message of an empty header and this text, whose octets stand as characters. */
function message(body: string): Uint8Array {
  return fromLatin1('\0'.repeat(12) + body)
}

function read(octets: Uint8Array, start: number, { compressed = true, limit = octets.length, octetsMax = 65535 } = {}) {
  return readWireName(octets, start, { limit, compressed, budget: { octets: octetsMax } })
}

const x63 = `\x3f${'x'.repeat(63)}`
const taken: [why: string, body: string, start: number, text: string, end: number][] = [
  ['a name', '\x02mx\x04test\0', 12, 'mx.test.', 21],
  ['the root', '\0', 12, '.', 13],
  ['a pointer alone', '\x04test\0\xc0\x0c', 18, 'test.', 20],
  ['labels before a pointer', '\x04test\0\x02mx\xc0\x0c', 18, 'mx.test.', 23],
  ['a pointer to a pointer', '\x04test\0\x02mx\xc0\x0c\x01a\xc0\x12', 23, 'a.mx.test.', 27],
  ['a pointer to the root', '\0\x02mx\xc0\x0c', 13, 'mx.', 18],
  ['a name whose pointer leads into the middle of another', '\x02mx\x04test\0\xc0\x0f', 21, 'test.', 23],
  ['any octets', '\x03\x00.\xff\0', 12, '\\000\\.\\255.', 17],
  ['upper case as it is', '\x02Mx\0', 12, 'Mx.', 16],
  [
    '255 octets',
    `${x63}${x63}${x63}\x3d${'x'.repeat(61)}\0`,
    12,
    `${`${'x'.repeat(63)}.`.repeat(3)}${'x'.repeat(61)}.`,
    267,
  ],
]
for (const [why, body, start, text, end] of taken) {
  test(`WIRE-03, WIRE-05: readWireName takes ${why}`, () => {
    const result = read(message(body), start)
    assert.ok(result.ok, JSON.stringify(result))
    assert.equal(formatName(result.value.name), text)
    assert.equal(result.value.end, end)
  })
}

const refused: [why: string, body: string, start: number, fault: WireNameFault][] = [
  ['a label that runs past the end', '\x02m', 12, 'name-truncated'],
  ['a name without its end', '\x02mx', 12, 'name-truncated'],
  ['nothing', '', 12, 'name-truncated'],
  ['half a pointer', '\x02mx\xc0', 12, 'name-truncated'],
  ['a label of type 01', '\x40a\0', 12, 'label-type'],
  ['a label of type 10', '\xbfa\0', 12, 'label-type'],
  ['a pointer to itself', '\xc0\x0c', 12, 'pointer'],
  ['a pointer forwards', '\xc0\x0e\x01a\0', 12, 'pointer'],
  ['two pointers at each other', '\xc0\x0e\xc0\x0c', 12, 'pointer'],
  ['a pointer to the label before it, again and again', '\x01a\xc0\x0c', 12, 'pointer'],
  ['a pointer into the header', '\xc0\x0b', 12, 'pointer'],
  ['a pointer to the beginning', '\xc0\x00', 12, 'pointer'],
  ['256 octets', `${x63}${x63}${x63}\x3e${'x'.repeat(62)}\0`, 12, 'name-too-long'],
  ['256 octets by a pointer', `${x63}${x63}${x63}\0\x3f${'x'.repeat(63)}\xc0\x0c`, 205, 'name-too-long'],
]
for (const [why, body, start, fault] of refused) {
  test(`WIRE-03, WIRE-05: readWireName refuses ${why}`, () => {
    const result = read(message(body), start)
    assert.equal(result.ok ? formatName(result.value.name) : result.fault, fault)
  })
}

test('WIRE-02: a name must end where its record ends, though the message goes on', () => {
  const octets = message('\x02mx\x04test\0\0\0')
  assert.equal(read(octets, 12, { limit: 21 }).ok, true)
  for (const limit of [12, 13, 14, 15, 16, 20]) assert.equal(read(octets, 12, { limit }).ok, false)
  assert.equal(read(message('\0\xc0\x0c'), 13, { limit: 14 }).ok, false)
})

test('WIRE-06: where names must not be compressed, a pointer is refused', () => {
  const result = read(message('\x04test\0\x02mx\xc0\x0c'), 18, { compressed: false })
  assert.deepEqual(result, { ok: false, fault: 'pointer-not-allowed', at: 21 })
})

test('WIRE-05: a chain of 126 pointers is followed, one of 127 is not', () => {
  // The root at 12, then at 13, 15, 17 … a pointer each to the one before.
  const target = (index: number) => (index === 0 ? 12 : 11 + 2 * index)
  const pointer = (_: unknown, index: number) => String.fromCharCode(0xc0 | (target(index) >> 8), target(index) & 255)
  const chain = (length: number) => message(`\0${Array.from({ length }, pointer).join('')}`)
  const { pointersPerName } = limits.dns
  assert.equal(read(chain(pointersPerName), 11 + 2 * pointersPerName).ok, true)
  const result = read(chain(pointersPerName + 1), 13 + 2 * pointersPerName)
  assert.equal(result.ok ? 'read' : result.fault, 'pointer')
})

test('WIRE-05: the names of one message may cost so many octets in all, and no more', () => {
  const octets = message('\x04test\0\xc0\x0c')
  const budget = { octets: 12 }
  const options = { limit: octets.length, compressed: true, budget }
  assert.equal(readWireName(octets, 18, options).ok, true)
  assert.equal(readWireName(octets, 18, options).ok, true)
  assert.deepEqual(readWireName(octets, 18, options), { ok: false, fault: 'work', at: 18 })
})

test('a view into a larger buffer is read from its own beginning', () => {
  const octets = message('\x02mx\x04test\0')
  const view = Buffer.concat([Buffer.from('junk'), octets]).subarray(4)
  assert.deepEqual(read(view, 12), read(octets, 12))
})

test('every name comes back from its octets', () => {
  fc.assert(
    fc.property(names, (name) => {
      const result = read(message(name.wire), 12, { compressed: false })
      assert.deepEqual(result, { ok: true, value: { name, end: 12 + name.wire.length } })
    }),
  )
})

const junk = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 3, 12, 13, 14, 63, 64, 0xc0, 0xc1), fc.nat({ max: 255 })), {
  maxLength: 80,
})

test('WIRE-38: readWireName never throws, and never ends outside its limit', () => {
  fc.assert(
    fc.property(junk, fc.nat({ max: 90 }), fc.boolean(), (list, start, compressed) => {
      const octets = Uint8Array.from([...new Array<number>(12).fill(0), ...list])
      const result = read(octets, start, { compressed })
      if (!result.ok) return
      assert.ok(result.value.end > start && result.value.end <= octets.length)
      assert.ok(result.value.name.wire.length <= limits.names.octets)
    }),
    { numRuns: 2000 },
  )
})

test('WIRE-05: what was read of a message before makes no difference but to the work', () => {
  fc.assert(
    fc.property(junk, (list) => {
      const octets = Uint8Array.from([...new Array<number>(12).fill(0), ...list])
      const known = new Map()
      for (let start = 12; start < octets.length; start++) {
        const options = { limit: octets.length, compressed: true }
        const budget = { octets: limits.dns.expandedNameOctets }
        const result = readWireName(octets, start, { ...options, budget: { ...budget, known } })
        assert.deepEqual(result, readWireName(octets, start, { ...options, budget }))
      }
    }),
    { numRuns: 2000 },
  )
})

test('WIRE-05: a name read before costs as much of the budget as when it is expanded anew', () => {
  const octets = message('\x04test\0\xc0\x0c\x02mx\xc0\x0c')
  const budget = { octets: 100, known: new Map() }
  const costs = [12, 18, 20].map((start) => {
    const before = budget.octets
    assert.ok(readWireName(octets, start, { limit: octets.length, compressed: true, budget }).ok)
    return before - budget.octets
  })
  assert.deepEqual(costs, [6, 6, 9])
  assert.equal(budget.known.size, 2)
})

test('WIRE-03: endOfPlainName ends where readWireName does without pointers, and nowhere else', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    names.map((name) => fromLatin1(name.wire)),
    fc.array(fc.nat(63), { maxLength: 12 }).map((labels) => {
      return fromLatin1(labels.map((length) => String.fromCharCode(length) + 'x'.repeat(length)).join(''))
    }),
  )
  fc.assert(
    fc.property(octets, fc.nat(300), fc.nat(5), (given, cut, start) => {
      const limit = Math.min(given.length, cut)
      const whole = read(given, start, { compressed: false, limit })
      assert.equal(endOfPlainName(given, start, limit), whole.ok ? whole.value.end : undefined)
    }),
    { numRuns: 2000 },
  )
})
