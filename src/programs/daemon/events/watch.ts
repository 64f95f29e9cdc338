import { limits } from '../../../core/limits.ts'
import type { Clock } from '../../../io/clock.ts'
import type { Destination, Outcome } from '../../../io/decisions/decisions.ts'
import { keyOf } from '../../../io/decisions/destination-key.ts'
import type { ServiceEvent } from './event.ts'
import { type Protection, protectionOf, protectionText } from './protection.ts'
import { type Threat, type ThreatKind, threatIn } from './threats.ts'

/** Remembers what protected each destination, longer than decisions are kept, and tells when that is at stake. */
export interface Watch {
  /** Looks at what came of a destination: a new decision, or a failure beside one that still holds. */
  look(destination: Destination, outcome: Outcome): void
}

export interface WatchOptions {
  readonly clock: Clock
  tell(event: ServiceEvent): void
  onThreat?(kind: ThreatKind): void
}

interface Alarm {
  readonly kind: ThreatKind
  readonly since: number
  toldAt: number
}

export function createWatch({ clock, tell, onThreat }: WatchOptions): Watch {
  const seen = new Map<string, Protection>()
  const alarms = new Map<string, Alarm>()

  function raise(destination: string, { threat, before }: Raised): void {
    const now = clock.now()
    const alarm = alarms.get(destination)
    // A mail server asks every few minutes: once an hour is enough for people.
    if (alarm?.kind === threat.kind && now - alarm.toldAt < limits.events.repeatMs) return
    put(alarms, destination, { kind: threat.kind, since: alarm?.since ?? now, toldAt: now })
    onThreat?.(threat.kind)
    tell({
      name: 'downgrade-attempt',
      text: `${destination}, protected by ${before}: ${threat.text}`,
      details: { destination, kind: threat.kind, protectedBy: before, reason: threat.text },
    })
  }

  function calm(destination: string): void {
    const alarm = alarms.get(destination)
    if (alarm === undefined) return
    alarms.delete(destination)
    const seconds = Math.round((clock.now() - alarm.since) / 1000)
    tell({
      name: 'downgrade-ended',
      text: `${destination}: all is well again after ${seconds} s`,
      details: { destination, kind: alarm.kind, seconds },
    })
  }

  return {
    look(destination, outcome) {
      const key = keyOf(destination)
      const before = seen.get(key)
      const now = protectionOf(outcome)
      const threat = threatIn(outcome, before)
      const was = (before && protectionText(before)) ?? (now && protectionText(now)) ?? 'MTA-STS'
      if (threat !== undefined) raise(key, { threat, before: was })
      else if (outcome.kind === 'decided' && outcome.decision.action !== 'defer') calm(key)
      if (now === undefined) return
      for (const event of changesOf(key, before, now, threat)) tell(event)
      const kept = threat === undefined ? now : merged(before, now)
      if (kept.dane || kept.sts || kept.id !== undefined) put(seen, key, kept)
      else seen.delete(key)
    },
  }
}

interface Raised {
  readonly threat: Threat
  /** What protects or protected the destination. */
  readonly before: string
}

/** Under attack what was seen before is not forgotten because it is not seen now. */
function merged(before: Protection | undefined, now: Protection): Protection {
  if (before === undefined) return now
  const policy = now.mode === undefined ? before : now
  return { dane: before.dane || now.dane, sts: policy.sts, id: policy.id, mode: policy.mode }
}

function* changesOf(
  destination: string,
  before: Protection | undefined,
  now: Protection,
  threat: Threat | undefined,
): Iterable<ServiceEvent> {
  if (before === undefined) return
  if (before.mode !== undefined && now.mode !== undefined && (before.id !== now.id || before.mode !== now.mode)) {
    const [from, to] = [policyText(before), policyText(now)]
    yield {
      name: 'policy-changed',
      text: `${destination}: the MTA-STS policy changed from ${from} to ${to}`,
      details: { destination, from, to },
    }
  }
  if (threat !== undefined) return
  const lost = protectionText({ ...before, dane: before.dane && !now.dane, sts: before.sts && !now.sts })
  if (lost === undefined) return
  const left = protectionText(now) ?? 'nothing'
  yield {
    name: 'protection-lost',
    text: `${destination} is not protected by ${lost} any more, as its own records say; now by ${left}`,
    details: { destination, lost, left },
  }
}

function policyText({ id, mode }: Protection): string {
  return `mode ${mode}, id ${id}`
}

/** The longest untouched goes first. */
function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > limits.events.destinations) map.delete(map.keys().next().value as string) // it has one
}
