import type { Step } from '../../../core/publish/rollover/decide.ts'
import { EXIT } from '../../cli/exit.ts'
import type { Out } from '../../cli/out.ts'
import { type Applied, isRefusedForGood } from './run-step.ts'
import { wishWords } from './words.ts'

/** Says why nothing was decided, and with which status to exit. */
export function tellRefused(refused: Exclude<Applied, { readonly kind: 'applied' }>, out: Pick<Out, 'warn'>): number {
  switch (refused.kind) {
    case 'wish-refused': {
      const { text, advice } = wishWords(refused.fault)
      out.warn(`${text}: ${advice}`)
      return EXIT.data
    }
    case 'other-host':
      out.warn(`the state is of ${refused.host} port ${refused.port}: name another file with --state`)
      return EXIT.config
    case 'locked':
      out.warn('another run for this host does not end: run this again when it has')
      return EXIT.temporary
  }
}

/** A refusal that may pass by itself is worth another try. */
export function statusOfStep(step: Step): number {
  if (step.kind !== 'refused') return EXIT.done
  return isRefusedForGood(step) ? EXIT.data : EXIT.temporary
}
