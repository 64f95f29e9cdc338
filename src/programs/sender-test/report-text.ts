import { escapeText } from '../../core/smtp/escape.ts'
import type { Out, Style } from '../cli/out.ts'
import { hang, padEnd, wrap } from '../cli/wrap.ts'
import type { Due } from '../lab/world/world.ts'
import type { Arrival, Outcome, Trial } from './round.ts'
import type { Enforcement, Findings, Judged, Verdict } from './verdict.ts'

const dueWords: Readonly<Record<Due, string>> = {
  either: 'as you like',
  deliver: 'arrive',
  tls: 'arrive over TLS',
  second: 'use second host',
  bounce: 'be returned',
  hold: 'be held back',
}

/** What must become of a message, in words. */
export function describeDue(due: Due): string {
  return dueWords[due]
}

/** What became of it, in words; for a table, without the names of hosts. */
export function describeOutcome(outcome: Outcome): string {
  if (outcome.kind === 'arrived') return [...new Set(outcome.arrivals.map(describeArrival))].join(', ')
  return outcome.kind === 'returned' ? 'was returned' : 'did not arrive'
}

function describeArrival({ tls }: Arrival): string {
  return tls === undefined ? 'arrived in clear' : `arrived, ${escapeText(tls.protocol.replace(/^TLSv1$/, 'TLSv1.0'))}`
}

/** What a verdict says of the sender, in words. */
export function describeVerdict({ verdict, outcome }: Pick<Judged, 'verdict' | 'outcome'>, due: Due): string {
  if (verdict === 'delivered') return 'right'
  if (verdict === 'leaked') return 'LEAKED'
  if (verdict === 'refused') return 'refused wrongly'
  if (due === 'hold' && outcome.kind === 'returned') return 'right, too hasty'
  return due === 'hold' ? 'held back rightly' : 'right'
}

const styles: Readonly<Record<Verdict, Style>> = { delivered: 'green', held: 'green', leaked: 'red', refused: 'yellow' }

const columns = [20, 17, 23] as const

/** Shows what every test domain found out, and what follows. */
export function writeFindings(findings: Findings, out: Out): void {
  const row = (cells: readonly string[]) => cells.map((cell, at) => padEnd(cell, columns[at] ?? 0)).join('')
  out.line(out.style('bold', row(['domain', 'mail must', 'and it', 'verdict'])))
  for (const one of findings.judged) {
    const { trial, outcome, verdict } = one
    const words = describeVerdict(one, trial.test.both)
    out.line(
      row([trial.name, describeDue(trial.test.both), describeOutcome(outcome), out.style(styles[verdict], words)]),
    )
    const fault = hang(trial.test.fault, { first: '  ', next: '  ', width: out.columns })
    for (const line of fault) out.line(out.style('dim', line))
  }
  out.line()
  for (const line of wrap(summarize(findings), out.columns)) out.line(line)
}

/** The answer to "does my server enforce?", in one paragraph. */
export function summarize({ judged, dane, sts, leaked, refused }: Findings): string {
  const isMute = judged.every(({ outcome }) => outcome.kind !== 'arrived')
  if (isMute) return 'No message arrived at all: nothing can be said of this server.'
  return [
    `Your server enforces DANE: ${describeEnforcement(dane)}; MTA-STS: ${describeEnforcement(sts)}.`,
    ...(leaked.length > 0 ? [`It delivers what it must not at ${namesOf(leaked)}.`] : []),
    ...(refused.length > 0 ? [`It does not deliver what it should at ${namesOf(refused)}.`] : []),
    ...(leaked.length + refused.length === 0 ? ['It did everything right.'] : []),
  ].join(' ')
}

function describeEnforcement({ answer, faults, stopped }: Enforcement): string {
  if (answer === 'unknown') return 'unknown, as good mail did not arrive'
  return answer === 'partly' ? `partly (it stops at ${stopped} of ${faults} faults)` : answer
}

function namesOf(trials: readonly Trial[]): string {
  return trials.map(({ name }) => name).join(', ')
}
