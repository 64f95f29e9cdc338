import { codeBlock, markdownCode, markdownText } from '../../../core/check/formats/markdown.ts'
import type { SetupPlan, SetupStep } from '../../../core/publish/setup/report.ts'
import { formatMoment } from '../../cli/durations.ts'
import { actorText, afterText, stateWords, waitText } from './setup-form.ts'
import { summaryOf } from './setup-text.ts'

/** A plan as a list to be ticked off, for a ticket. */
export function formatSetupMarkdown(plan: SetupPlan): string {
  const { steps, domain, leftOut } = plan
  const blocks = [
    `# Set-up of ${markdownText(domain)}`,
    markdownText(summaryOf(plan)),
    ...steps.flatMap((step, at) => stepBlocks(step, at + 1, steps)),
    ...leftOut.map((left) => `Not looked at: ${markdownText(left)}.`),
  ]
  return `${blocks.join('\n\n')}\n`
}

function stepBlocks(step: SetupStep, number: number, steps: readonly SetupStep[]): string[] {
  const { state, title, seen, texts, notes, see, from } = step
  const box = state === 'done' ? '[x]' : '[ ]'
  const heading = `- ${box} **${number}. ${markdownText(title)}** (${stateWords[state]})`
  const when = from === null ? undefined : `from ${formatMoment(Date.parse(from))}`
  const facts = [...seen, actorText(step), afterText(step, steps), when]
  const lines = facts.flatMap((text) => (text === undefined ? [] : [`  - ${markdownText(text)}`]))
  if (state === 'done') return [[heading, ...lines].join('\n')]
  const wait = waitText(step)
  return [
    [heading, ...lines].join('\n'),
    ...texts.flatMap(({ where, note, text }) => [
      indented(`${markdownText(where)}${note === '' ? '' : ` (${markdownText(note)})`}:`),
      indented(codeBlock(text)),
    ]),
    ...[...notes, ...(wait === undefined ? [] : [wait])].map((note) => indented(markdownText(note))),
    ...(see === null ? [] : [indented(`See: ${markdownCode(see)}`)]),
  ]
}

/** Inside an item of a list. CommonMark §5.2 */
function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
}
