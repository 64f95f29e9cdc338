import { randomBytes } from 'node:crypto'
import type { ReceivedMessage } from '../lab/diary.ts'
import type { TestDeclaration, World } from '../lab/world/world.ts'

/** One message to each test domain, known by a token that no other round has. */
export interface Round {
  readonly token: string
  /** Where what is returned must go, so that it is seen. */
  readonly from: string
  readonly trials: readonly Trial[]
}

/** A test domain, and the address in it that this round writes to. */
export interface Trial {
  readonly test: TestDeclaration
  /** The domain without what all of them end in. */
  readonly name: string
  readonly address: string
}

/** How a message came to a host: `tls` is undefined in clear. */
export type Arrival = Pick<ReceivedMessage, 'host' | 'tls'>

/** What became of a trial so far. `held` is all that neither arrived nor was returned. */
export type Outcome =
  | { readonly kind: 'arrived'; readonly arrivals: readonly Arrival[] }
  | { readonly kind: 'returned' }
  | { readonly kind: 'held' }

/** Makes a token that nobody guesses, in letters and digits that every mail server leaves as they are. */
export function makeToken(): string {
  return `t${randomBytes(10).toString('hex')}`
}

/** The round of this token through the test domains of a world. */
export function planRound({ tests }: World, base: string, token: string): Round {
  const trials = tests.map((test) => ({
    test,
    name: test.domain.slice(0, -base.length - 1),
    address: `${token}@${test.domain}`,
  }))
  return { token, from: `${token}@return.${base}`, trials }
}

/**
 * What became of each trial, from what the hosts of the test domains took; and from what a sender says that he will not
 * try again.
 */
export function observeRound(
  { from, trials }: Round,
  received: readonly ReceivedMessage[],
  saidReturned: ReadonlySet<Trial> = new Set(),
): ReadonlyMap<Trial, Outcome> {
  const arrived = (mailbox: string) => received.filter(({ to }) => to.some((one) => one.toLowerCase() === mailbox))
  const returned = arrived(from).map(({ text }) => recipientsReturned(text))
  return new Map(
    trials.map((trial): [Trial, Outcome] => {
      const arrivals = arrived(trial.address)
      if (arrivals.length > 0) return [trial, { kind: 'arrived', arrivals }]
      const isReturned = saidReturned.has(trial) || returned.some((recipients) => recipients.has(trial.address))
      return [trial, { kind: isReturned ? 'returned' : 'held' }]
    }),
  )
}

/**
 * For whom a delivery status notification says that there will be no delivery. RFC 3464 §2.3.2 and §2.3.3
 *
 * A notification of a delay is none.
 */
export function recipientsReturned(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const block of text.split(/\r\n\r\n/)) {
    const recipient = /^Final-Recipient:\s*rfc822;\s*<?([^\s>]+)/im.exec(block)?.[1]
    if (recipient !== undefined && /^Action:\s*failed/im.test(block)) found.add(recipient.toLowerCase())
  }
  return found
}
