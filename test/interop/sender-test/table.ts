// The comparison of docs/sender-test.md: what the mail servers did, in a table.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeDue } from '../../../src/programs/sender-test/report-text.ts'
import type { Findings, Judged } from '../../../src/programs/sender-test/verdict.ts'

const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'sender-test.md')
const marks = ['<!-- made by test/interop/sender-test.test.ts -->', '<!-- end -->'] as const

/** A row of cells for each test domain, and one for each mechanism, with a column for each sender. */
export function compare(senders: ReadonlyMap<string, Findings>): string[][] {
  const all = [...senders.values()]
  const [first] = all
  const heading = ['domain', 'mail must', ...senders.keys()]
  const rows = (first?.judged ?? []).map(({ trial }, at) => [
    trial.name,
    describeDue(trial.test.both),
    ...all.map(({ judged }) => describeCell(judged[at])),
  ])
  const answers = (['dane', 'sts'] as const).map((by) => [
    by === 'dane' ? 'enforces DANE' : 'enforces MTA-STS',
    '',
    ...all.map((findings) => findings[by].answer),
  ])
  return [heading, ...rows, ...answers]
}

function describeCell(judged: Judged | undefined): string {
  if (judged === undefined) return ''
  const { outcome, verdict } = judged
  const words =
    outcome.kind === 'arrived'
      ? outcome.arrivals.some(({ tls }) => tls === undefined)
        ? 'in clear'
        : 'arrived'
      : outcome.kind
  return verdict === 'leaked' || verdict === 'refused' ? `**${words}**` : words
}

/** The table as it stands in the guide. */
export function documentedTable(): string[][] {
  return rowsOf(sectionOf(readFileSync(file, 'utf8')))
}

/** Puts the table into the guide, for a person to look at and to commit. */
export function writeTable(rows: readonly (readonly string[])[]): void {
  const text = readFileSync(file, 'utf8')
  const [head = [], ...rest] = rows
  const lines = [head, head.map(() => '---'), ...rest].map((cells) => `| ${cells.join(' | ')} |`)
  writeFileSync(file, text.replace(`${marks[0]}${sectionOf(text)}`, `${marks[0]}\n\n${lines.join('\n')}\n\n`))
}

function sectionOf(text: string): string {
  const [from, to] = marks.map((mark) => text.indexOf(mark))
  if (from === undefined || to === undefined || from < 0 || to < from) throw new Error(`${file} has no marks`)
  return text.slice(from + marks[0].length, to)
}

function rowsOf(section: string): string[][] {
  const lines = section.split('\n').filter((line) => line.startsWith('|') && !/^[-| ]+$/.test(line))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}
