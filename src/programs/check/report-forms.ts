import { formatHtml } from '../../core/check/formats/html-page.ts'
import { formatJunit } from '../../core/check/formats/junit.ts'
import { formatMarkdown } from '../../core/check/formats/markdown.ts'
import { formatNagios, nagiosStates } from '../../core/check/formats/nagios.ts'
import { formatPrometheus } from '../../core/check/formats/prometheus.ts'
import type { CheckReport, Verdict } from '../../core/check/report.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { type OptionTable, UsageError, type Values } from '../cli/command.ts'
import { statusOf } from './exit-status.ts'

const group = 'Options for the output'

/** Options that say how reports are written. */
export const formOptions = {
  json: { type: 'boolean', group, description: 'print one line of JSON for each domain (schema waxseal.check/1)' },
  junit: { type: 'boolean', group, description: 'print results of tests in the XML of JUnit, for CI' },
  nagios: {
    type: 'boolean',
    group,
    description: 'print the one line of a monitoring plugin, and end with its status 0 to 3',
  },
  prometheus: {
    type: 'boolean',
    group,
    description: "print metrics for the textfile collector of Prometheus' node exporter",
  },
  markdown: { type: 'boolean', group, description: 'print the report in Markdown, for a ticket or a mail' },
  html: { type: 'boolean', group, description: 'print the report as one page that needs no other file' },
  enough: {
    ...{ type: 'string', value: 'VERDICT', group },
    description: 'the verdict that is OK for --nagios: protected unless told, protected-partly or opportunistic',
  },
  output: {
    ...{ type: 'string', short: 'o', value: 'FILE', group },
    description: 'write to FILE, in one step when all is done, in the place of standard output; not with --json',
  },
} as const satisfies OptionTable

/** A form that holds all reports at once: it is written when the last domain is done. */
export type DocumentForm = 'junit' | 'nagios' | 'prometheus' | 'markdown' | 'html'

const documents: readonly DocumentForm[] = ['junit', 'nagios', 'prometheus', 'markdown', 'html']

const verdictsThatMayDo = ['protected', 'protected-partly', 'opportunistic'] as const

/** The verdict that is good enough. Throws UsageError. */
export function readEnough({ enough, nagios }: Partial<Values<typeof formOptions>>): Verdict {
  if (enough === undefined) return 'protected'
  if (nagios !== true) throw new UsageError('option --enough needs --nagios')
  const verdict = verdictsThatMayDo.find((one) => one === enough)
  if (verdict !== undefined) return verdict
  throw new UsageError(`option --enough: "${escapeText(enough)}" is none of ${verdictsThatMayDo.join(', ')}`)
}

/** How reports are to be written. Throws UsageError where two ways are asked for. */
export function readForm(values: Partial<Values<typeof formOptions>>): 'text' | 'json' | DocumentForm {
  const wanted = (['json', ...documents] as const).filter((form) => values[form] === true)
  const [form, other] = wanted
  if (other !== undefined) throw new UsageError(`give either --${form} or --${other}, not both`)
  const isDocument = form !== undefined && form !== 'json'
  if (values.output !== undefined && !isDocument) {
    throw new UsageError(`option --output needs one of ${documents.map((one) => `--${one}`).join(', ')}`)
  }
  return form ?? 'text'
}

/** All reports in one text, and the exit status that goes with it. docs/exit-codes.md */
export function formatDocument(
  form: DocumentForm,
  reports: readonly CheckReport[],
  { now, enough }: { readonly now: number; readonly enough: Verdict },
): { readonly text: string; readonly status: number } {
  const status = statusOf(reports.map(({ verdict }) => verdict))
  switch (form) {
    case 'junit':
      return { text: formatJunit(reports), status }
    case 'prometheus':
      return { text: formatPrometheus(reports), status }
    case 'markdown':
      return { text: formatMarkdown(reports), status }
    case 'html':
      return { text: formatHtml(reports), status }
    case 'nagios': {
      const { text, state } = formatNagios(reports, now, enough)
      return { text, status: nagiosStates[state] }
    }
  }
}
