import type { WriteFault, WriteOutcome } from '../../io/publish/zone-writer.ts'
import { EXIT } from '../cli/exit.ts'
import type { Out } from '../cli/out.ts'

/** Says what came of a change, and with which status to exit. */
export function tellOutcome(outcome: WriteOutcome, out: Pick<Out, 'line' | 'write' | 'warn'>): number {
  switch (outcome.kind) {
    case 'to-do':
      out.write(outcome.text)
      return EXIT.done
    case 'written':
      out.line(`${outcome.wasThere ? 'Was made before' : 'Made'} by ${outcome.by}`)
      return EXIT.done
    case 'failed':
      out.warn(`${outcome.reason}: ${outcome.advice}`)
      if (outcome.mayBeWritten) out.warn('the change may have been made all the same: to make it again does no harm')
      return statusOfFailure(outcome.why)
  }
}

/** Another try may help, or somebody has to look first. */
export function statusOfFailure(why: WriteFault): number {
  switch (why) {
    case 'bad-key':
    case 'refused':
      return EXIT.noPermission
    case 'changed':
      return EXIT.data
    case 'not-primary':
      return EXIT.unavailable
    case 'no-server':
    case 'no-answer':
    case 'bad-time':
    case 'not-taken':
    case 'server-failed':
    case 'command':
    case 'aborted':
      return EXIT.temporary
  }
}
