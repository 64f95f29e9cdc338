import { parseReportRecords, type ReportRecordFault } from '../../tlsrpt/record.ts'
import type { ReportingSide, TargetLook } from '../check-facts.ts'
import { isBroken, isUntold } from '../failures.ts'
import type { Publication } from '../report.ts'
import { takesMail, type View } from '../view.ts'
import { dnsText, type Family, type FindingKinds, type Found, lookupSeen, nobody, said } from './finding.ts'
import { failureOf, isCatchAll, stringsIn, textSeen, textsIn } from './txt.ts'

const kinds = {
  'tlsrpt-missing': {
    severity: 'note',
    title: 'The domain asks for no reports (TLSRPT): nobody tells when mail to it fails or is attacked',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-lookup-failed': {
    severity: 'weakens',
    title: 'The TLSRPT record cannot be looked up, so that no reports come',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-unanswered': {
    severity: 'note',
    title: 'The TLSRPT record could not be looked up from here, which says nothing about the domain',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-several': {
    severity: 'weakens',
    title: 'There are several TLSRPT records, which count as none',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-invalid': {
    severity: 'weakens',
    title: 'The TLSRPT record breaks the grammar, and counts as none',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-no-target': {
    severity: 'weakens',
    title: 'The TLSRPT record names nowhere to report to (rua)',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-uri-passed-over': {
    severity: 'weakens',
    title: 'A rua of the TLSRPT record is neither mailto nor https, or has a size behind it, and is passed over',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-untidy': {
    severity: 'note',
    title: 'The TLSRPT record can be read, and some senders may read it otherwise',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-wildcard': {
    severity: 'weakens',
    title: 'What stands at _smtp._tls stands at any name: a wildcard answers, not a record',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-misplaced': {
    severity: 'weakens',
    title: 'A TLSRPT record stands where nobody looks for it',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-foreign': { severity: 'weakens', title: 'Another kind of record stands at _smtp._tls', rfc: 'RFC 8460 §3' },
  'tlsrpt-mailbox-unreachable': {
    severity: 'weakens',
    title: 'Reports by mail cannot arrive: the domain that they go to takes no mail',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-https-unreachable': {
    severity: 'weakens',
    title: 'Reports by HTTPS cannot arrive: nobody can connect to where they go to',
    rfc: 'RFC 8460 §5.4',
  },
  'tlsrpt-target-unanswered': {
    severity: 'note',
    title: 'Whether reports can arrive could not be told from here',
    rfc: 'RFC 8460 §3',
  },
  'tlsrpt-of-host': {
    severity: 'note',
    title: 'The MX host asks for reports of its own, to which those about DANE may go',
    rfc: 'RFC 8460 §1.1',
  },
} as const satisfies FindingKinds

type ReportFound = Found<keyof typeof kinds>

/** Whether anybody will tell the domain's owner. */
export const tlsrptFamily: Family = {
  section: 'tlsrpt',
  kinds,
  find: (view) => (view.facts.reporting === undefined ? [] : ofReporting(view, view.facts.reporting)),
}

function ofReporting(view: View, side: ReportingSide): ReportFound[] {
  const { domain, owners } = view
  const { record, beside } = side
  const name = `_smtp._tls.${domain}`
  const base = { subject: name, seen: record === undefined ? [] : [lookupSeen(record)], owner: owners.records }
  const publish = [reportRecord(domain)]
  const others = [...misplaced(view, side), ...ofHosts(view)]
  const failed = failureOf(record)
  if (failed === 'unanswered') return [{ ...base, id: 'tlsrpt-unanswered', owner: nobody }, ...others]
  if (failed !== undefined) return [{ ...base, id: 'tlsrpt-lookup-failed', owner: owners.dns(domain) }, ...others]
  const strings = stringsIn(record)
  const parsed = parseReportRecords(strings)
  const found: ReportFound[] = isCatchAll(record, beside) ? [{ ...base, id: 'tlsrpt-wildcard', publish }] : []
  if (strings.length === 0) return !takesMail(view) ? others : [{ ...base, id: 'tlsrpt-missing', publish }, ...others]
  if (!parsed.ok) {
    const isForeign = textsIn(record).some((text) => /^v=(?:spf1|DMARC1|DKIM1|STSv1)\b/i.test(text))
    return [...found, { ...base, id: isForeign ? 'tlsrpt-foreign' : faultIds[parsed.fault], publish }, ...others]
  }
  const { passedOver, warnings } = parsed.value
  if (passedOver.length > 0)
    found.push({ ...base, id: 'tlsrpt-uri-passed-over', seen: passedOver.map((uri) => said(uri)) })
  if (warnings.length > 0 || strings.length > 1) found.push({ ...base, id: 'tlsrpt-untidy' })
  return [...found, ...side.targets.flatMap((look) => ofTarget(look, base.owner)), ...others]
}

const faultIds: Record<ReportRecordFault, ReportFound['id']> = {
  ...{ none: 'tlsrpt-invalid', several: 'tlsrpt-several', version: 'tlsrpt-invalid', syntax: 'tlsrpt-invalid' },
  ...{ 'no-rua': 'tlsrpt-no-target', 'no-usable-rua': 'tlsrpt-no-target' },
}

/** The drafts' name, and the domain itself. */
function misplaced({ domain, owners }: View, { oldName, apex }: ReportingSide): ReportFound[] {
  const places = [
    { name: `_smtp-tlsrpt.${domain}`, lookup: oldName },
    { name: domain, lookup: apex },
  ]
  return places.flatMap(({ name, lookup }) => {
    const text = textsIn(lookup).find((one) => /^v=TLSRPTv1\b/i.test(one))
    if (text === undefined) return []
    const publish = [dnsText(domain, `_smtp._tls.${domain}. IN TXT "${text}"`, 'the same where it belongs')]
    return [{ id: 'tlsrpt-misplaced', subject: name, seen: [textSeen(name, text)], owner: owners.records, publish }]
  })
}

function ofTarget(look: TargetLook, owner: ReportFound['owner']): ReportFound[] {
  const base = { subject: look.target.uri, owner }
  if ('mx' in look) {
    const { mx, hasAddress } = look
    const seen = mx.resolution === undefined ? [] : [lookupSeen(mx.resolution)]
    if (mx.row === 'M1') {
      const isOurs = isUntold(mx.resolution) || !isBroken(mx.resolution)
      return [
        isOurs
          ? { ...base, id: 'tlsrpt-target-unanswered', seen, owner: nobody }
          : { ...base, id: 'tlsrpt-mailbox-unreachable', seen },
      ]
    }
    const isNowhere = mx.row === 'M2' || mx.row === 'M3' || mx.row === 'M7' || !hasAddress
    return isNowhere ? [{ ...base, id: 'tlsrpt-mailbox-unreachable', seen }] : []
  }
  const { reached } = look
  if (reached.kind === 'reached') return []
  const seen = [said(reached.reason)]
  const isOurs = reached.fault === 'timeout' || reached.fault === 'aborted'
  return [
    isOurs
      ? { ...base, id: 'tlsrpt-target-unanswered', seen, owner: nobody }
      : { ...base, id: 'tlsrpt-https-unreachable', seen },
  ]
}

function ofHosts({ hosts }: View): ReportFound[] {
  return hosts.flatMap(({ host, side }) => {
    const record = side?.reporting
    const parsed = parseReportRecords(stringsIn(record))
    return parsed.ok && record !== undefined
      ? [{ id: 'tlsrpt-of-host', subject: host, seen: [lookupSeen(record)], owner: nobody }]
      : []
  })
}

/** A record that has reports sent to a mailbox of the domain. RFC 8460 §3 */
export function reportRecord(domain: string): Publication {
  const name = `_smtp._tls.${domain}`
  const text = `${name}. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@${domain}"`
  return dnsText(domain, text, 'with a mailbox that you have; once a day, in JSON, from each big sender')
}
