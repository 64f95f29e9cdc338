import { formatTime } from '../dns/time.ts'
import { formatType } from '../dns/types.ts'
import type { Name } from '../name/name.ts'
import { formatName } from '../name/text.ts'

/** Why data that ought to have a chain of trust could not be verified. */
export type ProblemKind =
  | 'damaged'
  | 'no-signature'
  | 'signer'
  | 'labels'
  | 'expanded'
  | 'owner'
  | 'expired'
  | 'not-yet-valid'
  | 'inverted-times'
  /** Our clock is wrong, and signatures are out of their time for that. */
  | 'clock'
  | 'no-key'
  | 'no-zone-key'
  | 'invalid-key'
  | 'wrong-signature'
  | 'ds-mismatch'
  | 'anchor-mismatch'
  | 'unproved'
  | 'limit'

/** A failed verification, for people and for EDE. */
export interface Problem {
  readonly kind: ProblemKind
  /** One line, without a full stop: what failed, and at which owner. */
  readonly text: string
  /** Extended DNS Error number. RFC 8914 §4 */
  readonly ede: number
}

const edeOf: Readonly<Record<ProblemKind, number>> = {
  damaged: 6,
  'no-signature': 10,
  signer: 6,
  labels: 6,
  expanded: 6,
  owner: 6,
  expired: 7,
  'not-yet-valid': 8,
  'inverted-times': 25,
  clock: 6,
  'no-key': 9,
  'no-zone-key': 11,
  'invalid-key': 6,
  'wrong-signature': 6,
  'ds-mismatch': 9,
  'anchor-mismatch': 9,
  unproved: 12,
  limit: 6,
}

/** The Extended DNS Errors that a failed verification may have. */
export const problemCodes: readonly number[] = [...new Set(Object.values(edeOf))]

/** Every kind there is. */
export const problemKinds = Object.keys(edeOf) as readonly ProblemKind[]

export function problem(kind: ProblemKind, text: string): Problem {
  return { kind, text, ede: edeOf[kind] }
}

/** `MX of example.`, as texts of problems name an RRset. */
export function nameRrset({ name, type }: { readonly name: Name; readonly type: number }): string {
  return `${formatType(type)} of ${formatName(name)}`
}

/** `2026-01-01T00:00:00Z`, of seconds since 1970. */
export function showTime(seconds: number): string {
  return formatTime(seconds).replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z')
}
