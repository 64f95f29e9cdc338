import { formatExtendedErrorCode } from '../../core/dns/edns.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import { formatName } from '../../core/name/text.ts'
import type { ServerReport } from '../../io/resolver/all-servers.ts'
import { type Comparison, listOf, saying } from './dns-servers.ts'
import { codesText } from './extended-errors.ts'
import type { Out, Style } from './out.ts'
import { onTerminal } from './trace-text.ts'
import { padEnd, widthOf, wrap } from './wrap.ts'

const colours: Record<Comparison['verdict'], Style> = {
  agree: 'green',
  incomplete: 'yellow',
  differ: 'red',
  failed: 'red',
}

/** A comparison for people: the verdict, a table of who says what, and then what each answer is. */
export function writeComparison(comparison: Comparison, out: Out): void {
  const { verdict, summary, answers, servers, notes } = comparison
  for (const line of wrap(onTerminal(summary), out.columns)) {
    out.line(out.style('bold', out.style(colours[verdict], line)))
  }
  out.line()
  writeTable(servers, out)
  for (const { finding, servers: those } of answers) {
    if (!('records' in finding) && finding.kind !== 'bogus' && finding.kind !== 'indeterminate') continue
    if ('records' in finding && finding.records.length === 0) continue
    out.line()
    const who = answers.length === 1 ? 'The answer' : `From ${listOf(those)}`
    for (const line of wrap(who, out.columns)) out.line(line)
    if ('records' in finding) for (const record of finding.records) out.line(`  ${formatRecord(record)}`)
    else for (const line of wrap(onTerminal(withCode(finding)), out.columns - 2)) out.line(`  ${line}`)
  }
  if (notes.length > 0) out.line()
  for (const note of notes) for (const line of wrap(onTerminal(note), out.columns)) out.line(line)
}

function withCode({ reason, ede }: { readonly reason: string; readonly ede: number }): string {
  return `${reason} (${codesText([{ code: ede, name: formatExtendedErrorCode(ede) }])})`
}

const headings = ['Server', 'Address', 'Serial', 'Says']

function writeTable(servers: readonly ServerReport[], out: Out): void {
  const rows = servers.map(({ server, address, serial, finding }) => [
    formatName(server),
    address ?? '-',
    serial === undefined ? '-' : String(serial),
    onTerminal(saying(finding)),
  ])
  const widths = headings.map((heading, at) => Math.max(...[heading, ...rows.map((row) => row[at] ?? '')].map(widthOf)))
  // A table too wide for the terminal has what each server says on a line of its own.
  const isWide = widths.reduce((sum, width) => sum + width + 2, 0) > out.columns
  const lineOf = (row: readonly string[], cells: number) =>
    `  ${row
      .slice(0, cells)
      .map((cell, at) => padEnd(cell, widths[at] ?? 0))
      .join('  ')
      .trimEnd()}`
  out.line(out.style('dim', lineOf(headings, isWide ? 3 : 4)))
  for (const row of rows) {
    out.line(lineOf(row, isWide ? 3 : 4))
    if (isWide) for (const line of wrap(row[3] ?? '', out.columns - 6)) out.line(`      ${line}`)
  }
}
