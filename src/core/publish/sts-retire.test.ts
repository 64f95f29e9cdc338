import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { seenOf } from '../../../test/support/sts-look.ts'
import { planRetire, type RetirePlan } from './sts-retire.ts'
import type { StsSeen } from './sts-seen.ts'
import { currentTerm, newState, publish, type StsState } from './sts-state.ts'

const own = domain('example.org')
const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const wish = { longestBefore: 28 * 86_400 }
const none = 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n'
const enforce = (maxAge: number) => `version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmax_age: ${maxAge}\r\n`
const mx = [{ name: domain('mx1.example.org'), wildcard: false }]

/** A state that knows all that was served: a policy of so many days. */
function remembered(days: number): StsState {
  const state = publish(
    newState(own),
    { mode: 'enforce', maxAge: (days * day) / 1000, mx },
    undefined,
    start - 100 * day,
  )
  return { ...state, stage: 'enforce-weeks' }
}

function plan(state: StsState, seen: StsSeen, now = start): RetirePlan {
  return planRetire(state, { seen, now }, wish)
}

test('STS-112: mode none is served first, then announced, and then nothing may be done until the last policy has ended', () => {
  const first = plan(remembered(14), seenOf([enforce(1_209_600)], ['x1']))
  assert.deepEqual([first.turn, first.step.kind], ['withdraws by mode none, remembered for a day', 'serve'])
  assert.equal(first.step.kind === 'serve' && first.step.body, none)
  const announced = plan(first.state, seenOf([none], ['x1']), start + day)
  const id = currentTerm(first.state)?.id
  assert.deepEqual(announced.step.kind === 'announce' && announced.step.id, id)
  // Who fetched the old policy just before it was replaced holds it for two weeks from then.
  const live = plan(announced.state, seenOf([none], [id]), start + 2 * day)
  assert.deepEqual(live.step, { kind: 'wait', for: 'policies', until: start + 15 * day })
  assert.deepEqual(live.calendar, [
    { what: 'unannounce', at: start + 15 * day },
    { what: 'remove-host', at: start + 15 * day + 3_600_000 },
  ])
  const early = plan(live.state, seenOf([none], [id]), start + 15 * day - 1)
  assert.equal(early.step.kind, 'wait')
  const due = plan(early.state, seenOf([none], [id, id]), start + 15 * day)
  assert.deepEqual(due.step, {
    kind: 'unannounce',
    missing: [`ns1.example.org: has the id ${id}`, `ns2.example.org: has the id ${id}`],
  })
  const half = plan(due.state, seenOf([none], [id, undefined]), start + 15 * day)
  assert.equal(half.step.kind === 'unannounce' && half.step.missing.length, 1)
  const gone = plan(half.state, seenOf([none], [undefined, undefined]), start + 15 * day)
  assert.deepEqual(gone.step, { kind: 'wait', for: 'record', until: start + 15 * day + 3_600_000 })
  const last = plan(gone.state, seenOf([none], [undefined]), start + 15 * day + 3_600_000)
  assert.equal(last.step.kind, 'remove-host')
  const end = plan(last.state, seenOf([], [undefined]), start + 16 * day)
  assert.deepEqual([end.step.kind, end.state.stage], ['done', 'retired'])
})

test('STS-112: of several policies the one that ends last is waited for, however long ago it was replaced', () => {
  const year = publish(newState(own), { mode: 'enforce', maxAge: 31_557_600, mx }, undefined, start - 60 * day)
  const short = publish(year, { mode: 'enforce', maxAge: 86_400, mx }, undefined, start - 50 * day)
  const served = short.served.map((term, place) => (place === 0 ? { ...term, until: start - 50 * day } : term))
  const first = plan({ ...short, served, stage: 'enforce-day' }, seenOf([none], ['x1']))
  const live = plan(first.state, seenOf([none], [currentTerm(first.state)?.id]))
  assert.deepEqual(live.step, { kind: 'wait', for: 'policies', until: start - 50 * day + 31_557_600_000 })
})

test('STS-112: of what was served before anything is remembered the least is four weeks', () => {
  const first = plan(newState(own), seenOf([enforce(86_400)], ['x1']))
  const live = plan(first.state, seenOf([none], [currentTerm(first.state)?.id]), start + 3 * day)
  assert.deepEqual(live.step, { kind: 'wait', for: 'policies', until: start + 28 * day })
  const longer = plan(newState(own), seenOf([enforce(31_557_600)], ['x1']))
  const waits = plan(longer.state, seenOf([none], [currentTerm(longer.state)?.id]), start + 3 * day)
  assert.deepEqual(waits.step, { kind: 'wait', for: 'policies', until: start + 3 * day + 31_557_600_000 })
})

test('what is announced and cannot be read is withdrawn all the same', () => {
  const first = plan(newState(own), seenOf([undefined], ['x1']))
  assert.deepEqual([first.step.kind, first.state.adoptedAt], ['serve', start])
})

test('a policy that comes back is withdrawn again, and waited for', () => {
  const first = plan(remembered(14), seenOf([none], ['x1']))
  const live = plan(first.state, seenOf([none], [currentTerm(first.state)?.id]), start + day)
  const back = plan(live.state, seenOf([enforce(2_419_200)], ['x2']), start + 2 * day)
  assert.equal(back.step.kind, 'serve')
  const again = plan(back.state, seenOf([none], [currentTerm(back.state)?.id]), start + 3 * day)
  assert.deepEqual(again.step, { kind: 'wait', for: 'policies', until: start + 31 * day })
})

test('a record that comes back is taken away again, and its time begins anew', () => {
  const state: StsState = { ...remembered(1), stage: 'unannounced', goneAt: start - day, recordTtl: 3600 }
  const back = plan(state, seenOf([none], ['x1']))
  assert.deepEqual([back.step.kind, back.state.goneAt], ['unannounce', undefined])
  const gone = plan(back.state, seenOf([none], [undefined]), start + day)
  assert.deepEqual(gone.step, { kind: 'wait', for: 'record', until: start + day + 3_600_000 })
})

test('what could not be asked is not taken for gone', () => {
  const failed = seenOf([none], [], { announced: [{ server: 'ns1', kind: 'failed', reason: 'it does not answer' }] })
  const state: StsState = { ...remembered(1), stage: 'unannounced' }
  assert.deepEqual(plan(state, failed).step, { kind: 'unannounce', missing: ['ns1: it does not answer'] })
  assert.deepEqual(plan(state, seenOf([none], [])).step, { kind: 'unannounce', missing: ['no name server was asked'] })
  assert.equal(plan(newState(own), { ...failed, served: [] }).step.kind, 'refused')
})

test('where there is no MTA-STS, there is nothing to retire', () => {
  assert.equal(plan(newState(own), seenOf([undefined], [undefined])).step.kind, 'done')
})
