import { createHash } from 'node:crypto'

/**
 * The id to publish with a policy: `20261126041500Z` and the first 16 hexadecimal digits of the body's SHA-256. Senders
 * look at nothing but whether it differs from the one they know. RFC 8461 §3.1
 *
 * The digest makes it tell of its body, so that the id that is published already is kept while the body is the same, with
 * no memory but DNS itself. The time makes it new when an earlier body comes back: senders that hold what came between
 * would else not notice. It is later than the time in `last` even where the clock went back. `last` is the id that was
 * published last, were it but a moment ago; undefined when there was none. `now` is in milliseconds since 1970.
 */
export function nextStsId(body: string, last: string | undefined, now: number): string {
  const digest = digestOf(body)
  const [, time, known] = /^(\d{14})Z([0-9a-f]{16})$/.exec(last ?? '') ?? []
  if (last !== undefined && known === digest) return last
  const after = time === undefined ? 0 : momentOf(time) + 1000
  return `${timeText(after > latest ? now : Math.max(now, after))}Z${digest}`
}

/** Whether an id is ours and names this body; false for an id that somebody else chose. */
export function namesBody(id: string, body: string): boolean {
  return /^\d{14}Z[0-9a-f]{16}$/.test(id) && id.slice(15) === digestOf(body)
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16)
}

/** The last moment with a year of four digits. */
const latest = Date.UTC(9999, 11, 31, 23, 59, 59)

/** What is no date never wins over the clock. */
function momentOf(time: string): number {
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)$/.exec(time) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) || 0
}

function timeText(moment: number): string {
  return new Date(moment).toISOString().replace(/\D/g, '').slice(0, 14)
}
