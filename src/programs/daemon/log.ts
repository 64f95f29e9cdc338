import type { Made } from '../../io/decisions/decisions.ts'
import type { Out } from '../cli/out.ts'
import { onTerminal } from '../cli/trace-text.ts'
import { type ServedView, textOf } from './view.ts'

/** What the service tells whoever reads its log: one line an event. */
export interface ServiceLog {
  /** A decision that somebody waited for, or one that came out otherwise than before. */
  decided(made: Made<ServedView>, before: Made<ServedView> | undefined): void
  event(name: string, text: string): void
}

export type LogFormat = 'text' | 'json'

export function createServiceLog(out: Out, format: LogFormat): ServiceLog {
  return {
    decided(made, before) {
      const isChanged = before !== undefined && before.view.tlsrpt !== made.view.tlsrpt
      if (made.why === 'renewed' && !isChanged) return
      out.line(format === 'json' ? JSON.stringify(decisionJson(made, isChanged)) : decisionText(made, isChanged))
    },
    event(name, text) {
      out.line(format === 'json' ? JSON.stringify({ event: name, text }) : onTerminal(text))
    },
  }
}

/** `example.org: dane-only. Mail to … goes only to …. (34 ms)` */
function decisionText({ destination, view, tookMs }: Made<ServedView>, isChanged: boolean): string {
  const reasons = view.reasons.map((reason) => ` ${reason}.`).join('')
  const change = isChanged ? ', otherwise than before' : ''
  return onTerminal(
    `${textOf(destination)}: ${view.word}. ${view.summary}${reasons} (${Math.round(tookMs)} ms${change})`,
  )
}

function decisionJson({ destination, view, tookMs, until, why }: Made<ServedView>, isChanged: boolean) {
  return {
    ...{ event: 'decision', destination: textOf(destination), postfix: view.word, summary: view.summary },
    ...{ reasons: view.reasons, changed: isChanged, why, tookMs: Math.round(tookMs) },
    until: new Date(until).toISOString(),
  }
}
