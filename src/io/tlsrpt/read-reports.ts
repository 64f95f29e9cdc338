import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../../core/limits.ts'
import { type Result, refuse } from '../../core/result.ts'
import { parseTlsReport, type TlsReport, type TlsReportFault } from '../../core/tlsrpt/report.ts'
import { readPrivateFile } from '../private-file.ts'
import type { StopSignal } from '../stop.ts'
import { type UnpackFault, unpackReport } from './unpack-report.ts'

/** What a folder of reports holds. */
export interface ReportFolder {
  readonly reports: readonly TlsReport[]
  /** Files that are no report, and why; names are strangers'. */
  readonly refused: readonly { readonly file: string; readonly why: UnpackFault | TlsReportFault | 'unreadable' }[]
  /** Files that were too many, or past the octets of all. */
  readonly left: number
}

/** Reads one report as it was sent. RFC 8460 §4.4, §5.2 */
export function readReport(octets: Uint8Array): Result<TlsReport, UnpackFault | TlsReportFault> {
  const text = unpackReport(octets)
  return text.ok ? parseTlsReport(text.value) : text
}

/**
 * Reads the reports that lie in a folder, as `.json`, `.json.gz` or `.gz`, by the order of their names; nothing below it,
 * no links, nothing hidden. Rejects as Node does where the folder cannot be read, or with the signal's reason.
 */
export async function readReports(folder: string, signal?: StopSignal): Promise<ReportFolder> {
  const names = (await readdir(folder)).filter((name) => /^[^.].*\.(?:json|gz)$/i.test(name)).toSorted()
  const reports: TlsReport[] = []
  const refused: ReportFolder['refused'][number][] = []
  let octets = 0
  for (const [at, file] of names.entries()) {
    signal?.throwIfAborted()
    if (at >= limits.tlsrpt.files || octets >= limits.tlsrpt.folderOctets) {
      return { reports, refused, left: names.length - at }
    }
    const text = await textIn(join(folder, file))
    if (text.ok) octets += text.value.length
    const report = text.ok ? parseTlsReport(text.value) : text
    if (report.ok) reports.push(report.value)
    else refused.push({ file, why: report.fault })
  }
  return { reports, refused, left: 0 }
}

async function textIn(path: string): Promise<Result<string, UnpackFault | 'unreadable'>> {
  try {
    const file = await lstat(path)
    if (!file.isFile()) return refuse('unreadable')
    if (file.size > limits.tlsrpt.packedOctets) return refuse('too-large', limits.tlsrpt.packedOctets)
    const octets = readPrivateFile(path, limits.tlsrpt.packedOctets)
    return octets === undefined ? refuse('unreadable') : unpackReport(octets)
  } catch {
    return refuse('unreadable')
  }
}
