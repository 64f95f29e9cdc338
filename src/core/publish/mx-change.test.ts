import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { createSenders, dayMs, hourMs, type StsWorld } from '../../../test/support/sts-senders.ts'
import type { StsPolicy } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'
import { type ChangeStep, type MxChange, planMxChange, unionOf } from './mx-change.ts'
import { patternsFor } from './mx-patterns.ts'

const own = domain('example.org')
const [old, fresh, other] = [domain('old.example.net'), domain('new.example.com'), domain('other.example.net')]
const start = Date.UTC(2026, 0, 1)

function changeOf(live: DomainName[], wanted: DomainName[], more: Partial<MxChange> = {}): MxChange {
  const usual = { forgottenAt: start + 14 * dayMs, txtTtl: 3600, mxTtl: 7200 }
  return { domain: own, live, wanted: patternsFor(wanted), ...usual, ...more }
}

const shown = (steps: ChangeStep[] | undefined) => steps?.map(({ kind, at }) => `${kind} +${(at - start) / hourMs}h`)

const plans: [what: string, change: MxChange, steps: string[] | undefined][] = [
  ['nothing changes', changeOf([old], [old]), undefined],
  [
    'what a wildcard lists is no change',
    { ...changeOf([old], []), wanted: [{ name: domain('example.net'), wildcard: true }] },
    undefined,
  ],
  [
    'one host for another',
    changeOf([old], [fresh]),
    ['serve-union +0h', 'announce +0h', 'add-hosts +1h', 'remove-hosts +336h', 'drop-hosts +338h'],
  ],
  ['one more host', changeOf([old], [old, fresh]), ['serve-union +0h', 'announce +0h', 'add-hosts +1h']],
  [
    'one host fewer',
    changeOf([old, other], [old]),
    ['serve-union +0h', 'announce +0h', 'remove-hosts +0h', 'drop-hosts +2h'],
  ],
  [
    'nobody holds a policy',
    changeOf([old], [fresh], { forgottenAt: start }),
    ['serve-union +0h', 'announce +0h', 'add-hosts +1h', 'remove-hosts +1h', 'drop-hosts +3h'],
  ],
]
for (const [what, change, steps] of plans) {
  test(`STS-110: the order of steps where ${what}`, () => assert.deepEqual(shown(planMxChange(change, start)), steps))
}

test('STS-110: steps say what to do, with the names of the hosts', () => {
  const steps = planMxChange(changeOf([old], [fresh]), start) ?? []
  assert.deepEqual(
    steps.map(({ text }) => text),
    [
      'serve this policy, which lists old and new hosts',
      'give the TXT record its new id, when every address serves the policy',
      'add the MX records for new.example.com, and leave those of old.example.net beside them',
      'remove the MX records of old.example.net',
      'run "waxseal sts policy example.org" again: the policy no longer needs old.example.net',
    ],
  )
})

/** Plays a change under mail flow, by the hour; yields how often a sender held mail back. */
function play(steps: readonly ChangeStep[], seed: number, delays: readonly number[], maxAge: number): number {
  const enforce = (mx: DomainName[]): StsPolicy => ({ mode: 'enforce', maxAge, mx: patternsFor(mx), warnings: [] })
  const union: StsPolicy = {
    ...enforce([]),
    mode: 'enforce',
    mx: unionOf({ live: [old], wanted: patternsFor([fresh]) }),
  }
  const mx = (...hosts: DomainName[]) => hosts.map((host) => ({ host, isSound: true }))
  let world: StsWorld = { served: [enforce([old])], ids: ['1'], mx: mx(old), txtTtl: 3600, mxTtl: 7200 }
  const senders = createSenders(24, seed)
  const changes: Record<ChangeStep['kind'], Partial<StsWorld>> = {
    'serve-union': { served: [union] },
    announce: { ids: ['2'] },
    'add-hosts': { mx: mx(fresh, old) },
    'remove-hosts': { mx: mx(fresh) },
    'drop-hosts': { served: [enforce([fresh])], ids: ['3'] },
  }
  const due = steps.map(({ kind, at }, place) => ({ kind, at: at + (delays[place] ?? 0) * hourMs }))
  let held = 0
  for (let now = start - 3 * dayMs; now < start + 40 * dayMs; now += hourMs) {
    for (const step of due) if (step.at <= now && step.at > now - hourMs) world = { ...world, ...changes[step.kind] }
    held += senders.deliver(now, world)
  }
  return held
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 })

test('STS-110: nobody who keeps to RFC 8461 holds mail back while MX hosts change as planned', () => {
  const delays = fc.integer({ min: 0, max: 60 }) // everything may come later than it may, and no step before another
  fc.assert(
    fc.property(seeds, delays, fc.constantFrom(1, 7, 14), (seed, delay, days) => {
      const maxAge = (days * dayMs) / 1000
      const plan = planMxChange(changeOf([old], [fresh], { forgottenAt: start + days * dayMs }), start) ?? []
      // Who fetched the old policy in the hour of the first step holds it for so long after it.
      const planned = plan.map((step) =>
        step.kind === 'remove-hosts' || step.kind === 'drop-hosts' ? { ...step, at: step.at + hourMs } : step,
      )
      assert.equal(
        play(
          planned,
          seed,
          planned.map(() => delay),
          maxAge,
        ),
        0,
      )
    }),
    { numRuns: 30 },
  )
})

const naive: [what: string, steps: [ChangeStep['kind'], hours: number][]][] = [
  [
    'the MX records and then the policy',
    [
      ['add-hosts', 0],
      ['remove-hosts', 0],
      ['drop-hosts', 1],
    ],
  ],
  [
    'the policy and then the MX records',
    [
      ['drop-hosts', 0],
      ['remove-hosts', 1],
    ],
  ],
  [
    'the MX records as soon as the union is announced',
    [
      ['serve-union', 0],
      ['announce', 0],
      ['remove-hosts', 2],
      ['drop-hosts', 4],
    ],
  ],
]
for (const [what, steps] of naive) {
  test(`STS-110: mail is held back where one changes ${what}`, () => {
    const plan = steps.map(([kind, hours]): ChangeStep => ({ kind, at: start + hours * hourMs, text: '' }))
    assert.ok(play(plan, 7, [], (14 * dayMs) / 1000) > 0)
  })
}
