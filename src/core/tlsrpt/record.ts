import { readFields, soleText } from '../dns/versioned-text.ts'
import { type DomainName, parseDomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { formatMailbox, parseMailbox } from '../smtp/mailbox.ts'

/** Where reports about TLS are to go. RFC 8460 §3 */
export type ReportTarget =
  | {
      readonly kind: 'mailto'
      readonly uri: string
      /** Percent-decoded, without header fields. */
      readonly address: string
      /** Undefined for an address literal. */
      readonly domain: DomainName | undefined
    }
  | { readonly kind: 'https'; readonly uri: string; readonly host: DomainName | undefined; readonly port: number }

/** What a domain's `_smtp._tls` TXT record says. RFC 8460 §3 */
export interface ReportRecord {
  /** At least one. */
  readonly targets: readonly ReportTarget[]
  /** URIs of schemes to which no report goes, and the ones that are no URIs of theirs. */
  readonly passedOver: readonly string[]
  readonly warnings: readonly ('space-before-semicolon' | 'repeated-rua')[]
}

export type ReportRecordFault = 'none' | 'several' | 'version' | 'syntax' | 'no-rua' | 'no-usable-rua'

/**
 * The one record of all TXT records at `_smtp._tls`, each given as its character-strings. RFC 8460 §3
 *
 * With several those not beginning with `v=TLSRPTv1;` are discarded; then exactly one must be left. A record that is
 * alone may have white space before the semicolon, as the grammar allows.
 */
export function parseReportRecords(records: readonly (readonly string[])[]): Result<ReportRecord, ReportRecordFault> {
  const text = soleText(records, 'v=TLSRPTv1;')
  return text.ok ? parseReportRecord(text.value) : text
}

/** Reads one record's text. Unknown fields are passed over; of repeated `rua` fields all count. RFC 8460 §3 */
export function parseReportRecord(text: string): Result<ReportRecord, ReportRecordFault> {
  const version = /^v=TLSRPTv1(?=[ \t]*;|$)/.exec(text)
  if (version === null) return refuse('version')
  const field = /rua=([^;]*[^; \t])|([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([!-:<>-~]+)/y
  const fields = readFields(text, version[0].length, field)
  if (!fields.ok) return fields
  const lists = fields.value.flatMap(([, list]) => list ?? [])
  const uris = lists.flatMap((list) => list.split(',').map((uri) => uri.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '')))
  if (lists.length === 0) return refuse('no-rua', text.length)
  // A comma without a URI behind it breaks the grammar, and so the record.
  if (uris.some((uri) => !/^[!-~]+$/.test(uri))) return refuse('syntax', text.indexOf('rua='))
  const targets = uris.flatMap((uri) => parseReportUri(uri) ?? [])
  if (targets.length === 0) return refuse('no-usable-rua', text.indexOf('rua='))
  const known = new Set(targets.map(({ uri }) => uri))
  return accept({
    targets,
    passedOver: uris.filter((uri) => !known.has(uri)),
    warnings: [
      ...(text.startsWith('v=TLSRPTv1;') ? [] : (['space-before-semicolon'] as const)),
      ...(lists.length > 1 ? (['repeated-rua'] as const) : []),
    ],
  })
}

/** Undefined for other schemes, and for what breaks the rules of its own; a raw `!` does. RFC 8460 §3 */
function parseReportUri(uri: string): ReportTarget | undefined {
  if (uri.includes('!')) return undefined
  const mailto = /^mailto:([^?]+)(?:\?.*)?$/i.exec(uri)
  if (mailto !== null) return parseMailto(uri, mailto[1] ?? '')
  if (!/^https:\/\//i.test(uri) || !URL.canParse(uri)) return undefined
  const { hostname, port } = new URL(uri)
  const host = parseDomainName(hostname)
  return { kind: 'https', uri, host: host.ok ? host.value : undefined, port: port === '' ? 443 : Number(port) }
}

/** One address; header fields count for nothing. RFC 6068 §2 */
function parseMailto(uri: string, encoded: string): ReportTarget | undefined {
  const decoded = decode(encoded)
  if (decoded === undefined || encoded.includes(',')) return undefined
  const mailbox = parseMailbox(decoded) // a quoted local part may hold anything
  const read = mailbox.ok ? mailbox : parseMailbox(quoted(decoded))
  if (!read.ok) return undefined
  const { domain } = read.value
  const name = domain.kind === 'domain' ? domain.name : undefined
  return { kind: 'mailto', uri, address: formatMailbox(read.value), domain: name }
}

function quoted(address: string): string {
  const at = address.lastIndexOf('@')
  return `"${address.slice(0, at).replace(/["\\]/g, '\\$&')}"${address.slice(at)}`
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
