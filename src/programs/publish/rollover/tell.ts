import { limits } from '../../../core/limits.ts'
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

/** Does it within the time that there is for one look; what takes longer is told, and worth another try. */
export async function inTime(
  { signal }: { readonly signal: AbortSignal },
  { out, signal: ending }: { readonly out: Pick<Out, 'warn'>; readonly signal: AbortSignal },
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (!signal.aborted || ending.aborted) throw error
    out.warn(`not everything could be asked in ${limits.rollover.lookMs / 1000} s: run it again`)
    return EXIT.temporary
  }
}
