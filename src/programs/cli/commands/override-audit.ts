import { describeTarget } from '../../../core/decision/override.ts'
import type { AuditEntry, OverrideTable } from '../../../io/store/store.ts'
import { defineCommand } from '../command.ts'
import { formatMoment } from '../durations.ts'
import { EXIT } from '../exit.ts'
import { storeOptions, withStore } from '../override-command.ts'
import { auditJson } from '../override-json.ts'
import { onTerminal } from '../trace-text.ts'
import { hang } from '../wrap.ts'

export const overrideAudit = defineCommand({
  name: 'override audit',
  summary: 'Show who changed overrides, when and why',
  usage: ['override audit [--json]'],
  description: [
    'Prints the audit trail, newest first. It is only ever added to, and each entry is bound to the one before: what ' +
      'was changed or taken out by other means is told.',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object a line (schema waxseal.audit/1)' },
    ...storeOptions,
  },
  examples: [{ line: 'waxseal override audit', does: 'every change so far' }],
  exitStatuses: [{ status: EXIT.data, means: 'the trail was changed by other means' }],
  async run({ values }, context) {
    const { out, signal } = context
    return withStore(values, 'existing', context, async ({ overrides }) => {
      let isWhole = !(await overrides.isAuditCut())
      if (!isWhole) out.warn('entries at the end of the trail are gone')
      for await (const entry of entriesOf(overrides)) {
        if (signal.aborted) return EXIT.interrupted
        isWhole &&= entry.isIntact
        if (values.json === true) out.line(JSON.stringify(auditJson(entry)))
        else for (const line of hang(textOf(entry), { first: '', next: '  ', width: out.columns })) out.line(line)
      }
      return isWhole ? EXIT.done : EXIT.data
    })
  },
})

const entriesAtOnce = 1000

async function* entriesOf(overrides: OverrideTable): AsyncGenerator<AuditEntry> {
  for (let before: number | undefined; ; ) {
    const entries = await overrides.audit(entriesAtOnce, before)
    yield* entries
    before = entries.at(-1)?.id
    if (before === undefined) return
  }
}

const words = { add: 'added', replace: 'put in the place of another', remove: 'taken away' } as const

function textOf({ at, author, action, target, rule, reason, expiresAt, isIntact }: AuditEntry): string {
  const until = action === 'remove' || expiresAt === undefined ? '' : ` until ${formatMoment(expiresAt)}`
  const doubt = isIntact ? '' : ' (CHANGED BY OTHER MEANS, or what was before it)'
  return onTerminal(
    `${formatMoment(at)} ${author}: ${describeTarget(target)}: ${rule}${until} ${words[action]}: ${reason}${doubt}`,
  )
}
