import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { lookOf, seenOf } from '../../../test/support/sts-look.ts'
import { usualWish } from '../../../test/support/sts-operator.ts'
import { parseHostName } from '../name/domain.ts'
import type { ReportTally } from '../tlsrpt/report-tally.ts'
import { parseMxPattern } from './mx-patterns.ts'
import type { Hindrance } from './sts-gates.ts'
import { planRamp, type RampLook, type RampPlan, type RampWish } from './sts-ramp.ts'
import type { StsSeen } from './sts-seen.ts'
import { currentTerm, newState, publish, type StsState } from './sts-state.ts'

const own = domain('example.org')
const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const nothing = seenOf([undefined, undefined], [undefined, undefined])

const body = (mode: string, maxAge: number, ...mx: string[]) =>
  ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), `max_age: ${maxAge}`, ''].join('\r\n')
const both = ['mx1.example.org', 'mx2.example.org']

/** What senders see once the current policy of a state is out everywhere. */
function liveOf(state: StsState): StsSeen {
  const term = currentTerm(state)
  assert.ok(term)
  const mx = term.mx.map(({ name, wildcard }) => (wildcard ? `*.${name}` : name))
  const text = body(term.mode, term.maxAge, ...mx)
  return seenOf([text, text], [term.id, term.id])
}

interface Way {
  state: StsState
  now: number
}

/** Runs until nothing is to be published any more. */
function settle(
  way: Way,
  wish: Partial<RampWish> = {},
  more: Partial<RampLook> & { failing?: string[] } = {},
): RampPlan {
  for (let run = 0; run < 4; run++) {
    const seen = currentTerm(way.state) === undefined ? nothing : liveOf(way.state)
    const plan = planRamp(way.state, lookOf(way.now, seen, more), { ...usualWish, ...wish })
    way.state = plan.state
    if (plan.step.kind !== 'serve' && plan.step.kind !== 'announce' && plan.step.kind !== 'live') return plan
  }
  throw new Error('it never settles')
}

/** A way that has come to a stage, at its first moment. */
function at(stage: string): Way {
  const way: Way = { state: newState(own), now: start }
  for (let run = 0; run < 10; run++) {
    if (settle(way).stage === stage) return way
    way.now += 7 * day
  }
  throw new Error(`never at ${stage}`)
}

const failedAt = (server: string) => ({ server, kind: 'failed', reason: 'no answer' }) as const

test('STS-112: a look that failed is never read as "no policy": the way does not begin, whatever is asked', () => {
  for (const announced of [[failedAt('ns1.example.org'), failedAt('ns2.example.org')], []]) {
    const unknown = seenOf([], [], { announced, isHostGone: false })
    for (const adopts of [false, true]) {
      const plan = planRamp(newState(own), lookOf(start, unknown), { ...usualWish, adopts })
      assert.equal(plan.step.kind, 'refused')
      assert.deepEqual(plan.state, newState(own))
      const why = announced.length === 0 ? 'nobody was asked for its record' : 'ns1.example.org: no answer'
      assert.deepEqual(
        plan.hindrances.map(({ text }) => text),
        [`whether there is a policy already cannot be told: ${why}`],
      )
    }
  }
  // One name server that says so is enough to begin: the others must have the record before anything is live.
  const partly = seenOf([], [], {
    announced: [failedAt('ns1.example.org'), { server: 'ns2.example.org', kind: 'none' }],
  })
  assert.equal(planRamp(newState(own), lookOf(start, partly), usualWish).step.kind, 'serve')
})

for (const [isHostGone, says] of [
  [true, 'the policy host has no address'],
  [false, 'the addresses of the policy host cannot be looked up'],
] as const) {
  test(`STS-110: a policy is not served where ${says}`, () => {
    const { step } = planRamp(newState(own), lookOf(start, seenOf([], [undefined], { isHostGone })), usualWish)
    assert.deepEqual(step.kind === 'serve' && step.missing, [says])
  })
}

test('STS-110: the file is served first, then announced, and only then does a stage begin', () => {
  const plan = planRamp(newState(own), lookOf(start, nothing), usualWish)
  const file = body('none', 86_400)
  assert.deepEqual(plan.step.kind === 'serve' && plan.step.body, file)
  const half = planRamp(plan.state, lookOf(start, seenOf([file, undefined], [undefined, undefined])), usualWish)
  assert.deepEqual(half.step.kind === 'serve' && half.step.missing, ['192.0.2.2: the answer has status 404'])
  const served = planRamp(half.state, lookOf(start, seenOf([file, file], [undefined, undefined])), usualWish)
  const id = currentTerm(plan.state)?.id
  assert.deepEqual(served.step, {
    ...{ kind: 'announce', id },
    missing: ['ns1.example.org: there is no record', 'ns2.example.org: there is no record'],
  })
  const halfAnnounced = planRamp(served.state, lookOf(start, seenOf([file, file], [id, 'old'])), usualWish)
  assert.deepEqual(halfAnnounced.step.kind === 'announce' && halfAnnounced.step.missing, [
    'ns2.example.org has the id old',
  ])
  const live = planRamp(halfAnnounced.state, lookOf(start, seenOf([file, file], [id, id])), usualWish)
  assert.deepEqual([live.stage, live.turn], ['testing-day', 'on to mode testing, remembered for a day'])
})

test('STS-113: stages follow one another after their days, with these policies', () => {
  const way: Way = { state: newState(own), now: start }
  const seen: string[] = []
  for (let week = 0; week < 6; week++) {
    const plan = settle(way)
    const term = currentTerm(way.state)
    seen.push(`day ${(way.now - start) / day}: ${plan.stage} ${term?.mode} ${term?.maxAge} ${plan.step.kind}`)
    way.now += 7 * day
  }
  assert.deepEqual(seen, [
    'day 0: testing-day testing 86400 hold',
    'day 7: testing-week testing 604800 hold',
    'day 14: enforce-day enforce 86400 hold',
    'day 21: enforce-weeks enforce 2419200 done',
    'day 28: enforce-weeks enforce 2419200 done',
    'day 35: enforce-weeks enforce 2419200 done',
  ])
})

test('a day too early, a stage says until when it lasts', () => {
  const way = at('testing-day')
  way.now += 7 * day - 1
  const plan = settle(way)
  assert.deepEqual([plan.stage, plan.step.kind], ['testing-day', 'hold'])
  assert.deepEqual(plan.hindrances, [{ kind: 'time', text: 'this stage has to last 7 days', until: start + 7 * day }])
  assert.deepEqual(plan.calendar, [
    { stage: 'testing-week', at: start + 7 * day },
    { stage: 'enforce-day', at: start + 14 * day },
    { stage: 'enforce-weeks', at: start + 21 * day },
  ])
})

const red: Hindrance = { kind: 'check', text: 'the policy host is slow' }

test('a check that is not green holds every step up', () => {
  for (const stage of ['testing-day', 'testing-week', 'enforce-day']) {
    const way = at(stage)
    way.now += 30 * day
    const plan = settle(way, {}, { check: [red] })
    assert.deepEqual([plan.stage, plan.step.kind, plan.hindrances], [stage, 'hold', [red]])
  }
})

test('STS-90: no host may fail before mode enforce', () => {
  const way = at('testing-week')
  way.now += 7 * day
  const plan = settle(way, {}, { failing: ['mx2.example.org'] })
  assert.deepEqual([plan.stage, plan.step.kind], ['testing-week', 'hold'])
  assert.match(
    plan.hindrances[0]?.text ?? '',
    /^mx2\.example\.org: senders would hold mail back: the certificate is for/,
  )
})

test('a step up that was begun is taken back when it would break mail by now, as long as nobody met it', () => {
  for (const [before, after] of [
    ['testing-week', 'enforce-day'],
    ['enforce-day', 'enforce-weeks'],
  ] as const) {
    const way = at(before)
    const lived = liveOf(way.state)
    way.now += 7 * day
    const begun = planRamp(way.state, lookOf(way.now, lived), usualWish)
    assert.deepEqual([begun.stage, begun.step.kind], [after, 'serve'])
    const broken = lookOf(way.now + day, lived, { failing: ['mx1.example.org', 'mx2.example.org'] })
    const back = planRamp(begun.state, broken, usualWish)
    assert.equal(back.stage, before)
    assert.match(back.turn ?? '', /^back to mode .* before anybody met what was to come$/)
    const term = currentTerm(back.state)
    const former = currentTerm(way.state)
    assert.deepEqual([term?.mode, term?.maxAge], [former?.mode, former?.maxAge])
    assert.notEqual(term?.id, former?.id) // STS-116
    // Who met it is not helped by taking it back from others, and it is for the operator to retreat.
    const met = liveOf(begun.state)
    const shown = { ...lived, served: [lived.served[0], met.served[1]] as StsSeen['served'] }
    assert.equal(planRamp(begun.state, { ...broken, seen: shown }, usualWish).stage, after)
  }
})

function tallyOf(lastFailure: string | undefined): ReportTally {
  const failure = {
    reporter: 'Sender Inc.',
    policyType: 'sts',
    resultType: 'certificate-expired',
    host: 'mx1.example.org',
  }
  return {
    ...{ days: [], reporters: ['Sender Inc.'], repeated: 0, foreign: 0 },
    failures: lastFailure === undefined ? [] : [{ ...failure, day: lastFailure, reason: undefined, sessions: 3 }],
  }
}

test('reports of failures hold a step until so many days are quiet, and say who reported what', () => {
  const way = at('testing-week')
  const entered = way.now
  way.now += 10 * day
  const failedOn = new Date(entered + 5 * day).toISOString().slice(0, 10)
  const plan = settle(way, {}, { tally: tallyOf(failedOn) })
  assert.deepEqual([plan.stage, plan.step.kind], ['testing-week', 'hold'])
  assert.deepEqual(plan.hindrances, [
    {
      kind: 'reports',
      text: `${failedOn}: Sender Inc. reports 3 failed sessions with mx1.example.org: certificate-expired`,
      until: entered + 13 * day,
    },
  ])
  way.now = entered + 13 * day
  assert.equal(settle(way, {}, { tally: tallyOf(failedOn) }).stage, 'enforce-day')
})

test('failures from before a stage began say nothing against it', () => {
  const way = at('testing-week')
  const failedOn = new Date(way.now - day).toISOString().slice(0, 10)
  way.now += 7 * day
  assert.equal(settle(way, {}, { tally: tallyOf(failedOn) }).stage, 'enforce-day')
})

test('who must have reports waits for one', () => {
  const way = at('testing-week')
  way.now += 7 * day
  const plan = settle(way, { mustHaveReports: true })
  assert.deepEqual([plan.step.kind, plan.hindrances.map(({ kind }) => kind)], ['hold', ['reports']])
  const today = new Date(way.now - day).toISOString().slice(0, 10)
  const tally: ReportTally = { ...tallyOf(undefined), days: [{ day: today, successes: 5, failures: 0 }] }
  assert.equal(settle(way, { mustHaveReports: true }, { tally }).stage, 'enforce-day')
})

const targets: [to: RampWish['to'], stage: string][] = [
  ['none', 'none'],
  ['testing', 'testing-week'],
  ['enforce', 'enforce-weeks'],
]
for (const [to, stage] of targets) {
  test(`--to ${to} ends in stage ${stage}`, () => {
    const way: Way = { state: newState(own), now: start }
    for (let week = 0; week < 8; week++, way.now += 7 * day) settle(way, { to })
    const plan = settle(way, { to })
    assert.deepEqual([plan.stage, plan.step.kind, plan.calendar], [stage, 'done', []])
  })
}

for (const to of ['testing', 'none'] as const) {
  test(`back from enforce to ${to} at once, whatever is broken, even MX records that nobody can look up`, () => {
    const way = at('enforce-weeks')
    const failing = ['mx1.example.org', 'mx2.example.org']
    const look = lookOf(way.now, liveOf(way.state), { check: [red], failing, hosts: [] })
    const plan = planRamp(way.state, look, { ...usualWish, to })
    assert.equal(plan.turn, `back from mode enforce to mode ${to}`)
    const mx = to === 'none' ? [] : both
    assert.deepEqual(plan.step.kind === 'serve' && plan.step.body, body(to, to === 'none' ? 86_400 : 604_800, ...mx))
  })
}

test('an MX host that comes is listed at once, one that goes stays listed, and the stage goes on', () => {
  const way = at('enforce-weeks')
  const hosts = ['mx1.example.org', 'mx3.example.org'].map(domain)
  const plan = planRamp(way.state, lookOf(way.now, liveOf(way.state), { hosts }), usualWish)
  assert.deepEqual(plan.step.kind === 'serve' && plan.step.body, body('enforce', 2_419_200, ...both, 'mx3.example.org'))
  assert.equal(plan.state.liveAt, way.state.liveAt)
})

test('a list of patterns must list who takes mail', () => {
  const way = at('testing-week')
  const mx = parseMxPattern('mx1.example.org')
  assert.ok(mx.ok)
  const plan = planRamp(way.state, lookOf(way.now, liveOf(way.state)), { ...usualWish, mx: [mx.value] })
  assert.deepEqual(
    [plan.step.kind, plan.hindrances[0]?.text],
    ['refused', 'mx2.example.org takes mail and is not in the list of --mx'],
  )
  assert.deepEqual(plan.state, way.state)
})

test('STS-44: a host that no policy can list is refused, and may be listed by a wildcard', () => {
  const odd = parseHostName('mx_1.example.org')
  assert.ok(odd.ok)
  const hosts = [odd.value]
  const plan = planRamp(newState(own), lookOf(start, nothing, { hosts }), usualWish)
  assert.match(plan.hindrances[0]?.text ?? '', /^mx_1\.example\.org has a name that no policy can list/)
  const wildcard = parseMxPattern('*.example.org')
  assert.ok(wildcard.ok)
  assert.equal(
    planRamp(newState(own), lookOf(start, nothing, { hosts }), { ...usualWish, mx: [wildcard.value] }).step.kind,
    'serve',
  )
})

test('a domain without MX hosts stays in mode none', () => {
  const way: Way = { state: newState(own), now: start }
  const plan = settle(way, {}, { hosts: [] })
  assert.deepEqual([plan.stage, plan.hindrances], ['none', [{ kind: 'host', text: 'no MX host is known' }]])
})

const adopted: [what: string, text: string, stage: string, step: string][] = [
  ['mode none', body('none', 86_400), 'testing-day', 'serve'],
  ['testing for a day', body('testing', 86_400, ...both), 'testing-day', 'hold'],
  ['testing for a month', body('testing', 2_592_000, ...both), 'testing-week', 'hold'],
  ['enforce for an hour', body('enforce', 3600, ...both), 'enforce-day', 'hold'],
  ['enforce for a year', body('enforce', 31_557_600, ...both), 'enforce-weeks', 'done'],
]
for (const [what, text, stage, step] of adopted) {
  test(`a domain that has ${what} already goes on from there`, () => {
    const plan = planRamp(newState(own), lookOf(start, seenOf([text, text], ['x1', 'x1'])), usualWish)
    assert.deepEqual([plan.stage, plan.step.kind], [stage, step])
    assert.equal(plan.state.adoptedAt, start)
  })
}

test('a policy that somebody put there by hand is not undone, unless that is asked for', () => {
  const way = at('enforce-weeks')
  const text = body('testing', 3600, 'mx1.example.org')
  const look = lookOf(way.now, seenOf([text, text], ['byhand', 'byhand']))
  const plan = planRamp(way.state, look, usualWish)
  assert.deepEqual([plan.step.kind, plan.state], ['refused', way.state])
  assert.match(plan.hindrances[0]?.text ?? '', /mode testing is served that was not published from here: --adopt/)
  const taken = planRamp(way.state, look, { ...usualWish, adopts: true })
  assert.deepEqual([taken.stage, taken.step.kind], ['testing-day', 'serve'])
})

test('addresses that serve two policies of somebody else’s are led to the lower mode', () => {
  const texts = [body('enforce', 2_419_200, ...both), body('testing', 604_800, ...both)]
  const plan = planRamp(newState(own), lookOf(start, seenOf(texts, ['x1', 'x1'])), usualWish)
  assert.deepEqual([plan.stage, plan.step.kind], ['testing-week', 'serve'])
  assert.match((plan.step.kind === 'serve' && plan.step.body) || '', /mode: testing/)
})

test('a policy that is announced and cannot be read is not taken for none', () => {
  const look = lookOf(start, seenOf([undefined], ['x1']))
  assert.equal(planRamp(newState(own), look, usualWish).step.kind, 'refused')
  assert.equal(planRamp(newState(own), look, { ...usualWish, adopts: true }).step.kind, 'serve')
})

test('STS-90: where a lower mode was published than the stage has, the way goes on from there, through all gates', () => {
  const way = at('enforce-weeks')
  const term = currentTerm(way.state)
  assert.ok(term)
  const lowered = publish(way.state, { ...term, mode: 'testing', maxAge: 604_800 }, undefined, way.now)
  const plan = planRamp(lowered, lookOf(way.now, liveOf(lowered), { failing: both }), usualWish)
  assert.deepEqual([plan.stage, plan.step.kind], ['testing-week', 'hold'])
  assert.equal(plan.state.liveAt, way.now)
})

test('whoever was on the way out begins afresh', () => {
  const way = at('enforce-weeks')
  const plan = planRamp({ ...way.state, stage: 'withdrawing' }, lookOf(way.now, liveOf(way.state)), usualWish)
  assert.deepEqual([plan.stage, plan.step.kind], ['none', 'serve'])
})

test('--max-age is that of the last stage, and changes it later too', () => {
  const way = at('enforce-day')
  way.now += 7 * day
  settle(way, { maxAge: 1_209_600 })
  assert.equal(currentTerm(way.state)?.maxAge, 1_209_600)
  settle(way, { maxAge: 31_557_600 })
  assert.equal(currentTerm(way.state)?.maxAge, 31_557_600)
  assert.equal(settle(way).step.kind, 'done')
  assert.equal(currentTerm(way.state)?.maxAge, 31_557_600)
})
