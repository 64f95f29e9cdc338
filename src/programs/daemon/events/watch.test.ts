import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyOf, stsOf } from '../../../../test/support/decision-facts.ts'
import { domain } from '../../../../test/support/domain.ts'
import { type FakeResolver, fakeResolver } from '../../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../../test/support/moved-clock.ts'
import type { StsFinding } from '../../../core/decision/facts.ts'
import type { Override } from '../../../core/decision/override.ts'
import { createOverrides, type Overrides } from '../../../core/decision/overrides.ts'
import { limits } from '../../../core/limits.ts'
import { createDecisions, type Destination } from '../../../io/decisions/decisions.ts'
import { viewsWith } from '../view.ts'
import type { ServiceEvent } from './event.ts'
import { createHistory } from './history.ts'
import type { ThreatKind } from './threats.ts'
import { createWatch } from './watch.ts'

const withDane = `
  600 secure example. MX 10 mx.example.
  600 secure mx.example. A 192.0.2.1
  600 secure _25._tcp.mx.example. TLSA 3 1 1 ${'5a'.repeat(32)}
`
const withoutDane = '600 secure example. MX 10 mx.example.\n600 secure mx.example. A 192.0.2.1'
const example: Destination = { nextHop: { kind: 'domain', domain: domain('example') }, port: 25 }

function createBed(world: string, sts: StsFinding = stsOf(), overrides?: () => Overrides) {
  const resolver: FakeResolver = fakeResolver(world)
  const clock = movedClock(1_800_000_000_000)
  const told: ServiceEvent[] = []
  const threats: ThreatKind[] = []
  const watch = createWatch({ clock, tell: (event) => told.push(event), onThreat: (kind) => threats.push(kind) })
  const history = createHistory(clock)
  let finding = sts
  const decisions = createDecisions({
    ...{
      resolver,
      clock,
      random: () => 0.5,
      ...viewsWith({ mixed: 'dane-only', testingLevel: undefined, withLines: false }),
    },
    sts: { lookup: async () => finding },
    ...(overrides !== undefined && { overrides }),
    onMade(made, outcome, before) {
      history.note(made, outcome, before)
      watch.look(made.destination, outcome)
    },
    onFailed: (held, outcome) => watch.look(held.destination, outcome),
  })
  const names = () => told.map(({ name }) => name)
  const setSts = (next: StsFinding) => {
    finding = next
  }
  return { resolver, clock, told, threats, names, history, decisions, setSts }
}

test('a domain that had DANE and becomes bogus raises an alarm, once an hour, and says when it is over', async () => {
  const { resolver, clock, decisions, told, threats, names } = createBed(withDane)
  await decisions.decide(example)
  assert.equal(told.length, 0)
  resolver.setWorld(withDane.replace(/^ *600 secure _25.*$/m, 'bogus _25._tcp.mx.example. TLSA'))
  // The decision from before still holds: the alarm does not wait for its end.
  await decisions.renew(example)
  assert.deepEqual([names(), threats], [['downgrade-attempt'], ['bogus']])
  const [alarm] = told
  assert.match(alarm?.text ?? '', /^example, protected by DANE: .*bogus/)
  assert.deepEqual([alarm?.details?.kind, alarm?.details?.destination], ['bogus', 'example'])
  clock.move(600)
  for (let at = 0; at < 10; at++) {
    await decisions.decide(example)
    clock.move(30)
  }
  assert.equal(told.length, 1, 'not again and again')
  clock.move(limits.events.repeatMs / 1000)
  await decisions.decide(example)
  assert.equal(told.length, 2)
  resolver.setWorld(withDane)
  clock.move(60)
  await decisions.decide(example)
  assert.equal(names().at(-1), 'downgrade-ended')
  assert.equal(told.at(-1)?.details?.seconds, 600 + 300 + 3600 + 60)
})

test('a domain that was never protected raises none', async () => {
  const { resolver, clock, decisions, told } = createBed(withoutDane)
  await decisions.decide(example)
  resolver.setWorld('bogus example. MX')
  clock.move(600)
  await decisions.decide(example)
  assert.deepEqual(told, [])
})

test('a domain whose lookups fail is one to look at only when it was protected; the two kinds are told apart', async () => {
  const { resolver, clock, decisions, threats } = createBed(withDane)
  await decisions.decide(example)
  resolver.setWorld('servfail example. MX')
  clock.move(600)
  await decisions.decide(example)
  resolver.setWorld('bogus example. MX')
  clock.move(60)
  await decisions.decide(example)
  assert.deepEqual(threats, ['lookup-failed', 'bogus'])
})

test('DANE that was taken down by its domain is told of, and is no attack', async () => {
  const { resolver, clock, decisions, told, threats } = createBed(withDane)
  await decisions.decide(example)
  resolver.setWorld(withoutDane)
  clock.move(600)
  await decisions.decide(example)
  assert.deepEqual(
    [told[0]?.name, told[0]?.details],
    ['protection-lost', { destination: 'example', lost: 'DANE', left: 'nothing' }],
  )
  assert.deepEqual([told.length, threats.length], [1, 0])
})

test('what an operator decides otherwise is not told as news of the domain, nor is its end', async () => {
  let all: readonly Override[] = []
  const { decisions, clock, told } = createBed(withDane, stsOf(), () => createOverrides(all))
  await decisions.decide(example)
  const target = { domain: { name: domain('example'), below: false }, host: undefined }
  const rules: readonly Override['rule'][] = [{ kind: 'relax', level: 'may' }, { kind: 'skip' }]
  for (const rule of rules) {
    const [createdAt, expiresAt] = [clock.now(), clock.now() + 86_400_000]
    all = [{ target, rule, reason: 'why', author: 'alice', createdAt, expiresAt }]
    decisions.forgetAll()
    const { outcome } = await decide()
    assert.equal(outcome?.hosts[0]?.action === 'connect' && outcome.hosts[0].tls, 'may')
    all = []
    decisions.forgetAll()
    await decide()
  }
  assert.deepEqual(told, [])

  async function decide() {
    await decisions.decide(example)
    const found = decisions.outcomeOf(example)
    return { outcome: found?.kind === 'decided' ? found.decision : undefined }
  }
})

const enforced = policyOf('enforce', ['mx.example'])
const failure = { resultType: 'sts-policy-fetch-error', reason: 'the TXT record is gone' } as const

test('RFC 8461 §10.2: a record that is gone while a policy is in force raises an alarm, also after a restart', async () => {
  const gone = { ...stsOf(), row: 'S11', policy: enforced, failure } as const
  const { decisions, told, threats } = createBed(withoutDane, gone)
  await decisions.decide(example)
  assert.deepEqual(threats, ['sts-record-missing'])
  assert.match(told[0]?.text ?? '', /^example, protected by MTA-STS: the TXT record is gone$/)
})

test('a new id whose policy cannot be fetched raises an alarm', async () => {
  const { decisions, threats } = createBed(withoutDane, { ...stsOf(), row: 'S10', policy: enforced, failure, id: '2' })
  await decisions.decide(example)
  assert.deepEqual(threats, ['policy-unreachable'])
})

test('another policy is told of with both ids and modes', async () => {
  const { decisions, clock, setSts, told } = createBed(withoutDane, stsOf('enforce', ['mx.example']))
  await decisions.decide(example)
  setSts({ ...stsOf(), row: 'S9', policy: { ...policyOf('testing', ['mx.example']), id: '2' } })
  clock.move(600)
  await decisions.decide(example)
  assert.deepEqual(
    told.map(({ name, details }) => [name, details?.to ?? details?.lost]),
    [
      ['policy-changed', 'mode testing, id 2'],
      ['protection-lost', 'MTA-STS'],
    ],
  )
})

test('what always came out the same has no history; what was held back has, with its evidence', async () => {
  const { resolver, clock, decisions, history } = createBed(withDane)
  await decisions.decide(example)
  clock.move(600)
  await decisions.decide(example)
  assert.deepEqual(history.of(example), [])
  resolver.setWorld('bogus example. MX')
  for (let at = 0; at < 3; at++) {
    clock.move(600)
    await decisions.decide(example)
  }
  resolver.setWorld(withoutDane)
  clock.move(600)
  await decisions.decide(example)
  const past = history.of(example)
  assert.deepEqual(
    past.map(({ made, times, outcome }) => [made.view.word, times, outcome?.kind]),
    [
      ['NOTFOUND', 1, 'decided'],
      ['TEMP', 3, 'decided'],
      ['dane-only', 1, undefined], // its time was over, and with it that of its evidence
    ],
  )
})

test('failures of one kind are one entry, whatever they say in detail, and another kind is another', async () => {
  const { resolver, clock, decisions, history } = createBed('timeout example. MX')
  const worlds = [
    ['timeout example. MX', 'servfail example. MX', 'bogus example. MX'],
    [withDane.replace(/^ *600 secure _25.*$/m, 'bogus _25._tcp.mx.example. TLSA')],
  ]
  for (const world of worlds.flat()) {
    resolver.setWorld(world)
    clock.move(600)
    await decisions.decide(example)
  }
  const past = history.of(example)
  assert.deepEqual(
    past.map(({ times, made }) => [times, made.view.word]),
    [
      [1, 'TEMP'],
      [3, 'TEMP'],
    ],
  )
})

test('a decision that is replaced before its end is in the history with what it rested on', async () => {
  const { resolver, decisions, history } = createBed(withDane)
  await decisions.decide(example)
  resolver.setWorld(withoutDane)
  await decisions.renew(example)
  assert.deepEqual(
    history.of(example).map(({ made, outcome }) => [made.view.word, outcome?.kind]),
    [
      ['NOTFOUND', 'decided'],
      ['dane-only', 'decided'],
    ],
  )
})

test('of the decisions of one destination the last few are kept', async () => {
  const { resolver, clock, decisions, history } = createBed(withDane)
  for (let at = 0; at < 2 * limits.events.historyEach; at++) {
    resolver.setWorld(at % 2 === 0 ? withDane : 'bogus example. MX')
    clock.move(600)
    await decisions.decide(example)
  }
  assert.equal(history.of(example).length, limits.events.historyEach)
})
