import type { Actor, Publication } from '../../check/report.ts'
import type { DomainName } from '../../name/domain.ts'
import type { MailServer } from './server-texts.ts'

/** What an operator wants of a set-up. */
export interface SetupWishes {
  /** Where MTA-STS shall end up; it begins in mode testing either way. RFC 8461 §8.3 */
  readonly mode: 'testing' | 'enforce'
  /** Seconds, of the policy in that mode; undefined for what is usual. */
  readonly maxAge: number | undefined
  /** Where reports shall go, as `writeReportRecord` takes them; undefined where it was not said. */
  readonly rua: readonly string[] | undefined
  readonly dane: boolean
  readonly sts: boolean
  readonly policyHost: PolicyHostWish
  /** Undefined: by how the hosts greet. */
  readonly server: MailServer | undefined
  /** Milliseconds since 1970, from which dates are counted; undefined for none. */
  readonly start: number | undefined
}

/** Who serves the policy. RFC 8461 §8.2 */
export type PolicyHostWish =
  /** The operator; `addresses` where they were said. */
  | { readonly kind: 'own'; readonly addresses: readonly string[] }
  /** Somebody else, under these names of theirs. */
  | { readonly kind: 'delegated'; readonly host: DomainName; readonly record: DomainName }

/** A whole set-up, as JSON has it. Texts may quote strangers, and must be escaped by what shows them. */
export interface SetupPlan {
  readonly schema: 'waxseal.setup/1'
  /** A-labels. */
  readonly domain: string
  /** Milliseconds since 1970. */
  readonly checkedAt: number
  /** Of the steps that can be seen: whether all is there, or what is lacking most. */
  readonly state: 'done' | 'to-do' | 'others' | 'unknown'
  /** In the order in which they are to be done. */
  readonly steps: readonly SetupStep[]
  /** What was not looked at, in one line each. */
  readonly leftOut: readonly string[]
}

/**
 * `done`: it is there, on every server that could be asked. `others`: somebody else must act. `later`: not before the
 * steps that it waits for have been done for some time. `unseen`: nobody can see it from outside. `unknown`: it could not be told.
 */
export type StepState = 'done' | 'to-do' | 'others' | 'later' | 'unseen' | 'unknown'

/** One step, with everything that is to be written somewhere for it. */
export interface SetupStep {
  /** `starttls`, `tlsa mx.example.org`… */
  readonly id: string
  /** In the imperative, without a full stop. */
  readonly title: string
  readonly state: StepState
  /** What there is now, in one line each without a full stop. */
  readonly seen: readonly string[]
  readonly who: Actor
  readonly whoseName: string | null
  /** Ids of steps that must be done before, and are not. */
  readonly after: readonly string[]
  readonly texts: readonly Publication[]
  /** What to mind, in one line each without a full stop. */
  readonly notes: readonly string[]
  /** How long to wait after it before what comes next, and why. */
  readonly wait: StepWait | null
  /** Not before this moment, ISO 8601; null without a beginning to count from, or where it is done. */
  readonly from: string | null
  /** A command line that shows whether it is done; null where there is none. */
  readonly see: string | null
}

export interface StepWait {
  readonly seconds: number
  readonly why: string
}

/** A step before it has its place among the others. */
export interface StepDraft extends Omit<SetupStep, 'after' | 'from'> {
  /** Ids of steps that it needs; a word stands for all steps that begin with it. */
  readonly needs: readonly string[]
}
