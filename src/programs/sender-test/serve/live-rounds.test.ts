import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../../core/limits.ts'
import type { ReceivedMessage } from '../../lab/diary.ts'
import { readTestWorld } from '../test-world.ts'
import { createLiveRounds } from './live-rounds.ts'

const base = 'tests.example.org'
const world = readTestWorld(base)

function begin() {
  const clock = { time: 0, tokens: 0 }
  const token = () => `t${++clock.tokens}`
  return { clock, rounds: createLiveRounds(world, { base, now: () => clock.time, token }) }
}

function message(to: string, text = ''): ReceivedMessage {
  return { host: `mx.dane-ee.${base}`, by: 'recipient', from: 'a stranger', to: [to], text, tls: undefined }
}

const returned = (address: string) => `\r\n\r\nFinal-Recipient: rfc822; ${address}\r\nAction: failed\r\n\r\n`

test('mail is expected at the addresses of rounds under way, and nowhere else', () => {
  const { rounds } = begin()
  const { from, trials } = rounds.begin('192.0.2.1')
  for (const { address } of trials) assert.ok(rounds.expects(address))
  assert.ok(rounds.expects(from) && rounds.expects(from.toUpperCase()))
  const others = [
    `t2@dane-ee.${base}`,
    `t1@${base}`,
    `t1@elsewhere.example`,
    `t1@none.${base}`,
    't1',
    '',
    '@',
    `@dane-ee.${base}`,
  ]
  for (const mailbox of others) assert.ok(!rounds.expects(mailbox), mailbox)
})

test('what arrives belongs to its own round', () => {
  const { rounds } = begin()
  const [first, second] = [rounds.begin('192.0.2.1'), rounds.begin('192.0.2.1')]
  rounds.note(message(first.trials[0]?.address ?? ''))
  const kindsOf = (round: typeof first) =>
    rounds.judge(round).judged.filter(({ outcome }) => outcome.kind === 'arrived')
  assert.deepEqual([kindsOf(first).length, kindsOf(second).length], [1, 0])
})

test('what is returned is told by the notification, and only of its own round', () => {
  const { rounds } = begin()
  const [first, second] = [rounds.begin('192.0.2.1'), rounds.begin('192.0.2.1')]
  rounds.note(message(first.from, returned(first.trials[0]?.address ?? '')))
  rounds.note(message(first.from, returned(second.trials[0]?.address ?? '')))
  assert.equal(rounds.judge(first).judged[0]?.outcome.kind, 'returned')
  assert.equal(rounds.judge(second).judged[0]?.outcome.kind, 'held')
})

test('a round is forgotten when it is old, and when too many others have come', () => {
  const { rounds, clock } = begin()
  const first = rounds.begin('192.0.2.1')
  clock.time = limits.senderTest.roundMs
  assert.ok(rounds.find(first.token) !== undefined)
  clock.time += 1
  assert.equal(rounds.find(first.token), undefined)
  assert.ok(!rounds.expects(first.from))
  const second = rounds.begin('192.0.2.1')
  for (let more = 0; more < limits.senderTest.rounds; more++) rounds.begin(`client ${more}`)
  assert.equal(rounds.find(second.token), undefined)
})

test('one client pushes out its own rounds, and nobody else’s', () => {
  const { rounds } = begin()
  const other = rounds.begin('192.0.2.1')
  const first = rounds.begin('192.0.2.2')
  for (let more = 1; more < limits.senderTest.roundsPerClient; more++) rounds.begin('192.0.2.2')
  assert.ok(rounds.find(first.token) !== undefined)
  rounds.begin('192.0.2.2')
  assert.equal(rounds.find(first.token), undefined)
  assert.ok(rounds.find(other.token) !== undefined)
})

test('of a round no more arrivals are noted than there is room for', () => {
  const { rounds } = begin()
  const round = rounds.begin('192.0.2.1')
  const address = round.trials[0]?.address ?? ''
  for (let more = 0; more < limits.senderTest.arrivalsPerRound + 10; more++) rounds.note(message(address))
  const outcome = rounds.judge(round).judged[0]?.outcome
  assert.ok(outcome?.kind === 'arrived')
  assert.equal(outcome.arrivals.length, limits.senderTest.arrivalsPerRound)
})
