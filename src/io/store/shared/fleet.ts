import type { StsPolicy } from '../../../core/mtasts/policy.ts'
import type { SharedAttempt, SharedPolicy, SharedPolicyTimes } from '../../../core/mtasts/shared-policy.ts'
import type { DomainName } from '../../../core/name/domain.ts'

/** How the shared store is: `refusing` answers, and does not do what it is asked, such as a replica or one that is full. */
export type FleetState =
  | { readonly kind: 'up' }
  /** Reasons are one line without a full stop. */
  | { readonly kind: 'refusing'; readonly reason: string }
  | { readonly kind: 'away'; readonly reason: string }

/** The shared store did not do what was asked: no word about what is in it. Its state tells more. */
export class FleetError extends Error {
  override readonly name = 'FleetError'
}

/** What stands in the shared store for a domain. */
export type SharedFinding =
  | { readonly kind: 'policy'; readonly policy: SharedPolicy & { readonly policy: StsPolicy } }
  | { readonly kind: 'absent' }
  /** Not to be used. With a mark, it is of no use to anybody, and may be taken away by it. */
  | { readonly kind: 'unusable'; readonly reason: string; readonly mark: string | undefined }

/** The times of a policy there; `unusable` and `newer` forms as in `SharedFinding`. */
export type SharedTimes =
  | ({ readonly kind: 'policy' } & SharedPolicyTimes)
  | { readonly kind: 'absent' | 'unusable' | 'newer-form' }

/** A fetch is for a domain and the id that its record had. RFC 8461 §3.3 */
export interface FetchKey {
  readonly domain: DomainName
  readonly id: string
}

/** What a machine finds when it asks for its turn at a fetch. */
export interface TurnLook {
  /** Whether the turn is ours: until we end it, or say nothing for `limits.shared.turnMs`. */
  readonly isOurs: boolean
  readonly found: SharedFinding
  /** What came of the last fetch for this key, and how many milliseconds ago by the clock of the shared store. */
  readonly attempt: (SharedAttempt & { readonly agoMs: number }) | undefined
}

/** What was put there since a look before. */
export interface Changes {
  /** Another one than before: what was there is gone, and places count anew. */
  readonly epoch: string
  readonly changed: readonly { readonly domain: DomainName; readonly times: SharedTimes }[]
  /** Where the next look begins. */
  readonly next: number
  readonly isAll: boolean
}

/** What machines have in common. Every method rejects with FleetError, in bounded time, when it cannot be done. */
export interface Fleet {
  readonly state: FleetState
  find(domain: DomainName): Promise<SharedFinding>
  /**
   * Puts a policy there unless one is that was fetched as late or later, or that is of a newer form. With `id`, tells of
   * the fetch that it comes from.
   */
  put(policy: SharedPolicy, maxAge: number, id?: string): Promise<'put' | 'kept'>
  /** Moves the next refresh of the policy that was fetched then to a later time. */
  postpone(domain: DomainName, times: SharedPolicyTimes): Promise<void>
  remove(domain: DomainName): Promise<void>
  /** Takes away what was found to be of no use, unless something else has come in its place. */
  discard(domain: DomainName, mark: string): Promise<void>
  putFailure(key: FetchKey, failure: string): Promise<void>
  /** Takes the turn where nobody has it, and looks, both at once. */
  askTurn(key: FetchKey, token: string): Promise<TurnLook>
  /** Keeps the turn for a while more; false when it is not ours any longer. */
  keepTurn(key: FetchKey, token: string): Promise<boolean>
  endTurn(key: FetchKey, token: string): Promise<void>
  /** From that place on, in the order in which they were put. */
  changes(after: number): Promise<Changes>
  times(domains: readonly DomainName[]): Promise<readonly SharedTimes[]>
  /** Whether it takes writes again, after it did not. */
  tryWrite(): Promise<void>
  close(): void
}
