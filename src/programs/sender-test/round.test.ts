import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReceivedMessage } from '../lab/diary.ts'
import { makeToken, observeRound, planRound } from './round.ts'
import { composeMessage } from './run-sender.ts'
import { labBase, readTestWorld } from './test-world.ts'

const round = planRound(readTestWorld(), labBase, 'token')
const [first, second] = round.trials
assert.ok(first !== undefined && second !== undefined)

function message(to: string, text = '', tls: ReceivedMessage['tls'] = undefined): ReceivedMessage {
  return { host: 'mx.example', by: 'recipient', from: '', to: [to], text, tls }
}

const kindsOf = (received: readonly ReceivedMessage[], said?: ReadonlySet<typeof first>) => {
  const outcomes = observeRound(round, received, said)
  return [outcomes.get(first)?.kind, outcomes.get(second)?.kind]
}

/** What Postfix and Exim return, shortened. RFC 3464 §2.1 */
const notification = (action: string, ...recipients: readonly string[]) =>
  `Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; client.example\r\n\r\n${recipients
    .map((to) => `Final-Recipient: rfc822; ${to}\r\nAction: ${action}\r\nStatus: 5.1.10\r\n\r\n`)
    .join('')}--end--\r\n`

test('tokens are of use in any address, and none comes twice', () => {
  const tokens = Array.from({ length: 100 }, makeToken)
  for (const token of tokens) assert.match(token, /^[a-z][a-z0-9]{20}$/)
  assert.equal(new Set(tokens).size, 100)
})

test('a message belongs to the round whose token is in its recipient, in letters of any case', () => {
  assert.deepEqual(kindsOf([message(first.address.toUpperCase())]), ['arrived', 'held'])
  assert.deepEqual(kindsOf([message(first.address.replace('token', 'other'))]), ['held', 'held'])
})

test('a notification of failure tells what was returned, and one of delay does not', () => {
  assert.deepEqual(kindsOf([message(round.from, notification('failed', first.address))]), ['returned', 'held'])
  assert.deepEqual(kindsOf([message(round.from, notification('delayed', first.address))]), ['held', 'held'])
  const both = notification('failed', first.address, second.address)
  assert.deepEqual(kindsOf([message(round.from, both)]), ['returned', 'returned'])
  assert.deepEqual(kindsOf([message(round.from, both), message(second.address)]), ['returned', 'arrived'])
})

test('what a command says to have given up is returned, unless it arrived', () => {
  assert.deepEqual(kindsOf([], new Set([first])), ['returned', 'held'])
  assert.deepEqual(kindsOf([message(first.address)], new Set([first])), ['arrived', 'held'])
})

test('a composed message has the fields that mail must have', () => {
  const text = composeMessage(round, first.address, Date.parse('2026-06-01T12:00:00Z'))
  assert.match(text, /^Date: Mon, 01 Jun 2026 12:00:00 \+0000\nFrom: <token@return\.sender-test\.example>\n/)
  assert.match(text, /^Message-ID: <\S+@return\.sender-test\.example>$/m)
})
