import { limits } from '../../../core/limits.ts'
import type { ReceivedMessage } from '../../lab/diary.ts'
import type { World } from '../../lab/world/world.ts'
import { makeToken, observeRound, planRound, type Round, recipientsReturned, type Trial } from '../round.ts'
import { type Findings, judgeRound } from '../verdict.ts'

/** The rounds under way on a public host, in memory, each until it is old or others need its place. */
export interface LiveRounds {
  /** One client's rounds may take no more than their share of the places: its oldest goes for its newest. */
  begin(client: string): Round
  find(token: string): Round | undefined
  /** What a round shows so far. */
  judge(round: Round): Findings
  /** Whether mail to this mailbox belongs to a round. */
  expects(mailbox: string): boolean
  /** Notes how a message came, and forgets the message. */
  note(message: ReceivedMessage): void
}

interface Live {
  readonly round: Round
  readonly beganAt: number
  readonly client: string
  readonly mailboxes: ReadonlySet<string>
  readonly received: ReceivedMessage[]
  readonly returned: Set<Trial>
}

export function createLiveRounds(
  world: World,
  {
    base,
    now,
    token = makeToken,
  }: { readonly base: string; readonly now: () => number; readonly token?: () => string },
): LiveRounds {
  const { rounds: most, roundsPerClient, roundMs, arrivalsPerRound } = limits.senderTest
  const live = new Map<string, Live>()
  const find = (name: string): Live | undefined => {
    const one = live.get(name)
    if (one === undefined || now() - one.beganAt <= roundMs) return one
    live.delete(name)
    return undefined
  }
  const liveOf = (mailbox: string) => {
    const one = find(mailbox.slice(0, Math.max(0, mailbox.lastIndexOf('@'))).toLowerCase())
    return one?.mailboxes.has(mailbox.toLowerCase()) === true ? one : undefined
  }
  return {
    begin(client) {
      const own = [...live.values()].filter((one) => one.client === client)
      if (own.length >= roundsPerClient) live.delete(own[0]?.round.token ?? '')
      const round = planRound(world, base, token())
      const mailboxes = new Set([round.from, ...round.trials.map(({ address }) => address)])
      live.set(round.token, { round, beganAt: now(), client, mailboxes, received: [], returned: new Set() })
      if (live.size > most) live.delete(live.keys().next().value as string) // there is one
      return round
    },
    find: (name) => find(name)?.round,
    judge: (round) => {
      const { received = [], returned } = live.get(round.token) ?? {}
      return judgeRound(observeRound(round, received, returned))
    },
    expects: (mailbox) => liveOf(mailbox) !== undefined,
    note(message) {
      for (const mailbox of new Set(message.to)) {
        const one = liveOf(mailbox)
        if (one === undefined) continue
        if (mailbox.toLowerCase() === one.round.from) noteReturned(one, message.text)
        else if (one.received.length < arrivalsPerRound) {
          one.received.push({ ...message, from: '', to: [mailbox.toLowerCase()], text: '' })
        }
      }
    },
  }
}

/** Reads for whom a returned message is; nothing else of it is kept. */
function noteReturned({ round, returned }: Live, text: string): void {
  const recipients = recipientsReturned(text)
  for (const trial of round.trials) if (recipients.has(trial.address)) returned.add(trial)
}
