import { limits } from '../limits.ts'
import { formatMxPattern, formatStsPolicy, type MxPattern, type StsPolicy } from '../mtasts/policy.ts'
import { accept, type Result, refuse } from '../result.ts'

/** What a policy is to say. Of mode `none` the patterns are left out: nobody may consult them. RFC 8461 §3.2 */
export interface PolicyWish {
  readonly mode: StsPolicy['mode']
  readonly mx: readonly MxPattern[]
  /** Seconds. */
  readonly maxAge: number
}

/** A policy, and the body to serve: ASCII, CRLF after every line. */
export interface WrittenPolicy {
  readonly policy: StsPolicy
  readonly body: string
}

/**
 * - `max_age`: no whole number of seconds from 0 to 31557600
 * - `mx`: no pattern although the mode needs one, or one that is no host name by RFC 5321, as one with `_`
 * - `too-large`: over 64 KiB, where senders stop reading
 */
export type WishFault = 'max_age' | 'mx' | 'too-large'

/** The policy to publish; `at` of a refused pattern is its place. Patterns that repeat are written once. RFC 8461 §3.2 */
export function writeStsPolicy({ mode, mx, maxAge }: PolicyWish): Result<WrittenPolicy, WishFault> {
  if (!Number.isInteger(maxAge) || maxAge < 0 || maxAge > limits.sts.maxAge) return refuse('max_age')
  if (mode === 'none') return written({ mode, maxAge, warnings: [] })
  const bad = mx.findIndex(({ name }) => name.includes('_'))
  if (bad >= 0 || mx.length === 0) return refuse('mx', Math.max(bad, 0))
  return written({ mode, maxAge, mx: uniquePatterns(mx), warnings: [] })
}

function written(policy: StsPolicy): Result<WrittenPolicy, 'too-large'> {
  const body = formatStsPolicy(policy)
  return body.length > limits.sts.bodyOctets ? refuse('too-large', limits.sts.bodyOctets) : accept({ policy, body })
}

/** Each pattern once, where it stands first. */
export function uniquePatterns(patterns: readonly MxPattern[]): MxPattern[] {
  return [...new Map(patterns.map((pattern) => [formatMxPattern(pattern), pattern])).values()]
}
