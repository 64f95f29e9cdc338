import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DerElement, readChildren, readElement } from './der.ts'

const zeros = (count: number) => new Array<number>(count).fill(0)

type Read = readonly [tag: number, content: number, end: number]
const read: [why: string, octets: number[], element: Read][] = [
  ['nothing in it', [0x30, 0], [0x30, 2, 2]],
  ['a length of one octet', [0x02, 1, 7], [0x02, 2, 3]],
  ['the longest of the short form', [0x04, 0x7f, ...zeros(127)], [0x04, 2, 129]],
  ['the shortest of the long form', [0x04, 0x81, 0x80, ...zeros(128)], [0x04, 3, 131]],
  ['two octets of length', [0x04, 0x82, 1, 0, ...zeros(256)], [0x04, 4, 260]],
  ['three octets of length', [0x04, 0x83, 1, 0, 0, ...zeros(65_536)], [0x04, 5, 65_541]],
  ['what follows it left alone', [0x05, 0, 0xff, 0xff], [0x05, 2, 2]],
]

for (const [why, octets, [tag, content, end]] of read) {
  test(`readElement reads ${why}`, () => {
    assert.deepEqual(readElement(Uint8Array.from(octets), 0), { tag, start: 0, content, end })
  })
}

const refused: [why: string, octets: number[]][] = [
  ['nothing', []],
  ['a tag alone', [0x30]],
  ['content that is cut short', [0x30, 2, 0]],
  ['an indefinite length, which is BER (X.690 §10.1)', [0x30, 0x80, 0, 0]],
  ['a long form where the short one would do', [0x04, 0x81, 0x7f, ...zeros(127)]],
  ['a long form of nothing', [0x04, 0x81, 0]],
  ['a length with a leading zero', [0x04, 0x82, 0, 0x80, ...zeros(128)]],
  ['a length with two leading zeros', [0x04, 0x83, 0, 1, 0, ...zeros(256)]],
  ['a length that is cut short', [0x04, 0x82, 1]],
  ['more than four octets of length', [0x04, 0x85, 1, 0, 0, 0, 0]],
  ['a length of 4 GiB', [0x04, 0x84, 0xff, 0xff, 0xff, 0xff]],
  ['the reserved length', [0x04, 0xff]],
  ['a tag of several octets', [0x1f, 0x81, 1, 0]],
  ['a constructed tag of several octets', [0x3f, 1, 0]],
]

for (const [why, octets] of refused) {
  test(`readElement refuses ${why}`, () => assert.equal(readElement(Uint8Array.from(octets), 0), undefined))
}

test('an element must end where it is told to', () => {
  const octets = Uint8Array.of(0x30, 3, 0x02, 1, 7, 0xff)
  assert.equal(readElement(octets, 0, 5)?.end, 5)
  assert.equal(readElement(octets, 0, 4), undefined)
  assert.equal(readElement(octets, 2, 4), undefined)
  assert.equal(readElement(octets, 2, 3), undefined)
})

const whole = (octets: number[]): DerElement => ({ tag: 0x30, start: 0, content: 0, end: octets.length })
const children: [why: string, octets: number[], tags: number[] | undefined][] = [
  ['none', [], []],
  ['one', [0x05, 0], [0x05]],
  ['several, in order', [0x02, 1, 7, 0x30, 2, 0x05, 0, 0x04, 0], [0x02, 0x30, 0x04]],
  ['a last one that does not fit', [0x05, 0, 0x04, 1], undefined],
  ['an octet left over', [0x05, 0, 0x04], undefined],
]

for (const [why, octets, tags] of children) {
  test(`readChildren of ${why}`, () => {
    const found = readChildren(Uint8Array.from(octets), whole(octets))
    assert.deepEqual(
      found?.map(({ tag }) => tag),
      tags,
    )
  })
}

test('what is read lies within the octets, and children fill their parent', () => {
  const octet = fc.oneof(fc.constantFrom(0x30, 0x02, 0x80, 0x81, 0x82, 0, 1, 2), fc.nat({ max: 255 }))
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 300 }), fc.nat({ max: 310 }), (values, at) => {
      const octets = Uint8Array.from(values)
      const element = readElement(octets, at)
      if (element === undefined) return
      const { start, content, end } = element
      assert.ok(start === at && at < content && content <= end && end <= octets.length)
      const inside = readChildren(octets, element)
      const ends = inside?.map((child) => child.end) ?? []
      if (inside !== undefined) assert.deepEqual([content, ...ends], [...inside.map((child) => child.start), end])
    }),
    { numRuns: 2000 },
  )
})
