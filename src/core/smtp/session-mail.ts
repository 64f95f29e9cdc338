import { limits } from '../limits.ts'
import { type Command, commands } from './command.ts'
import { needsUtf8 } from './mailbox.ts'
import type { Reply } from './reply.ts'
import type { Expected, Fate, Mailing, SessionEvent, SessionState, Step } from './session-state.ts'
import { abort, quit, send, wait } from './session-steps.ts'

/** Starts the mail transaction for every recipient still open, or takes leave when there is none. RFC 5321 §3.3 */
export function beginMail(state: SessionState): Step {
  const { mail } = state.plan
  if (mail === undefined) return quit(state, { kind: 'completed' })
  if (mail.requireTls && !(state.secured && state.extensions.requireTls)) {
    return quit(state, { kind: 'requiretls-not-offered' })
  }
  const fates = state.fates.map((fate, index) => (fate.kind === 'open' ? judge(state, mail, index) : fate))
  const open = [...fates.keys()].filter((index) => fates[index]?.kind === 'open')
  const judged: SessionState = { ...state, fates, mailRefused: false, transactions: state.transactions + 1 }
  if (open.length === 0) return quit(judged, { kind: 'completed' })
  const recipients = open.map((index): Expected => ({ verb: 'rcpt', index }))
  return sendNext({
    ...judged,
    phase: 'envelope',
    queue: [{ verb: 'mail' }, ...recipients, { verb: 'data' }],
    sent: [],
  })
}

/** Whether the server can take the message for this recipient at all. RFC 1870 §6.1, RFC 6152 §3, RFC 6531 §3.2 */
function judge({ extensions }: SessionState, mail: Mailing, index: number): Fate {
  const { message, recipients, sender } = mail
  const recipient = recipients[index]
  const utf8 = message.utf8Header || [sender, recipient].some((mailbox) => mailbox != null && needsUtf8(mailbox))
  if (utf8 && !extensions.smtpUtf8) return { kind: 'unsupported', what: 'smtputf8' }
  if (message.eightBit && !extensions.eightBitMime) return { kind: 'unsupported', what: '8bitmime' }
  const tooLarge = extensions.size !== undefined && message.size > extensions.size
  return tooLarge ? { kind: 'unsupported', what: 'size' } : { kind: 'open' }
}

/** All commands at once where they may be grouped, DATA last; else one. RFC 2920 §3.1 */
function sendNext(state: SessionState): Step {
  const count = state.extensions.pipelining ? state.queue.length : 1
  const sent = state.queue.slice(0, count)
  const timeout = sent.at(-1)?.verb === 'data' ? 'dataCommandMs' : 'commandMs'
  const next = { ...state, sent, queue: state.queue.slice(count) }
  return send(
    next,
    sent.map((expected) => commandFor(state, expected)),
    sent.length > 1 ? 'commandMs' : timeout,
  )
}

function commandFor({ plan, extensions, fates }: SessionState, expected: Expected): Command {
  const mail = plan.mail as Mailing // a transaction has begun, and begins only with mail
  const { message, recipients, sender, requireTls } = mail
  if (expected.verb === 'data') return commands.data()
  if (expected.verb === 'rcpt') return commands.rcpt(recipients[expected.index] as Mailing['recipients'][number])
  const named = recipients.filter((_, index) => fates[index]?.kind === 'open')
  const utf8 = message.utf8Header || [sender, ...named].some((mailbox) => mailbox !== null && needsUtf8(mailbox))
  return commands.mail(sender, {
    size: extensions.keywords.has('SIZE') ? message.size : undefined,
    eightBitMime: message.eightBit && extensions.eightBitMime,
    smtpUtf8: utf8 && extensions.smtpUtf8,
    requireTls,
  })
}

/** What follows an event inside a mail transaction, or after the RSET behind one. */
export function advanceMail(
  state: SessionState,
  event: Extract<SessionEvent, { kind: 'reply' | 'message-sent' }>,
): Step {
  if (event.kind === 'message-sent') return wait({ ...state, phase: 'done' }, 'dataDoneMs')
  if (state.phase === 'envelope') return onEnvelopeReply(state, event.reply)
  if (state.phase === 'message') return onEarlyReply(state, event.reply)
  if (state.phase === 'done') return onDone(state, event.reply)
  return isPositive(event.reply) ? beginMail(state) : quit(state, { kind: 'completed' })
}

/** Replies come in the order of the commands, grouped or not. RFC 2920 §3.1 */
function onEnvelopeReply(state: SessionState, reply: Reply): Step {
  const [expected, ...sent] = state.sent
  if (expected === undefined) return abort(state, { kind: 'protocol', phase: state.phase, fault: 'unsolicited' })
  const rest: SessionState = { ...state, sent }
  switch (expected.verb) {
    case 'mail':
      return afterEnvelopeReply(onMail(rest, reply), reply)
    case 'rcpt':
      return afterEnvelopeReply(onRcpt(rest, expected.index, reply), reply)
    case 'data':
      return onData(rest, reply)
  }
}

function onMail(state: SessionState, reply: Reply): SessionState {
  if (isPositive(reply)) return state
  const refused = settle(state, 'open', { kind: 'refused', at: 'mail', reply })
  return { ...refused, mailRefused: true, queue: [] }
}

function onRcpt(state: SessionState, index: number, reply: Reply): SessionState {
  if (state.mailRefused) return state
  const fates = [...state.fates]
  const isFull = saysTooMany(reply) && fates.some(({ kind }) => kind === 'accepted')
  fates[index] = isPositive(reply)
    ? { kind: 'accepted' }
    : isFull
      ? { kind: 'postponed', reply }
      : { kind: 'refused', at: 'rcpt', reply }
  return isFull ? postponeQueue({ ...state, fates }, reply) : { ...state, fates }
}

/** There is no use in naming more recipients to a server that takes no more. */
function postponeQueue(state: SessionState, reply: Reply): SessionState {
  const later = new Set(state.queue.flatMap((expected) => (expected.verb === 'rcpt' ? [expected.index] : [])))
  const fates = state.fates.map((fate, index): Fate => (later.has(index) ? { kind: 'postponed', reply } : fate))
  return { ...state, fates, queue: state.queue.filter(({ verb }) => verb === 'data') }
}

/**
 * Whether a RCPT reply means "no more in this transaction". RFC 5321 §4.5.3.1.10
 *
 * 552 is counted as 452 there; with an enhanced code that says otherwise (5.2.2, a full mailbox) it is what it says.
 */
function saysTooMany({ code, enhanced }: Reply): boolean {
  if (code !== 452 && code !== 552) return false
  return enhanced === undefined || (enhanced.subject === 5 && enhanced.detail === 3)
}

function afterEnvelopeReply(state: SessionState, reply: Reply): Step {
  if (reply.code >= 300 && reply.code < 400) {
    return abort(state, { kind: 'protocol', phase: state.phase, fault: 'unexpected-code' })
  }
  if (state.sent.length > 0) return wait(state, state.sent[0]?.verb === 'data' ? 'dataCommandMs' : 'commandMs')
  const accepted = state.fates.some(({ kind }) => kind === 'accepted')
  const more = state.queue.some(({ verb }) => verb === 'rcpt')
  return more || (accepted && state.queue.length > 0) ? sendNext(state) : nextTransaction(state)
}

function onData(state: SessionState, reply: Reply): Step {
  const accepted = state.fates.some(({ kind }) => kind === 'accepted')
  if (reply.code === 354) {
    const next: SessionState = { ...state, phase: accepted ? 'message' : 'done' }
    if (accepted) return { state: next, action: { kind: 'send-message' }, timeout: 'dataBlockMs' }
    return { state: next, action: { kind: 'send-empty-message' }, timeout: 'dataDoneMs' }
  }
  if (reply.code < 400) return abort(state, { kind: 'protocol', phase: state.phase, fault: 'unexpected-code' })
  return nextTransaction(settle(state, 'accepted', { kind: 'refused', at: 'data', reply }))
}

/** A server that answers in the middle of the message has given up on it; where its next command begins is unclear. */
function onEarlyReply(state: SessionState, reply: Reply): Step {
  if (reply.code < 400) return abort(state, { kind: 'protocol', phase: state.phase, fault: 'unsolicited' })
  const refused = settle(state, 'accepted', { kind: 'refused', at: 'message', reply })
  return abort(refused, { kind: 'completed' })
}

/** After 250 the server has the message, whatever follows. RFC 5321 §4.2.5 */
function onDone(state: SessionState, reply: Reply): Step {
  if (reply.code >= 300 && reply.code < 400) {
    return abort(state, { kind: 'protocol', phase: state.phase, fault: 'unexpected-code' })
  }
  const fate: Fate = isPositive(reply) ? { kind: 'delivered', reply } : { kind: 'refused', at: 'message', reply }
  return nextTransaction(settle(state, 'accepted', fate), { clean: true })
}

/** Goes on with the recipients that were put off, if this transaction got any further; else takes leave. */
function nextTransaction(state: SessionState, { clean } = { clean: false }): Step {
  const again: SessionState = {
    ...state,
    fates: state.fates.map((fate): Fate => (fate.kind === 'postponed' ? { kind: 'open' } : fate)),
  }
  const isOver = state.transactions >= limits.smtp.transactionsPerSession
  if (isOver || !again.fates.some(({ kind }) => kind === 'open')) return quit(state, { kind: 'completed' })
  return clean ? beginMail(again) : send({ ...again, phase: 'rset', queue: [], sent: [] }, [commands.rset()])
}

function settle(state: SessionState, from: 'open' | 'accepted', fate: Fate): SessionState {
  return { ...state, fates: state.fates.map((old) => (old.kind === from ? fate : old)) }
}

function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300
}
