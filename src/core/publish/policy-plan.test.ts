import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { seenOf } from '../../../test/support/sts-look.ts'
import { formatMxPattern } from '../mtasts/policy.ts'
import { patternsFor } from './mx-patterns.ts'
import { type PolicyOrder, planPolicy } from './policy-plan.ts'
import { newState, publish } from './sts-state.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const [one, two] = ['mx1.example.org', 'mx2.example.org'].map(domain) as [
  ReturnType<typeof domain>,
  ReturnType<typeof domain>,
]
const nothing = seenOf([undefined], [undefined])
const state = newState(domain('example.org'))
const order: PolicyOrder = { mode: 'enforce', maxAge: 86_400, wanted: undefined, live: [one], mxTtl: 300, txtTtl: 600 }
const enforce = (maxAge: number, mx: string) => `version: STSv1\nmode: enforce\nmx: ${mx}\nmax_age: ${maxAge}\n`

test('STS-116: a policy that is announced already keeps its id', () => {
  const first = planPolicy(state, order, nothing, start)
  assert.equal(first.isSame, false)
  const again = planPolicy(state, order, seenOf([enforce(86_400, one)], [first.term.id]), start + day)
  assert.deepEqual([again.isSame, again.term.id], [true, first.term.id])
})

test('STS-110: hosts that are to come beside the ones that are', () => {
  const plan = planPolicy(state, { ...order, wanted: patternsFor([two]) }, nothing, start)
  assert.deepEqual(plan.term.mx.map(formatMxPattern), [two, one])
  assert.deepEqual(
    plan.steps?.map(({ kind }) => kind),
    ['serve-union', 'announce', 'add-hosts', 'remove-hosts', 'drop-hosts'],
  )
})

const held: [what: string, seen: ReturnType<typeof seenOf>, days: number][] = [
  ['nobody holds a policy', nothing, 600 / 86_400],
  ['a policy of ten days is served', seenOf([enforce(864_000, one)], ['x1']), 10],
  [
    'one in mode testing is served',
    seenOf([enforce(864_000, one).replace('enforce', 'testing')], ['x1']),
    600 / 86_400,
  ],
  [
    'one is served that lists the new host already',
    seenOf([enforce(864_000, `${one}\nmx: ${two}`)], ['x1']),
    600 / 86_400,
  ],
  ['a wildcard that lists it is served', seenOf([enforce(864_000, '*.example.org')], ['x1']), 600 / 86_400],
]
for (const [what, seen, days] of held) {
  test(`STS-110: old hosts stay until nobody minds: ${what}`, () => {
    const plan = planPolicy(state, { ...order, wanted: patternsFor([two]) }, seen, start)
    assert.equal(plan.steps?.find(({ kind }) => kind === 'remove-hosts')?.at, start + days * day)
  })
}

test('a policy that is remembered counts after it was replaced', () => {
  const year = publish(
    state,
    { mode: 'enforce', maxAge: 31_557_600, mx: patternsFor([one]) },
    undefined,
    start - 10 * day,
  )
  const served = year.served.map((term) => ({ ...term, until: start - 5 * day }))
  const plan = planPolicy({ ...year, served }, { ...order, wanted: patternsFor([two]) }, nothing, start)
  assert.equal(plan.steps?.find(({ kind }) => kind === 'remove-hosts')?.at, start - 5 * day + 31_557_600_000)
})

test('who sets another mode by hand leaves the stage of the way in, and who changes hosts does not', () => {
  const way = publish(state, { mode: 'testing', maxAge: 604_800, mx: patternsFor([one]) }, undefined, start)
  const staged = { ...way, stage: 'testing-week', liveAt: start } as const
  assert.equal(planPolicy(staged, order, nothing, start + day).state.stage, undefined)
  const hosts = { ...order, mode: 'testing', maxAge: 604_800, live: [one, two] } as const
  assert.equal(planPolicy(staged, hosts, nothing, start + day).state.stage, 'testing-week')
})
