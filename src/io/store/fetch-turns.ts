import type { DomainName } from '../../core/name/domain.ts'
import type { StopSignal } from '../stop.ts'
import type { FailedFetch, StoredPolicy } from './store.ts'

/** Which machine of a fleet fetches, so that a policy host is asked once. RFC 8461 §3.3 */
export interface FetchTurns {
  /**
   * Asks for the turn at a fetch, and waits for whoever has it. Rejects with the signal's reason when given up; trouble
   * with the shared store never keeps anybody from fetching.
   */
  take(wanted: WantedFetch, options: TakeOptions): Promise<Turn>
}

/** A fetch is for a domain and the id that its record had. */
export interface WantedFetch {
  readonly domain: DomainName
  readonly id: string
  /** When the policy was fetched that is known already: one fetched later by another machine will do. */
  readonly after?: number | undefined
}

export interface TakeOptions {
  readonly signal: StopSignal
  /** How long to wait for another machine. */
  readonly waitMs: number
}

export type Turn =
  /** Fetch, put what came of it into the store, and end the turn. */
  | { readonly kind: 'ours'; end(): Promise<void> }
  /** Another machine has fetched it. */
  | { readonly kind: 'fetched'; readonly policy: StoredPolicy }
  /** Another machine tried in vain in the last minutes. */
  | { readonly kind: 'failed'; readonly failed: FailedFetch }
  /** Another machine is at it, and did not end while we waited. */
  | { readonly kind: 'busy' }
