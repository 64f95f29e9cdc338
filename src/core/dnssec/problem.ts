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
  'no-key': 9,
  'no-zone-key': 11,
  'invalid-key': 6,
  'wrong-signature': 6,
  'ds-mismatch': 9,
  'anchor-mismatch': 9,
  unproved: 12,
  limit: 6,
}

export function problem(kind: ProblemKind, text: string): Problem {
  return { kind, text, ede: edeOf[kind] }
}

/** `MX of example.`, as texts of problems name an RRset. */
export function nameRrset({ name, type }: { readonly name: Name; readonly type: number }): string {
  return `${formatType(type)} of ${formatName(name)}`
}
