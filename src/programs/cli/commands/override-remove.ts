import { checkChange, describeTarget } from '../../../core/decision/override.ts'
import { defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import {
  changeOptions,
  overrideFaults,
  readAuthor,
  readTarget,
  storeOptions,
  targetOptions,
  withStore,
} from '../override-command.ts'

export const overrideRemove = defineCommand({
  name: 'override remove',
  summary: 'Take an override back before it ends',
  usage: [
    'override remove --domain DOMAIN --reason TEXT',
    'override remove [--domain DOMAIN] --host HOST --reason TEXT',
  ],
  description: [
    'Takes away the override of just this domain and host, as "waxseal override list" shows them. A running service ' +
      'follows within a second or two. The audit trail keeps what it was.',
  ],
  options: { ...targetOptions, ...changeOptions, ...storeOptions },
  examples: [{ line: 'waxseal override remove --domain example.org --reason mended', does: 'the tables count again' }],
  exitStatuses: [
    { status: EXIT.nothing, means: 'there is no such override' },
    { status: EXIT.cannotCreate, means: 'the change could not be stored' },
  ],
  async run({ values }, context) {
    const target = readTarget(values)
    const change = { author: readAuthor(values.author, context), at: context.clock.now(), reason: values.reason ?? '' }
    const fault = checkChange(change)
    if (fault !== undefined) throw new UsageError(overrideFaults[fault])
    return withStore(values, 'durable', context, async ({ overrides }) => {
      const written = await overrides.remove(target, change)
      if (written === 'durable') {
        context.out.line(`${describeTarget(target)}: no override any more`)
        return EXIT.done
      }
      if (written === 'absent') {
        context.out.warn(`there is no override of ${describeTarget(target)}`)
        return EXIT.nothing
      }
      context.out.warn(written === 'full' ? 'no room in the audit trail' : 'the change was not stored')
      return EXIT.cannotCreate
    })
  },
})
