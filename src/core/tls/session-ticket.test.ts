import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { earlyDataOf } from './session-ticket.ts'

/** SEQUENCE { INTEGER 1, [15] { INTEGER … } } */
const sessionWith = (...integer: number[]) =>
  Uint8Array.of(0x30, 7 + integer.length, 2, 1, 1, 0xaf, 2 + integer.length, 2, integer.length, ...integer)

test('early data of a session: none, some, and what is no session', () => {
  assert.equal(earlyDataOf(Uint8Array.of(0x30, 3, 2, 1, 1)), 0)
  assert.equal(earlyDataOf(sessionWith(0x40, 0)), 16384)
  assert.equal(earlyDataOf(sessionWith(0, 0xff, 0xff, 0xff, 0xff)), 0xffff_ffff)
  assert.equal(earlyDataOf(sessionWith(1, 2, 3, 4, 5, 6, 7)), undefined)
  assert.equal(earlyDataOf(new Uint8Array()), undefined)
  assert.equal(earlyDataOf(Uint8Array.of(0x30, 9, 2, 1, 1)), undefined)
})

test('whatever the octets are, nothing is thrown', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => void earlyDataOf(octets)))
})
