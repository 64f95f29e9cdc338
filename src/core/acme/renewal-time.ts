import type { RenewalWindow } from './renewal-information.ts'
import { spreadOf } from './spread.ts'

/** A certificate, as far as its renewal depends on it; times in milliseconds since 1970. */
export interface Lifetime {
  readonly notBefore: number
  readonly notAfter: number
  /** What no other certificate has: renewals are spread by it. */
  readonly id: string
}

const dayMs = 86_400_000

/**
 * When to renew a certificate: in the window that its authority suggests, else once a third of its lifetime is left.
 *
 * Each certificate has a place of its own, in the window or in the fifteenth of its lifetime before that third, so that
 * those that came in one day do not go in one day. RFC 9773 §4.2 asks for a random place; one that is always the same
 * for a certificate needs no memory.
 */
export function renewalTime(lifetime: Lifetime, window: RenewalWindow | undefined): number {
  const { notBefore, notAfter, id } = lifetime
  const span = notAfter - notBefore
  const spread = spreadOf(id)
  if (window === undefined) return notAfter - span / 3 - (spread * span) / 15
  const suggested = window.start + spread * (window.end - window.start)
  // A window cannot have us wait for the end, nor renew what is hardly there again and again.
  return Math.max(notBefore + youngest(span), Math.min(suggested, notAfter - span / 6))
}

/** How old a certificate becomes whatever its authority suggests. */
function youngest(span: number): number {
  return Math.min(dayMs, span / 6)
}

/**
 * Until when a certificate that came just now is kept, whatever its dates and its authority say: where clocks differ, or an
 * authority gives out what is nearly over, each would be renewed by the next at once.
 */
export function settledUntil(now: number, notAfter: number): number {
  return now + Math.min(dayMs, Math.max(0, notAfter - now) / 6)
}
