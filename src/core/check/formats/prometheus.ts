import { datesIn } from '../dates.ts'
import { type CheckReport, severities, verdicts } from '../report.ts'
import { countFindings } from './worst.ts'

interface Metric {
  readonly name: string
  readonly help: string
  samples(report: CheckReport): readonly Sample[]
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

const states = ['on', 'partly', 'testing', 'off', 'broken', 'unknown'] as const

/**
 * What is told of each domain. Labels hold the domain, and words of ours of which there is a fixed number: nothing that a
 * server says, no host and no address.
 */
const metrics: readonly Metric[] = [
  {
    name: 'waxseal_check_timestamp_seconds',
    help: 'When the domain was last checked.',
    samples: ({ checkedAt }) => [{ value: checkedAt / 1000 }],
  },
  {
    name: 'waxseal_check_verdict',
    help: 'Whether this is the verdict on the domain.',
    samples: ({ verdict }) => verdicts.map((one) => ({ labels: { verdict: one }, value: one === verdict ? 1 : 0 })),
  },
  {
    name: 'waxseal_check_protocol',
    help: 'Whether the protocol is in this state.',
    samples: ({ lines }) =>
      lines.flatMap(({ protocol, state }) =>
        states.map((one) => ({ labels: { protocol, state: one }, value: one === state ? 1 : 0 })),
      ),
  },
  {
    name: 'waxseal_check_sender_delivers',
    help: 'Whether this kind of sender delivers mail; absent where it could not be told.',
    samples: ({ senders }) =>
      senders.flatMap(({ id, does }) =>
        does === 'cannot-tell' ? [] : [{ labels: { sender: id }, value: does === 'delivers' ? 1 : 0 }],
      ),
  },
  {
    name: 'waxseal_check_findings',
    help: 'Findings of this severity.',
    samples: (report) => {
      const counts = countFindings([report])
      return severities.map((severity) => ({ labels: { severity }, value: counts[severity] }))
    },
  },
  {
    name: 'waxseal_check_finding',
    help: 'Findings of this name; absent where there is none.',
    samples: ({ findings }) =>
      [...new Set(findings.map(({ id }) => id))].toSorted().map((id) => {
        const found = findings.filter((one) => one.id === id)
        return { labels: { id, severity: found[0]?.severity ?? 'note' }, value: found.length }
      }),
  },
  {
    name: 'waxseal_check_first_end_timestamp_seconds',
    help: 'When the first of the certificates of MX hosts ends, or the first of what findings tell of; absent where no date is known.',
    samples: (report) =>
      (['certificate', 'finding'] as const).flatMap((kind) => {
        const first = datesIn(report).find((date) => date.kind === kind)
        return first === undefined ? [] : [{ labels: { kind }, value: first.at / 1000 }]
      }),
  },
]

/** Reports for the textfile collector of Prometheus' node exporter. docs/check.md */
export function formatPrometheus(reports: readonly CheckReport[]): string {
  const once = [...new Map(reports.map((report) => [report.domain, report])).values()]
  return metrics
    .map(({ name, help, samples }) => {
      const lines = once.flatMap((report) =>
        samples(report).map(
          ({ labels, value }) => `${name}${labelsText({ domain: report.domain, ...labels })} ${value}\n`,
        ),
      )
      return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
    })
    .join('')
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([key, value]) => `${key}="${labelValue(value)}"`)
  return `{${texts.join(',')}}`
}

function labelValue(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
