import type { Hindrance } from '../../../core/publish/sts-gates.ts'
import { formatMoment } from '../../cli/durations.ts'
import type { Out } from '../../cli/out.ts'
import { onTerminal } from '../../cli/trace-text.ts'
import { hang } from '../../cli/wrap.ts'
import type { ActResult } from './publish-step.ts'

/** A line for people, wrapped, with what it hangs under. */
export function say(out: Out, text: string, first = '', next = ' '.repeat(first.length)): void {
  for (const line of hang(onTerminal(text), { first, next, width: out.columns })) out.line(line)
}

export function sayHindrances(out: Out, hindrances: readonly Hindrance[]): void {
  const bullet = out.unicode ? '  • ' : '  - '
  for (const { text, until } of hindrances) {
    const ends = until === undefined ? '' : `: until ${formatMoment(until)}`
    say(out, `${text}${ends}`, bullet, '    ')
  }
}

/** What came of a step, with what a person has to paste as it stands. */
export function sayResult(out: Out, result: ActResult): void {
  if (result.kind === 'failed') {
    out.warn(result.text)
    out.warn(result.advice)
    return
  }
  say(out, `${result.kind === 'todo' ? 'To do' : 'Done'}: ${result.text}`)
  if (result.kind !== 'todo') return
  out.line()
  for (const line of result.paste.replace(/\r/g, '').trimEnd().split('\n')) out.line(`    ${line}`)
  out.line()
}

export function sayMissing(out: Out, what: string, missing: readonly string[]): void {
  say(out, what)
  const bullet = out.unicode ? '  • ' : '  - '
  for (const text of missing) say(out, text, bullet, '    ')
}
