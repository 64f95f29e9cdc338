import { decide } from '../../core/decision/decide.ts'
import { type DecisionOptions, type DomainDecision, defaultOptions } from '../../core/decision/decision.ts'
import type { Facts, NextHop } from '../../core/decision/facts.ts'
import { noOverrides, type Overrides } from '../../core/decision/overrides.ts'
import { lookupsOf } from '../../core/decision/validity.ts'
import { limits } from '../../core/limits.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import { examine } from '../examine/examine.ts'
import type { StsService } from '../mtasts/sts-service.ts'
import { type Cache, createCache } from '../resolver/cache.ts'
import type { Resolver } from '../resolver/resolver.ts'
import { createSharedWork, type SharedWork } from '../shared-work.ts'
import type { StopSignal } from '../stop.ts'
import { createAgenda } from './agenda.ts'
import { destinationOfKey, keyOf } from './destination-key.ts'
import { createKeptDecisions } from './kept-decisions.ts'
import { createTurns } from './turns.ts'

/** Where mail goes: a domain by its MX records, or a host that an operator named; the port is that of TLSA records too. */
export interface Destination {
  readonly nextHop: Exclude<NextHop, { kind: 'literal' }>
  readonly port: number
}

/** What came of looking at a destination: a decision with its facts, or why there is none. */
export type Outcome =
  | { readonly kind: 'decided'; readonly facts: Facts; readonly decision: DomainDecision }
  /** `reason` is one line without a full stop. */
  | { readonly kind: 'failed'; readonly reason: string }

/** What is kept of a decision for its user, in as little room as it can: all characters up to U+00FF. */
export interface Shelved {
  /** The text that is asked for most. */
  readonly ready: string
  readonly rest: string
}

/** A decision as it was when it was asked for; `view` is what its user made of the outcome, who alone may keep more. */
export interface Made<View> {
  readonly destination: Destination
  /** The same for no other destination: as Postfix names it. */
  readonly key: string
  readonly view: View
  /** Milliseconds since 1970, to the second: when it was looked for, and until when it is given to whoever asks. */
  readonly at: number
  readonly until: number
  readonly tookMs: number
  /** Greater than that of every decision made before. */
  readonly serial: number
  /** Looked for because somebody waited, or because it was about to end. */
  readonly why: Why
  /** When it was last given out. */
  readonly askedAt: number
}

/** Decisions for many who ask, each looked for once and kept as long as it holds. */
export interface Decisions<View> {
  /** The one in memory that still holds. */
  held(destination: Destination): Made<View> | undefined
  /** By the destination's key, and given out: undefined for any other text. */
  heldAt(key: string): Made<View> | undefined
  /** The text that stands ready in it: the shortest way there is to an answer. */
  readyAt(key: string): string | undefined
  /** The one in memory, or a new one. Never rejects for what the network does, nor waits longer than its limit. */
  decide(destination: Destination): Promise<Made<View>>
  /** A new one, whatever is in memory. */
  renew(destination: Destination): Promise<Made<View>>
  /** What the decision rests on, as far as it is still kept: of so many a second, and the latest. */
  outcomeOf(destination: Destination): Outcome | undefined
  /** Forgets the decision; whether there was one. */
  forget(destination: Destination): boolean
  forgetAll(): void
  /** Forgets those of which this is true; without an outcome it is too long ago. How many there were. */
  forgetWhere(isStale: (destination: Destination, outcome: Outcome | undefined) => boolean): number
  /** In the order of their serial numbers; may be gone through slowly while others are made. */
  list(): Iterable<Made<View>>
  /**
   * Renews what mail goes to and what ends soon, and drops what has ended, or everything when the clock was set back or trust
   * anchors changed; to be called every second or so.
   */
  tick(): void
  readonly size: number
  /** Destinations being looked at, and those waiting for their turn. */
  readonly underWay: number
  /** Those waiting for their turn. */
  readonly waiting: number
  close(): Promise<void>
}

/** A decision that another takes the place of, with what it rested on as far as that is still kept. */
export interface Replaced<View> {
  readonly made: Made<View>
  readonly outcome: Outcome | undefined
}

export interface DecisionsOptions<View> {
  readonly resolver: Resolver
  readonly sts: Pick<StsService, 'lookup'>
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly decision?: DecisionOptions
  /** What operators decided otherwise, asked for when a decision is made. */
  readonly overrides?: () => Overrides
  readonly deadlineMs?: number
  /** What is to be kept of the outcome, and a view made of that again. */
  present(outcome: Outcome, destination: Destination): Shelved
  read(shelved: Shelved, key: string): View
  /** Told of every decision made, with what it rests on and the one that it replaces. */
  onMade?(made: Made<View>, outcome: Outcome, before: Replaced<View> | undefined): void
  /** Told of a lookup that failed, and changed nothing because the decision from before still holds. */
  onFailed?(held: Made<View>, outcome: Outcome): void
}

type Why = 'asked' | 'renewed'

/** Of the life of a decision, the part at whose beginning it is renewed at the earliest, and at the latest. */
const renewal = { from: 0.2, to: 0.1 }

export function createDecisions<View>(options: DecisionsOptions<View>): Decisions<View> {
  const { clock, random } = options
  const kept = createKeptDecisions<View>(options.read)
  const evidence = createEvidence(clock)
  // Of keys: it would keep alive what was dropped long before its time.
  const agenda = createAgenda<string>()
  const turns = createTurns(limits.decisions.atOnce, limits.decisions.waiting)
  const renewals = createTurns(limits.decisions.refreshesAtOnce, limits.decisions.kept)
  const underWay: SharedWork<Made<View>> = createSharedWork()
  let looking = 0
  let serial = 0
  let tickedAt = clock.now()
  let evidenceLeft: number = limits.decisions.evidencePerSecond
  let isClosed = false
  const anchorChanges = () => options.resolver.anchorChanges?.() ?? 0
  let knownChanges = anchorChanges()

  const heldAt = (key: string): Made<View> | undefined => {
    const made = kept.get(key)
    return made !== undefined && made.until > clock.now() ? made : undefined
  }
  const drop = (key: string): boolean => {
    evidence.delete(key)
    return kept.delete(key)
  }
  const forgetAll = () => {
    for (const key of kept.keys()) drop(key)
  }
  /** Without it, what a revoked key vouched for, or what nobody validated, would hold to its own end. */
  const followAnchors = () => {
    const changes = anchorChanges()
    if (changes === knownChanges) return
    knownChanges = changes
    forgetAll()
  }
  const planRenewal = ({ key, at, until }: Made<View>) =>
    agenda.plan(key, until - (until - at) * (renewal.to + (renewal.from - renewal.to) * random()))
  // The longest kept goes first: those that get mail were renewed since.
  const makeRoom = () => {
    for (const key of kept.keys()) {
      if (kept.size <= limits.decisions.kept && kept.octets <= limits.decisions.keptOctets) return
      drop(key)
    }
  }
  const make = async (key: string, why: Why, signal: StopSignal): Promise<Made<View>> => {
    const at = clock.now()
    const start = performance.now()
    const destination = destinationOfKey(key)
    followAnchors()
    const begunBy = knownChanges
    const outcome = await lookAt(destination, options, { turn: turns.take(), signal })
    followAnchors()
    const before = kept.get(key)
    const tookMs = performance.now() - start
    const askedAt = why === 'renewed' && before !== undefined ? before.askedAt : at
    const shelved = options.present(outcome, destination)
    // By anchors that changed meanwhile it is for those who asked before they did, and for nobody else.
    const until = begunBy === knownChanges ? endOf(outcome, clock.now()) : clock.now()
    const record = { key, shelved, at, until, askedAt, tookMs, serial: ++serial, why }
    // What still holds is not put aside because a lookup failed before its end.
    if (before !== undefined && isFailure(outcome) && before.until > clock.now()) {
      options.onFailed?.(before, outcome)
      return before
    }
    const replaced = before && { made: before, outcome: evidence.get(key)?.value }
    const made = kept.put(record)
    if (isClosed) return made
    // In a flood it would be pushed out before anyone can ask, and be old enough by then to cost the most to clear away.
    if (outcome.kind === 'decided' && --evidenceLeft < 0) evidence.delete(key)
    else evidence.put(key, outcome, made.until)
    planRenewal(made)
    makeRoom()
    options.onMade?.(made, outcome, replaced)
    return made
  }
  const look = async (name: string, why: Why): Promise<Made<View>> => {
    // What is kept for long must not hold on to the question that it was cut from.
    const key = Buffer.from(name).toString()
    looking++
    try {
      return await underWay.join(key, (signal) => make(key, why, signal))
    } finally {
      looking--
    }
  }
  const renewInTurn = async (key: string) => {
    const done = await renewals.take()
    if (done === undefined) return
    try {
      if (!isClosed && kept.has(key)) await look(key, 'renewed')
    } finally {
      done()
    }
  }
  return {
    held: (destination) => heldAt(keyOf(destination)),
    heldAt(key) {
      kept.touch(key, clock.now())
      return heldAt(key)
    },
    readyAt: (key) => kept.ready(key, clock.now()),
    async decide(destination) {
      const key = keyOf(destination)
      const made = heldAt(key)
      if (made === undefined) return look(key, 'asked')
      kept.touch(key, clock.now())
      return made
    },
    renew: (destination) => look(keyOf(destination), 'asked'),
    outcomeOf: (destination) => evidence.get(keyOf(destination))?.value,
    forget: (destination) => drop(keyOf(destination)),
    forgetAll,
    forgetWhere(isStale) {
      const stale = [...kept.keys()].filter((key) => isStale(destinationOfKey(key), evidence.get(key)?.value))
      for (const key of stale) drop(key)
      return stale.length
    },
    *list() {
      for (const key of kept.keys()) {
        const made = kept.get(key)
        if (made !== undefined) yield made
      }
    },
    tick() {
      const now = clock.now()
      followAnchors()
      // By a clock that was set back everything would be kept for longer than it holds.
      if (now < tickedAt - limits.decisions.leastKeptMs) forgetAll()
      tickedAt = now
      evidenceLeft = limits.decisions.evidencePerSecond
      for (const key of agenda.takeDue(now)) {
        const made = kept.get(key)
        if (made === undefined) continue
        const { at, until } = made
        if (until <= now) drop(key)
        // Planned for one that this one took the place of.
        else if (now < until - (until - at) * renewal.from) continue
        else {
          agenda.plan(key, until)
          if (isWarm(made, now)) renewInTurn(key).catch(() => {}) // closed meanwhile
        }
      }
    },
    get size() {
      return kept.size
    },
    get underWay() {
      return looking
    },
    get waiting() {
      return turns.waiting
    },
    async close() {
      isClosed = true
      await underWay.close()
    },
  }
}

/** Whether somebody asked lately, by the measure of how long such a decision lives. */
function isWarm<View>({ at, until, askedAt }: Made<View>, now: number): boolean {
  const { warmLives, warmMs } = limits.decisions
  return now - askedAt <= Math.min(warmMs, warmLives * (until - at))
}

function isFailure(outcome: Outcome): boolean {
  return outcome.kind === 'failed' || outcome.decision.validUntil === undefined
}

function createEvidence(clock: Clock): Cache<Outcome> {
  const { kept: entries, evidenceOctets: octets } = limits.decisions
  return createCache({ now: () => clock.now(), entries, octets, octetsOf })
}

/** A lookup with its records and its chain of trust comes to about as much: measured, with what is made of it. */
const octetsPerLookup = 1400

/** About how much memory what a decision rests on takes. */
export function octetsOf(outcome: Outcome): number {
  return outcome.kind === 'failed' ? 256 : octetsPerLookup * (1 + lookupsOf(outcome.facts).length)
}

async function lookAt<View>(
  { nextHop, port }: Destination,
  options: DecisionsOptions<View>,
  { turn, signal: stop }: { readonly turn: Promise<() => void> | undefined; readonly signal: StopSignal },
): Promise<Outcome> {
  if (turn === undefined) return { kind: 'failed', reason: 'too many destinations are being looked up' }
  const { resolver, sts, clock, decision = defaultOptions, deadlineMs = limits.decisions.deadlineMs } = options
  const done = await turn
  const ending = createEnding(stop, deadlineMs)
  try {
    const now = clock.now()
    const { signal } = ending
    const { insecureMx, preferredDigest } = decision
    const facts = await examine(nextHop, { resolver, sts, smtpPort: port, signal, insecureMx, preferredDigest })
    // Only now, as they may have changed meanwhile; who changes them forgets what was decided before.
    const overrides = options.overrides?.() ?? noOverrides
    return { kind: 'decided', facts, decision: decide(facts, { now, options: decision, overrides }) }
  } catch (error) {
    if (!ending.signal.aborted) throw error
    const isTooLong = ending.signal.reason === 'timeout'
    const reason = isTooLong ? `the lookups took longer than ${deadlineMs / 1000} s` : 'the service is being stopped'
    return { kind: 'failed', reason }
  } finally {
    ending.stop()
    done()
  }
}

function endOf(outcome: Outcome, now: number): number {
  const { leastKeptMs, mostKeptMs } = limits.decisions
  const decision = outcome.kind === 'decided' ? outcome.decision : undefined
  const ends = decision?.validUntil ?? now
  const unvalidated = (decision?.negativeAnchors ?? []).map(({ until }) => until)
  return Math.min(Math.max(ends, now + leastKeptMs), now + mostKeptMs, ...unvalidated)
}
