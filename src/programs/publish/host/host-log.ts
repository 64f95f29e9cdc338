import type { Out } from '../../cli/out.ts'
import { onTerminal } from '../../cli/trace-text.ts'
import type { LogFormat } from '../../daemon/log.ts'

/** Names of what a policy host tells by its log and counts in its metrics: stable, and listed in docs/sts-host.md. */
export const hostEvents = [
  ...['listening', 'serving', 'reloaded', 'reload-failed', 'policy-trouble', 'policy-mended', 'domain-gone'],
  ...['certificate-issued', 'certificate-failed', 'certificate-ended', 'acme-paused', 'acme-budget', 'acme-full'],
  ...['certificate-trouble', 'copy-failed', 'watch-failed', 'answer-failed', 'resolver-warning'],
  ...['stopping', 'stopped', 'cut-off'],
] as const
export type HostEvent = (typeof hostEvents)[number]

/** One line an event. */
export interface HostLog {
  /** One line without a full stop; may quote files and strangers. */
  event(name: HostEvent, text: string): void
}

export function createHostLog(out: Out, format: () => LogFormat, onEvent: (name: HostEvent) => void): HostLog {
  return {
    event(name, text) {
      onEvent(name)
      out.line(format() === 'json' ? JSON.stringify({ event: name, text }) : onTerminal(`${name}: ${text}`))
    },
  }
}
