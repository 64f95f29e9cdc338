import assert from 'node:assert/strict'
import { type Mailbox, parseMailbox } from '../../src/core/smtp/mailbox.ts'
import { scanMessage } from '../../src/core/smtp/message-facts.ts'
import { createReplyReader } from '../../src/core/smtp/reply.ts'
import { advanceSession, beginSession } from '../../src/core/smtp/session.ts'
import type { SessionEvent, SessionPlan, SessionState, Step } from '../../src/core/smtp/session-state.ts'
import type { Target } from './target.ts'

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text)
  assert.ok(parsed.ok)
  return parsed.value
}

const recipients = ['a@b.test', 'c@b.test', 'grüße@b.test'].map(mailbox)
const messages = ['Subject: x\r\n\r\nbody\r\n', 'Subject: ü\r\n\r\nbödy\r\n'].map((text) =>
  scanMessage(Buffer.from(text)),
)

/** What the session is to do, by the bits of one octet. */
function planOf(bits: number): SessionPlan {
  const message = messages[(bits >> 4) & 1]
  assert.ok(message)
  return {
    clientName: 'client.test',
    tls: (['required', 'may', 'never', 'required'] as const)[bits & 3] ?? 'required',
    mail: {
      sender: null,
      recipients: recipients.slice(0, 1 + ((bits >> 2) & 3)),
      message,
      requireTls: (bits & 32) !== 0,
    },
  }
}

/**
 * The first two octets choose the plan and how the handshake goes; the rest is what the server says. Whatever that is,
 * the session ends, and nothing of the mail is said before the TLS that it needs.
 */
function runSession(octets: Uint8Array): void {
  const [bits = 0, luck = 0] = octets
  const plan = planOf(bits)
  const reader = createReplyReader()
  reader.push(octets.subarray(2))
  let step = beginSession(plan)
  let steps = 0
  for (; !isOver(step); steps++) {
    assert.ok(steps < 400, 'the session does not end')
    assertPrivate(step, plan)
    step = advanceSession(step.state, eventFor(step, luck, reader))
  }
  assert.equal(step.state.fates.length, plan.mail?.recipients.length)
  assertDelivered(step.state)
}

function isOver({ action }: Step): boolean {
  return action.kind === 'close' || action.kind === 'abort'
}

function eventFor({ action }: Step, luck: number, reader: ReturnType<typeof createReplyReader>): SessionEvent {
  if (action.kind === 'start-tls') {
    return luck & 1
      ? { kind: 'secured', sufficient: (luck & 2) !== 0 }
      : { kind: luck & 2 ? 'early-octets' : 'handshake-failed' }
  }
  if (action.kind === 'send-message') return { kind: 'message-sent' }
  const reply = reader.take()
  if (reply === undefined) return { kind: luck & 4 ? 'lost' : 'timed-out' }
  return reply.ok ? { kind: 'reply', reply: reply.value } : { kind: 'reply-fault', fault: reply.fault }
}

/** Neither envelope nor message goes where the plan wants more than there is. */
function assertPrivate({ action, state }: Step, { tls, mail }: SessionPlan): void {
  const isOfMail =
    action.kind === 'send-message' ||
    (action.kind === 'send' && action.commands.some((command) => /^(?:MAIL|RCPT|DATA)/.test(command)))
  if (!isOfMail) return
  assert.ok(tls !== 'required' || state.secured, 'mail without the TLS that it needs')
  assert.ok(mail?.requireTls !== true || (state.secured && state.extensions.requireTls), 'mail without REQUIRETLS')
}

/** Whoever has a message was accepted by the reply to its end, and that was a good one. */
function assertDelivered({ fates }: SessionState): void {
  for (const fate of fates) if (fate.kind === 'delivered') assert.equal(Math.floor(fate.reply.code / 100), 2)
}

const talk = [
  '220 mx.test ESMTP\r\n',
  '250-mx.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n',
  '220 go\r\n',
  '250-mx.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-REQUIRETLS\r\n250 PIPELINING\r\n',
  '250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go on\r\n250 2.0.0 taken\r\n221 bye\r\n',
].join('')

function withBits(bits: number, luck: number, text: string): Uint8Array {
  return Uint8Array.from([bits, luck, ...Buffer.from(text)])
}

export const sessionTarget: Target = {
  name: 'smtp-session',
  run: runSession,
  seeds: [
    ...[0, 1, 2, 4, 8, 20, 32, 52].map((bits) => withBits(bits, 3, talk)),
    withBits(1, 0, talk),
    withBits(
      5,
      3,
      '220 x\r\n500 what\r\n250 x\r\n250 ok\r\n452 4.5.3 too many\r\n250 ok\r\n354 go\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n451 no\r\n',
    ),
    withBits(1, 7, '220 x\r\n250 x\r\n421 4.3.2 closing\r\n'),
  ],
  words: [
    '220 ',
    '250 ok\r\n',
    '250-',
    '354 go\r\n',
    '421 ',
    '452 4.5.3 x\r\n',
    '500 x\r\n',
    '550 5.1.1 x\r\n',
    'STARTTLS',
    'REQUIRETLS',
    '\r\n',
  ].map((text) => Buffer.from(text)),
}
