import type { Mailbox } from '../../core/smtp/mailbox.ts'
import type { Fate } from '../../core/smtp/session-state.ts'
import type { Protection, RecipientReport } from './report.ts'
import { ourStatus, peerStatus, type Status } from './status.ts'

/** Where something was learned about recipients. */
export interface Place {
  readonly host: string | undefined
  readonly address: string | undefined
  readonly row: string | undefined
}

/** Keeps account of the recipients of one domain while its hosts are tried. */
export interface Ledger {
  /** Those for whom another host may be tried, in the order given. */
  readonly open: readonly Mailbox[]
  /** Notes why a host could do nothing for those still open. */
  fail(status: Status, place: Place): void
  /** Books what a session did for the mailboxes it was given; `failure` tells why it left some of them open. */
  book(mailboxes: readonly Mailbox[], fates: readonly Fate[], session: Place & BookedSession): void
  /** What became of everyone; whoever is still open gets the most telling of the failures noted. */
  report(): RecipientReport[]
}

export interface BookedSession {
  readonly protection: Protection
  readonly failure: Status
}

interface Entry {
  readonly mailbox: Mailbox
  settled: RecipientReport | undefined
  /** Failures so far, in the order of the hosts. */
  readonly failures: RecipientReport[]
}

export function openLedger(mailboxes: readonly Mailbox[]): Ledger {
  const entries = mailboxes.map((mailbox): Entry => ({ mailbox, settled: undefined, failures: [] }))
  const isOpen = ({ settled }: Entry) => settled === undefined

  function write(entry: Entry, { status, settles }: Outcome, place: Place, protection?: Protection): void {
    const { host, address, row } = place
    const report = { mailbox: entry.mailbox, status, host, address, row, protection }
    if (settles) entry.settled = report
    else entry.failures.push(report)
  }

  return {
    get open() {
      return entries.filter(isOpen).map(({ mailbox }) => mailbox)
    },
    fail(status, place) {
      for (const entry of entries.filter(isOpen)) write(entry, { status, settles: false }, place)
    },
    book(booked, fates, session) {
      for (const [place, mailbox] of booked.entries()) {
        const entry = entries.find((candidate) => candidate.mailbox === mailbox)
        const fate = fates[place]
        if (entry === undefined || fate === undefined) continue
        const protection = fate.kind === 'delivered' ? session.protection : undefined
        write(entry, outcomeOf(fate, session.failure), session, protection)
      }
    },
    report: () => entries.map((entry) => entry.settled ?? mostTelling(entry)),
  }
}

/** What a session meant for a recipient, and whether that was the last word on it. */
interface Outcome {
  readonly status: Status
  readonly settles: boolean
}

/**
 * RFC 5321 §5.1 has the other hosts tried when one cannot take the mail now, not when it will not. What one host lacks
 * another may have (RFC 1870 §6.1, RFC 6152 §3, RFC 6531 §3.2): it is permanent when all that could be asked lack it.
 */
function outcomeOf(fate: Fate, failure: Status): Outcome {
  switch (fate.kind) {
    case 'delivered':
      return { status: peerStatus('delivered', fate.reply), settles: true }
    case 'refused': {
      const permanent = fate.reply.code >= 500
      return { status: peerStatus(permanent ? 'permanent' : 'temporary', fate.reply), settles: permanent }
    }
    case 'unsupported':
      return { status: unsupported(fate.what), settles: false }
    case 'uncertain':
      return { status: ourStatus('connection-lost', 'smtp', lostAfterMessage), settles: true }
    case 'postponed':
      return { status: { ...peerStatus('temporary', fate.reply), ...tooMany }, settles: false }
    case 'open':
    case 'accepted':
      return { status: failure, settles: false }
  }
}

/** Also of a server that says so with 552. RFC 5321 §4.5.3.1.10 */
const tooMany = { code: 452, enhanced: '4.5.3' }

const lostAfterMessage = 'the connection was lost before the message was acknowledged; it may have been delivered'

/** A server's own words, then a policy that stands in the way, then a network that failed: of each the first host's. */
function mostTelling({ mailbox, failures }: Entry): RecipientReport {
  const temporary = failures.filter(({ status }) => status.kind === 'temporary')
  const candidates = temporary.length > 0 ? temporary : failures
  const best = candidates.toSorted((one, other) => weight(one.status) - weight(other.status))[0]
  if (best !== undefined) return best
  const status = ourStatus('no-host', 'dns', 'no host was left to try')
  return { mailbox, status, host: undefined, address: undefined, row: undefined, protection: undefined }
}

function weight({ from, text }: Status): number {
  if (from === 'peer') return 0
  return /^\[(?:smtp|dns)\]/.test(text) ? 2 : 1
}

function unsupported(what: 'size' | '8bitmime' | 'smtputf8'): Status {
  if (what === 'size') return ourStatus('too-large', 'smtp', 'the message is larger than the server takes')
  if (what === '8bitmime') return ourStatus('needs-8bitmime', 'smtp', 'the server does not take 8-bit text')
  return ourStatus('needs-smtputf8', 'smtp', 'the server does not take addresses or headers beyond ASCII')
}
