import type { DestinationReport, EvidenceReport, PastReport } from '../daemon/http/destination-json.ts'
import { formatMoment } from './durations.ts'
import { writeExplanation } from './explain-text.ts'
import type { Out } from './out.ts'
import { onTerminal } from './trace-text.ts'
import { hang, padEnd, wrap } from './wrap.ts'

/** The decision in force as explain shows one, what Postfix is told, and what was decided otherwise before. */
export function writeEvidence({ decision, explanation, history }: EvidenceReport, out: Out): void {
  if (explanation !== null) writeExplanation(explanation, out)
  else {
    for (const line of wrap(onTerminal(decision.summary), out.columns)) out.line(out.style('bold', line))
    for (const reason of decision.reasons) for (const line of item(reason, out)) out.line(line)
    out.line()
    out.line('What it rests on is not kept any more: --refresh looks again.')
  }
  out.line()
  for (const line of wrap(onTerminal(toldText(decision)), out.columns)) out.line(line)
  if (history.length === 0) return
  out.line()
  out.line(out.style('bold', 'Decided otherwise before'))
  for (const past of history) for (const line of item(pastText(past), out)) out.line(line)
}

function toldText({ answers, madeAt, until, tookMs }: DestinationReport): string {
  const { QUERY: told } = answers
  const to = formatMoment(Date.parse(until))
  return `Postfix is told "${told.trimEnd()}". Decided ${formatMoment(madeAt)} in ${tookMs} ms, and held until ${to}.`
}

function pastText({ decision, times, lastAt }: PastReport): string {
  const { madeAt, level, summary, reasons } = decision
  const often = times === 1 ? '' : ` and ${times - 1} times more until ${formatMoment(lastAt)}`
  return `${formatMoment(madeAt)}${often}: ${level}. ${summary}${reasons.map((reason) => ` ${reason}.`).join('')}`
}

function item(text: string, { columns, unicode }: Out): string[] {
  return hang(onTerminal(text), { first: unicode ? '  • ' : '  - ', next: '    ', width: columns })
}

/** One line of the list. */
export function listText({ destination, level, until }: DestinationReport): string {
  return `${padEnd(onTerminal(destination), 40)}  ${padEnd(level, 9)}  until ${formatMoment(Date.parse(until))}`
}
