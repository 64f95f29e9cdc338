/**
 * Names of what the service tells by its log and counts in its metrics. They are stable: docs/service.md lists them, and a
 * test holds the two together.
 */
export const eventNames = [
  'listening',
  'main.cf',
  'ready',
  'reloaded',
  'reload-failed',
  'stopping',
  'stopped',
  'cut-off',
  'close-failed',
  'decision',
  'downgrade-attempt',
  'downgrade-ended',
  'protection-lost',
  'policy-changed',
  'policy-lapsing',
  'refresh-failed',
  'anchor-trouble',
  'engine',
  'resolver-warning',
  'store-warning',
  'shared-store-up',
  'shared-store-refuses',
  'shared-store-away',
  'http-failed',
  'overrides',
  'overrides-failed',
  'scrub-failed',
] as const
export type EventName = (typeof eventNames)[number]

/** Something that happened: one line for people, and the same taken apart for programs. */
export interface ServiceEvent {
  readonly name: EventName
  /** One line without a full stop; may quote strangers. */
  readonly text: string
  readonly details?: Readonly<Record<string, string | number | boolean | null>>
}
