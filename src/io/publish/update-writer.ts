import { makeQuery } from '../../core/dns/encode.ts'
import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import type { TsigKey } from '../../core/dns/tsig-key.ts'
import { formatType, RCODE, TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import type { ZoneChange } from '../../core/publish/change.ts'
import { type ChangedRrset, changedRrsets, isMade } from '../../core/publish/change-steps.ts'
import { makeUpdate } from '../../core/publish/update-message.ts'
import { explainRcode, explainRejection, type Refusal } from '../../core/publish/update-refusal.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import type { ChosenBy, DialFault, Endpoint, Network } from '../network.ts'
import { formatServer } from '../resolver/ask.ts'
import type { Resolver } from '../resolver/resolver.ts'
import { pauseFor, type StopSignal } from '../stop.ts'
import { findUpdateServer, type NamedHost } from './update-server.ts'
import { type Heard, openSession, type Silence, secondsOf, type UpdateSession } from './update-session.ts'
import type { WriteFailure, WriteFault, WriteOutcome, ZoneWriter } from './zone-writer.ts'

export interface UpdateWriterOptions {
  readonly network: Network
  readonly resolver: Resolver
  readonly clock: Clock
  /** Message IDs, of 16 bits. */
  readonly randomId: () => number
  /** In the place of the primary server that the SOA record names. */
  readonly server: NamedHost | undefined
  /** Without it nothing is signed, and what the server says is believed. */
  readonly key: TsigKey | undefined
  /** For an answer. */
  readonly answerMs?: number
  /** How often it is looked again whether the change shows. */
  readonly looksMax?: number
}

/**
 * Sends changes to the server where the zone is changed, over TCP, signed with TSIG: RFC 2136, RFC 8945.
 *
 * A connection that fails is tried at the server's next address, because the same update may be sent twice. Afterwards the
 * server is asked for the RRsets: one that says that it is done and has them otherwise has not taken the change.
 */
export function updateWriter(options: UpdateWriterOptions): ZoneWriter {
  const { server } = options
  const where = server === undefined ? 'the primary server of the zone' : `${server.host} (port ${server.port})`
  return {
    does: `send an update to ${where}`,
    async write(change, signal) {
      const ending = createEnding(signal, limits.writing.updateMs)
      try {
        return await writeSomewhere(change, { ...options, signal: ending.signal })
      } finally {
        ending.stop()
      }
    },
  }
}

interface Work extends UpdateWriterOptions {
  readonly signal: StopSignal
}

async function writeSomewhere(change: ZoneChange, work: Work): Promise<WriteOutcome> {
  const found = await findUpdateServer(change.zone, work.server, work)
  if (work.signal.aborted) return givenUp(work.signal)
  if (found.kind === 'none') return failure('no-server', found.reason, found.advice, false)
  let mayBeWritten = false
  let last: WriteFailure | undefined
  for (const endpoint of found.endpoints) {
    const outcome = await writeAt(endpoint, found.chosenBy, change, work)
    if (outcome.kind !== 'failed') return outcome
    mayBeWritten ||= outcome.mayBeWritten
    last = { ...outcome, mayBeWritten }
    if (outcome.why !== 'no-server' && outcome.why !== 'no-answer') break
  }
  return last ?? failure('no-server', 'the server has no address', again, false)
}

const again = 'write it again: to send the same change twice does no harm'

function failure(why: WriteFault, reason: string, advice: string, mayBeWritten: boolean): WriteFailure {
  return { kind: 'failed', why, reason, advice, mayBeWritten }
}

/** Before anything was sent. */
function givenUp({ reason }: StopSignal): WriteFailure {
  if (reason === 'timeout') return failure('no-server', 'the server could not be looked up in time', again, false)
  return failure('aborted', 'it was given up', again, false)
}

async function writeAt(endpoint: Endpoint, chosenBy: ChosenBy, change: ZoneChange, work: Work): Promise<WriteOutcome> {
  const server = formatServer(endpoint)
  const session = await openSession(endpoint, { ...work, chosenBy, answerMs: work.answerMs ?? limits.writing.answerMs })
  if (!session.ok) return unreached(server, session.fault, work.signal)
  try {
    const heard = await session.value.ask((id) => makeUpdate(change, id))
    return await outcomeOf(heard, { server, session: session.value, change, work })
  } finally {
    session.value.close()
  }
}

function unreached(server: string, dialled: DialFault, signal: StopSignal): WriteFailure {
  const fault = dialled === 'aborted' && signal.reason === 'timeout' ? 'timeout' : dialled
  if (fault === 'aborted') return failure('aborted', 'it was given up', again, false)
  const [reason, advice] =
    fault === 'forbidden'
      ? [`${server} is no public address`, 'if it is your server, name it by --update-server']
      : [`no connection to ${server} (TCP): ${fault}`, 'see that it listens for TCP there, and no firewall is between']
  return failure('no-server', reason, advice, false)
}

interface Meeting {
  readonly server: string
  readonly session: UpdateSession
  readonly change: ZoneChange
  readonly work: Work
}

async function outcomeOf(heard: Heard, meeting: Meeting): Promise<WriteOutcome> {
  const { server, change, work } = meeting
  const { key } = work
  if (heard.kind === 'nothing') return unanswered(server, heard.why)
  if (heard.kind === 'rejected' && key !== undefined) {
    return refused(server, explainRejection(heard, key, secondsOf(work.clock)))
  }
  if (heard.kind === 'rejected') return unanswered(server, 'strange')
  const { message, isVouchedFor } = heard
  const { rcode } = message
  if (!isVouchedFor) return unvouched(server, explainRcode(rcode, change.zone, key), rcode)
  if (rcode === RCODE.NOERROR) return await confirmed(meeting)
  const refusal = explainRcode(rcode, change.zone, key)
  return refusal.why === 'changed' ? await otherwise(refusal, meeting) : refused(server, refusal)
}

function refused(server: string, { why, reason, advice, mayBeWritten }: Refusal): WriteFailure {
  return failure(why, `${server} ${reason}`, advice, mayBeWritten)
}

/** What anybody on the way may have said: it is passed on, and nothing rests on it. RFC 8945 §5.3 */
function unvouched(server: string, refusal: Refusal, rcode: number): WriteFailure {
  if (rcode === RCODE.NOERROR) {
    const advice = 'let it sign its answers with the key: somebody on the way could have written this one'
    return failure('no-answer', `${server} says that it is done, but does not sign that`, advice, true)
  }
  return refused(server, { ...refusal, reason: `${refusal.reason}, without a signature`, mayBeWritten: true })
}

const silences: Readonly<Record<Silence, string>> = {
  timeout: 'does not answer in time',
  aborted: 'was not waited for',
  closed: 'closed the connection without an answer',
  'too-long': 'cannot be told so much in one message: it is longer than 65535 octets',
  strange: 'answered something else than the update',
  malformed: 'answered what is no DNS message',
  'other-key': 'signs its answer with another key',
  'other-algorithm': 'signs its answer by another algorithm than the key is for',
  'mac-length': 'signs its answer with a MAC of a length that may not be',
  'wrong-mac': 'answered with a signature that is wrong: the answer is forged, or was altered on the way',
  time: 'signed its answer at another time: it is an old one, or its clock differs',
}

function unanswered(server: string, why: Silence): WriteFailure {
  if (why === 'too-long') return failure('refused', `${server} ${silences[why]}`, 'make the change in parts', false)
  const fault = why === 'aborted' ? 'aborted' : why === 'time' ? 'bad-time' : 'no-answer'
  return failure(fault, `${server} ${silences[why]}`, again, true)
}

async function confirmed(meeting: Meeting): Promise<WriteOutcome> {
  const { server, session, change } = meeting
  let wrong = firstWrong(await lookUntilMade(meeting))
  if (wrong?.state === 'otherwise') {
    // Knot removes the last record of a name and adds no alias there in one update; in a second it does. RFC 2136 §3.4.2.2
    const heard = await session.ask((id) => makeUpdate({ ...change, assume: [] }, id))
    const isDone = heard.kind === 'reply' && heard.isVouchedFor && heard.message.rcode === RCODE.NOERROR
    if (isDone) wrong = firstWrong(await lookUntilMade(meeting))
  }
  if (wrong === undefined) return { kind: 'written', by: server, wasThere: false }
  const reason = `${server} says that it is done, but ${describe(wrong)}`
  return failure('not-taken', reason, adviceFor(wrong), true)
}

function firstWrong(looked: readonly Looked[]): Looked | undefined {
  return looked.find(({ state }) => state !== 'made' && state !== 'unknown')
}

/** A prerequisite does not hold; perhaps because the change was made before, and the answer was lost. */
async function otherwise(refusal: Refusal, meeting: Meeting): Promise<WriteOutcome> {
  const { server, change } = meeting
  const looked = await lookUntilMade(meeting)
  if (looked.length === changedRrsets(change).length && looked.every(({ state }) => state === 'made'))
    return { kind: 'written', by: server, wasThere: true }
  const wrong = looked.find(({ state }) => state === 'alias') ?? looked.find(({ state }) => state === 'otherwise')
  if (wrong === undefined) return refused(server, refusal)
  const advice = wrong.state === 'alias' ? adviceFor(wrong) : refusal.advice
  return failure('changed', `${server} refuses the change: ${describe(wrong)}`, advice, false)
}

/** One RRset of a change as the server has it. */
interface Looked {
  readonly rrset: ChangedRrset
  readonly state: 'made' | 'otherwise' | 'alias' | 'unknown'
}

function describe({ rrset: { name, type, isWhole, has, hasNot }, state }: Looked): string {
  const shown = formatName(name)
  if (state === 'alias') return `${shown} is an alias (CNAME)`
  if (type === TYPE.CNAME && has.length > 0)
    return `${shown} has not become an alias (CNAME): other records may be there`
  const what = `the ${formatType(type)} records of ${shown}`
  if (isWhole) return `${what} are not those that were there when this was planned, nor those that shall be there`
  return `${what} are not what the change makes of them${hasNot.length > 0 ? '' : ': one is missing'}`
}

function adviceFor({ state }: Looked): string {
  return state === 'alias'
    ? 'change the zone that the alias leads to, or remove the alias'
    : 'look what is in the zone now, and see the log of the server'
}

/** A server that signs apart from what it is told (BIND's inline signing) shows a change a moment later. */
async function lookUntilMade(meeting: Meeting): Promise<Looked[]> {
  const { looksMax = limits.writing.looks, signal } = meeting.work
  let looked = await lookAt(meeting)
  for (let left = looksMax; left > 0 && looked.some(({ state }) => state === 'otherwise'); left--) {
    await pauseFor(limits.writing.lookPauseMs, signal)
    looked = await lookAt(meeting)
  }
  return looked
}

/** Asks, on the same connection, for every RRset of the change. */
async function lookAt({ session, change }: Meeting): Promise<Looked[]> {
  const looked: Looked[] = []
  for (const rrset of changedRrsets(change).slice(0, limits.writing.confirmedRrsets)) {
    const { name, type } = rrset
    const options = { recursionDesired: false, checkingDisabled: false, edns: undefined }
    const heard = await session.ask((id) => makeQuery(name, type, { ...options, id }))
    looked.push({ rrset, state: stateOf(rrset, heard) })
    if (heard.kind === 'nothing') break
  }
  return looked
}

function stateOf(rrset: ChangedRrset, heard: Heard): Looked['state'] {
  if (heard.kind !== 'reply' || !heard.isVouchedFor || !speaksForZone(heard.message)) return 'unknown'
  const here = heard.message.answer.filter(({ name }) => sameName(name, rrset.name))
  if (isMade(rrset, here.filter(hasType(rrset.type)))) return 'made'
  return rrset.type !== TYPE.CNAME && here.some(hasType(TYPE.CNAME)) ? 'alias' : 'otherwise'
}

function hasType(wanted: number) {
  return ({ type }: ResourceRecord) => type === wanted
}

function speaksForZone({ isAuthoritative, rcode }: Message): boolean {
  return isAuthoritative && (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN)
}
