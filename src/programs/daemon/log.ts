import type { Made } from '../../io/decisions/decisions.ts'
import type { Out } from '../cli/out.ts'
import { onTerminal } from '../cli/trace-text.ts'
import type { EventName, ServiceEvent } from './events/event.ts'
import type { ServedView } from './view.ts'

/** What the service tells whoever reads its log: one line an event. */
export interface ServiceLog {
  /** A decision that somebody waited for, or one that came out otherwise than before. */
  decided(made: Made<ServedView>, before: Made<ServedView> | undefined): void
  event(name: EventName, text: string): void
  tell(event: ServiceEvent): void
}

export type LogFormat = 'text' | 'json'

/** Events that are about the service itself, whose sentences need no name before them. */
const plainEvents: ReadonlySet<EventName> = new Set([
  ...([
    'listening',
    'main.cf',
    'ready',
    'reloaded',
    'reload-failed',
    'stopping',
    'stopped',
    'cut-off',
    'close-failed',
    'overrides',
  ] as const),
])

export function createServiceLog(
  out: Out,
  format: LogFormat,
  onEvent: (name: EventName) => void = () => {},
): ServiceLog {
  const tell = ({ name, text, details }: ServiceEvent) => {
    onEvent(name)
    if (format === 'json') out.line(JSON.stringify({ event: name, text, ...details }))
    else out.line(onTerminal(plainEvents.has(name) ? text : `${name}: ${text}`))
  }
  return {
    decided(made, before) {
      const isChanged = before !== undefined && isOther(before.view, made.view)
      if (made.why === 'renewed' && !isChanged) return
      onEvent('decision')
      out.line(format === 'json' ? JSON.stringify(decisionJson(made, isChanged)) : decisionText(made, isChanged))
    },
    event: (name, text) => tell({ name, text }),
    tell,
  }
}

function isOther(before: ServedView, view: ServedView): boolean {
  return before.tlsrpt !== view.tlsrpt || before.wouldAnswer !== view.wouldAnswer
}

/** `example.org: dane-only. Mail to … goes only to …. (34 ms)` */
function decisionText({ key, view, tookMs }: Made<ServedView>, isChanged: boolean): string {
  const reasons = view.reasons.map((reason) => ` ${reason}.`).join('')
  const change = isChanged ? ', otherwise than before' : ''
  const dry = view.wouldAnswer === undefined ? '' : `Dry run: would answer ${view.wouldAnswer}. `
  return onTerminal(`${key}: ${view.word}. ${dry}${view.summary}${reasons} (${Math.round(tookMs)} ms${change})`)
}

function decisionJson({ key, view, tookMs, until, why }: Made<ServedView>, isChanged: boolean) {
  return {
    ...{ event: 'decision', destination: key, postfix: view.word, summary: view.summary },
    ...{
      reasons: view.reasons,
      wouldAnswer: view.wouldAnswer ?? null,
      changed: isChanged,
      why,
      tookMs: Math.round(tookMs),
    },
    until: new Date(until).toISOString(),
  }
}
