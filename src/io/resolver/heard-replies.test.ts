import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { makeQuery } from '../../core/dns/encode.ts'
import { sortReply } from '../../core/dns/reply.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { createHeardReplies, type Heard } from './heard-replies.ts'
import { trouble } from './task.ts'

const name = nameOfText('a.example.')
const question = { name, type: TYPE.MX }

function heardFrom(server: string, reason = ''): Heard {
  const message = makeQuery(name, TYPE.MX, { id: 1, recursionDesired: false, checkingDisabled: true, edns: undefined })
  const reply = { ...sortReply(message), server, source: server, bailiwick: name }
  return { reply, link: { kind: 'failed', trouble: trouble('bogus', reason), chain: [] } }
}

test('nothing is kept until somebody listens', () => {
  const heard = createHeardReplies(() => 0)
  heard.note(question, heardFrom('192.0.2.1'))
  heard.listen()
  assert.deepEqual(heard.take(question), [])
})

test('the last of each server is taken once', () => {
  const heard = createHeardReplies(() => 0)
  heard.listen()
  const [one, other, again] = [heardFrom('192.0.2.1'), heardFrom('192.0.2.2'), heardFrom('192.0.2.1', 'again')]
  for (const each of [one, other, again]) heard.note(question, each)
  assert.deepEqual(heard.take({ name, type: TYPE.TXT }), [])
  assert.deepEqual(heard.take(question), [other, again])
  assert.deepEqual(heard.take(question), [])
})

test('what is older than a lookup may take counts no more', () => {
  const clock = movedClock(0)
  const heard = createHeardReplies(() => clock.now())
  heard.listen()
  heard.note(question, heardFrom('192.0.2.1'))
  clock.move(limits.resolver.heardMs / 1000)
  assert.deepEqual(heard.take(question), [])
})

test('no more is kept than the limit allows, and the oldest goes first', () => {
  const heard = createHeardReplies(() => 0)
  heard.listen()
  for (let type = 1; type <= limits.resolver.heard + 1; type++) heard.note({ name, type }, heardFrom('192.0.2.1'))
  assert.equal(heard.take({ name, type: 1 }).length, 0)
  assert.equal(heard.take({ name, type: 2 }).length, 1)
})
