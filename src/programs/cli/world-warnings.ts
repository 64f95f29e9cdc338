import { warningOf } from '../../io/mtasts/sts-warning.ts'
import type { Out } from './out.ts'
import { onTerminal } from './trace-text.ts'
import type { WorldObserver } from './world.ts'

/** Warns on standard error of what an operator must hear, for commands that nobody watches over otherwise. */
export function warnerTo(out: Out, isTraced: boolean): WorldObserver['told'] {
  return (event) => {
    switch (event.kind) {
      case 'policy': {
        const warning = warningOf(event.event)
        if (warning !== undefined) out.warn(onTerminal(warning))
        return
      }
      case 'engine':
        if (isTraced) out.note(onTerminal(`# engine ${event.engine}: ${event.why}`))
        // Others than the operator may think are asked then: worth a line to whoever reads the log.
        else if (event.engine === 'forward') out.warn(onTerminal(`engine auto took forward: ${event.why}`))
        return
      case 'shared-store':
      case 'shared-question':
      case 'turn':
        return // only the service has to do with it, which tells it by its log
      case 'resolver-warning':
      case 'store-warning':
        out.warn(onTerminal(event.text))
    }
  }
}
