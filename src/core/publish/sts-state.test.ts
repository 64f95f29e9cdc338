import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { seenOf } from '../../../test/support/sts-look.ts'
import {
  bodyOf,
  currentTerm,
  foreignPolicies,
  forgottenAt,
  newState,
  noteServed,
  publish,
  type StsState,
} from './sts-state.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const mx = ['mx1.example.org', 'mx2.example.org'].map((name) => ({ name: domain(name), wildcard: false }))
const wish = { mode: 'enforce', maxAge: 1_209_600, mx } as const
const first = publish(newState(domain('example.org')), wish, undefined, start)
const second = publish(first, { ...wish, mode: 'testing' }, undefined, start + day)
const bodies = (state: StsState) => state.served.map(bodyOf)

test('STS-116: to publish the same again changes nothing, whatever the order of its hosts', () => {
  assert.equal(publish(first, { ...wish, mx: mx.toReversed() }, 'x1', start + day), first)
})

test('STS-116: what was published before comes back under an id of its own', () => {
  const third = publish(second, wish, undefined, start + 2 * day)
  assert.deepEqual(bodies(third)[2], bodies(third)[0])
  assert.equal(new Set(third.served.map(({ id }) => id)).size, 3)
})

test('STS-116: an id that somebody else announced later is not gone behind', () => {
  const later = publish(first, { ...wish, mode: 'testing' }, '20300101000000Z0123456789abcdef', start + day)
  assert.match(currentTerm(later)?.id ?? '', /^20300101000001Z/)
})

test('STS-60: a policy is held for its max_age from when every address serves another', () => {
  const [old = '', now = ''] = bodies(second)
  const half = noteServed(second, seenOf([now, old], []), start + 3 * day)
  assert.equal(half.served[0]?.until, undefined)
  assert.equal(forgottenAt(half.served.slice(0, 1), start + 3 * day), start + 17 * day)
  const whole = noteServed(half, seenOf([now, now], []), start + 5 * day)
  assert.equal(whole.served[0]?.until, start + 5 * day)
  assert.equal(forgottenAt(whole.served.slice(0, 1), start + 9 * day), start + 19 * day)
})

test('STS-60: a policy that is served again begins its time anew', () => {
  const [old = '', now = ''] = bodies(second)
  const whole = noteServed(second, seenOf([now, now], []), start + 5 * day)
  const back = noteServed(whole, seenOf([now, old], []), start + 6 * day)
  assert.equal(back.served[0]?.until, undefined)
})

test('what nobody can hold any more is forgotten, and what is to be served never', () => {
  const [, now = ''] = bodies(second)
  const whole = noteServed(second, seenOf([now], []), start + 5 * day)
  assert.equal(noteServed(whole, seenOf([now], []), start + 19 * day - 1).served.length, 2)
  assert.equal(noteServed(whole, seenOf([now], []), start + 19 * day).served.length, 1)
  assert.equal(noteServed(whole, seenOf([now], []), start + 900 * day).served.length, 1)
})

test('STS-40: a policy is known by what it says, not by its line ends', () => {
  const [old = ''] = bodies(second)
  const other = 'version: STSv1\nmode: enforce\nmx: mx9.example.org\nmax_age: 60\n'
  const seen = seenOf([old.replaceAll('\r\n', '\n'), other, other.replaceAll('\n', '\r\n'), undefined], [])
  assert.equal(foreignPolicies(second, seen).length, 1)
  assert.deepEqual(foreignPolicies(second, seenOf([old], [])), [])
})
