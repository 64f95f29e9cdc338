import { formatMxPattern, listsMx, type MxPattern } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'
import { patternsWith } from './mx-patterns.ts'

/** How the MX hosts of a domain with a policy are to change. */
export interface MxChange {
  readonly domain: DomainName
  /** As MX records name them now. */
  readonly live: readonly DomainName[]
  /** What the policy is to list in the end. */
  readonly wanted: readonly MxPattern[]
  /** When the last sender forgets a policy that does not list all of `wanted`, if none was served from now on. */
  readonly forgottenAt: number
  /** Of the TXT record and of the MX records, in seconds. */
  readonly txtTtl: number
  readonly mxTtl: number
}

/** One step of a change, and the earliest moment for it. */
export interface ChangeStep {
  readonly kind: 'serve-union' | 'announce' | 'add-hosts' | 'remove-hosts' | 'drop-hosts'
  /** Milliseconds since 1970. */
  readonly at: number
  /** One line without a full stop. */
  readonly text: string
}

/** What the policy must list as long as a change lasts: what it is to list in the end, and whoever has mail now. */
export function unionOf({ wanted, live }: Pick<MxChange, 'wanted' | 'live'>): MxPattern[] {
  return patternsWith(wanted, live)
}

/**
 * The way from the MX hosts that there are to others, on which no sender ever finds itself without a host that its policy
 * lists. Undefined where there is nothing to change. RFC 8461 §8.1
 *
 * New hosts come beside the old ones first: who still holds the policy from before passes them over and finds an old one.
 * Old hosts go when nobody can hold it any more, however long its fetches failed; and out of the policy when nobody can
 * hold the MX records from before. `now` is in milliseconds since 1970: when the first step is taken.
 */
export function planMxChange(change: MxChange, now: number): ChangeStep[] | undefined {
  const { domain, live, wanted, forgottenAt, txtTtl, mxTtl } = change
  const old = live.filter((host) => !listsMx(wanted, host))
  const added = wanted.filter((pattern) => !live.some((host) => listsMx([pattern], host))).map(formatMxPattern)
  if (old.length === 0 && added.length === 0) return undefined
  const announced = now + txtTtl * 1000
  const steps: ChangeStep[] = [
    {
      kind: 'serve-union',
      at: now,
      text: `serve this policy, which lists ${old.length > 0 ? 'old and new' : 'all'} hosts`,
    },
    { kind: 'announce', at: now, text: 'give the TXT record its new id, when every address serves the policy' },
  ]
  if (added.length > 0) {
    const beside = old.length === 0 ? '' : `, and leave those of ${old.join(' and ')} beside them`
    steps.push({ kind: 'add-hosts', at: announced, text: `add the MX records for ${added.join(' and ')}${beside}` })
  }
  if (old.length === 0) return steps
  const gone = added.length === 0 ? now : Math.max(announced, forgottenAt)
  const unlisted = gone + mxTtl * 1000
  return [
    ...steps,
    { kind: 'remove-hosts', at: gone, text: `remove the MX records of ${old.join(' and ')}` },
    {
      ...{ kind: 'drop-hosts', at: unlisted },
      text: `run "waxseal sts policy ${domain}" again: the policy no longer needs ${old.join(' and ')}`,
    },
  ]
}
