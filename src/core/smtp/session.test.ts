import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { type Mailbox, parseMailbox } from './mailbox.ts'
import { scanMessage } from './message-facts.ts'
import { createReplyReader, type Reply } from './reply.ts'
import { advanceSession, beginSession } from './session.ts'
import type { Action, Mailing, SessionEvent, SessionPlan, Step } from './session-state.ts'

/**
 * A conversation, one line an event or what must follow it: `S` a reply of the server (`|` between its lines), `C` the
 * commands that we send (`|` between those of a group), `E` another event, `!` another action.
 */
function play(plan: SessionPlan, script: string): Step {
  let step = beginSession(plan)
  for (const line of script.trim().split('\n')) {
    const [sign = '', ...words] = line.trim().split(' ')
    const text = words.join(' ')
    if (sign === 'S') step = advanceSession(step.state, { kind: 'reply', reply: replyOf(text) })
    else if (sign === 'E') step = advanceSession(step.state, eventOf(text))
    else assert.equal(showAction(step.action), `${sign} ${text}`)
  }
  return step
}

function replyOf(text: string): Reply {
  const [code = '', ...words] = text.split(' ')
  const lines = words.join(' ').split('|')
  const reader = createReplyReader()
  const wire = lines.map((line, place) => `${code}${place === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('')
  reader.push(Buffer.from(wire))
  const taken = reader.take()
  assert.ok(taken?.ok)
  return taken.value
}

function eventOf(text: string): SessionEvent {
  if (text === 'secured') return { kind: 'secured', sufficient: true }
  if (text === 'secured, not enough') return { kind: 'secured', sufficient: false }
  if (text === 'fault') return { kind: 'reply-fault', fault: 'syntax' }
  return { kind: text as 'early-octets' | 'handshake-failed' | 'message-sent' | 'lost' | 'timed-out' }
}

function showAction(action: Action): string {
  if (action.kind === 'send') return `C ${action.commands.map((command) => command.trimEnd()).join('|')}`
  return `! ${action.kind}`
}

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text)
  assert.ok(parsed.ok)
  return parsed.value
}

interface Wish {
  tls?: SessionPlan['tls']
  to?: string[]
  from?: string
  message?: string
  requireTls?: boolean
}

function planOf({
  tls = 'required',
  to = ['a@b.test'],
  from = 's@c.test',
  message,
  requireTls = false,
}: Wish = {}): SessionPlan {
  const mail: Mailing = {
    sender: from === '<>' ? null : mailbox(from),
    recipients: to.map(mailbox),
    message: scanMessage(Buffer.from(message ?? 'Subject: x\n\ny\n')),
    requireTls,
  }
  return { clientName: 'c.test', tls, mail }
}

const kinds = ({ state }: Step) => state.fates.map((fate) => ('at' in fate ? `${fate.kind} at ${fate.at}` : fate.kind))

/** Greeting and EHLO up to TLS, for the sessions that are about what follows. */
const intoTls = `S 220 mx
  C EHLO c.test
  S 250 mx|STARTTLS
  C STARTTLS
  S 220 go
  ! start-tls
  E secured
  C EHLO c.test
`
const clear = `S 220 mx
  C EHLO c.test
  S 250 mx
`

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

const mailCommands: [claim: string, wish: Wish, ehlo: string, command: string][] = [
  ['the null sender', { from: '<>' }, '', 'MAIL FROM:<>'],
  ['RFC 1870 §6: the size, where it is asked for', {}, '|SIZE', 'MAIL FROM:<s@c.test> SIZE=17'],
  ['RFC 6152 §3: 8-bit text', { message: '\ngrüß\n' }, '|8BITMIME', 'MAIL FROM:<s@c.test> BODY=8BITMIME'],
  ['7-bit text', {}, '|8BITMIME', 'MAIL FROM:<s@c.test>'],
  ['RFC 6531 §3.4: a sender beyond ASCII', { from: 'grüß@c.test' }, '|SMTPUTF8', 'MAIL FROM:<grüß@c.test> SMTPUTF8'],
  ['a recipient beyond ASCII', { to: ['ü@b.test'] }, '|SMTPUTF8', 'MAIL FROM:<s@c.test> SMTPUTF8'],
  ['ASCII all over', {}, '|SMTPUTF8', 'MAIL FROM:<s@c.test>'],
  ['DLV-50: REQUIRETLS', { requireTls: true }, '|REQUIRETLS', 'MAIL FROM:<s@c.test> REQUIRETLS'],
]
for (const [claim, wish, ehlo, command] of mailCommands) {
  test(`MAIL tells ${claim}`, () => void play(planOf(wish), `${intoTls} S 250 mx${ehlo}\nC ${command}`))
}

const lacks: [claim: string, wish: Wish, ehlo: string, what: string][] = [
  ['RFC 1870 §6.1: a message too large', { message: `\n${'x'.repeat(20)}` }, '|SIZE 10', 'size'],
  ['RFC 6152 §3: no 8BITMIME for 8-bit text', { message: '\nü\n' }, '', '8bitmime'],
  ['DLV-62: no SMTPUTF8 for a local part', { to: ['ü@b.test'] }, '', 'smtputf8'],
  ['RFC 6532 §3: no SMTPUTF8 for a header', { message: 'Subject: ü\n\n' }, '|8BITMIME', 'smtputf8'],
]
for (const [claim, wish, ehlo, what] of lacks) {
  test(`${claim} is not even offered`, () => {
    const step = play(planOf(wish), `${intoTls} S 250 mx${ehlo}\nC QUIT`)
    assert.deepEqual(step.state.fates, [{ kind: 'unsupported', what }])
  })
}

test('DLV-62: a recipient that needs SMTPUTF8 does not keep the others from theirs', () => {
  const step = play(
    planOf({ to: ['ü@b.test', 'a@b.test'] }),
    `${intoTls} S 250 mx|PIPELINING\nC MAIL FROM:<s@c.test>|RCPT TO:<a@b.test>|DATA`,
  )
  assert.deepEqual(kinds(step), ['unsupported', 'open'])
})

const grouped = `${intoTls} S 250 mx|PIPELINING
  C MAIL FROM:<s@c.test>|RCPT TO:<a@b.test>|RCPT TO:<b@b.test>|DATA
`
const two: Wish = { to: ['a@b.test', 'b@b.test'] }

test('RFC 2920 §3.1: replies are matched with the commands of a group in order', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\n! wait\nS 550 5.1.1 no\n! wait\nS 250 ok\n! wait\nS 354 go
    ! send-message\nE message-sent\nS 250 ok\nC QUIT\nS 221 bye`,
  )
  assert.deepEqual(kinds(step), ['refused at rcpt', 'delivered'])
})

test('RFC 2920 §3.1: DATA let pass with no recipient gets a dot alone', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\nS 550 no\nS 450 later\nS 354 go\n! send-empty-message\nS 554 none\nC QUIT\nS 221 bye`,
  )
  assert.deepEqual(kinds(step), ['refused at rcpt', 'refused at rcpt'])
})

test('a refused sender refuses everyone, whatever is said of the recipients after it', () => {
  const step = play(
    planOf(two),
    `${grouped} S 550 5.7.1 no\nS 250 ok\nS 503 no\nS 354 go\n! send-empty-message\nS 250 ?\nC QUIT`,
  )
  assert.deepEqual(kinds(step), ['refused at mail', 'refused at mail'])
})

test('a refused sender ends an ungrouped transaction at once', () => {
  const step = play(planOf(two), `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 451 later\nC QUIT\nS 221 bye`)
  assert.deepEqual(kinds(step), ['refused at mail', 'refused at mail'])
})

test('refused recipients end an ungrouped transaction before DATA', () => {
  const script = `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 550 no\nC QUIT`
  assert.deepEqual(kinds(play(planOf(), script)), ['refused at rcpt'])
})

test('DATA refused refuses those accepted, not those refused before', () => {
  const step = play(planOf(two), `${grouped} S 250 ok\nS 550 no\nS 250 ok\nS 451 full\nC QUIT\nS 221 bye`)
  assert.deepEqual(kinds(step), ['refused at rcpt', 'refused at data'])
})

for (const reply of ['452 4.5.3 many', '452 many', '552 many', '552 5.5.3 many']) {
  test(`DLV-33: after "${reply}" the rest goes in a transaction of its own`, () => {
    const step = play(
      planOf({ to: ['a@b.test', 'b@b.test', 'c@b.test'] }),
      `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 250 ok\nC RCPT TO:<b@b.test>
      S ${reply}\nC DATA\nS 354 go\n! send-message\nE message-sent\nS 250 ok
      C MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<b@b.test>\nS 250 ok\nC RCPT TO:<c@b.test>\nS 250 ok
      C DATA\nS 354 go\n! send-message\nE message-sent\nS 250 ok\nC QUIT\nS 221 bye`,
    )
    assert.deepEqual(kinds(step), ['delivered', 'delivered', 'delivered'])
  })
}

test('a full mailbox is not "too many recipients"', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\nS 250 ok\nS 552 5.2.2 full\nS 354 go\nE message-sent\nS 250 ok\nC QUIT`,
  )
  assert.deepEqual(kinds(step), ['delivered', 'refused at rcpt'])
})

test('452 to the first recipient is a refusal, not a reason for another transaction', () => {
  const script = `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 452 4.5.3 many\nC QUIT`
  assert.deepEqual(kinds(play(planOf(), script)), ['refused at rcpt'])
})

test('RSET comes between a transaction without DATA and the next', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\nS 250 ok\nS 452 4.5.3 many\nS 451 no\nC RSET\nS 250 ok
    C MAIL FROM:<s@c.test>|RCPT TO:<b@b.test>|DATA`,
  )
  assert.deepEqual(kinds(step), ['refused at data', 'open'])
})

const toDot = `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 250 ok\nC DATA\nS 354 go\n`
const fates: [claim: string, script: string, fate: string][] = [
  ['lost while the message goes out', `${toDot} E lost`, 'open'],
  ['lost after the dot', `${toDot} E message-sent\nE lost`, 'uncertain'],
  ['silent after the dot', `${toDot} E message-sent\nE timed-out`, 'uncertain'],
  ['unreadable after the dot', `${toDot} E message-sent\nE fault`, 'uncertain'],
  ['421 to the dot', `${toDot} E message-sent\nS 421 later\n! close`, 'refused at message'],
  ['550 to the dot', `${toDot} E message-sent\nS 550 spam\nC QUIT`, 'refused at message'],
  ['552 in the middle of the message', `${toDot} S 552 large\n! abort`, 'refused at message'],
  ['250 in the middle of the message', `${toDot} S 250 ok\n! abort`, 'open'],
  ['421 in the middle of the message', `${toDot} S 421 bye\n! close`, 'open'],
  ['DLV-37: lost after 250 to the dot', `${toDot} E message-sent\nS 250 ok\nC QUIT\nE lost\n! close`, 'delivered'],
  ['354 to the dot', `${toDot} E message-sent\nS 354 go\n! abort`, 'uncertain'],
]
for (const [claim, script, fate] of fates) {
  test(`a recipient is "${fate}" when the server is: ${claim}`, () =>
    assert.deepEqual(kinds(play(planOf(), script)), [fate]))
}

test('RFC 5321 §3.8: 421 ends the session wherever it comes, and leaves the rest open', () => {
  const step = play(planOf(two), `${grouped} S 250 ok\nS 550 no\nS 421 bye\n! close`)
  assert.deepEqual(kinds(step), ['refused at rcpt', 'open'])
  assert.equal(step.state.end?.kind, 'closing')
})

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
