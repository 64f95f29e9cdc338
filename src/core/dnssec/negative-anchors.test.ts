import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeKey, nameOf } from '../../../test/support/sign.ts'
import { limits } from '../limits.ts'
import { formatName } from '../name/text.ts'
import { createAnchorSet } from './anchor-set.ts'
import type { TrustAnchor } from './anchors.ts'
import { describeNegativeAnchor, judgeNegativeAnchor, parseNegativeAnchor } from './negative-anchors.ts'

const end = Date.UTC(2026, 11, 1)

const texts: [claim: string, text: string, expected: string][] = [
  ['a day', 'example.org 2026-12-01 broken key roll', `example.org. ${end} broken key roll`],
  ['a minute', 'example.org. 2026-12-01T00:00Z broken', `example.org. ${end} broken`],
  ['a second', ' org\t2026-12-01T00:00:01Z  why,  oh why ', `org. ${end + 1000} why,  oh why`],
  ['the root', '. 2026-12-01 broken', 'root'],
  ['an origin', '@ 2026-12-01 broken', 'not-a-name'],
  ['nothing', '', 'not-a-name'],
  ['no name', 'a..b 2026-12-01 broken', 'not-a-name'],
  ['no end', 'example.org', 'not-a-time'],
  ['a reason in the place of the end', 'example.org broken', 'not-a-time'],
  ['a day that is none', 'example.org 2026-02-30 broken', 'not-a-time'],
  ['an hour of some other place', 'example.org 2026-12-01T00:00+01:00 broken', 'not-a-time'],
  ['no reason', 'example.org 2026-12-01 ', 'no-reason'],
  ['a reason that moves the cursor', 'example.org 2026-12-01 a\u001b[2J', 'no-reason'],
  ['a reason of two lines', 'example.org 2026-12-01 a\nb', 'not-a-name'],
  ['a reason as long as any', `example.org 2026-12-01 ${'x'.repeat(200)}`, `example.org. ${end} ${'x'.repeat(200)}`],
  ['a longer one', `example.org 2026-12-01 ${'x'.repeat(201)}`, 'reason-too-long'],
]
for (const [claim, text, expected] of texts) {
  test(`DNSSEC-10 a negative anchor with ${claim}`, () => {
    const anchor = parseNegativeAnchor(text)
    const { name, until, reason } = anchor.ok ? anchor.value : { name: undefined, until: 0, reason: '' }
    assert.equal(anchor.ok ? `${name && formatName(name)} ${until} ${reason}` : anchor.fault, expected)
  })
}

test('DNSSEC-10 parseNegativeAnchor never throws', () => {
  const words = fc.constantFrom('example.org ', '. ', '2026-12-01 ', '2026-12-01T00:00Z ', '\\', 'x', '\n')
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words).map((list) => list.join('')),
  )
  fc.assert(
    fc.property(text, (given) => {
      const anchor = parseNegativeAnchor(given)
      if (anchor.ok) assert.doesNotMatch(describeNegativeAnchor(anchor.value), /[\n\r]/)
    }),
    { numRuns: 1000 },
  )
})

function negative(name: string, until = end) {
  return { name: nameOf(name), until, reason: `${name} is broken` }
}

const week = limits.dnssec.negativeAnchorKept * 1000
const lives: [claim: string, now: number, expected: string][] = [
  ['a week before its end', end - week, 'in-force'],
  ['a moment before that', end - week - 1, 'too-long'],
  ['just before its end', end - 1, 'in-force'],
  ['at its end', end, 'ended'],
]
for (const [claim, now, expected] of lives) {
  test(`DNSSEC-10 ${claim} a negative anchor is ${expected}`, () => {
    assert.equal(judgeNegativeAnchor(negative('example.'), now), expected)
  })
}

test('DNSSEC-10 a negative anchor is described in one line, with its end and its reason', () => {
  const expected =
    'example. is not validated until 2026-12-01T00:00:00Z, by a negative trust anchor: example. is broken'
  assert.equal(describeNegativeAnchor(negative('example.')), expected)
})

const { rdata } = makeKey(15)
const anchorsAt = (...owners: string[]): TrustAnchor[] =>
  owners.map((owner) => ({ kind: 'dnskey', owner: nameOf(owner), rdata }))

const places: [claim: string, anchors: string[], negatives: string[], name: string, expected: string | undefined][] = [
  ['at its name', ['.'], ['b.example.'], 'b.example.', 'b.example.'],
  ['below it', ['.'], ['b.example.'], 'a.b.example.', 'b.example.'],
  ['beside it', ['.'], ['b.example.'], 'c.example.', undefined],
  ['above it', ['.'], ['b.example.'], 'example.', undefined],
  ['at a name that only ends alike', ['.'], ['b.example.'], 'ab.example.', undefined],
  ['below two', ['.'], ['example.', 'b.example.'], 'a.b.example.', 'b.example.'],
  ['at an anchor below it', ['.', 'b.example.'], ['example.'], 'b.example.', undefined],
  ['below an anchor below it', ['.', 'b.example.'], ['example.'], 'a.b.example.', undefined],
  ['beside an anchor below it', ['.', 'b.example.'], ['example.'], 'c.example.', 'example.'],
  ['at an anchor of its own name', ['.', 'example.'], ['example.'], 'example.', 'example.'],
  ['below an anchor of its own name', ['.', 'example.'], ['example.'], 'a.example.', 'example.'],
  ['below an anchor that is below another one', ['.', 'example.'], ['b.example.'], 'a.b.example.', 'b.example.'],
  ['without any anchor', [], ['example.'], 'a.example.', 'example.'],
]
for (const [claim, owners, negatives, name, expected] of places) {
  test(`DNSSEC-10 ${claim}, a negative anchor ${expected === undefined ? 'does not count' : 'counts'}`, () => {
    const set = createAnchorSet(
      anchorsAt(...owners),
      negatives.map((one) => negative(one)),
    )
    const found = set.negativeFor(nameOf(name), end - 1)
    assert.equal(found && formatName(found.name), expected)
    assert.equal(set.negativeFor(nameOf(name), end), undefined)
  })
}

test('DNSSEC-10 one that has ended makes room for another above it', () => {
  const set = createAnchorSet([], [negative('b.example.', end - 10), negative('example.')])
  const at = (now: number) => set.negativeFor(nameOf('a.b.example.'), now)?.name.labelCount
  assert.deepEqual([at(end - 11), at(end - 10), at(end)], [2, 1, undefined])
})

test('DNSSEC-07 the anchors of the closest owner come first, then those above it', () => {
  const set = createAnchorSet(anchorsAt('.', 'b.example.', 'example.', 'b.example.'))
  const owners = (anchors: readonly TrustAnchor[]) => anchors.map(({ owner }) => formatName(owner)).join(' ')
  assert.equal(owners(set.closest(nameOf('a.b.example.'))), 'b.example. b.example.')
  assert.equal(owners(set.above(nameOf('b.example.'))), 'example.')
  assert.equal(owners(set.above(nameOf('example.'))), '.')
  assert.equal(owners(set.above(nameOf('.'))), '')
})
