import { limits } from '../../../core/limits.ts'
import { isAlive } from '../../../core/mtasts/cache.ts'
import type { Clock } from '../../clock.ts'
import { pauseFor } from '../../stop.ts'
import type { FetchTurns, Turn, WantedFetch } from '../fetch-turns.ts'
import { type Fleet, FleetError, type TurnLook } from './fleet.ts'
import { type SharedPolicies, storedOf, unlessAway } from './shared-policies.ts'

/** What came of asking for a turn: `free` without a word from the fleet. */
export const turnResults = ['ours', 'fetched', 'failed', 'busy', 'free'] as const
export type TurnResult = (typeof turnResults)[number]

export interface TurnsOptions {
  readonly fleet: Fleet
  readonly policies: Pick<SharedPolicies, 'adopt' | 'noteFailure'>
  readonly clock: Clock
  /** From 0 to 1, to spread looks. */
  readonly random: () => number
  /** A name that no other machine and no other turn has. */
  readonly token: () => string
  readonly onTurn?: ((result: TurnResult, waitedMs: number) => void) | undefined
}

export function createFetchTurns(options: TurnsOptions): FetchTurns {
  const { random, onTurn, token: newToken } = options
  return {
    async take(wanted, { signal, waitMs }) {
      const token = newToken()
      const began = performance.now()
      for (;;) {
        signal.throwIfAborted()
        const turn = await look(wanted, token, options)
        const waited = performance.now() - began
        if (turn !== undefined && signal.aborted) await release(turn)
        signal.throwIfAborted()
        if (turn !== undefined || waited >= waitMs) {
          onTurn?.(turn === undefined ? 'busy' : turn.result, waited)
          return turn?.turn ?? { kind: 'busy' }
        }
        const milliseconds = Math.min(limits.shared.turnPollMs * (0.5 + random()), waitMs - waited)
        await pauseFor(milliseconds, signal)
      }
    },
  }
}

interface Looked {
  readonly turn: Turn
  readonly result: TurnResult
}

/** Undefined while another machine is at it. */
async function look(wanted: WantedFetch, token: string, options: TurnsOptions): Promise<Looked | undefined> {
  const { fleet, policies } = options
  let seen: TurnLook
  try {
    seen = await fleet.askTurn(wanted, token)
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { turn: { kind: 'ours', end: async () => {} }, result: 'free' }
  }
  const answer = answerIn(seen, wanted, options.clock.now())
  if (answer === undefined) return seen.isOurs ? { turn: hold(wanted, token, fleet), result: 'ours' } : undefined
  if (seen.isOurs) await end(wanted, token, fleet)
  if (answer.kind === 'fetched') await policies.adopt(wanted.domain, seen.found)
  else await policies.noteFailure(answer.failed)
  return { turn: answer, result: answer.kind }
}

/** What was looked for, if another machine has it: what it fetched for this id, or that it failed. RFC 8461 §3.3 */
export function answerIn(
  { found, attempt }: Pick<TurnLook, 'found' | 'attempt'>,
  { domain, id, after = Number.NEGATIVE_INFINITY }: WantedFetch,
  now: number,
): Extract<Turn, { readonly kind: 'fetched' | 'failed' }> | undefined {
  if (attempt?.kind === 'failed') {
    return { kind: 'failed', failed: { domain, id, at: now - attempt.agoMs, failure: attempt.failure } }
  }
  const policy = found.kind === 'policy' ? storedOf(found.policy) : undefined
  if (policy === undefined || !isAlive(policy, now) || policy.fetchedAt <= after) return undefined
  // While a record changes, machines see one id and the other: what was fetched for ours lately is not fetched again.
  return policy.id === id || attempt?.kind === 'stored' ? { kind: 'fetched', policy } : undefined
}

/** Keeps saying that we are at it, until the turn is ended. */
function hold(wanted: WantedFetch, token: string, fleet: Fleet): Turn {
  const timer = setInterval(() => {
    fleet.keepTurn(wanted, token).catch((error: unknown) => unlessAway(error, false))
  }, limits.shared.turnMs / 3)
  timer.unref()
  return {
    kind: 'ours',
    async end() {
      clearInterval(timer)
      await end(wanted, token, fleet)
    },
  }
}

/** One that cannot be ended ends by itself. */
async function end(wanted: WantedFetch, token: string, fleet: Fleet): Promise<void> {
  await fleet.endTurn(wanted, token).catch((error: unknown) => unlessAway(error, undefined))
}

async function release({ turn }: Looked): Promise<void> {
  if (turn.kind === 'ours') await turn.end()
}
