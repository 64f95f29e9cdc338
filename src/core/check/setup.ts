import { limits } from '../limits.ts'
import { parseReportRecords } from '../tlsrpt/record.ts'
import type { CheckFacts } from './check-facts.ts'
import { policyFile, recordText } from './findings/sts-record.ts'
import { recordsFor, tlsaName } from './findings/tlsa-text.ts'
import { reportRecord } from './findings/tlsrpt.ts'
import { stringsIn } from './findings/txt.ts'
import { type HostView, type View, viewOf } from './view.ts'

/** What set-up instructions for one domain are filled in with. Texts may quote strangers. */
export interface Setup {
  readonly domain: string
  /** The domain takes mail, as far as could be told. */
  readonly takesMail: boolean
  /** Whether the MX records are signed; null when it could not be told. */
  readonly isSigned: boolean | null
  readonly hosts: readonly SetupHost[]
  readonly sts: SetupPolicy
  /** The TXT record of TLSRPT as zone text, and whether there is one that can be read. */
  readonly tlsrpt: { readonly record: string; readonly isThere: boolean }
}

export interface SetupHost {
  readonly host: string
  /** Its zone is the domain's own; otherwise somebody else must act. */
  readonly isYours: boolean
  /** Who else, where it is known: a zone. */
  readonly operator: string | null
  /** Whether STARTTLS works at every address; null when nobody could tell. */
  readonly hasTls: boolean | null
  /** Whether TLSA records there would be believed: name and addresses are signed. */
  readonly isSigned: boolean
  /** Where its TLSA records stand, or would, without a final dot. */
  readonly owner: string
  /** Zone text for the keys that it has now; empty when none was seen. */
  readonly records: readonly string[]
  /** Whether TLSA records are there, and match. */
  readonly tlsa: 'match' | 'mismatch' | 'none'
}

export interface SetupPolicy {
  readonly mode: 'enforce' | 'testing' | 'none' | 'missing'
  readonly policyHost: string
  /** The TXT record as zone text, with an id that is new. */
  readonly record: string
  /** The policy file for the hosts that there are: the mode that comes next. */
  readonly file: string
  readonly fileMode: 'testing' | 'enforce'
}

/** `now` is in milliseconds since 1970. */
export function setupOf(facts: CheckFacts, now: number): Setup {
  const view = viewOf(facts, now)
  const { domain, mail, hosts } = view
  return {
    domain,
    takesMail: mail !== undefined && mail.mx.row !== 'M3',
    isSigned: mail !== undefined && 'status' in mail.mx ? mail.mx.status === 'secure' : null,
    hosts: hosts.slice(0, limits.web.setupHosts).map((host) => hostOf(host, view)),
    sts: policyOf(view),
    tlsrpt: {
      record: reportRecord(domain).text,
      isThere: parseReportRecords(stringsIn(facts.reporting?.record)).ok,
    },
  }
}

function hostOf(view: HostView, whole: View): SetupHost {
  const { host, facts, addresses } = view
  const owner = whole.owners.host(host)
  const keys = addresses.flatMap((address) => address.keys)
  const publications = recordsFor(whole, view, keys, '')
  const met = addresses.filter(({ talk }) => talk !== undefined)
  return {
    host,
    isYours: owner.who === 'you',
    operator: owner.whoseName,
    hasTls: met.length === 0 ? null : met.every((address) => address.keys.length > 0),
    isSigned: facts.tlsa.row !== 'H4',
    owner: tlsaName(whole, view),
    records: publications.flatMap(({ text }) => text.split('\n')).slice(0, limits.web.setupRecords),
    tlsa: tlsaState(view),
  }
}

function tlsaState({ facts, addresses }: HostView): SetupHost['tlsa'] {
  if (facts.tlsa.row !== 'H5' && facts.tlsa.row !== 'H6') return 'none'
  const judged = addresses.flatMap(({ keys }) => keys.flatMap(({ dane }) => dane ?? []))
  return judged.length > 0 && judged.every(({ kind }) => kind !== 'failed') ? 'match' : 'mismatch'
}

/** Nobody should begin with mode enforce; who is there already stays there. RFC 8461 §8.3 */
function policyOf(view: View): SetupPolicy {
  const { domain, mail } = view
  const mode = mail?.sts?.policy?.policy.mode ?? 'missing'
  const fileMode = mode === 'testing' || mode === 'enforce' ? 'enforce' : 'testing'
  const wish = { mode: fileMode, maxAge: fileMode === 'enforce' ? 2_419_200 : 604_800 } as const
  return {
    ...{ mode, fileMode, policyHost: `mta-sts.${domain}`, record: recordText(view, wish).text },
    file: policyFile(view, wish).text,
  }
}
