import type { Failure, Resolution } from '../dnssec/resolution.ts'
import type { CheckFacts, PolicyLook } from './check-facts.ts'

/** What the servers of a domain say or do that fails for everyone. */
const theirs: ReadonlySet<string> = new Set(['bogus', 'servfail', 'refused', 'malformed', 'alias-loop'])

/** A resolver of ours that strips DNSSEC records makes every domain look bogus. */
function isTheirs({ why, isOurs }: Failure): boolean {
  return theirs.has(why) && isOurs !== true
}

/** A failure that is as likely ours, or the network's, as the domain's: nothing follows from it. */
export function isUntold(lookup: Resolution): boolean {
  return lookup.kind === 'failure' && !isTheirs(lookup)
}

/** A failure that is the domain's: other senders meet it as well. */
export function isBroken(lookup: Resolution): boolean {
  return lookup.kind === 'failure' && isTheirs(lookup)
}

/** Why it is not known whether there is an MTA-STS policy; undefined where it is. */
export function whyPolicyUntold({ mail, sts }: Pick<CheckFacts, 'mail' | 'sts'>): string | undefined {
  const finding = mail?.sts
  if (sts === undefined || finding === undefined) return 'MTA-STS was not looked at'
  if (finding.record?.kind === 'failure' && isUntold(finding.record)) {
    return `the MTA-STS record could not be looked up: ${finding.record.reason}`
  }
  const looks = sts.fetches.filter(({ as }) => as === 'nobody')
  const isLate = finding.id !== undefined && finding.policy === undefined && looks.length > 0
  return isLate && looks.every(isSlow) ? 'the MTA-STS policy could not be fetched in time' : undefined
}

function isSlow({ outcome }: PolicyLook): boolean {
  return outcome.kind === 'failed' && (outcome.fault === 'timeout' || outcome.fault === 'aborted')
}
