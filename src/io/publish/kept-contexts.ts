import type { SecureContext } from 'node:tls'

/** The TLS contexts of the names that were asked for last: each takes tens of kilobytes, and is made when it is wanted. */
export interface KeptContexts {
  /** The one that is kept, or a new one, which is kept if it could be made. */
  get(key: string): SecureContext | undefined
  /** To be made anew when it is asked for next: its certificate is another now. */
  forget(key: string): void
  readonly size: number
  /** How many were made, ever. */
  readonly made: number
}

/** Keeps at most so many; whoever was asked for longest ago goes first. */
export function createKeptContexts(most: number, make: (key: string) => SecureContext | undefined): KeptContexts {
  const kept = new Map<string, SecureContext>()
  let made = 0
  return {
    get(key) {
      const found = kept.get(key)
      if (found !== undefined) {
        kept.delete(key)
        kept.set(key, found)
        return found
      }
      const context = make(key)
      if (context === undefined) return undefined
      made++
      kept.set(key, context)
      if (kept.size > most) kept.delete(kept.keys().next().value as string) // it has one
      return context
    },
    forget: (key) => void kept.delete(key),
    get size() {
      return kept.size
    },
    get made() {
      return made
    },
  }
}
