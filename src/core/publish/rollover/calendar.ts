import type { X509Certificate } from 'node:crypto'
import type { KeyKind } from './association.ts'
import { deployableFrom, retiresAt, type Situation, type Step, unwantedRecords } from './decide.ts'
import { waitOf } from './history.ts'
import { recordsOf, shownAnywhere, type Tracked } from './rollover.ts'

/** Something that is to be done, or that happens. */
export type Entry = EntryKind & {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Not before then, and later when what comes before it is done later. */
  readonly isEarliest: boolean
}

export type EntryKind =
  | {
      readonly kind: 'publish' | 'repair' | 'retire' | 'convert'
      readonly keys: readonly Tracked[]
      readonly records: readonly string[]
    }
  /** The key may be deployed from then on. */
  | { readonly kind: 'deploy'; readonly key: Tracked }
  | { readonly kind: 'make-key'; readonly keyKind: KeyKind }
  /** A certificate ends: before, another must be in its place. */
  | { readonly kind: 'certificate-ends'; readonly subject: string }

/**
 * What comes when, if each step is done as soon as it may be: what lies in the hand of others, as name servers and those
 * who deploy keys, may make it later and never earlier.
 */
export function calendarOf(situation: Situation, step: Step): Entry[] {
  const { rollover, now } = situation
  const combinations = rollover.combinations ?? []
  const wait = waitOf(rollover.history)
  const recordsFor = (keys: readonly Tracked[]) => recordsOf(keys, combinations)
  const entries: Entry[] = []
  if (step.kind === 'write') {
    const records = [...step.add, ...step.remove]
    entries.push({ kind: step.purpose, keys: step.keys, records, at: now, isEarliest: false })
  }
  const written = step.kind === 'write' ? [...step.add, ...step.remove] : []
  for (const key of rollover.keys.filter(({ role }) => role === 'next')) {
    const known = deployableFrom({ rollover }, key)
    const from = Math.max(known ?? now + wait, now)
    entries.push({ kind: 'deploy', key, at: from, isEarliest: known === undefined })
    const before = rollover.keys.filter(({ role, kind }) => role === 'current' && kind === key.kind)
    const gone = before.some(({ isCompromised }) => isCompromised) ? from : from + wait
    if (before.length > 0) {
      entries.push({ kind: 'retire', keys: before, records: recordsFor(before), at: gone, isEarliest: true })
    }
    if (key.kind !== 'authority') entries.push({ kind: 'make-key', keyKind: key.kind, at: gone, isEarliest: true })
  }
  const old = rollover.keys.filter(({ role }) => role === 'old')
  for (const key of old) {
    const records = recordsFor([key])
    if (records.length === 0 || records.every((record) => written.includes(record))) continue
    entries.push({
      kind: 'retire',
      keys: [key],
      records,
      at: Math.max(now, retiresAt(key, rollover)),
      isEarliest: true,
    })
  }
  const unwanted = unwantedRecords(situation).filter((record) => !written.includes(record))
  if (unwanted.length > 0 && step.kind !== 'refused') {
    const at = step.kind === 'wait-for-caches' ? step.until : now + wait
    entries.push({ kind: 'convert', keys: [], records: unwanted, at, isEarliest: step.kind !== 'wait-for-caches' })
  }
  if (step.kind === 'make-keys') {
    for (const keyKind of step.kinds) entries.push({ kind: 'make-key', keyKind, at: now, isEarliest: false })
  }
  return [...entries, ...endings(situation)].toSorted((one, other) => one.at - other.at)
}

function endings({ host }: Situation): Entry[] {
  const leaves = new Map<string, X509Certificate>()
  for (const { chain = [] } of shownAnywhere(host)) {
    const [leaf] = chain
    if (leaf !== undefined) leaves.set(leaf.fingerprint256, leaf)
  }
  return [...leaves.values()].map((leaf) => ({
    ...{ kind: 'certificate-ends' as const, subject: leaf.subject.replaceAll('\n', ', ') },
    ...{ at: leaf.validToDate.getTime(), isEarliest: false },
  }))
}
