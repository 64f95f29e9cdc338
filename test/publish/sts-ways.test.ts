// The way into MTA-STS and out of it under mail flow, with the clock moved through a year: runs that end anywhere, servers
// that lag behind, hosts that break. Nobody who keeps to RFC 8461 holds mail back because of a step, and who takes shorter
// ways has mail held back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../support/domain.ts'
import { createOperator, type Operator, type OperatorOptions, usualWish } from '../support/sts-operator.ts'
import { createSenders, dayMs, hourMs, type Senders } from '../support/sts-senders.ts'

const start = Date.UTC(2026, 0, 1)
const weeks = 2_419_200

const troubles: fc.Arbitrary<OperatorOptions> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  start: fc.constant(start),
  crashes: fc.constantFrom(0, 20, 60),
  blind: fc.constantFrom(0, 5, 30),
  lag: fc.constantFrom(0, 5, 40),
})

/** Whether every host that a policy lists is in order, so that whoever holds mail back does so for what we did. */
function isSound({ hosts }: Operator): boolean {
  return hosts.some((host) => host.isSound)
}

/** Hours of a day at which the operator's runs begin. */
function runsAt(now: number, every: number): boolean {
  return ((now - start) / hourMs) % every === 0
}

function play(operator: Operator, senders: Senders, days: number, eachHour: () => void): number {
  let held = 0
  for (const end = operator.now + days * dayMs; operator.now < end; ) {
    operator.pass()
    eachHour()
    const holding = senders.deliver(operator.now, operator.world())
    if (isSound(operator)) held += holding
  }
  return held
}

test('STS-110, STS-112: through a year of failures and reruns no step up or down holds mail back', () => {
  const every = fc.integer({ min: 1, max: 30 })
  const breaks = fc.array(fc.record({ day: fc.nat(200), lasts: fc.integer({ min: 1, max: 20 }), host: fc.nat(1) }), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(troubles, every, breaks, fc.nat(365), (options, hours, faults, downOn) => {
      const operator = createOperator(options)
      const senders = createSenders(12, options.seed)
      let mode = 'none'
      const held = play(operator, senders, 365, () => {
        const day = Math.floor((operator.now - start) / dayMs)
        for (const [at, host] of operator.hosts.entries()) {
          host.isSound = !faults.some((fault) => fault.host === at && day >= fault.day && day < fault.day + fault.lasts)
        }
        if (!runsAt(operator.now, hours)) return
        // For a week in the year somebody wants to be back in mode testing.
        const to = day >= downOn && day < downOn + 7 ? 'testing' : 'enforce'
        const before = operator.file
        operator.ramp({ ...usualWish, to })
        if (operator.file === before) return
        const next = /mode: (\w+)/.exec(operator.file ?? '')?.[1] ?? ''
        // The step up is never taken while a host would fail by it.
        if (next === 'enforce' && mode !== 'enforce') assert.ok(operator.hosts.every((host) => host.isSound))
        mode = next
      })
      assert.equal(held, 0)
    }),
    { numRuns: 12 },
  )
})

test('STS-113: whatever happened, the way up ends in weeks of enforcing once nothing fails', () => {
  fc.assert(
    fc.property(troubles, fc.integer({ min: 1, max: 30 }), (options, hours) => {
      const operator = createOperator(options)
      const senders = createSenders(12, options.seed)
      play(operator, senders, 300, () => {
        if (runsAt(operator.now, hours)) operator.ramp(usualWish)
      })
      assert.equal(operator.state.stage, 'enforce-weeks')
      assert.ok(operator.state.served.length < 10) // what nobody holds is forgotten
      assert.ok(operator.world().served.every((policy) => policy?.mode === 'enforce' && policy.maxAge === weeks))
    }),
    { numRuns: 6 },
  )
})

/** A domain that has enforced for a month, and senders that know it. */
function settled(options: OperatorOptions, remembers: boolean): { operator: Operator; senders: Senders } {
  const calm = { ...options, crashes: 0, blind: 0, lag: 0 }
  const operator = createOperator(calm)
  const senders = createSenders(24, options.seed)
  play(operator, senders, 60, () => operator.ramp({ ...usualWish, days: 1 }))
  assert.equal(operator.state.stage, 'enforce-weeks')
  const troubled = createOperator({ ...options, start: operator.now })
  troubled.file = operator.file
  troubled.zone = operator.zone
  for (let hour = 0; hour <= options.lag; hour++) troubled.pass()
  if (remembers) troubled.state = operator.state
  return { operator: troubled, senders }
}

/** What whoever leaves MTA-STS may do then: mail goes to a host that no policy ever listed. */
function moveAway(operator: Operator): void {
  operator.hosts.splice(0, 2, { host: domain('elsewhere.example.net'), isSound: true })
}

test('STS-112: nobody holds a policy any more when the record goes, and none holds mail back thereafter', () => {
  fc.assert(
    fc.property(troubles, fc.integer({ min: 1, max: 30 }), fc.boolean(), (options, hours, remembers) => {
      const { operator, senders } = settled(options, remembers)
      let isAnnounced = true
      let isDone = false
      const held = play(operator, senders, 150, () => {
        if (!runsAt(operator.now, hours)) return
        const plan = operator.retire()
        if (isAnnounced && operator.zone === undefined) {
          isAnnounced = false
          assert.equal(senders.holding(operator.now, 'enforce'), 0)
          moveAway(operator)
        }
        isDone ||= plan?.step.kind === 'done'
      })
      assert.equal(held, 0)
      assert.ok(isDone && !operator.hasHost)
      assert.equal(operator.state.stage, 'retired')
    }),
    { numRuns: 12 },
  )
})

const naive: [what: string, act: (operator: Operator) => void][] = [
  [
    'the record and the policy host at once',
    (operator) => {
      operator.zone = undefined
      operator.hasHost = false
    },
  ],
  [
    'the record after mode none was served for a day',
    (operator) => {
      operator.file = 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n'
      operator.zone = '20260401000000Z0000000000000000'
      play(operator, createSenders(1, 1), 1, () => undefined)
      operator.zone = undefined
    },
  ],
]
for (const [what, act] of naive) {
  test(`STS-112: mail is held back where one takes away ${what}, and moves`, () => {
    const { operator, senders } = settled({ seed: 3, start, crashes: 0, blind: 0, lag: 0 }, true)
    act(operator)
    moveAway(operator)
    assert.ok(play(operator, senders, 20, () => undefined) > 0)
  })
}

test('STS-90: mail is held back where one enforces at once, on a host that fails', () => {
  const operator = createOperator({ seed: 5, start, crashes: 0, blind: 0, lag: 0 })
  const senders = createSenders(12, 5)
  for (const host of operator.hosts) host.isSound = false
  operator.file = 'version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmax_age: 2419200\r\n'
  operator.zone = '20260101000000Z0000000000000000'
  let held = 0
  for (let hour = 0; hour < 48; hour++) {
    operator.pass()
    held += senders.deliver(operator.now, operator.world())
  }
  assert.ok(held > 0)
  const careful = createOperator({ seed: 5, start, crashes: 0, blind: 0, lag: 0 })
  const others = createSenders(12, 5)
  for (const host of careful.hosts) host.isSound = false
  let heldBack = 0
  for (let day = 0; day < 90 * 24; day++) {
    careful.pass()
    careful.ramp(usualWish)
    heldBack += others.deliver(careful.now, careful.world())
  }
  assert.equal(heldBack, 0)
  assert.equal(careful.state.stage, 'testing-day')
})
