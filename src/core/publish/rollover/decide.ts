import { isUsable, parseTlsa, type Tlsa } from '../../dane/tlsa.ts'
import { limits } from '../../limits.ts'
import { combinationOf, type KeyKind, kindOfSpki, mismatches, type Shown, shows } from './association.ts'
import { freeFrom, harmUntil, waitOf } from './history.ts'
import {
  type AddressSeen,
  type HostSeen,
  isWhole,
  type Rollover,
  recordsOf,
  shownAnywhere,
  type Tracked,
} from './rollover.ts'
import { having, isSecure, isUnsigned, lacking, recordsAnywhere, whyNotWhole, type ZoneSeen } from './zone-seen.ts'

/** All that the next step follows from. */
export interface Situation {
  readonly rollover: Rollover
  readonly zone: ZoneSeen
  readonly host: HostSeen
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Why nothing can be done safely. `isPassing` where another try may find it otherwise without anybody's doing. */
export type Refusal =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'servers-unknown'; readonly reason: string; readonly isPassing: true }
  | { readonly kind: 'host-unknown'; readonly reason: string; readonly isPassing: true }
  /** An address that takes mail without TLS: records would stop it. RFC 7672 §2.2 */
  | { readonly kind: 'no-tls'; readonly address: string }
  /** The host presents a key that is in no record, and that nobody named. */
  | { readonly kind: 'live-key-unknown'; readonly address: string; readonly keyKind: KeyKind | undefined }
  /** Records of these combinations would be there, and none of them of what an address presents. RFC 7671 §8 */
  | { readonly kind: 'combination'; readonly combination: string; readonly address: string }
  /** Records of usage 2 are asked for, and no authority was named. */
  | { readonly kind: 'no-authority' }
  | { readonly kind: 'no-key' }

/** What is to be done now. */
export type Step =
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  /** `repair`: what is published does not hold for what is presented. */
  | {
      readonly kind: 'write'
      readonly purpose: 'publish' | 'repair' | 'retire' | 'convert'
      readonly add: readonly string[]
      readonly remove: readonly string[]
      readonly keys: readonly Tracked[]
    }
  /** Name servers that do not have yet what was written, or still have what was taken out. */
  | { readonly kind: 'wait-for-servers'; readonly places: readonly string[] }
  /** Caches may have answers without the records of next keys until then. */
  | { readonly kind: 'wait-for-caches'; readonly until: number }
  /** Until an address presents no old key, or can be looked at. */
  | { readonly kind: 'wait-for-host'; readonly reasons: readonly string[] }
  /** Old records stay until then. */
  | { readonly kind: 'wait-to-retire'; readonly until: number; readonly keys: readonly Tracked[] }
  | { readonly kind: 'make-keys'; readonly kinds: readonly KeyKind[] }
  /** All is published for long enough: the next keys may be deployed whenever it suits. */
  | { readonly kind: 'steady' }

/** The one step that is due. Each is safe whatever was done of it before, so that it may be asked for at any time. */
export function decideStep(situation: Situation): Step {
  const { rollover, zone, now } = situation
  const refusals = whyNothing(situation)
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const due = dueRemovals(situation)
  const wanted = wantedRecords(rollover).filter((record) => !due.remove.includes(record))
  const anywhere = recordsAnywhere(zone)
  const add = wanted.filter((record) => !anywhere.includes(record))
  if (add.length > 0) return publish(situation, add)
  const late = lacking(zone, wanted)
  if (late.length > 0) return spread(situation, { add: wanted, remove: [] }, late)
  if (due.remove.length > 0) return retire(situation, due)
  const ready = freeFrom(rollover.history, (records) => wanted.every((record) => records.includes(record)))
  const hasNext = rollover.keys.some(({ role }) => role === 'next')
  if (ready.at === undefined) return { kind: 'wait-for-servers', places: silentPlaces(zone) }
  if (ready.at > now && (hasNext || isConverting(situation))) return { kind: 'wait-for-caches', until: ready.at }
  return waitForOld(situation) ?? makeKeys(situation) ?? { kind: 'steady' }
}

/** Records that the zone should have for all keys that are tracked. */
export function wantedRecords({ keys, combinations = [] }: Rollover): string[] {
  return recordsOf(
    keys.filter(({ role }) => role !== 'barred'),
    combinations,
  )
}

/** From when on a next key may be deployed, as far as that is known; undefined while it is not known. */
export function deployableFrom({ rollover }: Pick<Situation, 'rollover'>, key: Tracked): number | undefined {
  const own = recordsOf([key], rollover.combinations ?? [])
  if (own.length === 0) return undefined
  return freeFrom(rollover.history, (records) => own.every((record) => records.includes(record))).at
}

/** Until when senders hold mail back because of answers that do not hold for what the host presents; undefined for never. */
export function heldBackUntil({ rollover, host, now }: Omit<Situation, 'zone'>): number | undefined {
  const shown = shownAnywhere(host)
  const isFine = (records: readonly string[]) =>
    records.length === 0 ||
    shown.every((one) => mismatches(parsed(records), one, { host: rollover.host, now }).length === 0)
  return harmUntil(rollover.history, isFine, now)
}

function whyNothing({ rollover, zone, host, now }: Situation): Refusal[] {
  if (isUnsigned(zone)) return [{ kind: 'unsigned' }]
  if (!zone.servers.some(isSecure)) {
    return [{ kind: 'servers-unknown', reason: whyNotWhole(zone) ?? 'no name server answers', isPassing: true }]
  }
  if (host.fault !== undefined) return [{ kind: 'host-unknown', reason: host.fault, isPassing: true }]
  const { keys, combinations = [] } = rollover
  const strangers = host.addresses.flatMap(({ address, shown }) =>
    shown.flatMap((one): Refusal[] => {
      const isKnown = keys.some((key) => key.kind !== 'authority' && key.role !== 'barred' && shows(one, key))
      const isCovered = isHeldByAuthority(rollover, one, now)
      return isKnown || isCovered ? [] : [{ kind: 'live-key-unknown', address, keyKind: kindShown(one) }]
    }),
  )
  const missing = whyNotWhole(zone)
  // What some server would not tell could vouch for them.
  if (strangers.length > 0 && missing !== undefined) {
    return [{ kind: 'servers-unknown', reason: missing, isPassing: true }]
  }
  if (strangers.length > 0) return strangers
  const wantsAuthority = combinations.some(({ usage }) => usage === 2)
  if (wantsAuthority && !keys.some(({ kind }) => kind === 'authority')) return [{ kind: 'no-authority' }]
  if (wantedRecords(rollover).length > 0) return []
  const unknown = host.addresses.find((one) => one.unknown !== undefined)
  return isWhole(host)
    ? [{ kind: 'no-key' }]
    : [{ kind: 'host-unknown', reason: unknownWords(unknown), isPassing: true }]
}

/** Under records of an authority alone, keys come and go without a change of records. */
function isHeldByAuthority({ keys, combinations = [], host }: Rollover, shown: Shown, now: number): boolean {
  const records = parsed(recordsOf(keys, combinations))
  const isOfAuthority = combinations.length > 0 && combinations.every(({ usage }) => usage === 2)
  return isOfAuthority && records.length > 0 && mismatches(records, shown, { host, now }).length === 0
}

function kindShown({ spki }: Shown): KeyKind | undefined {
  return kindOfSpki(spki)
}

function publish(situation: Situation, add: readonly string[]): Step {
  const refusals = whyUnsafe(situation, { add, remove: [] })
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const { rollover, host } = situation
  const { keys, combinations = [] } = rollover
  const added = keys.filter((key) => recordsOf([key], combinations).some((record) => add.includes(record)))
  const isHeldBack =
    recordsAnywhere(situation.zone).length > 0 && added.some((key) => isShown(host, key) && key.kind !== 'authority')
  return {
    kind: 'write',
    purpose: isHeldBack && !isConverting(situation) ? 'repair' : 'publish',
    add,
    remove: [],
    keys: added,
  }
}

/** What was written is on its way; after an hour it is written again, as it may be lost. */
function spread(situation: Situation, change: Change, late: readonly { readonly place: string }[]): Step {
  const { rollover, now } = situation
  const since = rollover.lastWrite === undefined ? undefined : now - rollover.lastWrite.at
  const isOld = since === undefined || since >= limits.rollover.rewriteMs || since < 0
  if (!isOld) return { kind: 'wait-for-servers', places: late.map(({ place }) => place) }
  const refusals = whyUnsafe(situation, change)
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const { keys, combinations = [] } = rollover
  const meant = [...change.add, ...change.remove]
  const of = keys.filter((key) => recordsOf([key], combinations).some((record) => meant.includes(record)))
  const purpose = change.remove.length > 0 ? 'retire' : 'publish'
  return { kind: 'write', purpose, add: change.add, remove: change.remove, keys: of }
}

interface Change {
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

interface Removals {
  readonly remove: readonly string[]
  readonly keys: readonly Tracked[]
}

/** Records of old keys, and of combinations that are not wanted: those whose time has come. */
function dueRemovals(situation: Situation): Removals {
  const { rollover, zone, host, now } = situation
  const { keys, combinations = [], history } = rollover
  if (!isWhole(host) || whyNotWhole(zone) !== undefined) return { remove: [], keys: [] }
  const anywhere = recordsAnywhere(zone)
  const old = keys.filter((key) => key.role === 'old' && !isShown(host, key) && retiresAt(key, rollover) <= now)
  const kept = recordsOf(
    keys.filter((key) => key.role !== 'barred' && !old.includes(key)),
    combinations,
  )
  // A combination goes as a whole, once the records in its place are known everywhere. RFC 7671 §8.4
  const isKnown =
    (freeFrom(history, (records) => kept.every((record) => records.includes(record))).at ?? Infinity) <= now
  const surplus = isKnown && kept.length > 0 ? unwantedRecords(situation) : []
  const remove = [...new Set([...recordsOf(old, combinations), ...surplus])].filter((record) => {
    return anywhere.includes(record) && !kept.includes(record)
  })
  return { remove, keys: old }
}

/** Usable records of combinations that are not wanted. */
export function unwantedRecords({
  rollover: { combinations = [] },
  zone,
}: Pick<Situation, 'rollover' | 'zone'>): string[] {
  const wanted = combinations.map(combinationOf)
  return recordsAnywhere(zone).filter((text) =>
    parsed([text]).some((one) => isUsable(one) && !wanted.includes(combinationOf(one))),
  )
}

/** Records of a wanted combination that are of no key known here: whose they are, nobody said. They stay. */
export function strayRecords({ rollover, zone }: Pick<Situation, 'rollover' | 'zone'>): string[] {
  const unwanted = unwantedRecords({ rollover, zone })
  const wanted = wantedRecords(rollover)
  return recordsAnywhere(zone).filter((text) => !wanted.includes(text) && !unwanted.includes(text))
}

function isConverting(situation: Situation): boolean {
  return unwantedRecords(situation).length > 0
}

/** When the records of an old key may go: at once where somebody else has the key. */
export function retiresAt({ since, isCompromised }: Tracked, { history }: Rollover): number {
  return isCompromised ? since : since + waitOf(history)
}

function retire(situation: Situation, { remove, keys }: Removals): Step {
  const { zone } = situation
  const refusals = whyUnsafe(situation, { add: [], remove })
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const still = having(zone, remove)
  if (still.length < zone.servers.length) return spread(situation, { add: [], remove }, still)
  const purpose = keys.length > 0 ? 'retire' : 'convert'
  return { kind: 'write', purpose, add: [], remove, keys }
}

/**
 * Why a change could stop mail: with it, every combination must still hold for all that the host presents. More records
 * of combinations that are there already can harm nobody.
 */
function whyUnsafe({ rollover, zone, host, now }: Situation, { add, remove }: Change): Refusal[] {
  const present = recordsAnywhere(zone)
  const after = parsed([...new Set([...present, ...add])].filter((record) => !remove.includes(record)))
  const before = new Set(parsed(present).filter(isUsable).map(combinationOf))
  const isMoreOfTheSame = remove.length === 0 && parsed(add).every((record) => before.has(combinationOf(record)))
  if (isMoreOfTheSame) return []
  const lacksTls = host.addresses.filter((one) => one.lacksTls)
  if (lacksTls.length > 0) return lacksTls.map(({ address }) => ({ kind: 'no-tls', address }))
  const [unknown] = host.addresses.filter((one) => one.unknown !== undefined)
  if (!isWhole(host)) return [{ kind: 'host-unknown', reason: unknownWords(unknown), isPassing: true }]
  const refusals = host.addresses.flatMap(({ address, shown }) =>
    shown.flatMap((one) =>
      mismatches(after, one, { host: rollover.host, now }).map(
        ({ combination }): Refusal => ({ kind: 'combination', combination, address }),
      ),
    ),
  )
  return refusals
}

function unknownWords(address: AddressSeen | undefined): string {
  return address === undefined ? 'it has no address that could be looked at' : `${address.address}: ${address.unknown}`
}

function waitForOld(situation: Situation): Step | undefined {
  const { rollover, host } = situation
  const old = rollover.keys.filter(({ role }) => role === 'old')
  if (old.length === 0) return undefined
  if (!isWhole(host)) {
    const reasons = host.addresses.filter(({ unknown }) => unknown !== undefined).map(unknownWords)
    return { kind: 'wait-for-host', reasons: reasons.length > 0 ? reasons : [unknownWords(undefined)] }
  }
  const missing = whyNotWhole(situation.zone)
  if (missing !== undefined) return { kind: 'wait-for-servers', places: [missing] }
  return { kind: 'wait-to-retire', until: Math.min(...old.map((key) => retiresAt(key, rollover))), keys: old }
}

/** Kinds of keys that are in use, and have none to follow. */
function makeKeys({ rollover: { keys, combinations = [] } }: Situation): Step | undefined {
  if (!combinations.some(({ usage }) => usage === 3)) return undefined
  const kinds = (['rsa', 'ecdsa'] as const).filter((kind) => {
    const roles = keys.filter((key) => key.kind === kind).map(({ role }) => role)
    return roles.includes('current') && !roles.includes('next')
  })
  return kinds.length > 0 ? { kind: 'make-keys', kinds } : undefined
}

function silentPlaces(zone: ZoneSeen): string[] {
  const why = whyNotWhole(zone)
  return why === undefined ? [] : [why]
}

function isShown(host: HostSeen, key: Tracked): boolean {
  return shownAnywhere(host).some((shown) => shows(shown, key))
}

function parsed(records: readonly string[]): Tlsa[] {
  return records.flatMap((text) => {
    const record = parseTlsa(text)
    return record.ok ? [record.value] : []
  })
}
