import type { Resolution } from '../dnssec/resolution.ts'

/** What the servers of a domain say or do that fails for everyone. */
const theirs: ReadonlySet<string> = new Set(['bogus', 'servfail', 'refused', 'malformed', 'alias-loop'])

/** A failure that is as likely ours, or the network's, as the domain's: nothing follows from it. */
export function isUntold(lookup: Resolution): boolean {
  return lookup.kind === 'failure' && !theirs.has(lookup.why)
}

/** A failure that is the domain's: other senders meet it as well. */
export function isBroken(lookup: Resolution): boolean {
  return lookup.kind === 'failure' && theirs.has(lookup.why)
}
