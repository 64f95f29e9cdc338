import { type Command, commands } from './command.ts'
import type { Fate, SessionEnd, SessionState, Step } from './session-state.ts'

export function wait(state: SessionState, timeout: Step['timeout'] = 'commandMs'): Step {
  return { state, action: { kind: 'wait' }, timeout }
}

export function send(state: SessionState, lines: readonly Command[], timeout: Step['timeout'] = 'commandMs'): Step {
  return { state, action: { kind: 'send', commands: lines }, timeout }
}

/** Takes leave; how the session ended is settled already, whatever is answered. RFC 5321 §4.1.1.10 */
export function quit(state: SessionState, end: SessionEnd): Step {
  return send({ ...state, phase: 'quit', end }, [commands.quit()], 'quitMs')
}

export function close(state: SessionState, end: SessionEnd = { kind: 'completed' }): Step {
  return { state: over(state, end), action: { kind: 'close' }, timeout: 'quitMs' }
}

export function abort(state: SessionState, end: SessionEnd): Step {
  return { state: over(state, end), action: { kind: 'abort' }, timeout: 'quitMs' }
}

function over(state: SessionState, end: SessionEnd): SessionState {
  const fates = state.fates.map((fate) => leave(fate, state.phase === 'done'))
  return { ...state, phase: 'over', end: state.end ?? end, fates, sent: [], queue: [] }
}

/** What an unfinished recipient becomes when the session is over. */
function leave(fate: Fate, messageSent: boolean): Fate {
  return fate.kind === 'accepted' ? { kind: messageSent ? 'uncertain' : 'open' } : fate
}
