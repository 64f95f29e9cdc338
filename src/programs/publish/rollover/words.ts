import type { KeyKind } from '../../../core/publish/rollover/association.ts'
import type { Entry } from '../../../core/publish/rollover/calendar.ts'
import type { Refusal, Step } from '../../../core/publish/rollover/decide.ts'
import { fingerprintOf, type Given, type Tracked, type WishFault } from '../../../core/publish/rollover/rollover.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { formatMoment } from '../../cli/durations.ts'

/** Why nothing is done, and what to do about it. */
export interface Reason {
  readonly text: string
  readonly advice: string
}

export function kindWord(kind: KeyKind | undefined): string {
  if (kind === 'authority') return 'authority'
  return kind === undefined ? 'unknown' : kind.toUpperCase()
}

/** How much of a fingerprint people read: enough to tell keys apart, and to name one on a command line. */
export const fingerprintShown = 16

/** `ECDSA key 4793aa02b1c3d4e5 (/etc/keys/next.pem)` */
export function keyWords(key: Given | Tracked): string {
  const name = key.kind === 'authority' ? 'authority' : `${kindWord(key.kind)} key`
  const where = key.file === undefined ? '' : ` (${escapeText(key.file)})`
  return `${name} ${fingerprintOf(key).slice(0, fingerprintShown)}${where}`
}

export function keysWords(keys: readonly (Given | Tracked)[]): string {
  return keys.map(keyWords).join(' and ')
}

export function refusalWords(refusal: Refusal): Reason {
  switch (refusal.kind) {
    case 'unsigned':
      return {
        text: 'the zone is not signed, so that no sender looks at its TLSA records',
        advice: 'sign the zone with DNSSEC, and put its DS record into the parent zone',
      }
    case 'servers-unknown':
      return {
        text: `what the name servers have is not known: ${refusal.reason}`,
        advice: 'run it again; leave out with --leave-out NAME a server that nobody can reach',
      }
    case 'host-unknown':
      return {
        text: `what the host presents is not known: ${refusal.reason}`,
        advice: 'run it again when it can be reached',
      }
    case 'no-tls':
      return {
        text: `${refusal.address} offers no STARTTLS: senders would hold mail back as soon as there are records`,
        advice: 'let it offer STARTTLS first',
      }
    case 'live-key-unknown':
      return {
        text: `${refusal.address} presents a key (${kindWord(refusal.keyKind)}) that is in no record and in no file named here`,
        advice: 'name the file with --key if the key is yours; else find out who answers there',
      }
    case 'combination':
      return {
        text: `with this change no record ${refusal.combination} would be of what ${refusal.address} presents`,
        advice: 'name with --key or --authority what it presents, or deploy what is published first',
      }
    case 'no-authority':
      return {
        text: 'records of usage 2 are of an authority, and none is known',
        advice: 'name its certificate with --authority',
      }
    case 'no-key':
      return { text: 'it is not known which keys are to be published', advice: 'name the one in use with --key' }
  }
}

export function wishWords(fault: WishFault): Reason {
  switch (fault) {
    case 'next-equals-current':
      return {
        text: 'the next key is the key in use: a change to itself protects nobody',
        advice: 'make a new key for --next; a certificate renewed with the same key needs no change of records',
      }
    case 'next-is-compromised':
      return { text: 'the next key is one that somebody else has', advice: 'make a new key for --next' }
    case 'current-not-presented':
      return {
        text: 'the host does not present the key named with --key',
        advice: 'name it with --next if it is to be deployed',
      }
    case 'not-tracked':
      return {
        text: 'the key named with --compromised is none of those that are published or presented',
        advice: 'see "waxseal tlsa plan" for the keys that are',
      }
    case 'too-many-keys':
      return { text: 'there are too many keys', advice: 'give fewer' }
  }
}

/** What is to be done now, in one sentence. */
export function stepWords(step: Step): string {
  switch (step.kind) {
    case 'refused':
      return 'nothing can be done safely'
    case 'write':
      return writeWords(step)
    case 'wait-for-servers':
      return `wait for name servers: ${step.places.map(escapeText).join('; ')}`
    case 'wait-for-caches':
      return `wait until ${formatMoment(step.until)}: until then caches may have answers without the new records`
    case 'wait-for-host':
      return `wait for the host: ${step.reasons.map(escapeText).join('; ')}`
    case 'wait-to-retire':
      return `wait until ${formatMoment(step.until)}, then the records of ${keysWords(step.keys)} go`
    case 'make-keys':
      return `make the next key: ${step.kinds.map(kindWord).join(' and ')}`
    case 'steady':
      return 'nothing to do'
  }
}

function writeWords({ purpose, keys, add, remove }: Extract<Step, { readonly kind: 'write' }>): string {
  switch (purpose) {
    case 'publish':
      return `publish ${records(add.length)} for ${keysWords(keys)}`
    case 'repair':
      return `publish at once ${records(add.length)} for ${keysWords(keys)}, which senders do not find`
    case 'retire':
      return `take out ${records(remove.length)} of ${keysWords(keys)}`
    case 'convert':
      return `take out ${records(remove.length)} of a kind that is not wanted any longer`
  }
}

function records(count: number): string {
  return count === 1 ? 'the record' : `${count} records`
}

/** What an entry of the calendar is about, and why it is there. */
export function entryWords(entry: Entry): Reason {
  switch (entry.kind) {
    case 'publish':
      return {
        text: `publish the record for ${keysWords(entry.keys)}`,
        advice: 'senders must know a key before it is used',
      }
    case 'repair':
      return {
        text: `publish the record for ${keysWords(entry.keys)}`,
        advice: 'it is presented, and senders hold mail back',
      }
    case 'retire':
      return {
        text: `take out the record of ${keysWords(entry.keys)}`,
        advice: 'when no address presents it any longer',
      }
    case 'convert':
      return { text: 'take out the records of other kinds', advice: 'all at once, as each kind must hold by itself' }
    case 'deploy':
      return {
        text: `${keyWords(entry.key)} may be deployed`,
        advice: 'by then every cache has its record; the gate lets it through',
      }
    case 'make-key':
      return { text: `make the next ${kindWord(entry.keyKind)} key`, advice: 'so that a change never has to wait' }
    case 'certificate-ends':
      return {
        text: `the certificate of ${escapeText(entry.subject)} ends`,
        advice: 'renew it before; with the same key no record changes',
      }
  }
}
