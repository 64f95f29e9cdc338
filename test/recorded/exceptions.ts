import type { Engine } from './play.ts'

const rrsig = 'asks for RRSIG, which we do not look up: a signature has no signature of its own (RFC 4035 §2.2)'
const early = 'a signature begins 202 s after the clock, and we forgive 60 s (RFC 4035 §5.3.1 forgives none)'
const optOut = 'an opt-out span excuses a missing DS: insecure, as RFC 5155 §6 has it, where the recording has SERVFAIL'
const noReferrals = 'was recorded at a forwarder: its name servers lack the referrals that lead there'

const both: readonly (readonly [file: string, reason: string])[] = [
  ['iter_validate.rpl', rrsig],
  ['iter_validate_extradata.rpl', rrsig],
  ['val_rrsig.rpl', rrsig],
  ['world_cz_rhybar.rpl', early],
  ['val_nsec3_optout_ad.rpl', optOut],
]

const iterate = [
  ...['fwd_val_cname_sibling', 'val_adbit', 'val_duplicate', 'val_nx', 'val_qds_oneanc', 'val_qds_twoanc'],
  ...['val_referral_nods', 'val_unsecds', 'val_unsecds_qtypeds', 'val_wild_pos'],
].map((name) => [`${name}.rpl`, noReferrals] as const)

const recursiveOnly = 'ends at servers that recurse and claim no authority: unsigned, their word is hearsay (RES-33)'

const iterator: readonly (readonly [file: string, reason: string])[] = [
  ['iter_lame_nosoa.rpl', recursiveOnly],
  ['iter_reclame_two.rpl', recursiveOnly],
  [
    'iter_cycle_noh.rpl',
    'needs glue from outside the zone of who refers, which we never take (RES-23, RFC 2181 §5.4.1)',
  ],
  [
    'iter_unexpectedrrtype.rpl',
    'an A record where AAAA was asked for: no statement, where the recording has a denial (RFC 7672 §2.1.1)',
  ],
]

/** Recorded worlds that we see otherwise, each with the reason; one that passes all the same fails the run. */
export const exceptions: Readonly<Record<Engine, ReadonlyMap<string, string>>> = {
  forward: new Map(both),
  iterate: new Map([...both, ...iterate, ...iterator]),
}
