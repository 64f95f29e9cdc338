// What the scenarios must show together, and what each of them must say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/core/dns/types.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { type AttackKind, attackKinds, type Expectation, type World } from '../../src/programs/lab/world/world.ts'
import { files, readScenario } from './play-file.ts'

function read(file: string): World {
  const world = parseWorld(readScenario(file))
  assert.ok(world.ok, file)
  return world.value
}

const worlds = files.map((file) => ({ file, world: read(file) }))

/** A network can show every row of the decision tables. */
const rows = [
  ...Array.from({ length: 8 }, (_, index) => `1a/M${index + 1}`),
  ...Array.from({ length: 8 }, (_, index) => `1b/H${index + 1}`),
  ...Array.from({ length: 12 }, (_, index) => `1c/S${index + 1}`),
  ...Array.from({ length: 33 }, (_, index) => `1d/${index + 1}`),
]

const expectations = worlds.flatMap(({ world }) =>
  world.events.flatMap((event) => (event.kind === 'expect' ? [event.expectation] : [])),
)

test('every row of tables 1a to 1d is expected in a scenario, and every case of 1e is named by one', () => {
  const expected = new Set(expectations.flatMap((one) => (one.kind === 'row' ? [one.row] : [])))
  assert.deepEqual(
    rows.filter((row) => !expected.has(row)),
    [],
  )
  const named = new Set(worlds.flatMap(({ world }) => world.rows))
  const cases = Array.from({ length: 10 }, (_, index) => `1e/${index + 1}`)
  assert.deepEqual(
    cases.filter((row) => !named.has(row)),
    [],
  )
})

const victims = ['DANE', 'MTA-STS with a cached policy', 'MTA-STS at first contact', 'opportunistic'] as const
type Victim = (typeof victims)[number]

/** What the domain of a world asks for when the first attack begins, by what stands there and not by the file's name. */
function victimOf({ setting, events }: World): Victim {
  const attackAt = events.findIndex(({ kind }) => kind === 'attack')
  const before = events.slice(0, attackAt)
  const declared = [...setting, ...before]
  if (declared.some((one) => one.kind === 'record' && one.type === TYPE.TLSA)) return 'DANE'
  if (!declared.some((one) => one.kind === 'policy')) return 'opportunistic'
  const isKnown = before.some(({ kind }) => kind === 'send')
  return isKnown ? 'MTA-STS with a cached policy' : 'MTA-STS at first contact'
}

function attacksOf({ events }: World): AttackKind[] {
  return events.flatMap((event) => (event.kind === 'attack' ? [event.attack.kind] : []))
}

for (const kind of attackKinds) {
  test(`${kind} is made against a domain of each kind`, () => {
    const shown = new Set(
      worlds.filter(({ world }) => attacksOf(world).includes(kind)).map(({ world }) => victimOf(world)),
    )
    assert.deepEqual(
      victims.filter((victim) => !shown.has(victim)),
      [],
    )
  })
}

/** The expectations below each message of a world. */
function* messagesOf({ events }: World): Generator<{ line: number; expectations: Expectation[] }> {
  let current: { line: number; expectations: Expectation[] } | undefined
  for (const event of events) {
    if (event.kind === 'expect') current?.expectations.push(event.expectation)
    if (event.kind !== 'send') continue
    if (current !== undefined) yield current
    current = { line: event.line, expectations: [] }
  }
  if (current !== undefined) yield current
}

/** What is missing from what a scenario says of one message. */
function* lacking(said: readonly Expectation[]): Generator<string> {
  const has = (...kinds: readonly Expectation['kind'][]) => said.some(({ kind }) => kinds.includes(kind))
  if (!has('delivered', 'held', 'bounced', 'read-by-attacker')) yield 'an outcome'
  if (!has('row')) yield 'a row'
  if (has('held', 'bounced') && !has('code')) yield 'a status code'
  if (said.some((one) => one.kind === 'delivered' && one.over === undefined)) yield 'over tls, or over clear'
}

test('of every message a scenario says the outcome, the row, and the status code or the way it went', () => {
  const silent = worlds.flatMap(({ file, world }) =>
    [...messagesOf(world)].flatMap(({ line, expectations: said }) => {
      const missing = [...lacking(said)]
      return missing.length === 0 ? [] : [`${file}:${line} lacks ${missing.join(', ')}`]
    }),
  )
  assert.deepEqual(silent, [])
})

test('DNSSEC-33 zones are signed with every algorithm, with each kind of denial, and with none', () => {
  const zones = worlds.flatMap(({ world }) => world.setting.flatMap((one) => (one.kind === 'zone' ? [one] : [])))
  const algorithms = new Set(zones.filter(({ signed }) => signed).map(({ algorithm }) => algorithm))
  assert.deepEqual(
    [...algorithms].sort((one, other) => one - other),
    [5, 7, 8, 10, 13, 14, 15, 16],
  )
  assert.deepEqual([...new Set(zones.map(({ denial }) => denial))].sort(), ['nsec', 'nsec3', 'opt-out'])
  assert.ok(zones.some(({ signed }) => !signed))
})
