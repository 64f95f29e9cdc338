import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kinNames, names } from '../../../test/fuzz/arbitrary-names.ts'
import {
  commonAncestor,
  compareNames,
  foldCase,
  isAtOrBelow,
  isBelow,
  isWildcard,
  labelsOf,
  type Name,
  nameFromLabels,
  parentOfName,
  prependLabels,
  replaceSuffix,
  rootName,
  sameName,
  withoutLabels,
} from './name.ts'
import { formatName, parseName } from './text.ts'

function name(text: string): Name {
  const parsed = parseName(text)
  assert.ok(parsed.ok, text)
  return parsed.value
}

const x63 = 'x'.repeat(63)

test('WIRE-03: a name of three labels of 63 octets and one of 61 is 255 octets, and a name', () => {
  const longest = nameFromLabels([x63, x63, x63, 'x'.repeat(61)])
  assert.equal(longest?.wire.length, 255)
  assert.equal(longest?.labelCount, 4)
})

const noNames: [why: string, labels: string[]][] = [
  ['256 octets', [x63, x63, x63, 'x'.repeat(62)]],
  ['a label of 64 octets', [`${x63}x`]],
  ['an empty label', ['a', '', 'b']],
  ['128 labels', Array<string>(128).fill('a')],
]
for (const [why, labels] of noNames) {
  test(`WIRE-03: ${why} make no name`, () => assert.equal(nameFromLabels(labels), undefined))
}

test('WIRE-03: 127 labels are a name, and none are the root', () => {
  assert.equal(nameFromLabels(Array<string>(127).fill('a'))?.labelCount, 127)
  assert.deepEqual(nameFromLabels([]), rootName)
})

test('WIRE-04: names are the same whatever the case of their ASCII letters, and keep the case received', () => {
  assert.ok(sameName(name('MX1.Vec.TEST.'), name('mx1.vec.test.')))
  assert.equal(formatName(name('MX1.Vec.TEST.')), 'MX1.Vec.TEST.')
})

test('WIRE-04: no octet but A to Z is folded', () => {
  for (let octet = 0; octet < 256; octet++) {
    const isUpper = octet >= 0x41 && octet <= 0x5a
    assert.equal(foldCase(String.fromCharCode(octet)).charCodeAt(0), isUpper ? octet + 32 : octet)
  }
})

test('labelsOf keeps a dot inside a label, which other codecs take for two labels', () => {
  assert.deepEqual(labelsOf(name('a\\.b.c.')), ['a.b', 'c'])
  assert.ok(!sameName(name('a\\.b.c.'), name('a.b.c.')))
})

/** RFC 4034 §6.1, with the names of its own example. */
const ordered = [
  'example.',
  'a.example.',
  'yljkjljk.a.example.',
  'Z.a.example.',
  'zABC.a.EXAMPLE.',
  'z.example.',
  '\\001.z.example.',
  '*.z.example.',
  '\\200.z.example.',
]
test('DV3, WIRE-37: the names of RFC 4034 §6.1 come in the order that it gives', () => {
  const sorted = ordered.map(name).reverse().sort(compareNames)
  assert.deepEqual(sorted.map(formatName), ordered)
})

const chain = [
  'vec.test.',
  '_mta-sts.vec.test.',
  'alias.vec.test.',
  'dn.vec.test.',
  'a.b.ent.vec.test.',
  'mx1.vec.test.',
  '_25._tcp.mx1.vec.test.',
  'mx2.vec.test.',
  'ns1.vec.test.',
  'sec.vec.test.',
  'sub.vec.test.',
  'walias.vec.test.',
  '*.wild.vec.test.',
  'host.wild.vec.test.',
]
test('DV3: the names of a signed zone sort as its NSEC chain runs', () => {
  assert.deepEqual(chain.map(name).reverse().sort(compareNames).map(formatName), chain)
})

test('RFC 4592 §2.1.1: only a leftmost label that is exactly an asterisk makes a wildcard', () => {
  for (const text of ['*.a.', '\\042.a.', '*.']) assert.ok(isWildcard(name(text)), text)
  for (const text of ['a.*.', '**.a.', 'x*.a.', '*x.a.', '.']) assert.ok(!isWildcard(name(text)), text)
})

const kinship: [one: string, other: string, atOrBelow: boolean, below: boolean][] = [
  ['a.b.', 'b.', true, true],
  ['a.B.', 'b.', true, true],
  ['b.', 'b.', true, false],
  ['b.', 'a.b.', false, false],
  ['ab.', 'b.', false, false],
  ['x\\.b.', 'b.', false, false],
  ['b.', '.', true, true],
  ['.', '.', true, false],
]
for (const [one, other, atOrBelow, below] of kinship) {
  test(`${one} is ${atOrBelow ? '' : 'not '}at or below ${other}`, () => {
    assert.equal(isAtOrBelow(name(one), name(other)), atOrBelow)
    assert.equal(isBelow(name(one), name(other)), below)
  })
}

test('withoutLabels takes labels from the left, and ends at the root', () => {
  const taken = [0, 1, 2, 3, 9, -1].map((count) => formatName(withoutLabels(name('A.b.c.'), count)))
  assert.deepEqual(taken, ['A.b.c.', 'b.c.', 'c.', '.', '.', 'A.b.c.'])
  assert.equal(parentOfName(rootName), undefined)
  assert.deepEqual(parentOfName(name('c.')), rootName)
})

test('prependLabels refuses what would be too long', () => {
  assert.equal(formatName(prependLabels(['_25', '_tcp'], name('mx.test.')) ?? rootName), '_25._tcp.mx.test.')
  assert.equal(prependLabels([x63], name(`${x63}.${x63}.${x63}.`)), undefined)
})

test('RFC 6672 §2.2: a DNAME replaces the end of a name, and may make it too long', () => {
  const replaced = replaceSuffix(name('a.b.old.test.'), name('old.test.'), name('new.example.'))
  assert.equal(formatName(replaced ?? rootName), 'a.b.new.example.')
  assert.equal(replaceSuffix(name(`${x63}.${x63}.o.`), name('o.'), name(`${x63}.${x63}.`)), undefined)
})

test('commonAncestor is the deepest name over both', () => {
  const pairs = [
    ['a.b.c.', 'x.B.c.', 'b.c.'],
    ['a.b.c.', 'b.c.', 'b.c.'],
    ['a.', 'b.', '.'],
    ['b.c.', 'b.c.', 'b.c.'],
  ] as const
  for (const [one, other, common] of pairs) {
    assert.equal(foldCase(formatName(commonAncestor(name(one), name(other)))), common)
    assert.equal(foldCase(formatName(commonAncestor(name(other), name(one)))), common)
  }
})

test('a name is made of its labels again', () => {
  fc.assert(fc.property(names, (one) => assert.deepEqual(nameFromLabels(labelsOf(one)), one)))
})

test('canonical order is total, and calls equal just what is the same name', () => {
  fc.assert(
    fc.property(fc.oneof(names, kinNames), kinNames, kinNames, (one, two, three) => {
      assert.equal(Math.sign(compareNames(one, two)), -Math.sign(compareNames(two, one)) + 0)
      assert.equal(compareNames(one, two) === 0, sameName(one, two))
      if (compareNames(one, two) <= 0 && compareNames(two, three) <= 0) assert.ok(compareNames(one, three) <= 0)
    }),
  )
})

test('canonical order puts a name before all below it', () => {
  fc.assert(
    fc.property(names, (one) => {
      const parent = parentOfName(one)
      if (parent !== undefined) assert.ok(compareNames(parent, one) < 0 && isBelow(one, parent))
    }),
  )
})
