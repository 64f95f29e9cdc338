import type { X509Certificate } from 'node:crypto'
import { formatType } from '../../dns/types.ts'
import { formatRecord } from '../../dns/zone-text.ts'
import type { Resolution } from '../../dnssec/resolution.ts'
import { limits } from '../../limits.ts'
import { formatName } from '../../name/text.ts'
import { dayOf } from '../forecast.ts'
import type { Owner } from '../owners.ts'
import type { Evidence, FindingSection, Publication, Severity } from '../report.ts'
import type { View } from '../view.ts'

/** What is the same of every finding of one id. docs/findings/ has a page for each. */
export interface FindingKind {
  readonly severity: Severity
  /** One sentence without a full stop. */
  readonly title: string
  /** `RFC 7672 §3.1.1` */
  readonly rfc: string
}

/** One finding as it was found. */
export interface Found<Id extends string = string> {
  readonly id: Id
  /** A host, a name, an address. */
  readonly subject: string
  readonly seen: readonly Evidence[]
  readonly owner: Owner
  /** Milliseconds since 1970. */
  readonly date?: number | undefined
  readonly publish?: readonly Publication[]
}

export type FindingKinds = Readonly<Record<string, FindingKind>>

/** Findings that belong together: what is known of each id, and how they are found. Pure. */
export interface Family {
  readonly section: FindingSection
  readonly kinds: FindingKinds
  find(view: View): readonly Found[]
}

export const nobody: Owner = { who: 'nobody', whoseName: null }

export function said(text: string, source?: string | undefined): Evidence {
  return { text: text.slice(0, limits.check.evidenceCharacters), source: source ?? null }
}

/** Records to put into the zone that `name` lies in. */
export function dnsText(name: string, text: string, note: string): Publication {
  return { kind: 'dns', where: `the zone of ${name}`, text, note }
}

/** What a lookup said, in one line. */
export function lookupSeen(lookup: Resolution): Evidence {
  const question = `${formatName(lookup.name)} ${formatType(lookup.type)}`
  if (lookup.kind === 'failure') return said(`${question}: ${lookup.reason}`, lookup.server)
  const source = lookup.evidence.server
  if (lookup.kind !== 'answer') {
    const what = lookup.kind === 'nxdomain' ? 'there is no such name' : 'there are no such records'
    return said(`${question}: ${what} (${lookup.status})`, source)
  }
  return said(`${question} (${lookup.status}): ${lookup.records.map(formatRecord).join('; ')}`, source)
}

/** Who a certificate is for, of whom, and until when. */
export function certificateSeen(certificate: X509Certificate, source?: string): Evidence {
  const subject = oneLine(certificate.subjectAltName ?? certificate.subject)
  const until = dayOf(certificate.validToDate)
  return said(`certificate for ${subject}, issued by ${oneLine(certificate.issuer)}, until ${until}`, source)
}

function oneLine(text: string | undefined): string {
  return (text ?? 'nobody').replace(/\s*\n\s*/g, ', ').slice(0, 200)
}
