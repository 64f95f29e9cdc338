import type { DomainName } from '../../core/name/domain.ts'
import type { AcmeFailure } from './acme-failure.ts'

/** What an operator may want to know of the work on certificates; every text is escaped. */
export type IssuingEvent =
  | { readonly kind: 'issued'; readonly name: DomainName; readonly notAfter: number; readonly isRenewal: boolean }
  | {
      readonly kind: 'failed'
      readonly name: DomainName
      readonly failure: AcmeFailure
      readonly retryAt: number
      /** Of the certificate that is served meanwhile; undefined when there is none. */
      readonly notAfter: number | undefined
    }
  /** Nothing is ordered until then, for any name. */
  | { readonly kind: 'paused'; readonly failure: AcmeFailure; readonly until: number }
  /** Names are due, but no more may be ordered until then. */
  | { readonly kind: 'budget-spent'; readonly waiting: number; readonly until: number }
  /** A certificate has ended that could not be renewed. Told once. */
  | {
      readonly kind: 'ended'
      readonly name: DomainName
      readonly notAfter: number
      readonly reason: string | undefined
    }
  /** A file of ours cannot be used. */
  | { readonly kind: 'damaged'; readonly what: string }
  /** More names want a certificate than can be kept. */
  | { readonly kind: 'too-many-names'; readonly name: DomainName }
