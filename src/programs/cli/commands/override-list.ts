import { describeOverride, describeRule, describeTarget } from '../../../core/decision/override.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'
import { storeOptions, withStore } from '../override-command.ts'
import { isEnded, overrideJson } from '../override-json.ts'
import { onTerminal } from '../trace-text.ts'
import { hang } from '../wrap.ts'

export const overrideList = defineCommand({
  name: 'override list',
  summary: 'Show all overrides, with whose they are, until when and why',
  usage: ['override list [--json]'],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.overrides/1)' },
    ...storeOptions,
  },
  examples: [{ line: 'waxseal override list', does: 'what is decided otherwise now' }],
  async run({ values }, context) {
    const { out, clock } = context
    const all = await withStore(values, 'existing', context, ({ overrides }) => overrides.list())
    const now = clock.now()
    if (values.json === true) {
      const overrides = all.map((override) => overrideJson(override, now))
      out.line(JSON.stringify({ schema: 'waxseal.overrides/1', overrides }))
      return EXIT.done
    }
    if (all.length === 0) out.line('No overrides.')
    for (const override of all) {
      const ended = isEnded(override, now) ? out.style('dim', 'ended: ') : ''
      const text = `${describeTarget(override.target)}: ${describeRule(override.rule)}, ${describeOverride(override)}`
      for (const line of hang(`${ended}${onTerminal(text)}`, { first: '', next: '  ', width: out.columns }))
        out.line(line)
    }
    return EXIT.done
  },
})
