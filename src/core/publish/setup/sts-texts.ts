import { dnsText } from '../../check/findings/finding.ts'
import { stringsIn } from '../../check/findings/txt.ts'
import type { Publication } from '../../check/report.ts'
import { formatRecord } from '../../dns/zone-text.ts'
import { listsMx, type MxPattern, type StsPolicy } from '../../mtasts/policy.ts'
import { parseStsRecords } from '../../mtasts/record.ts'
import { nextStsId } from '../../mtasts/sts-id.ts'
import { type DomainName, nameOfDomain } from '../../name/domain.ts'
import { cnameRecord, defaultTtl } from '../record.ts'
import { uniquePatterns, writeStsPolicy } from '../sts-policy.ts'
import { stsRecord, stsRecordName } from '../sts-record.ts'
import type { Around } from './around.ts'

/** The policy to serve: for the hosts that there are, and whatever is listed now. RFC 8461 §8.4 */
function policyToWrite({ view }: Around, policies: readonly StsPolicy[], mode: 'testing' | 'enforce', maxAge: number) {
  const listed = policies.flatMap((policy): readonly MxPattern[] => (policy.mode === 'none' ? [] : policy.mx))
  const hosts = view.hosts.map(({ host }) => host as DomainName) // hosts of MX records are names
  const added = hosts.filter((host) => !listsMx(listed, host)).map((name) => ({ name, wildcard: false }))
  return writeStsPolicy({ mode, mx: uniquePatterns([...listed, ...added]), maxAge })
}

export function fileToServe(
  around: Around,
  policies: readonly StsPolicy[],
  mode: 'testing' | 'enforce',
  maxAge: number,
): Publication[] {
  const written = policyToWrite(around, policies, mode, maxAge)
  if (!written.ok) return []
  const note =
    mode === 'testing' ? 'in mode testing no mail is held back' : 'senders hold you to it for max_age seconds'
  const where = `https://${around.setup.sts.policyHost}/.well-known/mta-sts.txt`
  return [{ kind: 'file', where, text: written.value.body.trimEnd().replaceAll('\r', ''), note }]
}

/** The record for that policy: its id is new whenever the policy is. RFC 8461 §3.1 */
export function recordToPublish(
  around: Around,
  policies: readonly StsPolicy[],
  mode: 'testing' | 'enforce',
  maxAge: number,
): Publication[] {
  const { view, wishes } = around
  const { domain, facts, now } = view
  const name = stsRecordName(domain)
  if (name === undefined) return []
  if (wishes.policyHost.kind === 'delegated') {
    const record = cnameRecord(name, nameOfDomain(wishes.policyHost.record))
    return [dnsText(domain, formatRecord(record), 'the provider gives the record behind it a new id with every change')]
  }
  const written = policyToWrite(around, policies, mode, maxAge)
  if (!written.ok) return []
  const last = parseStsRecords(stringsIn(facts.sts?.record))
  const id = nextStsId(written.value.body, last.ok ? last.value.id : undefined, now)
  return [
    dnsText(
      domain,
      formatRecord(stsRecord(name, id, defaultTtl)),
      'after the file is served; a new id with every change of the policy',
    ),
  ]
}

/** In which mode the policy is, or is to begin, and how long it lasts. */
export function beginning({ setup, wishes }: Around): {
  readonly mode: 'testing' | 'enforce'
  readonly maxAge: number
} {
  if (setup.sts.mode === 'enforce') return { mode: 'enforce', maxAge: wishes.maxAge ?? enforceMaxAge }
  return { mode: 'testing', maxAge: Math.min(wishes.maxAge ?? testingMaxAge, testingMaxAge) }
}

/** What lasts a week at first: until senders have asked anew, a mistake is forgotten soon. */
const testingMaxAge = 604_800
export const enforceMaxAge = 2_419_200
