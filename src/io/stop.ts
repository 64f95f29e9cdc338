/** What may end some work; every AbortSignal is one. */
export interface StopSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  /** Told once, and not at all when it has been aborted before. */
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * A signal and who gives it.
 *
 * Every question has several, and few are ever given: an AbortController with its events costs a lookup as much as a
 * signature check.
 */
export class Stop implements StopSignal {
  aborted = false
  reason: unknown
  /** As a rule there is one, and a set for it would cost more than all the rest. */
  #first: (() => void) | undefined
  #others: Set<() => void> | undefined

  /** The first reason counts; unless given it is an AbortError, as with an AbortController. */
  abort(reason?: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason ?? new DOMException('given up', 'AbortError')
    const [first, others] = [this.#first, this.#others]
    this.#first = undefined
    this.#others = undefined
    first?.()
    for (const listener of others ?? []) listener()
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  addEventListener(_: 'abort', listener: () => void): void {
    if (this.aborted || this.#first === listener) return
    if (this.#first === undefined && this.#others === undefined) {
      this.#first = listener
      return
    }
    this.#others ??= new Set()
    this.#others.add(listener)
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    if (this.#first === listener) this.#first = undefined
    else this.#others?.delete(listener)
  }
}

/** Resolves after so long, or as soon as the signal is aborted. */
export function pauseFor(milliseconds: number, signal: StopSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal?.addEventListener('abort', end)
  })
}
