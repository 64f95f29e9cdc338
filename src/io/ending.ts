import { Stop, type StopSignal } from './stop.ts'
/** One signal for all that may end some work. */
export interface Ending {
  /** Its reason is `timeout` when the time is over, and `aborted` otherwise. */
  readonly signal: StopSignal
  /** Ends the work. */
  abort(): void
  /** When the work has ended by itself: nothing is listened to any more. */
  stop(): void
}

/**
 * Ends with the signal, or when the time is over.
 *
 * `AbortSignal.any` leaves something behind in every signal that it is given, for the garbage collector to find: some
 * live as long as the process, and serve many questions a second.
 */
export function createEnding(signal: StopSignal | undefined, timeoutMs?: number): Ending {
  const own = new Stop()
  const abort = () => own.abort('aborted')
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => own.abort('timeout'), timeoutMs)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted === true) abort()
  return {
    signal: own,
    abort,
    stop() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
