import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { policyOf, startMachine } from '../../../../test/support/fleet-machines.ts'
import { createMemoryFleet } from '../../../../test/support/memory-fleet.ts'
import { movedClock } from '../../../../test/support/moved-clock.ts'
import { limits } from '../../../core/limits.ts'
import { parseStsPolicy } from '../../../core/mtasts/policy.ts'
import type { SharedAttempt, SharedPolicy } from '../../../core/mtasts/shared-policy.ts'
import type { Turn, WantedFetch } from '../fetch-turns.ts'
import type { Store } from '../store.ts'
import type { SharedFinding } from './fleet.ts'
import { answerIn } from './take-turns.ts'

const start = Date.UTC(2026, 0, 1)
const name = domain('a.example')
const wanted = { domain: name, id: '1' }

function found(policy: SharedPolicy): SharedFinding {
  const parsed = parseStsPolicy(policy.body)
  assert.ok(parsed.ok)
  return { kind: 'policy', policy: { ...policy, policy: parsed.value } }
}

const stored = { kind: 'stored', agoMs: 10 } as const
const failed = { kind: 'failed', failure: 'F', agoMs: 10 } as const
const absent = { kind: 'absent' } as const
const here = (more = {}) => found(policyOf('a.example', start - 1000, more))
type Seen = [SharedFinding, (SharedAttempt & { readonly agoMs: number })?]
const answers: [why: string, seen: Seen, wanted: WantedFetch, answer: 'fetched' | 'failed' | undefined][] = [
  ['nothing is no answer', [absent], wanted, undefined],
  ['a policy of the id that is wanted', [here(), stored], wanted, 'fetched'],
  ['such a policy long after it was fetched', [here()], wanted, 'fetched'],
  ['a policy of another id is no answer', [here({ id: '2' })], wanted, undefined],
  ['one of another id, when that of ours was fetched just before', [here({ id: '2' }), stored], wanted, 'fetched'],
  ['the policy that is to be renewed is no answer', [here(), stored], { ...wanted, after: start - 1000 }, undefined],
  ['a later one is', [here()], { ...wanted, after: start - 1001 }, 'fetched'],
  ['one whose time is over is no answer', [found(policyOf('a.example', start - 1e12))], wanted, undefined],
  ['STS-27: a fetch that failed in the last minutes', [absent, failed], wanted, 'failed'],
  ['one that failed, though an older policy is there', [here(), failed], { ...wanted, after: start - 1000 }, 'failed'],
  ['an attempt that stored what is gone is no answer', [absent, stored], wanted, undefined],
  ['what is of no use is no answer', [{ kind: 'unusable', reason: '', mark: undefined }], wanted, undefined],
]
for (const [why, [finding, attempt], want, expected] of answers) {
  test(`a turn is not needed for what is known: ${why}`, () => {
    const answer = answerIn({ found: finding, attempt }, want, start)
    assert.equal(answer?.kind, expected)
    if (answer?.kind === 'failed') assert.equal(answer.failed.at, start - 10)
  })
}

function machines(context: TestContext) {
  const clock = movedClock(start)
  const memory = createMemoryFleet()
  const begin = () => startMachine(context, memory.join, clock)
  return { memory, one: begin(), two: begin(), three: begin() }
}

const patient = { waitMs: 60_000 }
const { signal } = new AbortController()

function take({ turns }: Store, options: Partial<{ waitMs: number; signal: AbortSignal }> = {}): Promise<Turn> {
  assert.ok(turns)
  return turns.take(wanted, { signal, ...patient, ...options })
}

async function takeOurs(store: Store): Promise<Extract<Turn, { kind: 'ours' }>> {
  const turn = await take(store)
  if (turn.kind !== 'ours') assert.fail(turn.kind)
  return turn
}

test('while one machine fetches, others wait, and have what it fetched', async (context) => {
  const { one, two, three } = machines(context)
  const turn = await takeOurs(one.store)
  const waiting = [take(two.store), take(three.store), take(two.store)]
  const policy = policyOf('a.example', start)
  await one.store.policies.put(policy)
  await turn.end()
  for (const waited of await Promise.all(waiting)) assert.deepEqual(waited, { kind: 'fetched', policy })
  assert.deepEqual(await two.local.policies.find(name), policy)
  assert.deepEqual([one.turnResults, two.turnResults], [['ours'], ['fetched', 'fetched']])
})

test('what failed for one machine has failed for all', async (context) => {
  const { one, two } = machines(context)
  const turn = await takeOurs(one.store)
  const waiting = take(two.store)
  await one.store.policies.putFailure({ ...wanted, at: start, failure: 'F' })
  await turn.end()
  assert.equal((await waiting).kind, 'failed')
  assert.equal((await two.local.policies.findFailure(name, '1'))?.failure, 'F')
})

test('a turn that ended without an outcome goes to the next, one at a time', async (context) => {
  const { one, two, three } = machines(context)
  const turn = await takeOurs(one.store)
  const waiting = [take(two.store), take(three.store)]
  await turn.end()
  const next = await Promise.race(waiting)
  assert.equal(next.kind, 'ours')
  await two.store.policies.put(policyOf('a.example', start))
  if (next.kind === 'ours') await next.end()
  assert.deepEqual((await Promise.all(waiting)).map(({ kind }) => kind).sort(), ['fetched', 'ours'])
})

test('the turn of a machine that died goes to another when its time is over', async (context) => {
  const { memory, one, two } = machines(context)
  await takeOurs(one.store)
  const waiting = take(two.store)
  memory.turns.clear() // as Redis does by itself
  assert.equal((await waiting).kind, 'ours')
})

test('whoever may not wait is told that another is at it; whoever gives up waits no longer', async (context) => {
  const { one, two } = machines(context)
  const turn = await takeOurs(one.store)
  assert.equal((await take(two.store, { waitMs: 0 })).kind, 'busy')
  const giveUp = new AbortController()
  const waiting = take(two.store, { signal: giveUp.signal })
  giveUp.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  await assert.rejects(take(two.store, { signal: AbortSignal.abort(new Error('no more')) }), /no more/)
  await turn.end()
})

for (const state of [
  { kind: 'away', reason: 'it was stopped' },
  { kind: 'refusing', reason: 'READONLY' },
] as const) {
  test(`where the fleet is ${state.kind} nobody is kept from fetching`, async (context) => {
    const { memory, one, two } = machines(context)
    memory.state = state
    const turns = await Promise.all([take(one.store), take(two.store)])
    assert.deepEqual(
      turns.map(({ kind }) => kind),
      ['ours', 'ours'],
    )
    assert.deepEqual(one.turnResults, ['free'])
    for (const turn of turns) if (turn.kind === 'ours') await turn.end()
  })
}

test('a turn is kept for as long as its machine lives', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] })
  const { memory, one } = machines(context)
  let kept = 0
  const machine = startMachine(
    context,
    (clock) => {
      const fleet = memory.join(clock)
      return {
        ...fleet,
        keepTurn(key, token) {
          kept++
          return fleet.keepTurn(key, token)
        },
      }
    },
    movedClock(start),
  )
  const turn = await takeOurs(machine.store)
  context.mock.timers.tick(limits.shared.turnMs)
  assert.equal(kept, 3)
  await turn.end()
  context.mock.timers.tick(limits.shared.turnMs)
  assert.equal(kept, 3)
  assert.equal((await take(one.store)).kind, 'ours')
})
