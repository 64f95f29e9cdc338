import { combinationOf } from '../../../core/publish/rollover/association.ts'
import { calendarOf, type Entry } from '../../../core/publish/rollover/calendar.ts'
import {
  deployableFrom,
  heldBackUntil,
  type Situation,
  type Step,
  strayRecords,
} from '../../../core/publish/rollover/decide.ts'
import { fingerprintOf, type Given, type Tracked } from '../../../core/publish/rollover/rollover.ts'
import type { WriteOutcome } from '../../../io/publish/zone-writer.ts'
import { entryWords, refusalWords, stepWords } from './words.ts'

/** What was done besides. */
export interface Done {
  readonly made: readonly Given[]
  readonly outcome: WriteOutcome | undefined
}

/** Schema `waxseal.rollover-plan/1`. */
export function planToJson({ situation, step }: { situation: Situation; step: Step }, done?: Done): object {
  const { rollover } = situation
  const held = heldBackUntil(situation)
  return {
    schema: 'waxseal.rollover-plan/1',
    host: rollover.host,
    port: rollover.port,
    at: moment(situation.now),
    forms: (rollover.combinations ?? []).map(combinationOf),
    step: { kind: step.kind, text: stepWords(step), ...stepDetails(step) },
    heldBack: held !== undefined,
    heldBackUntil: held === undefined || held === Number.POSITIVE_INFINITY ? null : moment(held),
    keys: rollover.keys.map((key) => ({ ...keyToJson(key), ...standingOf(key, situation) })),
    servers: situation.zone.servers.map(({ place, says }) => ({
      ...{ server: place, says: says.kind },
      records: says.kind === 'secure' ? says.records : [],
      ttl: says.kind === 'secure' ? says.ttl : null,
      reason: 'reason' in says ? says.reason : null,
    })),
    unknownRecords: strayRecords(situation),
    calendar: calendarOf(situation, step).map(entryToJson),
    made: (done?.made ?? []).map(({ file }) => file),
    outcome: done?.outcome ?? null,
  }
}

function stepDetails(step: Step): object {
  return {
    add: step.kind === 'write' ? step.add : [],
    remove: step.kind === 'write' ? step.remove : [],
    until: step.kind === 'wait-for-caches' || step.kind === 'wait-to-retire' ? moment(step.until) : null,
    refusals:
      step.kind === 'refused' ? step.refusals.map((refusal) => ({ kind: refusal.kind, ...refusalWords(refusal) })) : [],
  }
}

function standingOf(key: Tracked, situation: Situation): object {
  const from = key.role === 'next' ? deployableFrom(situation, key) : undefined
  return { deployableFrom: from === undefined ? null : moment(Math.max(from, key.since)) }
}

function keyToJson(key: Tracked): object {
  const { kind, role, since, file = null, isCompromised: compromised } = key
  return { kind, role, since: moment(since), file, compromised, fingerprint: fingerprintOf(key) }
}

function entryToJson(entry: Entry): object {
  const { text, advice } = entryWords(entry)
  return { at: moment(entry.at), earliest: entry.isEarliest, what: entry.kind, text, why: advice }
}

export function moment(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
