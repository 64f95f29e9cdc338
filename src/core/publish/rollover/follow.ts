import { formatTlsa, parseTlsa, type Tlsa } from '../../dane/tlsa.ts'
import {
  type Combination,
  combinationOf,
  kindOfSpki,
  type Material,
  mismatches,
  type Shown,
  shows,
} from './association.ts'
import { noteServed } from './history.ts'
import {
  type HostSeen,
  isWhole,
  type Rollover,
  recordsOf,
  sameMaterial,
  shownAnywhere,
  type Tracked,
  usualCombinations,
} from './rollover.ts'
import { isSecure, recordsAnywhere, servedBy, whyNotWhole, type ZoneSeen } from './zone-seen.ts'

/** Combinations that records may be given, the best first. Whole certificates of servers and full data are not among them. */
export const combinationsOffered: readonly Combination[] = [
  { usage: 3, selector: 1, matchingType: 1 },
  { usage: 2, selector: 1, matchingType: 1 },
  { usage: 2, selector: 0, matchingType: 1 },
  { usage: 3, selector: 1, matchingType: 2 },
  { usage: 2, selector: 1, matchingType: 2 },
  { usage: 2, selector: 0, matchingType: 2 },
]

/** Takes over what was seen: what is served, which keys are in use, and which are no longer. */
export function follow(rollover: Rollover, zone: ZoneSeen, host: HostSeen, now: number): Rollover {
  const noted: Rollover = { ...rollover, history: noteServed(rollover.history, servedBy(zone), now) }
  const adopted = adopt(noted, zone, host, now)
  const keys = adopted.keys
    .map((key) => withRole(key.since > now ? { ...key, since: now } : key, host, now))
    .flatMap((key): Tracked[] => {
      if (!isForgotten(key, adopted, zone, host)) return [key]
      return key.isCompromised ? [{ ...key, role: 'barred', since: now }] : []
    })
  return { ...adopted, keys, combinations: adopted.combinations ?? settled(zone) }
}

/** Those that are published already, if they are any good; else the usual one. */
function settled(zone: ZoneSeen): readonly Combination[] {
  const present = recordsAnywhere(zone)
    .flatMap((text) => tlsaOf(text))
    .map(combinationOf)
  const kept = combinationsOffered.filter((one) => present.includes(combinationOf(one)))
  return kept.length > 0 ? kept : usualCombinations
}

/**
 * Keys and authorities that the host presents become tracked when what every server says of it, proved, holds for them:
 * then it is DNSSEC that vouches for them. What the host alone shows could be anybody's, and is never published.
 */
function adopt(rollover: Rollover, zone: ZoneSeen, host: HostSeen, now: number): Rollover {
  if (whyNotWhole(zone) !== undefined) return rollover
  const sets = zone.servers.filter(isSecure).map(({ says }) => says.records.flatMap(tlsaOf))
  const strangers = shownAnywhere(host).filter((shown) => !isTracked(shown, rollover))
  const vouchedFor = strangers.filter((shown) => sets.every((set) => isVouchedFor(set, shown, rollover, now)))
  const found = vouchedFor.flatMap((shown) => [...ofKey(shown), ...ofAuthorities(shown, sets)])
  let { keys } = rollover
  for (const one of found) {
    if (keys.some((key) => sameMaterial(key, one))) continue
    keys = [...keys, { ...one, role: 'current', since: now, file: undefined, isCompromised: false }]
  }
  return { ...rollover, keys }
}

/** The key, and where authorities count, one above it. */
function isTracked(shown: Shown, { keys }: Rollover): boolean {
  const tracked = keys.filter((key) => shows(shown, key))
  const isWithAuthorities = shown.chain !== undefined && shown.chain.length > 1
  return (
    tracked.some(({ kind }) => kind !== 'authority') &&
    (!isWithAuthorities || tracked.some(({ kind }) => kind === 'authority'))
  )
}

function isVouchedFor(set: readonly Tlsa[], shown: Shown, { host }: Rollover, now: number): boolean {
  return set.length > 0 && mismatches(set, shown, { host, now }).length === 0
}

function ofKey({ spki }: Shown): Material[] {
  const kind = kindOfSpki(spki)
  return kind === undefined ? [] : [{ kind, octets: spki }]
}

function ofAuthorities({ chain = [] }: Shown, sets: readonly (readonly Tlsa[])[]): Material[] {
  return chain.slice(1).flatMap(({ raw }): Material[] => {
    const authority: Material = { kind: 'authority', octets: raw }
    return sets.every((set) => set.some((record) => isOf(record, authority))) ? [authority] : []
  })
}

function isOf(record: Tlsa, material: Material): boolean {
  const combination = combinationsOffered.find((one) => combinationOf(one) === combinationOf(record))
  return combination !== undefined && recordsOf([material], [combination]).includes(formatTlsa(record))
}

/** What is presented is current; what no address presents is not. What cannot be seen changes nothing. */
function withRole(key: Tracked, host: HostSeen, now: number): Tracked {
  if (key.role === 'barred') return key
  const isShown = shownAnywhere(host).some((shown) => shows(shown, key))
  if (isShown) return key.role === 'current' ? key : { ...key, role: 'current', since: now }
  return key.role === 'current' && isWhole(host) ? { ...key, role: 'old', since: now } : key
}

/** Old keys are forgotten once no server has a record of theirs. */
function isForgotten(key: Tracked, { combinations = [] }: Rollover, zone: ZoneSeen, host: HostSeen): boolean {
  if (key.role !== 'old' || whyNotWhole(zone) !== undefined || !isWhole(host)) return false
  const anywhere = recordsAnywhere(zone)
  const records = [...recordsOf([key], combinationsOffered), ...recordsOf([key], combinations)]
  return !records.some((record) => anywhere.includes(record))
}

function tlsaOf(text: string): Tlsa[] {
  const parsed = parseTlsa(text)
  return parsed.ok ? [parsed.value] : []
}
