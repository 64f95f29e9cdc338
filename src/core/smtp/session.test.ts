import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  clear,
  eventOf,
  grouped,
  intoTls,
  kinds,
  planOf,
  play,
  replyOf,
  showAction,
  two,
  type Wish,
} from '../../../test/support/conversation.ts'
import { limits } from '../limits.ts'
import { advanceSession, beginSession } from './session.ts'
import type { SessionEvent, Step } from './session-state.ts'

test('RFC 5321 §3.3: a message goes through greeting, EHLO, TLS, envelope, DATA and QUIT', () => {
  const step = play(
    planOf(),
    `${intoTls} S 250 mx
    C MAIL FROM:<s@c.test>
    S 250 ok
    C RCPT TO:<a@b.test>
    S 250 ok
    C DATA
    S 354 go
    ! send-message
    E message-sent
    ! wait
    S 250 taken
    C QUIT
    S 221 bye
    ! close`,
  )
  assert.deepEqual(kinds(step), ['delivered'])
  assert.deepEqual(step.state.end, { kind: 'completed' })
})

test('STLS-6: nothing said before TLS counts inside it', () => {
  const step = play(
    planOf({ message: `\n${'x'.repeat(100)}` }),
    `S 220 mx
    C EHLO c.test
    S 250 mx|STARTTLS|SIZE 10|PIPELINING|8BITMIME|SMTPUTF8
    C STARTTLS
    S 220 go
    E secured
    C EHLO c.test
    S 250 mx
    C MAIL FROM:<s@c.test>`,
  )
  assert.equal(step.state.extensions.keywords.size, 0)
})

test('STLS-8: STARTTLS that is offered inside TLS is passed over', () => {
  play(planOf(), `${intoTls} S 250 mx|STARTTLS\nC MAIL FROM:<s@c.test>`)
})

for (const code of [250, 354, 421, 454, 500, 501, 502, 503, 530, 554]) {
  test(`STLS-2: no handshake after ${code} to STARTTLS`, () => {
    const start = 'S 220 mx\nC EHLO c.test\nS 250 mx|STARTTLS\nC STARTTLS'
    const step = play(planOf(), `${start}\nS ${code} no`)
    assert.notEqual(step.action.kind, 'start-tls')
    assert.equal(step.state.end?.kind, code === 421 ? 'closing' : 'starttls-refused')
  })
}

test('STLS-12, V-SMTP 2: after 454 an opportunistic session goes on in the clear', () => {
  const step = play(
    planOf({ tls: 'may' }),
    'S 220 mx\nC EHLO c.test\nS 250 mx|STARTTLS\nC STARTTLS\nS 454 4.7.0 later\nC MAIL FROM:<s@c.test>',
  )
  assert.equal(step.state.startTls?.reply?.code, 454)
  assert.equal(step.state.secured, false)
})

test('STLS-5: STARTTLS is alone in its group, also with PIPELINING', () => {
  play(planOf(), 'S 220 mx\nC EHLO c.test\nS 250 mx|PIPELINING|STARTTLS\nC STARTTLS')
})

const ends: [claim: string, wish: Wish, script: string, end: string][] = [
  ['V-SMTP 1: no STARTTLS, policy-bound', {}, `${clear} C QUIT`, 'starttls-not-offered'],
  ['STLS-34: EHLO refused, policy-bound', {}, 'S 220 mx\nS 502 what\nC QUIT', 'starttls-not-offered'],
  ['EHLO refused for now', { tls: 'may' }, 'S 220 mx\nS 450 later\nC QUIT', 'ehlo-refused'],
  ['HELO refused as well', { tls: 'may' }, 'S 220 mx\nS 502 what\nC HELO c.test\nS 500 no\nC QUIT', 'ehlo-refused'],
  ['STLS-7: EHLO refused inside TLS', {}, `${intoTls} S 502 what\nC QUIT`, 'ehlo-refused'],
  ['STLS-7: so too when opportunistic', { tls: 'may' }, `${intoTls} S 502 what\nC QUIT`, 'ehlo-refused'],
  ['STLS-33: greeting 554', {}, 'S 554 no\nC QUIT', 'greeting-refused'],
  ['greeting 421', {}, 'S 421 later\n! close', 'closing'],
  ['greeting 250', {}, 'S 250 hm\nC QUIT', 'greeting-refused'],
  ['STLS-32: a reply that is none', {}, 'E fault\n! abort', 'protocol'],
  ['V-SMTP 8: closed after the greeting', {}, 'S 220 mx\nE lost\n! abort', 'lost'],
  ['silence', {}, 'E timed-out\n! abort', 'timed-out'],
  [
    'STLS-10: certificate not good enough',
    {},
    'S 220 mx\nS 250 mx|STARTTLS\nS 220 go\nE secured, not enough\nC QUIT',
    'not-authenticated',
  ],
  [
    'STLS-4: handshake failed',
    { tls: 'may' },
    'S 220 mx\nS 250 mx|STARTTLS\nS 220 go\nE handshake-failed\n! abort',
    'handshake-failed',
  ],
  [
    'STLS-30: early octets',
    { tls: 'may' },
    'S 220 mx\nS 250 mx|STARTTLS\nS 220 go\nE early-octets\n! abort',
    'early-octets',
  ],
  [
    'V-SMTP 6: REQUIRETLS before TLS alone',
    { requireTls: true },
    'S 220 mx\nS 250 mx|STARTTLS|REQUIRETLS\nS 220 go\nE secured\nS 250 mx\nC QUIT',
    'requiretls-not-offered',
  ],
  ['DLV-51: REQUIRETLS in the clear', { requireTls: true, tls: 'may' }, `${clear} C QUIT`, 'requiretls-not-offered'],
]
for (const [claim, wish, script, end] of ends) {
  test(`${claim}: ${end}, and nobody was named`, () => {
    const step = play(planOf(wish), script)
    assert.equal(step.state.end?.kind, end)
    assert.deepEqual(kinds(step), ['open'])
  })
}

test('V-SMTP 1: without STARTTLS an opportunistic session goes on in the clear', () => {
  play(planOf({ tls: 'may' }), `${clear} C MAIL FROM:<s@c.test>`)
})

test('a permitted retry in the clear does not ask for STARTTLS', () => {
  play(planOf({ tls: 'never' }), 'S 220 mx\nC EHLO c.test\nS 250 mx|STARTTLS\nC MAIL FROM:<s@c.test>')
})

test('STLS-34: HELO is the way out where nothing asks for TLS', () => {
  play(planOf({ tls: 'may' }), 'S 220 mx\nC EHLO c.test\nS 500 what\nC HELO c.test\nS 250 ok\nC MAIL FROM:<s@c.test>')
})

test('what QUIT is answered with changes nothing', () => {
  for (const event of ['S 221 bye', 'S 500 what', 'E lost', 'E timed-out', 'E fault']) {
    const step = play(planOf(), `${clear} C QUIT\n${event}\n! close`)
    assert.equal(step.state.end?.kind, 'starttls-not-offered')
  }
})

const toDot = `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 250 ok\nC DATA\nS 354 go\n`
const waits: [claim: string, script: string, timeout: Step['timeout']][] = [
  ['the greeting', '', 'greetingMs'],
  ['EHLO', 'S 220 mx', 'commandMs'],
  ['the handshake', 'S 220 mx\nS 250 mx|STARTTLS\nS 220 go', 'handshakeMs'],
  ['MAIL', `${intoTls} S 250 mx`, 'commandMs'],
  ['DATA', `${intoTls} S 250 mx\nS 250 ok\nS 250 ok`, 'dataCommandMs'],
  ['DATA in a group', `${grouped} S 250 ok\nS 250 ok\nS 250 ok`, 'dataCommandMs'],
  ['a block of the message', toDot, 'dataBlockMs'],
  ['the final dot', `${toDot} E message-sent`, 'dataDoneMs'],
  ['QUIT', clear, 'quitMs'],
]
for (const [claim, script, timeout] of waits) {
  test(`DLV-34: ${claim} has its own time limit`, () => {
    const plan = planOf(claim.endsWith('group') ? two : {})
    assert.equal(script === '' ? beginSession(plan).timeout : play(plan, script).timeout, timeout)
  })
}

test('without mail the session ends after the last EHLO, and its extensions are known', () => {
  const step = play(
    { clientName: 'c.test', tls: 'required', mail: undefined },
    `${intoTls} S 250 mx|SIZE 7\nC QUIT\nS 221 bye`,
  )
  assert.deepEqual([step.state.end?.kind, step.state.extensions.size], ['completed', 7])
})

test('whatever the server does, the session ends, and mail never goes without the TLS that was asked for', () => {
  const event = fc.oneof(
    fc
      .constantFrom('lost', 'timed-out', 'fault', 'early-octets', 'handshake-failed', 'message-sent', 'secured')
      .map(eventOf),
    fc
      .tuple(
        fc.constantFrom(220, 250, 250, 250, 354, 354, 421, 450, 452, 500, 550),
        fc.constantFrom('ok', 'mx|STARTTLS', 'mx|PIPELINING|STARTTLS', 'mx|SIZE 1', '4.5.3 many'),
      )
      .map(([code, text]): SessionEvent => ({ kind: 'reply', reply: replyOf(`${code} ${text}`) })),
  )
  const wishes = fc.record({ tls: fc.constantFrom('required' as const, 'may' as const), requireTls: fc.boolean() })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), wishes, (events, wish) => {
      const plan = planOf({ ...wish, to: ['a@b.test', 'b@b.test', 'c@b.test'] })
      let step = beginSession(plan)
      for (const next of events) {
        step = advanceSession(step.state, next)
        if (step.state.transactions > 0) assert.equal(step.state.secured || wish.tls === 'may', true)
        if (showAction(step.action).startsWith('C MAIL')) assert.equal(step.state.secured || !wish.requireTls, true)
      }
      assert.equal(step.state.transactions <= limits.smtp.transactionsPerSession, true)
      for (let left = 100; step.state.phase !== 'over' && left > 0; left--) {
        step = advanceSession(step.state, { kind: 'timed-out' })
      }
      assert.equal(step.state.phase, 'over')
      assert.equal(
        step.state.fates.some(({ kind }) => kind === 'accepted' || kind === 'postponed'),
        false,
      )
    }),
  )
})
