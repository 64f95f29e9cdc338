import type { X509Certificate } from 'node:crypto'
import { dayOf, isExpiringSoon, isShortLived } from '../../check/forecast.ts'
import { limits } from '../../limits.ts'
import type { DomainName } from '../../name/domain.ts'
import type { Name } from '../../name/name.ts'
import { escapeText } from '../../smtp/escape.ts'
import { hasWrittenCurve } from '../../x509/key-material.ts'
import { bearsName } from '../../x509/peer.ts'
import { formatTlsaForm } from './form.ts'
import type { KeyInput, MadeTlsa } from './make.ts'

/** What an operator must know before records are published. */
export interface TlsaWarning {
  readonly id: TlsaWarningId
  /** One sentence without a full stop, fit for a terminal. */
  readonly text: string
  readonly rfc: string
}

const citations = {
  'pins-certificate': 'RFC 7671 §5.1',
  'key-changes': 'RFC 7671 §8.1',
  'key-may-change': 'RFC 7671 §8.1',
  'pins-intermediate': 'RFC 7671 §5.2',
  'authority-must-be-sent': 'RFC 7671 §5.2.2',
  'authority-not-sent': 'RFC 7671 §5.2.2',
  'names-count': 'RFC 7672 §3.2.2',
  'name-missing': 'RFC 7672 §3.2.3',
  'date-counts': 'RFC 7672 §3.1.2',
  'whole-key': 'RFC 7671 §10.1',
  'sha512-alone': 'RFC 6698 §6',
  'long-ttl': 'RFC 7671 §13',
  'large-answer': 'RFC 7671 §10.1.1',
  'written-curve': 'RFC 5480 §2.1.1',
} as const

export type TlsaWarningId = keyof typeof citations

export interface WarningContext {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly ttl: number
  /** The host that the records are for, and where they stand. */
  readonly host: DomainName
  readonly owner: Name
  /** A domain whose mail the host takes, where one is known: under usage 2 its name will do too. */
  readonly domain: DomainName | undefined
  /** Whether a certificate was issued by an authority that everybody trusts, or is one. */
  readonly isPublic: (certificate: X509Certificate) => boolean
}

/** Everything about records that will break one day, or that asks something of the server: said before it does. */
export function tlsaWarnings(records: readonly MadeTlsa[], context: WarningContext): TlsaWarning[] {
  const found = [
    ...records.flatMap((record) => (record.tlsa.usage === 3 ? ofServer(record) : ofAuthority(record, context))),
    ...ofKeys(records),
    ...ofData(records),
    ...ofSet(records, context),
  ]
  return found.filter(({ text }, place) => found.findIndex((other) => other.text === text) === place)
}

function warn(id: TlsaWarningId, text: string): TlsaWarning {
  return { id, text, rfc: citations[id] }
}

/** Records of a certificate die with it, whatever becomes of its key. RFC 7671 §5.1 */
function ofServer({ tlsa, keys }: MadeTlsa): TlsaWarning[] {
  if (tlsa.selector !== 0) return []
  const certificates = keys.flatMap(({ certificate }) => certificate ?? [])
  const ends = dayOf(new Date(Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()))))
  const isRenewed = certificates.some(isShortLived) || keys.some(({ renewal }) => renewal !== undefined)
  const form = formatTlsaForm(tlsa)
  const when = isRenewed
    ? 'every renewal breaks it'
    : `it breaks when the certificate is replaced, at the latest on ${ends}`
  return [
    warn(
      'pins-certificate',
      `${form} is of the whole certificate: ${when}, even where the key stays; 3 1 1 is of the key`,
    ),
  ]
}

function ofAuthority(record: MadeTlsa, { host, domain, now, isPublic }: WarningContext): TlsaWarning[] {
  const { tlsa, authority, isAuthoritySent, keys } = record
  if (authority === undefined) return []
  const form = formatTlsaForm(tlsa)
  const name = nameOf(authority)
  // RFC 7672 §3.2.2
  const recipients = domain === undefined ? 'the domain of every recipient' : `for mail to ${domain} that name`
  const warnings: TlsaWarning[] = []
  if (!authority.checkIssued(authority)) {
    const why = isPublic(authority)
      ? 'a public authority signs the next certificate by another one without notice'
      : 'its authority may sign the next certificate by another one'
    warnings.push(
      warn(
        'pins-intermediate',
        `${form} is of one intermediate, "${name}": ${why}; publish 3 1 1 of the key beside it`,
      ),
    )
  }
  warnings.push(
    isAuthoritySent
      ? warn(
          'authority-must-be-sent',
          `under ${form} the server must go on sending "${name}" behind its own certificate`,
        )
      : warn(
          'authority-not-sent',
          `under ${form} the server must send "${name}" behind its own certificate, even if it is a root: it is not among what was given`,
        ),
  )
  warnings.push(
    warn(
      'names-count',
      `under ${form} names count: the certificate must bear ${host}, or ${recipients}; the common name counts only where there is no DNS name at all`,
    ),
  )
  for (const { certificate, issuers } of keys) {
    if (certificate === undefined) continue
    if (!bearsName(certificate, host) && (domain === undefined || !bearsName(certificate, domain))) {
      warnings.push(
        warn(
          'name-missing',
          `the certificate for ${namesOf(certificate)} does not bear ${host}: ${form} will not match`,
        ),
      )
    }
    warnings.push(...ofDates([certificate, ...issuers], form, now))
  }
  return warnings
}

/** Dates count under usage 2, and not under usage 3. RFC 7672 §3.1.1, §3.1.2 */
function ofDates(path: readonly X509Certificate[], form: string, now: number): TlsaWarning[] {
  return path.flatMap((certificate) => {
    const { validFromDate, validToDate } = certificate
    const isOver = now > validToDate.getTime()
    if (!isOver && now >= validFromDate.getTime() && !isExpiringSoon(certificate, now)) return []
    const what = isOver
      ? `ended on ${dayOf(validToDate)}`
      : now < validFromDate.getTime()
        ? `begins on ${dayOf(validFromDate)}`
        : `ends on ${dayOf(validToDate)}`
    return [warn('date-counts', `under ${form} dates count: the certificate "${nameOf(certificate)}" ${what}`)]
  })
}

/** What renewals do to keys that records are of. RFC 7671 §8.1 */
function ofKeys(records: readonly MadeTlsa[]): TlsaWarning[] {
  const pinning = records.filter(({ tlsa }) => tlsa.usage === 3 && tlsa.selector === 1)
  const keys = [...new Set(pinning.flatMap((record) => record.keys))]
  return keys.flatMap((key) => [...ofRenewal(key), ...(hasWrittenCurve(key.spki) ? [writtenCurve(key)] : [])])
}

const ahead =
  'publish the next key first, by "waxseal tlsa plan", and let "waxseal tlsa gate" hold the renewal until then'

function ofRenewal({ renewal, certificate, isNext, sources }: KeyInput): TlsaWarning[] {
  if (isNext || renewal?.key === 'kept' || renewal?.key === 'never') return []
  const where = sources.join(', ')
  if (renewal === undefined) {
    if (certificate === undefined || !isShortLived(certificate)) return []
    const day = dayOf(certificate.validToDate)
    const text = `the certificate of ${where} is replaced before ${day}: the record holds only if its key is kept; else ${ahead}`
    return [warn('key-may-change', text)]
  }
  if (renewal.key === 'unknown') {
    return [warn('key-may-change', `${renewal.client} (${where}): ${renewal.why}; where it does not, ${ahead}`)]
  }
  return [
    warn(
      'key-changes',
      `${renewal.client} makes a new key at each renewal of ${where}, which breaks the record: ${renewal.why}; or ${ahead}`,
    ),
  ]
}

function writtenCurve({ sources }: KeyInput): TlsaWarning {
  return warn(
    'written-curve',
    `the key of ${sources.join(', ')} has its curve written out instead of named: peers refuse it`,
  )
}

function ofData(records: readonly MadeTlsa[]): TlsaWarning[] {
  const warnings: TlsaWarning[] = []
  for (const { tlsa } of records) {
    const form = formatTlsaForm(tlsa)
    if (tlsa.matchingType === 0) {
      warnings.push(
        warn(
          'whole-key',
          `${form} holds a whole key, of ${tlsa.data.length} octets: a digest, matching type 1, does the same`,
        ),
      )
    }
    const hasSha256 = records.some(
      ({ tlsa: { usage, selector, matchingType } }) =>
        usage === tlsa.usage && selector === tlsa.selector && matchingType === 1,
    )
    if (tlsa.matchingType === 2 && !hasSha256) {
      warnings.push(
        warn('sha512-alone', `${form} is a SHA2-512 digest, which not every sender knows: publish matching type 1 too`),
      )
    }
  }
  return warnings
}

/** Seconds: a mistake lasts as long. RFC 7671 §13 */
const longTtl = 86_400

function ofSet(records: readonly MadeTlsa[], { ttl, owner }: WarningContext): TlsaWarning[] {
  const warnings: TlsaWarning[] = []
  if (ttl > longTtl) {
    warnings.push(
      warn('long-ttl', `a TTL of ${ttl} seconds makes every mistake, and every change of keys, last as long`),
    )
  }
  const octets = answerOctets(records, owner)
  if (octets > limits.dns.udpPayload) {
    const text = `the signed answer has about ${octets} octets, over ${limits.dns.udpPayload}: some senders will have trouble to receive it`
    warnings.push(warn('large-answer', text))
  }
  return warnings
}

/** Of an answer with one RSA signature, as most zones have it: header, question, records, signature, OPT. RFC 1035 §4.1 */
function answerOctets(records: readonly MadeTlsa[], owner: Name): number {
  const fixed = 12 + owner.wire.length + 4 + 11
  const signature = 12 + 18 + owner.wire.length + 256
  return fixed + signature + records.reduce((sum, { tlsa }) => sum + 12 + 3 + tlsa.data.length, 0)
}

/** Who a certificate is for, as people know it, in one line. */
export function nameOf({ subject }: X509Certificate): string {
  const lines = (subject ?? 'nobody').split('\n')
  const common = lines.find((line) => line.startsWith('CN='))?.slice('CN='.length)
  return shorten(common ?? lines.join(', '))
}

/** The names that a certificate bears. */
export function namesOf({ subjectAltName, subject }: X509Certificate): string {
  return shorten(subjectAltName?.replaceAll('DNS:', '') ?? (subject ?? 'nobody').split('\n').join(', '))
}

function shorten(text: string): string {
  const most = 200
  return escapeText(text.length > most ? `${text.slice(0, most)}…` : text)
}
