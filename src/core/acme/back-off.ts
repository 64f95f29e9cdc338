import { limits } from '../limits.ts'
import { spreadOf } from './spread.ts'

/**
 * How long a name is left alone after so many failures in a row: a quarter of an hour, then twice as long each time, up
 * to a day, or as long as the authority asks if that is more, up to a day too. Up to a tenth is added, by name.
 */
export function nameBackOff(name: string, failures: number, askedMs = 0): number {
  const { backOffMinMs, backOffMaxMs } = limits.acme
  const doubled = Math.min(backOffMaxMs, backOffMinMs * 2 ** Math.max(0, failures - 1))
  const wait = Math.max(doubled, Math.min(askedMs, backOffMaxMs))
  return Math.round(wait * (1 + spreadOf(`${name} ${failures}`) / 10))
}

/** How long the authority is left alone after so many answers in a row that were none: from a minute up to an hour. */
export function authorityBackOff(failures: number, askedMs = 0): number {
  const { pauseMinMs, pauseMaxMs } = limits.acme
  const doubled = Math.min(pauseMaxMs, pauseMinMs * 2 ** Math.max(0, failures - 1))
  return Math.max(doubled, Math.min(askedMs, pauseMaxMs))
}

/**
 * When to try a name again that has a certificate until then, or none: nearer to its end sooner, so that some tries are left
 * whatever the back-off has grown to.
 */
export function retryTime(now: number, backOffMs: number, notAfter: number | undefined): number {
  if (notAfter === undefined || notAfter <= now) return now + backOffMs
  const soon = Math.max(limits.acme.backOffMinMs, (notAfter - now) / 3)
  return now + Math.min(backOffMs, soon)
}
