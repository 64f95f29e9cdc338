import type { Publication } from '../../../core/check/report.ts'
import type { SetupPlan, SetupStep, StepState } from '../../../core/publish/setup/report.ts'
import { formatMoment } from '../../cli/durations.ts'
import type { Out, Style } from '../../cli/out.ts'
import { onTerminal } from '../../cli/trace-text.ts'
import { hang } from '../../cli/wrap.ts'
import { actorText, afterText, waitText } from './setup-form.ts'

/** A plan for people: how far it is, and then each step, what is done in one line. Texts to copy stand whole on their lines. */
export function writeSetup(plan: SetupPlan, out: Out): void {
  for (const line of hang(summaryOf(plan), { first: '', next: '', width: out.columns }))
    out.line(out.style('bold', line))
  for (const [at, step] of plan.steps.entries()) writeStep(step, at + 1, plan, out)
  out.line()
  for (const left of plan.leftOut) write(out, `Not looked at: ${left}.`, '')
  if (plan.state !== 'done') write(out, `"waxseal setup --verify ${plan.domain}" watches until it is live.`, '')
}

/** How far it is, a line for each step. */
export function writeSetupBrief(plan: SetupPlan, out: Out): void {
  for (const line of hang(summaryOf(plan), { first: '', next: '', width: out.columns }))
    out.line(out.style('bold', line))
  for (const [at, { state, title, seen }] of plan.steps.entries()) {
    const [mark, style] = marks[state]
    if (state !== 'unseen') write(out, `${title}: ${seen.join('; ')}`, `${out.style(style, mark)} ${at + 1}. `, indent)
  }
}

/** One line on how far it is. */
export function summaryOf({ domain, steps, state }: SetupPlan): string {
  const seen = steps.filter((step) => step.state !== 'unseen')
  const done = seen.filter((step) => step.state === 'done').length
  if (state === 'done') return `Everything that can be seen of ${domain} is set up.`
  return `Set-up of ${domain}: ${done} of ${seen.length} steps are done.`
}

const marks: Record<StepState, readonly [mark: string, style: Style]> = {
  done: ['[x]', 'green'],
  'to-do': ['[ ]', 'yellow'],
  others: ['[>]', 'yellow'],
  later: ['[~]', 'dim'],
  unseen: ['[?]', 'dim'],
  unknown: ['[?]', 'yellow'],
}

function write(out: Out, text: string, first: string, next = first): void {
  for (const line of hang(onTerminal(text), { first, next, width: out.columns })) out.line(line)
}

const indent = '       '

function writeStep(step: SetupStep, number: number, { steps }: SetupPlan, out: Out): void {
  const [mark, style] = marks[step.state]
  const first = `${out.style(style, mark)} ${number}. `
  const isDone = step.state === 'done'
  const before = steps[number - 2]
  if (!isDone || before === undefined || before.state !== 'done') out.line()
  const when = step.from === null ? '' : `, from ${formatMoment(Date.parse(step.from))}`
  const after = afterText(step, steps)
  const title = `${step.title}${after === undefined ? '' : ` (${after})`}${when}`
  write(out, isDone ? `${title}: ${step.seen.join('; ')}` : title, first, indent)
  if (isDone) {
    for (const note of step.notes) write(out, `mind: ${note}`, indent, `${indent}  `)
    return
  }
  for (const seen of step.seen) write(out, `now: ${seen}`, indent, `${indent}  `)
  const actor = actorText(step)
  if (actor !== undefined) write(out, actor, indent)
  for (const text of step.texts) writeText(text, out)
  for (const note of step.notes) write(out, `mind: ${note}`, indent, `${indent}  `)
  const wait = waitText(step)
  if (wait !== undefined) write(out, wait, indent, `${indent}  `)
  if (step.see !== null) write(out, `see: ${step.see}`, indent, `${indent}  `)
}

const verbs: Record<Publication['kind'], string> = { dns: 'publish in', file: 'serve at', setting: 'set in' }

function writeText({ kind, where, text, note }: Publication, out: Out): void {
  const isLong = kind === 'setting'
  write(out, `${verbs[kind]} ${where}${note === '' || isLong ? '' : ` (${note})`}:`, indent, `${indent}  `)
  for (const line of text.split('\n')) out.line(`  ${onTerminal(line)}`)
  if (isLong && note !== '') write(out, note, indent, `${indent}  `)
}
