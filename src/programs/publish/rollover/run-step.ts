import { parseTlsa } from '../../../core/dane/tlsa.ts'
import type { ResourceRecord } from '../../../core/dns/message.ts'
import { writeTlsa } from '../../../core/dns/rdata/write.ts'
import { CLASS, TYPE } from '../../../core/dns/types.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { ZoneChange } from '../../../core/publish/change.ts'
import type { KeyKind, Material } from '../../../core/publish/rollover/association.ts'
import { decideStep, type Situation, type Step } from '../../../core/publish/rollover/decide.ts'
import { follow } from '../../../core/publish/rollover/follow.ts'
import {
  type Given,
  type HostSeen,
  heed,
  newRollover,
  type Rollover,
  type Tracked,
  type Wishes,
  type WishFault,
} from '../../../core/publish/rollover/rollover.ts'
import { isSecure, recordsAnywhere, whyNotWhole, type ZoneSeen } from '../../../core/publish/rollover/zone-seen.ts'
import type { Clock } from '../../../io/clock.ts'
import type { RolloverFile } from '../../../io/publish/rollover-file.ts'
import type { WriteOutcome, ZoneWriter } from '../../../io/publish/zone-writer.ts'
import type { StopSignal } from '../../../io/stop.ts'

/** What a step needs of the world. */
export interface StepIo {
  readonly file: RolloverFile
  readonly clock: Clock
  /** Asks every name server. */
  lookAtZone(): Promise<ZoneSeen>
  /** Looks at every address of the host. */
  lookAtHost(): Promise<HostSeen>
  readonly signal?: StopSignal | undefined
}

export interface ApplyIo extends StepIo {
  readonly writer: ZoneWriter
  /**
   * Makes a key to follow this one, or finds the one that was made for it before, and is none of those that are or were in
   * use; undefined where keys are made by others.
   */
  readonly makeKey?: ((after: Tracked, known: readonly Material[]) => Promise<Given>) | undefined
  /** Of records where there are none whose TTL could be kept, in seconds. */
  readonly ttl: number
}

export interface StepOptions {
  readonly host: DomainName
  readonly port: number
  readonly wishes: Wishes
}

/** What was found, and what is to be done; `unwished` is what was found alone, without what was wished. */
export type Looked =
  | { readonly kind: 'looked'; readonly situation: Situation; readonly step: Step; readonly unwished: Rollover }
  | { readonly kind: 'wish-refused'; readonly fault: WishFault }
  /** The state is of another host or port. */
  | { readonly kind: 'other-host'; readonly host: DomainName; readonly port: number }

/** What came of a run. */
export type Applied =
  | Exclude<Looked, { readonly kind: 'looked' }>
  /** Another run did not end. */
  | { readonly kind: 'locked' }
  /** `outcome` is of what was written, undefined where nothing was. `made`: keys made for it. */
  | {
      readonly kind: 'applied'
      readonly situation: Situation
      readonly step: Step
      readonly made: readonly Given[]
      readonly outcome: WriteOutcome | undefined
    }

/** What is to be done, without doing or remembering anything. */
export async function lookOnly(options: StepOptions, io: StepIo): Promise<Looked> {
  return look(await io.file.read(), options, io)
}

/**
 * Does the step that is due. What was seen is remembered before anything is written, and what is due is found anew each
 * time from what is there: whenever a run ends, by whatever, the next one goes on from there.
 */
export async function applyStep(options: StepOptions, io: ApplyIo): Promise<Applied> {
  const { file, signal } = io
  const release = await file.lock(signal)
  if (release === undefined) return { kind: 'locked' }
  try {
    const looked = await look(await file.read(), options, io)
    if (looked.kind !== 'looked') return looked
    // What was wished and can never be is not for the next run.
    await file.write(isRefusedForGood(looked.step) ? looked.unwished : looked.situation.rollover)
    const { situation, step, made } = await makeKeys(looked, options, io)
    signal?.throwIfAborted()
    if (step.kind !== 'write') return { kind: 'applied', situation, step, made, outcome: undefined }
    const outcome = await io.writer.write(changeFor(situation.zone, step, io.ttl), signal)
    const isKept = outcome.kind === 'failed' && !outcome.mayBeWritten
    const lastWrite = isKept ? situation.rollover.lastWrite : { at: io.clock.now(), add: step.add, remove: step.remove }
    await file.write({ ...situation.rollover, lastWrite })
    return { kind: 'applied', situation, step, made, outcome }
  } finally {
    release()
  }
}

async function look(known: Rollover | undefined, { host, port, wishes }: StepOptions, io: StepIo): Promise<Looked> {
  const before = known ?? newRollover(host, port)
  if (before.host !== host || before.port !== port) return { kind: 'other-host', host: before.host, port: before.port }
  const [zone, seen] = await Promise.all([io.lookAtZone(), io.lookAtHost()])
  io.signal?.throwIfAborted()
  const now = io.clock.now()
  // First what is there, so that a wish can be held against it.
  const unwished = follow(before, zone, seen, now)
  const heeded = heed(unwished, wishes, seen, now)
  if (!heeded.ok) return { kind: 'wish-refused', fault: heeded.fault }
  const situation = { rollover: follow(heeded.value, zone, seen, now), zone, host: seen, now }
  return { kind: 'looked', situation, step: decideStep(situation), unwished }
}

export function isRefusedForGood(step: Step): boolean {
  return step.kind === 'refused' && !step.refusals.every((refusal) => 'isPassing' in refusal)
}

/** Keys that are due are made before the step that publishes them: two steps in one, as nobody waits between them. */
async function makeKeys(
  { situation, step }: Extract<Looked, { readonly kind: 'looked' }>,
  { wishes }: StepOptions,
  { makeKey, file }: ApplyIo,
): Promise<{ situation: Situation; step: Step; made: readonly Given[] }> {
  if (step.kind !== 'make-keys' || makeKey === undefined) return { situation, step, made: [] }
  const after = step.kinds.flatMap((kind) => currentOf(situation.rollover, kind))
  const made: Given[] = []
  for (const key of after) made.push(await makeKey(key, situation.rollover.keys))
  const heeded = heed(situation.rollover, { ...wishes, next: made }, situation.host, situation.now)
  if (!heeded.ok) throw new Error(`a key just made cannot be the next one: ${heeded.fault}`)
  const renewed = { ...situation, rollover: heeded.value }
  await file.write(renewed.rollover)
  return { situation: renewed, step: decideStep(renewed), made }
}

/** The one that came last, where addresses differ. */
function currentOf({ keys }: Rollover, kind: KeyKind): Tracked[] {
  const current = keys.filter((key) => key.kind === kind && key.role === 'current')
  return current.toSorted((one, other) => other.since - one.since).slice(0, 1)
}

/** The records with the TTL that those beside them have: an RRset has one. RFC 2181 §5.2 */
export function changeFor(
  zone: ZoneSeen,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  usualTtl: number,
): ZoneChange {
  const ttls = zone.servers.filter(isSecure).flatMap(({ says }) => (says.records.length > 0 ? [says.ttl] : []))
  const ttl = ttls.length > 0 ? Math.max(...ttls) : usualTtl
  const recordsFor = (texts: readonly string[]) => texts.map((text) => recordFor(zone, text, ttl))
  const change = { zone: zone.zone, remove: recordsFor(remove), add: recordsFor(add) }
  // While servers differ, nobody knows which of them is as the zone is where it is written.
  const isOne = whyNotWhole(zone) === undefined && new Set(zone.servers.map(setOf)).size === 1
  if (!isOne) return change
  return { ...change, assume: [{ name: zone.owner, type: TYPE.TLSA, records: recordsFor(recordsAnywhere(zone)) }] }
}

function setOf({ says }: ZoneSeen['servers'][number]): string {
  return says.kind === 'secure' ? says.records.join('\n') : says.kind
}

function recordFor({ owner }: ZoneSeen, text: string, ttl: number): ResourceRecord {
  const parsed = parseTlsa(text)
  if (!parsed.ok) throw new Error(`no TLSA record: ${text}`)
  return { name: owner, type: TYPE.TLSA, class: CLASS.IN, ttl, rdata: writeTlsa(parsed.value) }
}
