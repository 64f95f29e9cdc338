/** One signal for all that may end some work. */
export interface Ending {
  /** Its reason is `timeout` when the time is over, and `aborted` otherwise. */
  readonly signal: AbortSignal
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
export function createEnding(signal: AbortSignal | undefined, timeoutMs?: number): Ending {
  const controller = new AbortController()
  const abort = () => controller.abort('aborted')
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => controller.abort('timeout'), timeoutMs)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted === true) abort()
  return {
    signal: controller.signal,
    abort,
    stop() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
