import type { Change } from '../../core/check/diff.ts'
import type { DomainDiff } from '../cli/commands/diff.ts'
import { formatMoment } from '../cli/durations.ts'
import type { Out, Style } from '../cli/out.ts'
import { onTerminal } from '../cli/trace-text.ts'
import { hang } from '../cli/wrap.ts'

const directionText: Record<DomainDiff['direction'], readonly [text: string, style: Style]> = {
  same: ['nothing changed', 'dim'],
  worse: ['worse', 'red'],
  better: ['better', 'green'],
  changed: ['otherwise, neither worse nor better', 'yellow'],
  appeared: ['only in the new results', 'yellow'],
  gone: ['only in the old results', 'yellow'],
}

/** What became of one domain, for people: a line, and one below it for each change. */
export function writeDiff({ domain, direction, beforeAt, afterAt, changes }: DomainDiff, out: Out): void {
  const [text, style] = directionText[direction]
  const times = beforeAt !== null && afterAt !== null ? ` (${formatMoment(beforeAt)} to ${formatMoment(afterAt)})` : ''
  out.line(`${out.style('bold', onTerminal(domain))}: ${out.style(style, text)}${times}`)
  for (const change of changes) writeChange(change, out)
}

const marks: Record<Change['means'], readonly [mark: string, style: Style]> = {
  ...{ worse: ['-', 'red'], better: ['+', 'green'], neither: ['~', 'dim'] },
}

function writeChange(change: Change, out: Out): void {
  const [mark, style] = marks[change.means]
  for (const line of hang(onTerminal(changeText(change)), {
    ...{ first: `  ${out.style(style, mark)} `, next: '      ', width: out.columns },
  })) {
    out.line(line)
  }
}

/** One change in one line, without a full stop. Not escaped. */
export function changeText({ kind, what, before, after }: Change): string {
  const name = kind === 'verdict' ? 'verdict' : `${kind} ${what}`
  if (before === null) return `${name} appeared: ${after}`
  if (after === null) return `${name} is gone, was: ${before}`
  return `${name}: ${before} -> ${after}`
}
