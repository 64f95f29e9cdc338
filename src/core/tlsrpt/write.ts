import type { DomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { parseReportRecord, type ReportTarget } from './record.ts'

/** A record that asks for reports, as text and as the targets that senders read in it. RFC 8460 §3 */
export interface WrittenReportRecord {
  readonly text: string
  readonly targets: readonly ReportTarget[]
}

/**
 * Why a place cannot be reported to: it is neither `mailto:` with one address nor `https:` with a host, or it holds what
 * a record uses between places and must be percent-encoded (`,`, `;`, `!`), or white space. RFC 8460 §3
 */
export type TargetFault = 'scheme' | 'reserved' | 'address' | 'host' | 'none'

/** The record for these places; a bare mailbox stands for its `mailto:`. `at` of a refused one is its place in the list. */
export function writeReportRecord(places: readonly string[]): Result<WrittenReportRecord, TargetFault> {
  if (places.length === 0) return refuse('none')
  const uris: string[] = []
  for (const [at, place] of places.entries()) {
    const uri = /^[^:/?#]+@[^/?#]+$/.test(place) ? `mailto:${place}` : place
    const fault = faultIn(uri)
    if (fault !== undefined) return refuse(fault, at)
    if (!uris.includes(uri)) uris.push(uri)
  }
  const text = `v=TLSRPTv1; rua=${uris.join(',')}`
  const record = parseReportRecord(text)
  // Each was read by itself already, by the same reader.
  return record.ok ? accept({ text, targets: record.value.targets }) : refuse('address')
}

function faultIn(uri: string): TargetFault | undefined {
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]*):/i.exec(uri) ?? []
  const kind = scheme.toLowerCase()
  if (kind !== 'mailto' && kind !== 'https') return 'scheme'
  if (!/^[!-~]+$/.test(uri) || /[,;!]/.test(uri)) return 'reserved'
  const record = parseReportRecord(`v=TLSRPTv1; rua=${uri}`)
  const target = record.ok ? record.value.targets[0] : undefined
  if (target === undefined) return kind === 'mailto' ? 'address' : 'host'
  // Reports go to strangers' servers by name; a certificate is for one too.
  return target.kind === 'https' && target.host === undefined ? 'host' : undefined
}

/**
 * Whether all that is reported to lies behind the very TLS that is reported about: mail to the domain itself, or to one
 * of its hosts. Senders should bring reports whatever TLS does, and not all do. RFC 8460 §3, §5.3
 */
export function reportsToItself(targets: readonly ReportTarget[], domain: DomainName): boolean {
  return targets.every(
    (target) => target.kind === 'mailto' && target.domain !== undefined && isOf(target.domain, domain),
  )
}

function isOf(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`)
}
