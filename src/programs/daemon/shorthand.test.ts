import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lengthen, shorten } from './shorthand.ts'

const names = ['example.org', 'mx1.example.org', 'mx2.example.org']

test('what was made short becomes what it was, whatever it is', () => {
  const word = fc.constantFrom(...names, 'Mail to ', ' goes only to ', '","', '\x80', '\xa0', '\xff', '\n', 'ü', 'Mail')
  const text = fc
    .array(fc.oneof(word, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary-ascii' })))
    .map((parts) => parts.join(''))
  const anyNames = fc.oneof(fc.constant(names), fc.array(fc.stringMatching(/^[a-z0-9._-]{0,12}$/), { maxLength: 40 }))
  fc.assert(
    fc.property(text, anyNames, (before, some) => assert.equal(lengthen(shorten(before, some), some), before)),
    { numRuns: 1000 },
  )
})

test('the texts of an ordinary decision take a fifth of their room', () => {
  const text =
    '316:OK secure match=mx1.example.org:mx2.example.org servername=hostname policy_type=sts policy_domain=example.org' +
    ' mx_host_pattern=mx1.example.org mx_host_pattern=mx2.example.org { policy_string = version: STSv1 }' +
    ' { policy_string = mode: enforce } { policy_string = mx: mx1.example.org } { policy_string = mx: mx2.example.org }' +
    ' { policy_string = max_age: 604800 },Mail to example.org goes only to mx1.example.org and mx2.example.org,' +
    ' authenticated by MTA-STS, until 2027-01-15 08:00:00 UTC.'
  assert.ok(shorten(text, names).length * 5 < text.length, shorten(text, names))
})
