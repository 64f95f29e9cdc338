import type { X509Certificate } from 'node:crypto'

export const msPerDay = 86_400_000

/** `2026-12-01`; certificates may bear dates that there are not. */
export function dayOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'no day that there is' : date.toISOString().slice(0, 10)
}

/** At most so long before its end is a certificate told of, however long it lasts. */
const noticeMs = 14 * msPerDay

/**
 * Whether a certificate ends soon, and has not ended: in two weeks, or with a sixth of its life left if that is less,
 * for what lasts days is renewed in its last third.
 */
export function isExpiringSoon({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  const left = validToDate.getTime() - now
  const life = validToDate.getTime() - validFromDate.getTime()
  return left > 0 && left < Math.min(noticeMs, life / 6)
}

/** Whether a certificate is made to be replaced every few weeks, as those of ACME are. RFC 8555 */
export function isShortLived({ validFromDate, validToDate }: X509Certificate): boolean {
  return validToDate.getTime() - validFromDate.getTime() <= 100 * msPerDay
}

/** Whether signatures end so soon that whatever renews them is late. Servers that sign as they answer give a day. RFC 6781 §4.4.2 */
export function isSignatureEndingSoon(expiration: number, now: number): boolean {
  const left = expiration * 1000 - now
  return left > 0 && left < msPerDay / 2
}
