import { type DomainName, parseHostName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import type { FailureDetail, PolicyReport } from './report.ts'
import { isObject, type JsonObject, join, type Reader } from './report-fields.ts'

const policyTypes = new Set(['tlsa', 'sts', 'no-policy-found'])

/** Result types that are registered. RFC 8460 §4.3, §6.6 */
export const resultTypes = new Set([
  ...['starttls-not-supported', 'certificate-host-mismatch', 'certificate-expired', 'certificate-not-trusted'],
  ...['validation-failure', 'tlsa-invalid', 'dnssec-invalid', 'dane-required'],
  ...['sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid'],
])

/** One element of `policies`; `room` is how many failure details it may have. RFC 8460 §4.4 */
export function readPolicy(
  entry: JsonObject,
  path: string,
  reader: Reader,
  room: number,
): Result<PolicyReport, 'shape' | 'count' | 'too-many'> {
  const policy = part(entry, 'policy', path, reader)
  const summary = part(entry, 'summary', path, reader)
  const details = readDetails(entry['failure-details'], path, reader, room)
  if (!details.ok) return details
  const counted = details.value.reduce((sum, { sessions }) => sum + sessions, 0)
  const place = `${path}.summary`
  const successes = reader.count(summary, 'total-successful-session-count', place)
  const failures = reader.count(summary, 'total-failure-session-count', place)
  if (Number.isNaN(successes) || Number.isNaN(failures)) return refuse('count')
  if (successes === undefined) reader.note('missing', `${place}.total-successful-session-count`)
  if (failures === undefined) reader.note('missing', `${place}.total-failure-session-count`)
  // One session may fail in several ways: only fewer details than failures are odd. RFC 8460 §4
  if (failures !== undefined && counted < failures) reader.note('fewer-details', `${path}.failure-details`)
  return accept({
    type: wordOf(reader.text(policy, 'policy-type', `${path}.policy`) ?? '', `${path}.policy.policy-type`),
    domain: domainIn(policy, `${path}.policy`, reader),
    policyStrings: reader.list(policy, 'policy-string', `${path}.policy`),
    mxHosts: reader.list(policy, 'mx-host' in policy ? 'mx-host' : 'mx-host-pattern', `${path}.policy`),
    successes: successes ?? 0,
    failures: failures ?? counted,
    details: details.value,
  })

  function wordOf(text: string, at: string): string {
    const word = spelling(text)
    if (policyTypes.has(word) && word !== text) reader.note('other-spelling', at)
    if (text !== '' && !policyTypes.has(word)) reader.note('unknown-word', at)
    return policyTypes.has(word) ? word : text
  }
}

function part(entry: JsonObject, key: string, path: string, reader: Reader): JsonObject {
  const value = entry[key]
  if (isObject(value)) return value
  reader.note(value === undefined || value === null ? 'missing' : 'another-type', join(path, key))
  return {}
}

function domainIn(policy: JsonObject, path: string, reader: Reader): DomainName | undefined {
  const text = reader.text(policy, 'policy-domain', path)
  if (text === undefined) return undefined
  const domain = parseHostName(text.trim())
  if (domain.ok) return domain.value
  reader.note('no-domain', `${path}.policy-domain`)
  return undefined
}

function readDetails(
  value: unknown,
  path: string,
  reader: Reader,
  room: number,
): Result<FailureDetail[], 'shape' | 'count' | 'too-many'> {
  const place = `${path}.failure-details`
  if (value === undefined) return accept([])
  if (value === null) {
    reader.note('null', place)
    return accept([])
  }
  if (isObject(value)) reader.note('object-for-list', place)
  const list: unknown = isObject(value) ? [value] : value
  if (!Array.isArray(list) || !list.every(isObject)) return refuse('shape')
  if (list.length > room) return refuse('too-many')
  const details: FailureDetail[] = []
  for (const [at, detail] of list.entries()) {
    const read = readDetail(detail, `${place}[${at}]`, reader)
    if (Number.isNaN(read.sessions)) return refuse('count')
    details.push(read)
  }
  return accept(details)
}

/** Addresses and host are missing from what failed before any connection, and nothing is odd about that. */
function readDetail(detail: JsonObject, path: string, reader: Reader): FailureDetail {
  const sessions = reader.count(detail, 'failed-session-count', path)
  if (sessions === undefined) reader.note('missing', `${path}.failed-session-count`)
  return {
    resultType: resultType(reader.text(detail, 'result-type', path) ?? '', path, reader),
    sendingIp: reader.optional(detail, 'sending-mta-ip', path),
    receivingHost: reader.optional(detail, 'receiving-mx-hostname', path),
    receivingHelo: reader.optional(detail, 'receiving-mx-helo', path),
    receivingIp: reader.optional(detail, 'receiving-ip', path),
    // Whoever lists a failure had one.
    sessions: sessions ?? 1,
    information: reader.optional(detail, 'additional-information', path),
    reason: reader.optional(detail, 'failure-reason-code', path),
  }
}

function resultType(text: string, path: string, reader: Reader): string {
  if (text === '' || resultTypes.has(text)) return text
  const word = spelling(text)
  const isKnown = resultTypes.has(word)
  reader.note(isKnown ? 'other-spelling' : 'unknown-word', `${path}.result-type`)
  return isKnown ? word : text
}

/** Only how a word is written may differ: which was meant is not guessed. */
function spelling(text: string): string {
  return text.trim().toLowerCase().replace(/[_ ]/g, '-')
}
