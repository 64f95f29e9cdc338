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
  return new OwnEnding(signal, timeoutMs)
}

/** A class that is its own signal: every question makes several. */
class OwnEnding extends Stop implements Ending {
  readonly #outer: StopSignal | undefined
  #giveUp: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(outer: StopSignal | undefined, timeoutMs: number | undefined) {
    super()
    this.#outer = outer
    if (timeoutMs !== undefined) this.#timer = setTimeout(tooLate, timeoutMs, this)
    if (outer === undefined) return
    const giveUp = () => this.abort()
    this.#giveUp = giveUp
    outer.addEventListener('abort', giveUp)
    if (outer.aborted) this.abort()
  }

  get signal(): StopSignal {
    return this
  }

  override abort(reason: unknown = 'aborted'): void {
    super.abort(reason)
  }

  stop(): void {
    clearTimeout(this.#timer)
    if (this.#giveUp !== undefined) this.#outer?.removeEventListener('abort', this.#giveUp)
    this.#timer = undefined
    this.#giveUp = undefined
  }
}

function tooLate(ending: OwnEnding): void {
  ending.abort('timeout')
}
