/** Aborts with `signal`, or after this many milliseconds. */
export function deadline(signal: AbortSignal, milliseconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])
}

/** One that can be taken back. */
export interface Deadline {
  readonly signal: AbortSignal
  /** When the work has ended by itself: nothing is left of it. */
  stop(): void
}

/**
 * The same, for work of which one command does very much: the signal of `AbortSignal.timeout` stays until its time is
 * over, and so does what `AbortSignal.any` makes of it.
 */
export function startDeadline(signal: AbortSignal, milliseconds: number): Deadline {
  const controller = new AbortController()
  const giveUp = () => controller.abort(signal.reason)
  const tooLate = () => controller.abort(new DOMException(`more than ${milliseconds} ms`, 'TimeoutError'))
  const timer = setTimeout(tooLate, milliseconds).unref()
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  return {
    signal: controller.signal,
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    },
  }
}
