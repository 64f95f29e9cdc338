import { setTimeout as pause } from 'node:timers/promises'
import type { Question } from '../../../core/dns/message.ts'
import { TYPE } from '../../../core/dns/types.ts'
import type { AnswerChange } from '../attackers/resolution.ts'
import { type Diary, note } from '../diary.ts'
import type { Switchboard } from '../service.ts'
import { answerRecursively, type Sections } from './answer.ts'
import { type Answered, type Asked, type NameServer, openNameServer } from './name-server.ts'
import { spoil } from './spoil.ts'
import { originFor, readOwner } from './text.ts'
import type { Zones } from './zones.ts'

/** Where stubs of the world find their recursive server. */
export const forwarderAddress = '198.51.100.253'

export interface DnsServiceOptions {
  readonly zones: Zones
  readonly diary: Diary
  readonly switchboard: Switchboard
  /** What attackers do to answers, in order. */
  readonly changes: () => readonly AnswerChange[]
  /** By how many milliseconds every answer is late. */
  readonly delayMs: number
  readonly givesCookies?: boolean | undefined
  /** Whoever judges for the forwarder at the moment. */
  readonly judge: () => Judge | undefined
}

/** Judges for the forwarder, so that it sets AD and answers SERVFAIL as a validating server does. */
export type Judge = (question: Question) => Promise<'secure' | 'insecure' | 'failed'>

/** The name servers of all zones, and one recursive server for stubs. */
export interface DnsService {
  readonly rounds: () => number
  resetRounds(): void
  close(): Promise<void>
}

export async function openDnsService(options: DnsServiceOptions): Promise<DnsService> {
  const { zones, switchboard, givesCookies } = options
  const closing = new AbortController()
  const rounds = { answered: 0 }
  const serve = async (
    address: string,
    recursive: boolean,
    answer: (asked: Asked) => Promise<Answered | undefined>,
  ) => {
    const world = { address, port: 53 }
    const at = await switchboard.place(world)
    const counted = countRounds(options, address, rounds, closing.signal)
    const server = await openNameServer({
      at,
      recursive,
      givesCookies,
      answer: (asked) => counted(asked, () => answer(asked)),
    })
    switchboard.enter(world, server.endpoint)
    return server
  }
  const servers = await Promise.all([
    ...[...zones.servers].map(([origin, address]) =>
      serve(address, false, async (asked) => say(options, origin, asked)),
    ),
    serve(forwarderAddress, true, (asked) => forward(options, asked)),
  ])
  return {
    rounds: () => rounds.answered,
    resetRounds() {
      rounds.answered = 0
    },
    async close() {
      closing.abort()
      await Promise.all(servers.map((server: NameServer) => server.close()))
    },
  }
}

/** Writes the question down, gives the answer its delay, and follows how long the chain of questions has become. */
function countRounds(
  { diary, delayMs }: DnsServiceOptions,
  server: string,
  rounds: { answered: number },
  signal: AbortSignal,
) {
  return async (asked: Asked, answer: () => Promise<Answered | undefined>): Promise<Answered | undefined> => {
    const round = rounds.answered + 1
    const { name, type } = asked.question
    note(diary.asked, { server, name, type, transport: asked.transport, round })
    const answered = await answer()
    if (delayMs > 0) await pause(delayMs, undefined, { signal }).catch(() => undefined)
    rounds.answered = Math.max(rounds.answered, round)
    return answered
  }
}

/** What the server of a zone says, spoilt at its source or changed on its way. */
function say(
  { zones, changes }: DnsServiceOptions,
  origin: string,
  { question, dnssecOk }: Asked,
): Sections | undefined {
  const honest = zones.answer(origin, question, dnssecOk)
  const fate = honest.isAuthoritative ? fateOf(honest, question, zones) : undefined
  let sections = fate === undefined ? honest : spoil(honest, question, fate)
  for (const change of changes()) {
    if (sections === undefined) return undefined
    sections = change(sections, question, () => zones.formerAnswer(origin, question, dnssecOk), readOwner(origin))
  }
  return sections
}

/** Of the records asked for, or of an alias on the way to them. */
function fateOf({ answer }: Sections, question: Question, zones: Zones) {
  const aliases = answer.filter(({ type }) => type === TYPE.CNAME || type === TYPE.DNAME)
  return [question, ...aliases].map((one) => zones.fateOf(one)).find((fate) => fate !== undefined)
}

/** Answers for stubs from what all servers say. */
async function forward(options: DnsServiceOptions, asked: Asked): Promise<Answered | undefined> {
  const origins = new Set(options.zones.servers.keys())
  const verdict = asked.checkingDisabled ? undefined : await options.judge()?.(asked.question)
  if (verdict === 'failed') return spoil(noSections, asked.question, 'servfail')
  const sections = answerRecursively((question) => {
    return say(options, originFor(question, origins), { ...asked, question })
  }, asked.question)
  return sections && { ...sections, authenticData: verdict === 'secure' && asked.wantsVerdict }
}

const noSections: Sections = { rcode: 0, isAuthoritative: false, answer: [], authority: [], additional: [] }
