import { limits } from '../limits.ts'
import { type Name, rootName, sameName } from '../name/name.ts'
import { formatName, parseName } from '../name/text.ts'
import { accept, type Result, refuse } from '../result.ts'
import { showTime } from './problem.ts'

/** A name at and below which nothing is validated, for a while and for a reason that someone wrote down. RFC 7646 §1.1 */
export interface NegativeAnchor {
  readonly name: Name
  /** Milliseconds since 1970. */
  readonly until: number
  /** One line. */
  readonly reason: string
}

export type NegativeAnchorFault = 'not-a-name' | 'root' | 'not-a-time' | 'no-reason' | 'reason-too-long'

/** Reads `example.org 2026-12-01T00:00Z its DS records are wrong`: a name, when it ends in UTC, and why. */
export function parseNegativeAnchor(text: string): Result<NegativeAnchor, NegativeAnchorFault> {
  const [, name = '', time = '', reason = ''] = /^\s*(\S+)\s*(\S*)\s*(.*?)\s*$/.exec(text) ?? []
  return makeNegativeAnchor({ name, until: readMoment(time), reason })
}

/**
 * The root is refused: nothing at all would be validated then. It must have an end (RFC 7646 §4), and a reason for
 * whoever meets it later.
 */
export function makeNegativeAnchor(given: {
  readonly name: string
  readonly until: number | undefined
  readonly reason: string
}): Result<NegativeAnchor, NegativeAnchorFault> {
  const name = given.name === '@' ? refuse('no-origin') : parseName(given.name)
  if (!name.ok) return refuse('not-a-name')
  if (sameName(name.value, rootName)) return refuse('root')
  const { until, reason } = given
  if (until === undefined || Number.isNaN(new Date(until).getTime())) return refuse('not-a-time')
  if (reason.trim() === '' || /[\u0000-\u001f\u007f]/.test(reason)) return refuse('no-reason')
  if (reason.length > limits.dnssec.negativeReasonCharacters) return refuse('reason-too-long')
  return accept({ name: name.value, until, reason })
}

/** `2026-12-01`, `2026-12-01T00:00Z` or `2026-12-01T00:00:00Z`; no time zone but UTC, so that nobody is an hour off. */
function readMoment(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?Z)?$/.exec(text)
  if (parts === null) return undefined
  const [, day, minute = '00:00', second = ':00'] = parts
  const iso = `${day}T${minute}${second}.000Z`
  const moment = Date.parse(iso)
  return Number.isNaN(moment) || new Date(moment).toISOString() !== iso ? undefined : moment
}

/** Whether it has come to its end, or ends later than any may. None should last longer than a week. RFC 7646 §4 */
export function judgeNegativeAnchor({ until }: NegativeAnchor, now: number): 'in-force' | 'ended' | 'too-long' {
  if (until <= now) return 'ended'
  return until - now > limits.dnssec.negativeAnchorKept * 1000 ? 'too-long' : 'in-force'
}

/** What rests on it, in one line without a full stop. */
export function describeNegativeAnchor({ name, until, reason }: NegativeAnchor): string {
  const end = showTime(Math.floor(until / 1000))
  return `${formatName(name)} is not validated until ${end}, by a negative trust anchor: ${reason}`
}
