import assert from 'node:assert/strict'
import { type Mailbox, parseMailbox } from '../../src/core/smtp/mailbox.ts'
import { scanMessage } from '../../src/core/smtp/message-facts.ts'
import { createReplyReader, type Reply } from '../../src/core/smtp/reply.ts'
import { advanceSession, beginSession } from '../../src/core/smtp/session.ts'
import type { Action, Mailing, SessionEvent, SessionPlan, Step } from '../../src/core/smtp/session-state.ts'

/**
 * A conversation, one line an event or what must follow it: `S` a reply of the server (`|` between its lines), `C` the
 * commands that we send (`|` between those of a group), `E` another event, `!` another action.
 */
export function play(plan: SessionPlan, script: string): Step {
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

export function replyOf(text: string): Reply {
  const [code = '', ...words] = text.split(' ')
  const lines = words.join(' ').split('|')
  const reader = createReplyReader()
  const wire = lines.map((line, place) => `${code}${place === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('')
  reader.push(Buffer.from(wire))
  const taken = reader.take()
  assert.ok(taken?.ok)
  return taken.value
}

export function eventOf(text: string): SessionEvent {
  if (text === 'secured') return { kind: 'secured', sufficient: true }
  if (text === 'secured, not enough') return { kind: 'secured', sufficient: false }
  if (text === 'fault') return { kind: 'reply-fault', fault: 'syntax' }
  return { kind: text as 'early-octets' | 'handshake-failed' | 'message-sent' | 'lost' | 'timed-out' }
}

export function showAction(action: Action): string {
  if (action.kind === 'send') return `C ${action.commands.map((command) => command.trimEnd()).join('|')}`
  return `! ${action.kind}`
}

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text)
  assert.ok(parsed.ok)
  return parsed.value
}

export interface Wish {
  tls?: SessionPlan['tls']
  to?: string[]
  from?: string
  message?: string
  requireTls?: boolean
}

export function planOf({
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

export const kinds = ({ state }: Step) =>
  state.fates.map((fate) => ('at' in fate ? `${fate.kind} at ${fate.at}` : fate.kind))

/** Greeting and EHLO up to TLS, for the sessions that are about what follows. */
export const intoTls = `S 220 mx
  C EHLO c.test
  S 250 mx|STARTTLS
  C STARTTLS
  S 220 go
  ! start-tls
  E secured
  C EHLO c.test
`
export const clear = `S 220 mx
  C EHLO c.test
  S 250 mx
`

/** A group for two recipients, inside TLS. */
export const grouped = `${intoTls} S 250 mx|PIPELINING
  C MAIL FROM:<s@c.test>|RCPT TO:<a@b.test>|RCPT TO:<b@b.test>|DATA
`
export const two: Wish = { to: ['a@b.test', 'b@b.test'] }
