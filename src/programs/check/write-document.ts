import type { Readable } from 'node:stream'
import { nagiosStates } from '../../core/check/formats/nagios.ts'
import type { CheckReport, Verdict } from '../../core/check/report.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { Clock } from '../../io/clock.ts'
import { replaceFile } from '../../io/replace-file.ts'
import { EXIT } from '../cli/exit.ts'
import { reasonOf } from '../file-error.ts'
import { checkInOrder, domainsOf, type ManyWork } from './check-many.ts'
import { type DocumentForm, formatDocument } from './report-forms.ts'

export interface DocumentWork {
  readonly form: DocumentForm
  /** A file; standard output when absent. */
  readonly output: string | undefined
  readonly work: ManyWork
  /** The verdict that is good enough. */
  readonly enough: Verdict
  readonly clock: Clock
}

/** Checks domains, or those of a list, and writes all reports as one text. Yields the exit status. */
export async function writeDocument(
  source: readonly DomainName[] | Readable,
  { form, output, work, clock, enough }: DocumentWork,
): Promise<number> {
  const { out, signal } = work
  const reports: CheckReport[] = []
  const tally = { bad: 0 }
  const domains = isList(source) ? source : domainsOf(source, out, tally)
  try {
    await checkInOrder(domains, work, (report) => reports.push(report))
  } catch (error) {
    if (!signal.aborted) throw error
  }
  if (signal.aborted) return EXIT.interrupted
  const { text, status } = withFaults(formatDocument(form, reports, { now: clock.now(), enough }), form, tally.bad)
  if (output === undefined) {
    out.write(text)
    return status
  }
  try {
    await replaceFile(output, text)
    return status
  } catch (error) {
    out.warn(`cannot write "${escapeText(output)}": ${escapeText(reasonOf(error))}`)
    return EXIT.cannotCreate
  }
}

type Document = ReturnType<typeof formatDocument>

/** Lines that are no domain names are told by the status; monitoring must not take them for all being well. */
function withFaults(document: Document, form: DocumentForm, bad: number): Document {
  if (bad === 0) return document
  if (form !== 'nagios') return { ...document, status: EXIT.data }
  if (document.status === nagiosStates.CRITICAL) return document
  const text = `WAXSEAL UNKNOWN - lines of the list that are no domain names: ${bad}\n`
  return { text, status: nagiosStates.UNKNOWN }
}

function isList(source: readonly DomainName[] | Readable): source is readonly DomainName[] {
  return Array.isArray(source)
}
