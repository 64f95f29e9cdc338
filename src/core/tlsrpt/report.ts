import { limits } from '../limits.ts'
import type { DomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { hasDepthOver } from './json-depth.ts'
import { createReader, isObject, type JsonObject, type ReportNote } from './report-fields.ts'
import { readPolicy } from './report-policy.ts'

/** What one organisation met in its sessions with the servers of a domain, over some time. RFC 8460 §4.4 */
export interface TlsReport {
  readonly organization: string | undefined
  /** As it stands there: an address, as a rule. */
  readonly contact: string | undefined
  readonly reportId: string | undefined
  /** Milliseconds since 1970, both as they stand there: the end of a day is its last second or the next day's first. */
  readonly beginsAt: number
  readonly endsAt: number
  readonly policies: readonly PolicyReport[]
  /** What is not as RFC 8460 has it and was understood all the same. */
  readonly notes: readonly ReportNote[]
}

/** What sessions under one policy came to. */
export interface PolicyReport {
  /** `tlsa`, `sts` or `no-policy-found`; a kind that is not known is kept as it stands. */
  readonly type: string
  /** The domain that the policy is of: of `tlsa` it may be an MX host. Undefined where none is named. RFC 8460 §1.1 */
  readonly domain: DomainName | undefined
  readonly policyStrings: readonly string[]
  readonly mxHosts: readonly string[]
  readonly successes: number
  readonly failures: number
  readonly details: readonly FailureDetail[]
}

/** Sessions that failed alike. Everything but the count may be missing, and is a stranger's text. */
export interface FailureDetail {
  /** Of the registry of RFC 8460 §6.6, or a later one: kept as it stands. */
  readonly resultType: string
  readonly sendingIp: string | undefined
  readonly receivingHost: string | undefined
  readonly receivingHelo: string | undefined
  readonly receivingIp: string | undefined
  readonly sessions: number
  readonly information: string | undefined
  readonly reason: string | undefined
}

/**
 * - `json`: no JSON
 * - `depth`: nested deeper than any report
 * - `shape`: no object, or `policies` is no list of objects
 * - `date-range`: no beginning and end that can be read, an end before the beginning, or more than a year
 * - `count`: a number of sessions that is no number, or none that there can be
 * - `too-many`: more policies or failures than anyone reports
 */
export type TlsReportFault = 'json' | 'depth' | 'shape' | 'date-range' | 'count' | 'too-many'

/**
 * Reads a report. RFC 8460 §4.4
 *
 * Reports as they are sent differ from the RFC in many small ways: what can be understood in one way only is taken, with a
 * note each, and what would have to be guessed is refused. Members that are not known are passed over.
 */
export function parseTlsReport(text: string): Result<TlsReport, TlsReportFault> {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text
  if (hasDepthOver(body, limits.tlsrpt.depth)) return refuse('depth')
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return refuse('json')
  }
  return readReport(value, body.length < text.length)
}

function readReport(value: unknown, hasMark: boolean): Result<TlsReport, TlsReportFault> {
  const reader = createReader()
  if (hasMark) reader.note('byte-order-mark', '')
  const report = Array.isArray(value) && value.length === 1 ? value[0] : value
  if (report !== value) reader.note('list-of-one', '')
  if (!isObject(report)) return refuse('shape')
  const range = reader.range(report['date-range'])
  if (range === undefined) return refuse('date-range')
  const policies = policiesIn(report, reader)
  if (policies === undefined) return refuse('shape')
  if (policies.length > limits.tlsrpt.policies) return refuse('too-many')
  const read: PolicyReport[] = []
  let details = 0
  for (const [place, policy] of policies.entries()) {
    const found = readPolicy(policy, `policies[${place}]`, reader, limits.tlsrpt.details - details)
    if (!found.ok) return found
    details += found.value.details.length
    read.push(found.value)
  }
  return accept({
    organization: reader.text(report, 'organization-name', ''),
    contact: reader.text(report, 'contact-info', ''),
    reportId: reader.text(report, 'report-id', ''),
    ...range,
    policies: read,
    notes: reader.notes(),
  })
}

/** A lone object where the list should be is seen in drafts. */
function policiesIn(report: JsonObject, reader: ReturnType<typeof createReader>): JsonObject[] | undefined {
  const policies = report.policies
  if (isObject(policies)) {
    reader.note('object-for-list', 'policies')
    return [policies]
  }
  return Array.isArray(policies) && policies.every(isObject) ? policies : undefined
}
