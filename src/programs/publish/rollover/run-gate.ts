import type { DomainName } from '../../../core/name/domain.ts'
import { type Shown, shows } from '../../../core/publish/rollover/association.ts'
import { type GateVerdict, judgeGate } from '../../../core/publish/rollover/gate.ts'
import { noteServed } from '../../../core/publish/rollover/history.ts'
import { newRollover, type Rollover } from '../../../core/publish/rollover/rollover.ts'
import { servedBy, type ZoneSeen } from '../../../core/publish/rollover/zone-seen.ts'
import type { StepIo } from './run-step.ts'

export interface GateOptions {
  readonly host: DomainName
  readonly port: number
  readonly shown: Shown
}

export type Gated =
  | { readonly kind: 'judged'; readonly verdict: GateVerdict; readonly zone: ZoneSeen; readonly now: number }
  /** Somebody else has the key, the state says. */
  | { readonly kind: 'compromised' }
  | { readonly kind: 'locked' }
  | { readonly kind: 'other-host'; readonly host: DomainName; readonly port: number }

/** Says whether a key may be deployed, and remembers what the name servers said: nothing else is changed. */
export async function runGate(
  { host, port, shown }: GateOptions,
  { file, clock, lookAtZone, signal }: Omit<StepIo, 'lookAtHost'>,
): Promise<Gated> {
  const release = await file.lock(signal)
  if (release === undefined) return { kind: 'locked' }
  try {
    const before: Rollover = (await file.read()) ?? newRollover(host, port)
    if (before.host !== host || before.port !== port)
      return { kind: 'other-host', host: before.host, port: before.port }
    const zone = await lookAtZone()
    signal?.throwIfAborted()
    const now = clock.now()
    const history = noteServed(before.history, servedBy(zone), now)
    await file.write({ ...before, history })
    if (before.keys.some((key) => key.isCompromised && key.kind !== 'authority' && shows(shown, key))) {
      return { kind: 'compromised' }
    }
    return { kind: 'judged', verdict: judgeGate({ history, zone, shown, host, now }), zone, now }
  } finally {
    release()
  }
}
