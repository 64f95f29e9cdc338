import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { PkixTrust } from '../https/pkix-trust.ts'
import type { Network } from '../network.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { SharedWork } from '../shared-work.ts'
import type { Store } from '../store/store.ts'
import type { ServedPolicy } from './policy-source.ts'
import type { StsFailure } from './sts-failure.ts'

export interface StsServiceOptions {
  readonly resolver: Resolver
  readonly network: Network
  readonly store: Store
  readonly clock: Clock
  readonly trust: PkixTrust
  /** Milliseconds for one fetch; 60 seconds unless told. */
  readonly deadlineMs?: number | undefined
  /** Takes policies of other media types than text/plain too. */
  readonly anyMediaType?: boolean | undefined
  readonly onEvent?: ((event: StsEvent) => void) | undefined
}

/** What an operator may want in a log or a count. */
export type StsEvent =
  /** On disk, that is. */
  | { readonly kind: 'policy-stored'; readonly domain: DomainName; readonly id: string; readonly mode: string }
  /** Any fetch, refreshes included; not told while the policy in force is of mode `none`. */
  | { readonly kind: 'fetch-failed'; readonly domain: DomainName; readonly failure: StsFailure }
  /** A policy in force is on its way to lapse; never told of mode `none`. RFC 8461 §3.3, §10.2 */
  | {
      readonly kind: 'refresh-failed'
      readonly domain: DomainName
      readonly failure: StsFailure
      /** Milliseconds since 1970. */
      readonly expiresAt: number
      /** Less than half of its lifetime is left. */
      readonly lapsing: boolean
    }

/** What the parts of the service work with. */
export interface StsWork extends StsServiceOptions {
  readonly fetches: SharedWork<ServedPolicy>
  /** Milliseconds to wait for another machine's fetch; as long as a fetch may take unless told. */
  readonly turnMs?: number | undefined
}

/** A fetch is for a domain and the id that its record had: a failure of one says nothing about the next. */
export interface PolicyKey {
  readonly domain: DomainName
  readonly id: string
  /** When the policy was fetched that is to be replaced, if there is one. */
  readonly fetchedAt?: number
}
