import { dnsText } from '../../check/findings/finding.ts'
import { failureOf, stringsIn } from '../../check/findings/txt.ts'
import { formatRecord } from '../../dns/zone-text.ts'
import { nameOfDomain } from '../../name/domain.ts'
import { prependLabels } from '../../name/name.ts'
import { parseReportRecords } from '../../tlsrpt/record.ts'
import { reportsToItself, writeReportRecord } from '../../tlsrpt/write.ts'
import { txtRecord } from '../record.ts'
import { serversAlong, spreadOfTexts } from '../servers.ts'
import { type Around, failureSeen, forgetting, isEverywhere, openFor, spreadSeen } from './around.ts'
import type { StepDraft } from './report.ts'

/** The record that has others tell of failures: before any policy, which would else fail unheard. RFC 8460 §3 */
export function reportsStep({ view, wishes }: Around): StepDraft {
  const { facts, domain, owners } = view
  const name = `_smtp._tls.${domain}`
  const lookup = facts.reporting?.record
  const wished = wishes.rua === undefined ? undefined : writeReportRecord(wishes.rua)
  const isRight = (records: readonly (readonly string[])[]) => {
    const parsed = parseReportRecords(records)
    if (!parsed.ok) return false
    const uris = parsed.value.targets.map(({ uri }) => uri)
    return wished?.ok !== true || wished.value.targets.every(({ uri }) => uris.includes(uri))
  }
  const found = parseReportRecords(stringsIn(lookup))
  const spread = spreadOfTexts(serversAlong(facts, 'tlsrpt', name), isRight)
  const isDone = isEverywhere(spread, isRight(stringsIn(lookup)))
  const isUntold = !isDone && spread.wrong.length === 0 && failureOf(lookup) === 'unanswered'
  const usual = writeReportRecord(wishes.rua ?? [`mailto:tls-reports@${domain}`])
  const owner = prependLabels(['_smtp', '_tls'], nameOfDomain(domain))
  const text = usual.ok && owner !== undefined ? formatRecord(txtRecord(owner, usual.value.text)) : undefined
  const targets = isDone && found.ok ? found.value.targets : usual.ok ? usual.value.targets : []
  const note = found.ok
    ? 'in the place of what is there'
    : wishes.rua === undefined
      ? 'with a mailbox that you have'
      : 'as you said'
  const there = found.ok ? `reports go to ${found.value.targets.map(({ uri }) => uri).join(', ')}` : undefined
  return {
    ...{ id: 'reports', title: 'Ask for reports (TLSRPT)', needs: [] },
    state: isDone ? 'done' : isUntold ? 'unknown' : openFor(owners.records),
    seen: [there ?? failureSeen(lookup) ?? faultText(found), ...spreadSeen(spread)],
    ...{ who: owners.records.who, whoseName: owners.records.whoseName },
    texts: isDone || text === undefined ? [] : [dnsText(domain, text, note)],
    notes: [
      ...(isDone
        ? []
        : ['big senders then say once a day, in JSON, what failed; a mailbox of its own keeps that apart']),
      ...(reportsToItself(targets, domain)
        ? [
            'all reports go to the domain itself: when its TLS breaks, some senders cannot bring them; add an address elsewhere, or https',
          ]
        : []),
    ],
    wait: forgetting(lookup),
    see: `waxseal dns --all-servers ${name} TXT`,
  }
}

function faultText(found: ReturnType<typeof parseReportRecords>): string {
  if (found.ok || found.fault === 'none') return 'there is no record'
  return `the record counts as none: ${found.fault.replaceAll('-', ' ')}`
}
