import type { Fate, SessionPlan } from '../../core/smtp/session-state.ts'
import type { ChosenBy, Endpoint } from '../network.ts'
import type { Authenticator } from '../smtp/authenticator.ts'
import { runSession, type SessionIo, type SessionRecord } from '../smtp/run-session.ts'

export interface AddressAttempt {
  readonly host: string
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  readonly mail: SessionPlan['mail']
  readonly message: Uint8Array | undefined
  readonly clientName: string
  /** `required` wherever a policy, an operator or the message wants TLS. */
  readonly tls: 'required' | 'may'
  readonly authenticator: Authenticator
}

/**
 * All sessions that one address takes, in order; the last one counts.
 *
 * Where TLS may be, a failed one is followed by a session in the clear on a new connection (RFC 7672 §2.2, RFC 3207
 * §4), after one without SNI if the server objected to the name. Where TLS is required there is no second choice.
 */
export async function attemptAddress(attempt: AddressAttempt, io: SessionIo): Promise<SessionRecord[]> {
  const sessions: SessionRecord[] = []
  const run = async (authenticator: Authenticator, tls: SessionPlan['tls']) => {
    const record = await runSession(requestOf(attempt, authenticator, tls), io)
    sessions.push(record)
    return record
  }

  let authenticator: Authenticator | undefined = attempt.authenticator
  let record = await run(authenticator, attempt.tls)
  while (record.end.kind === 'not-authenticated') {
    authenticator = authenticator.next()
    if (authenticator === undefined) return sessions
    record = await run(authenticator, attempt.tls)
  }
  if (attempt.tls === 'required') return sessions
  if (objectsToName(record) && goesOn(io))
    record = await run({ ...attempt.authenticator, serverName: undefined }, 'may')
  if (failedInTls(record) && goesOn(io)) await run(attempt.authenticator, 'never')
  return sessions
}

/** Whether TLS was tried and is why nobody was named to the server. */
export function failedInTls({ end, secured }: SessionRecord): boolean {
  if (end.kind === 'handshake-failed' || end.kind === 'early-octets') return true
  if (end.kind === 'lost' || end.kind === 'timed-out' || end.kind === 'protocol' || end.kind === 'closing') {
    return end.phase === 'starttls' || (secured && end.phase === 'ehlo')
  }
  return secured && end.kind === 'ehlo-refused'
}

/** 530: the server takes no mail before STARTTLS. RFC 3207 §4 */
export function isWishForTls(fate: Fate): boolean {
  return fate.kind === 'refused' && fate.reply.code === 530
}

/**
 * What became of the recipients at this address. A server that wants TLS or lacks something, and was met in the clear
 * because TLS failed, has refused nobody for good: TLS may not fail the next time, inside it more may be offered (RFC 3207
 * §4.2), and whoever broke it must not have mail returned.
 */
export function fatesOf(sessions: readonly SessionRecord[]): readonly Fate[] {
  const fates = sessions.at(-1)?.fates ?? []
  if (!sessions.slice(0, -1).some(failedInTls)) return fates
  return fates.map((fate) => (isWishForTls(fate) || fate.kind === 'unsupported' ? { kind: 'open' } : fate))
}

/** unrecognized_name. RFC 6066 §3 */
function objectsToName({ end, tlsFailure }: SessionRecord): boolean {
  return end.kind === 'handshake-failed' && tlsFailure?.alert === 112
}

function goesOn({ signal }: SessionIo): boolean {
  return signal?.aborted !== true
}

function requestOf(attempt: AddressAttempt, authenticator: Authenticator, tls: SessionPlan['tls']) {
  const { host, endpoint, chosenBy, mail, message, clientName } = attempt
  return { host, endpoint, chosenBy, message, plan: { clientName, tls, mail }, tls: authenticator }
}
