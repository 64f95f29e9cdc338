// Where others say otherwise than we do, and why that is so; whatever stands here and does not happen fails too, but for
// what is left to chance.

import type { LookupReport } from '../../../src/programs/cli/dns-json.ts'
import { addresses as at } from '../addresses.ts'
import type { Verdict } from '../oracle.ts'
import type { DelvVerdict } from './delv.ts'
import type { ZonePlan } from './plans.ts'
import type { Asked } from './world.ts'

export interface Exception<Theirs> {
  readonly reason: string
  /** Whether it hangs on octets of signatures, or on what a server remembers or has time for: it need not happen. */
  readonly isByChance?: true
  /** `planOf` finds the zones of the chain of trust, which an alias may have led to. */
  explains(asked: Asked, ours: LookupReport, theirs: Theirs, planOf: (origin: string) => ZonePlan | undefined): boolean
}

const isOptOut = (ours: LookupReport) => ours.result !== 'failure' && /opt-out span/.test(ours.reason ?? '')

export const unboundExceptions: readonly Exception<Verdict>[] = [
  {
    reason:
      'asked for a CNAME, Unbound speaks of the target of the alias, which it has met with its minimised question ' +
      'of type A; the answer is the alias alone (RFC 1034 §3.6.2)',
    explains: ({ type }, ours, theirs) =>
      type === 'CNAME' && ours.result === 'answer' && (theirs.result === 'nxdomain' || theirs.status === 'bogus'),
  },
  {
    reason:
      'an opt-out span that verifies leaves room for an unsigned delegation, so that what is below is insecure ' +
      '(RFC 5155 §6, §12.2); Unbound wants the rest to verify too, which was spoilt',
    explains: (_, ours, theirs) => isOptOut(ours) && theirs.status === 'bogus',
  },
  {
    reason:
      'both fail: the server says SERVFAIL where its own proof is missing, and Unbound has met it unproved before',
    explains: (_, ours, theirs) => ours.result === 'failure' && theirs.result === 'failure',
  },
  {
    reason:
      'asked for a DS record first of all, Unbound has it that the server says SERVFAIL; asked again by us, it answers ' +
      'from denials that it has met and validated meanwhile, as it does for DS alone with aggressive-nsec off ' +
      '(RFC 8198 §5.3), and the NSEC records do prove it (RFC 4035 §5.4)',
    isByChance: true,
    explains: ({ type }, ours, theirs) =>
      type === 'DS' &&
      ours.result === 'nodata' &&
      ours.status === 'secure' &&
      ours.server === at.unbound &&
      theirs.status === 'indeterminate',
  },
]

export const delvExceptions: readonly Exception<DelvVerdict>[] = [
  {
    reason:
      'delv calls a denial validated whose proof has an opt-out span; what may exist unsigned is insecure ' +
      '(RFC 5155 §9.2 forbids AD for it)',
    explains: (_, ours, theirs) =>
      isOptOut(ours) && ours.result === theirs.result && ours.status === 'insecure' && theirs.status === 'secure',
  },
  {
    reason:
      'an opt-out span that verifies leaves room for an unsigned delegation; delv wants the rest of the denial too',
    // The questions are few that show it, and delv may come to no end for any.
    isByChance: true,
    explains: (_, ours, theirs) => isOptOut(ours) && theirs.result === 'failure',
  },
  {
    reason:
      'delv gives an RRset up after one signature that fails (max-validation-failures-per-fetch, for KeyTrap), where it ' +
      'is put before the good one; we go on to eight, and one that verifies is enough (RFC 4035 §5.3.3)',
    isByChance: true,
    explains: (_, ours, theirs, planOf) =>
      ours.chain.some(({ zone }) => planOf(zone)?.signing?.defect === 'bad signatures beside the good') &&
      ours.result !== 'failure' &&
      theirs.result === 'failure',
  },
]
