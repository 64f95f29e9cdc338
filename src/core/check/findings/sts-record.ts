import { formatStsPolicy, parseStsPolicy } from '../../mtasts/policy.ts'
import { formatStsRecord, parseStsRecords, type StsRecordFault } from '../../mtasts/record.ts'
import { nextStsId } from '../../mtasts/sts-id.ts'
import type { DomainName } from '../../name/domain.ts'
import type { PolicyLook, StsSide } from '../check-facts.ts'
import type { Publication } from '../report.ts'
import { takesMail, type View } from '../view.ts'
import { dnsText, type Family, type FindingKinds, type Found, lookupSeen, nobody } from './finding.ts'
import { failureOf, isCatchAll, stringsIn, textSeen, textsIn } from './txt.ts'

const kinds = {
  'sts-missing': { severity: 'note', title: 'The domain has no MTA-STS record', rfc: 'RFC 8461 §3.1' },
  'sts-record-bogus': {
    severity: 'weakens',
    title: 'DNSSEC proves the MTA-STS record false, so that senders who validate see no policy',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-lookup-failed': {
    severity: 'weakens',
    title: 'The MTA-STS record cannot be looked up, so that senders see no policy',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-unanswered': {
    severity: 'note',
    title: 'The MTA-STS record could not be looked up from here, which says nothing about the domain',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-several': {
    severity: 'weakens',
    title: 'There are several MTA-STS records, which count as none',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-invalid': {
    severity: 'weakens',
    title: 'The MTA-STS record breaks the grammar, and counts as none',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-id': {
    severity: 'weakens',
    title: 'The id of the MTA-STS record is missing, or not 1 to 32 letters and digits',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-wildcard': {
    severity: 'weakens',
    title: 'What stands at _mta-sts stands at any name: a wildcard answers, not a record',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-unrelated': {
    severity: 'note',
    title: 'Other TXT records stand beside the MTA-STS record, and are passed over',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-untidy': {
    severity: 'note',
    title: 'The MTA-STS record can be read, and some senders may read it otherwise',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-misplaced': {
    severity: 'weakens',
    title: 'An MTA-STS record stands at the domain itself, where nobody looks for it',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-record-foreign': {
    severity: 'weakens',
    title: 'Another kind of record stands at _mta-sts',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-policy-without-record': {
    severity: 'weakens',
    title: 'A policy is served that no record announces, so that no sender fetches it',
    rfc: 'RFC 8461 §3.1',
  },
  'sts-delegated': {
    severity: 'note',
    title: 'The MTA-STS record or the policy host is an alias: whom it leads to decides about the policy',
    rfc: 'RFC 8461 §8.2',
  },
} as const satisfies FindingKinds

type RecordFound = Found<keyof typeof kinds>

/** The record that announces a policy. */
export const stsRecordFamily: Family = {
  section: 'mta-sts',
  kinds,
  find: (view) => (view.facts.sts === undefined ? [] : ofRecord(view, view.facts.sts)),
}

function ofRecord(view: View, sts: StsSide): RecordFound[] {
  const { domain, owners } = view
  const { record, apex, beside } = sts
  const name = `_mta-sts.${domain}`
  const seen = record === undefined ? [] : [lookupSeen(record)]
  const base = { subject: name, seen, owner: owners.records }
  const failed = failureOf(record)
  if (failed === 'unanswered') return [{ ...base, id: 'sts-record-unanswered', owner: nobody }]
  if (failed !== undefined) {
    const id = failed === 'bogus' ? 'sts-record-bogus' : 'sts-record-lookup-failed'
    return [{ ...base, id, owner: owners.dns(domain) }]
  }
  const misplaced = textsIn(apex).filter((text) => /^v=STSv1\b/i.test(text))
  const publish = [recordText(view)]
  const atApex: RecordFound[] = misplaced.map((text) => ({
    ...{ id: 'sts-record-misplaced', subject: domain, owner: owners.records, publish },
    seen: [textSeen(domain, text)],
  }))
  return [
    ...atApex,
    ...ofTexts(view, sts, base),
    ...ofAliases(view, sts),
    ...(isCatchAll(record, beside) ? [{ ...base, id: 'sts-record-wildcard' as const, publish }] : []),
  ]
}

type Base = Pick<RecordFound, 'subject' | 'seen' | 'owner'>

function ofTexts(view: View, sts: StsSide, base: Base): RecordFound[] {
  const strings = stringsIn(sts.record)
  const parsed = parseStsRecords(strings)
  const publish = [recordText(view)]
  if (parsed.ok) {
    const found: RecordFound[] = []
    if (strings.length > 1) found.push({ ...base, id: 'sts-record-unrelated' })
    if (parsed.value.warnings.length > 0) found.push({ ...base, id: 'sts-record-untidy', publish })
    return found
  }
  const served = servedBody(sts) !== undefined
  if (strings.length === 0) {
    if (served) return [{ ...base, id: 'sts-policy-without-record', publish }]
    if (!takesMail(view)) return []
    return [{ ...base, id: 'sts-missing', publish: [...publish, policyFile(view)] }]
  }
  const foreign = /^v=(?:spf1|DMARC1|DKIM1|TLSRPTv1)\b/i
  if (textsIn(sts.record).some((text) => foreign.test(text))) return [{ ...base, id: 'sts-record-foreign', publish }]
  return [{ ...base, id: faultIds[parsed.fault], publish }]
}

const faultIds: Record<StsRecordFault, RecordFound['id']> = {
  ...{ none: 'sts-record-invalid', several: 'sts-record-several', version: 'sts-record-invalid' },
  ...{ syntax: 'sts-record-invalid', id: 'sts-record-id' },
}

function ofAliases({ domain }: View, { record, addresses }: StsSide): RecordFound[] {
  const aliased = [record, ...addresses].filter((lookup) => lookup !== undefined)
  const seen = aliased.flatMap((lookup) =>
    lookup.kind !== 'failure' && lookup.aliases.length > 0 ? [lookupSeen(lookup)] : [],
  )
  return seen.length === 0 ? [] : [{ id: 'sts-delegated', subject: domain, seen, owner: nobody }]
}

/** What a policy that is proposed says. */
interface Wish {
  readonly mode: 'testing' | 'enforce'
  /** Seconds. */
  readonly maxAge: number
}

/** Nobody's mail suffers from mode testing. RFC 8461 §5 */
const first: Wish = { mode: 'testing', maxAge: 604_800 }

/** The record for the policy that is served, or for the one proposed: with the id that is there if it is of just this policy. */
export function recordText(view: View, wish?: Wish): Publication {
  const { domain, now, facts } = view
  const body = (wish === undefined ? servedBody(facts.sts) : undefined) ?? bodyFor(view, wish)
  const published = parseStsRecords(stringsIn(facts.sts?.record))
  const id = nextStsId(body, published.ok ? published.value.id : undefined, now)
  const text = `_mta-sts.${domain}. IN TXT "${formatStsRecord(id)}"`
  return dnsText(domain, text, 'a new id with every change of the policy')
}

/** A policy for the MX hosts that there are: in mode testing, unless told. RFC 8461 §3.2 */
export function policyFile(view: View, wish: Wish = first): Publication {
  return {
    ...{ kind: 'file', where: `https://mta-sts.${view.domain}/.well-known/mta-sts.txt` },
    text: bodyFor(view, wish).replaceAll('\r\n', '\n').trimEnd(),
    note:
      wish.mode === 'testing'
        ? 'first in mode testing; enforce when no report tells of a failure'
        : 'then give the record a new id',
  }
}

function bodyFor({ hosts }: View, { mode, maxAge }: Wish = first): string {
  const mx = hosts.map(({ host }) => ({ name: host as DomainName, wildcard: false })) // MX hosts are names
  return formatStsPolicy({ mode, maxAge, mx, warnings: [] })
}

function servedBody(sts: StsSide | undefined): string | undefined {
  return sts?.fetches.flatMap((look) => validBody(look) ?? [])[0]
}

function validBody({ outcome }: PolicyLook): string | undefined {
  const body = outcome.kind === 'fetched' ? Buffer.from(outcome.body).toString() : undefined
  return body !== undefined && parseStsPolicy(body).ok ? body : undefined
}
