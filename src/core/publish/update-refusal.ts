import { type Rejection, TSIG_ERROR } from '../dns/tsig.ts'
import { type TsigKey, wholeMacOctets } from '../dns/tsig-key.ts'
import { formatRcode, RCODE } from '../dns/types.ts'
import type { Name } from '../name/name.ts'
import { formatName } from '../name/text.ts'

/** Why a server does not carry an update out, and what to do about it; each one line. */
export interface Refusal {
  readonly why: 'bad-key' | 'bad-time' | 'refused' | 'not-primary' | 'server-failed' | 'changed'
  readonly reason: string
  readonly advice: string
  /** Whether it may be carried out all the same, or still be. */
  readonly mayBeWritten: boolean
}

/** Words of a refusal: what the server does, behind its name. */
type Words = Omit<Refusal, 'mayBeWritten'>

/** What a server means that does not accept the signature of an update; `now` in seconds. RFC 8945 §5.2 */
export function explainRejection({ error, isVerified, serverTime }: Rejection, key: TsigKey, now: number): Refusal {
  const shown = `"${formatName(key.name)}" (${key.algorithm})`
  const words = wordsOf(error, shown, serverTime === undefined ? undefined : serverTime - now)
  // Knot calls a MAC wrong that is truncated.
  const isTruncated = error === TSIG_ERROR.BADSIG && key.macOctets < wholeMacOctets(key.algorithm)
  const reason = isTruncated ? `${words.reason}; or it takes no truncated MACs` : words.reason
  return { ...words, reason, mayBeWritten: !isVerified }
}

function wordsOf(error: number, key: string, ahead: number | undefined): Words {
  switch (error) {
    case TSIG_ERROR.BADKEY: // RFC 8945 §5.2.1
      return {
        // Knot says so too of a key that may not change these names.
        ...{ why: 'bad-key', reason: `does not know the key ${key}, or does not let it change this: BADKEY` },
        advice: 'let it have the key by this very name and algorithm, and let the key change these names',
      }
    case TSIG_ERROR.BADSIG: // RFC 8945 §5.2.2
      return {
        ...{ why: 'bad-key', reason: `has another secret for the key ${key}: BADSIG` },
        advice: 'copy the key anew from the server, or make a new one for both',
      }
    case TSIG_ERROR.BADTIME: // RFC 8945 §5.2.3
      return {
        ...{ why: 'bad-time', reason: `does not accept the time of the update: BADTIME${differenceOf(ahead)}` },
        advice: 'set both clocks by NTP',
      }
    case TSIG_ERROR.BADTRUNC: // RFC 8945 §5.2.4
      return {
        ...{ why: 'bad-key', reason: `wants longer MACs with the key ${key}: BADTRUNC` },
        advice: 'leave out the number of bits behind the algorithm of the key',
      }
    default:
      return {
        ...{ why: 'bad-key', reason: `does not accept the key ${key}: TSIG error ${error}` },
        advice: 'see its log',
      }
  }
}

function differenceOf(ahead: number | undefined): string {
  if (ahead === undefined) return ''
  return `; its clock is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} this one`
}

/** What an RCODE of an update means; for none that says that it is done. RFC 2136 §2.2, §3 */
export function explainRcode(rcode: number, zone: Name, key: TsigKey | undefined): Refusal {
  const name = formatName(zone)
  const who = key === undefined ? 'an update without a key' : `the key "${formatName(key.name)}"`
  switch (rcode) {
    case RCODE.REFUSED:
      return {
        ...{ why: 'refused', reason: `refuses this change of ${name} to ${who}: REFUSED`, mayBeWritten: false },
        advice: 'let the key change these names: docs/publishing-dns.md has the lines for BIND, Knot and PowerDNS',
      }
    case RCODE.NOTIMP:
      return {
        ...{ why: 'refused', reason: 'takes no dynamic updates: NOTIMP', mayBeWritten: false },
        advice: 'turn dynamic updates on there, or write the change in another way (--update)',
      }
    case RCODE.NOTAUTH:
      return {
        ...{ why: 'not-primary', reason: `is not where ${name} is changed, or not by ${who}: NOTAUTH` },
        ...{ advice: 'name the primary server by --update-server, and let it take updates', mayBeWritten: false },
      }
    case RCODE.NOTZONE:
      return {
        ...{ why: 'not-primary', reason: `says that a name lies outside ${name}: NOTZONE`, mayBeWritten: false },
        advice: 'look which zone the name lies in: a part of it may be delegated',
      }
    case RCODE.NXRRSET:
    case RCODE.YXRRSET:
      return {
        ...{ why: 'changed', reason: `says that ${name} is otherwise than expected: ${formatRcode(rcode)}` },
        ...{ advice: 'look what is in the zone now, and plan anew', mayBeWritten: false },
      }
    case RCODE.SERVFAIL:
      return {
        ...{ why: 'server-failed', reason: `could not carry the update out: SERVFAIL`, mayBeWritten: true },
        advice: 'see its log: it may not be able to write the zone, to sign it, or to reach its own primary',
      }
    default:
      return {
        ...{ why: 'server-failed', reason: `does not carry the update out: ${formatRcode(rcode)}` },
        ...{ advice: 'see its log', mayBeWritten: false },
      }
  }
}
