import { type MxPattern, parseStsPolicy, type StsPolicy, type StsPolicyFault } from '../mtasts/policy.ts'
import { accept, type Result, refuse } from '../result.ts'
import { parseMxPattern } from './mx-patterns.ts'
import { writeStsPolicy } from './sts-policy.ts'

/** A policy, and the body that senders are given. */
export interface HostedPolicy {
  readonly policy: StsPolicy
  /** Every line ends in CRLF, the last one too. RFC 8461 §3.2 */
  readonly body: string
}

/** A policy's own fault, or `lax`: what many senders take and some do not, such as an empty line. */
export type HostedPolicyFault = StsPolicyFault | 'lax'

/**
 * The policy that a file holds, to be served. RFC 8461 §3.2
 *
 * Fields stay as they stand, extensions among them; line ends become CRLF. What only lenient senders would take is refused:
 * it is refused here once, or by strict senders every day.
 */
export function readHostedPolicy(text: string): Result<HostedPolicy, HostedPolicyFault> {
  const parsed = parseStsPolicy(text)
  if (!parsed.ok) return parsed
  const [warning] = parsed.value.warnings
  if (warning !== undefined) return refuse('lax', warning.at)
  return accept({ policy: parsed.value, body: `${text.replace(/\r?\n$/, '').replace(/\r?\n/g, '\r\n')}\r\n` })
}

/** What a configuration says of a policy: words and numbers that are not looked at yet. */
export interface PolicyWords {
  readonly mode: string
  readonly mx: readonly string[]
  readonly maxAge: number
}

/** The policy of a configuration's own words, in the one form that we write. */
export function composeHostedPolicy({ mode, mx, maxAge }: PolicyWords): Result<HostedPolicy, HostedPolicyFault> {
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return refuse('mode')
  const patterns: MxPattern[] = []
  for (const text of mx) {
    const pattern = parseMxPattern(text)
    if (!pattern.ok) return refuse('mx')
    patterns.push(pattern.value)
  }
  return writeStsPolicy({ mode, mx: patterns, maxAge })
}

/** Why a policy is not served, in few words. */
export const policyFaultWords: Readonly<Record<HostedPolicyFault, string>> = {
  'too-large': 'it is longer than 64 KiB, where senders stop reading',
  characters: 'it holds characters that no policy may have',
  syntax: 'a line is no "key: value"',
  version: 'it does not say "version: STSv1"',
  mode: 'its mode is none of enforce, testing and none',
  max_age: 'max_age is no number of seconds from 0 to 31557600',
  mx: 'an mx is no host name or "*." with one, or there is none',
  lax: 'strict senders refuse this: an empty line, a final dot, an empty value or a max_age over 31557600',
}
