import type { limits } from '../../core/limits.ts'
import type { Clock } from '../clock.ts'
import type { Network } from '../network.ts'
import type { StopSignal } from '../stop.ts'
import type { ProbeContexts } from './probe-contexts.ts'

/** Waits; rejects with the signal's reason when that comes first. Injected, so that tests need not wait. */
export type Pause = (milliseconds: number, signal: StopSignal | undefined) => Promise<void>

/** Names of the times of `limits.probe` that one session knows. */
export type SessionTime = Extract<
  keyof typeof limits.probe,
  'connectMs' | 'greetingMs' | 'commandMs' | 'handshakeMs' | 'quitMs'
>

/** What probing needs from the world. */
export interface ProbeIo {
  readonly network: Network
  readonly clock: Clock
  readonly pause: Pause
  readonly contexts: ProbeContexts
  readonly random: (octets: number) => Uint8Array
  readonly signal?: StopSignal | undefined
  /** In the place of those in `limits.probe`. */
  readonly timeouts?: Partial<Record<SessionTime, number>> | undefined
}
