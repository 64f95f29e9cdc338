import type { SetupPlan, SetupStep } from '../../../core/publish/setup/report.ts'
import { onTerminal } from '../../cli/trace-text.ts'

/**
 * The records that are still to be published, as a zone file has them, to be included as they stand: those of the domain's
 * own zone. What belongs into zones of others, or comes later, stands as a comment.
 */
export function formatSetupZone({ domain, steps }: SetupPlan): string {
  const parts = steps.filter(({ texts }) => texts.some(({ kind }) => kind === 'dns')).map(partOf)
  const lines = parts.flat()
  return [`; ${domain}: records to publish`, ...(lines.length === 0 ? ['; there are none'] : lines), ''].join('\n')
}

function partOf({ id, state, title, texts, who, whoseName }: SetupStep): string[] {
  // What waits for weeks of reports is not to be published with the rest.
  const isLater = state === 'later' || id === 'enforce'
  const isOurs = !isLater && (state === 'to-do' || state === 'unknown')
  const whose = isLater ? ', later' : isOurs ? '' : `, of ${whoseName ?? who}`
  const records = texts.filter(({ kind }) => kind === 'dns').flatMap(({ text }) => text.split('\n'))
  return [comment(`${title}${whose}`), ...records.map((line) => (isOurs ? onTerminal(line) : comment(line)))]
}

/** Escaped it has no line end, so that nothing of it is a record. */
function comment(text: string): string {
  return `; ${onTerminal(text).replace(/^; /, '')}`
}
