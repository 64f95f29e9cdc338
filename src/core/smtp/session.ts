import { commands } from './command.ts'
import { noExtensions, parseEhlo } from './ehlo.ts'
import type { Reply } from './reply.ts'
import { advanceMail, beginMail } from './session-mail.ts'
import type { SessionEnd, SessionEvent, SessionPlan, SessionState, Step } from './session-state.ts'
import { abort, close, quit, send, wait } from './session-steps.ts'

/** The first step of a session on a fresh connection: wait for the greeting. RFC 5321 §3.1 */
export function beginSession(plan: SessionPlan): Step {
  const state: SessionState = {
    plan,
    phase: 'greeting',
    secured: false,
    extensions: noExtensions,
    startTls: undefined,
    fates: plan.mail?.recipients.map(() => ({ kind: 'open' })) ?? [],
    sent: [],
    queue: [],
    mailRefused: false,
    transactions: 0,
    end: undefined,
  }
  return wait(state, 'greetingMs')
}

/** What to do after an event. Whatever the server does, the session ends within a bounded number of steps. */
export function advanceSession(state: SessionState, event: SessionEvent): Step {
  if (state.phase === 'over' || state.phase === 'quit') return close(state)
  switch (event.kind) {
    case 'reply':
      return event.reply.code === 421 ? onClosing(state, event.reply) : onReply(state, event.reply)
    case 'reply-fault':
      return abort(state, { kind: 'protocol', phase: state.phase, fault: event.fault })
    case 'early-octets':
    case 'handshake-failed':
      return abort(state, { kind: event.kind })
    case 'secured':
      if (state.phase !== 'handshake') return unexpected(state)
      return event.sufficient ? sayEhloAgain(state) : quit({ ...state, secured: true }, { kind: 'not-authenticated' })
    case 'message-sent':
      return state.phase === 'message' ? advanceMail(state, event) : unexpected(state)
    case 'lost':
    case 'timed-out':
      return abort(state, { kind: event.kind, phase: state.phase })
  }
}

function onReply(state: SessionState, reply: Reply): Step {
  switch (state.phase) {
    case 'greeting':
      if (reply.code !== 220) return quit(state, { kind: 'greeting-refused', reply })
      return send({ ...state, phase: 'ehlo' }, [commands.ehlo(state.plan.clientName)])
    case 'ehlo':
      return onEhlo(state, reply)
    case 'helo':
      return isPositive(reply) ? beginMail(state) : quit(state, { kind: 'ehlo-refused', reply })
    case 'starttls':
      return onStartTls(state, reply)
    case 'handshake':
    case 'quit':
    case 'over':
      return unexpected(state)
    case 'envelope':
    case 'message':
    case 'done':
    case 'rset':
      return advanceMail(state, { kind: 'reply', reply })
  }
}

/** RFC 5321 §3.2 has HELO as the way out for old servers; there is none where TLS must be, or once TLS is. */
function onEhlo(state: SessionState, reply: Reply): Step {
  if (isPositive(reply)) return afterEhlo({ ...state, extensions: parseEhlo(reply) })
  if (reply.code < 500 || state.secured) return quit(state, { kind: 'ehlo-refused', reply })
  if (state.plan.tls === 'required') return quit(state, { kind: 'starttls-not-offered' })
  return send({ ...state, phase: 'helo', startTls: { offered: false, reply } }, [commands.helo(state.plan.clientName)])
}

/** STARTTLS that is offered inside TLS is passed over. RFC 3207 §4.2 */
function afterEhlo(state: SessionState): Step {
  if (state.secured) return beginMail(state)
  const offered = state.extensions.startTls
  const known: SessionState = { ...state, startTls: { offered, reply: undefined } }
  if (state.plan.tls === 'never') return beginMail(known)
  if (offered) return send({ ...known, phase: 'starttls' }, [commands.startTls()])
  return state.plan.tls === 'required' ? quit(known, { kind: 'starttls-not-offered' }) : beginMail(known)
}

/** Only 220 starts TLS. After a refusal the choice of RFC 3207 §4 is made by the plan. */
function onStartTls(state: SessionState, reply: Reply): Step {
  if (reply.code === 220) {
    return { state: { ...state, phase: 'handshake' }, action: { kind: 'start-tls' }, timeout: 'handshakeMs' }
  }
  const refused: SessionState = { ...state, startTls: { offered: true, reply } }
  return state.plan.tls === 'required' ? quit(refused, { kind: 'starttls-refused', reply }) : beginMail(refused)
}

/** Inside TLS everything starts anew: nothing that was said before may be used. RFC 3207 §4.2 */
function sayEhloAgain(state: SessionState): Step {
  const fresh: SessionState = { ...state, phase: 'ehlo', secured: true, extensions: noExtensions }
  return send(fresh, [commands.ehlo(state.plan.clientName)])
}

/** 421 may come as the answer to anything; to the final dot it is also a plain refusal. RFC 5321 §3.8 */
function onClosing(state: SessionState, reply: Reply): Step {
  const end: SessionEnd = { kind: 'closing', phase: state.phase, reply }
  return close(state.phase === 'done' ? advanceMail(state, { kind: 'reply', reply }).state : state, end)
}

function unexpected(state: SessionState): Step {
  return abort(state, { kind: 'protocol', phase: state.phase, fault: 'unexpected-code' })
}

function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300
}
