import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failed } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { limits } from '../../core/limits.ts'
import type { Out } from '../cli/out.ts'
import type { WorldEvent } from '../cli/world.ts'
import { createLedger } from './ledger.ts'
import { createServiceLog, type LogFormat } from './log.ts'
import { createMeters } from './metrics/meters.ts'
import { createRegistry } from './metrics/registry.ts'

function createBed(format: LogFormat = 'text') {
  const clock = movedClock(1_800_000_000_000)
  const registry = createRegistry()
  const meters = createMeters(registry, [])
  const ledger = createLedger(meters, clock)
  const lines: string[] = []
  const out = { line: (text: string) => lines.push(text) } as unknown as Out // all that a log uses
  const log = createServiceLog(out, format, (name) => meters.event(name))
  return { clock, registry, ledger, log, lines }
}

const failure = { resultType: 'sts-webpki-invalid', fault: 'certificate-expired', reason: 'it expired\x1b[2J' } as const
const lapsing = {
  kind: 'policy',
  event: { kind: 'refresh-failed', domain: domain('a.example'), failure, expiresAt: 1_800_000_000_000, lapsing: true },
} as unknown as WorldEvent // whatever the fault is called

const events: [why: string, event: WorldEvent, line: RegExp, series: string][] = [
  [
    'a policy that is about to lapse',
    lapsing,
    /^policy-lapsing: the MTA-STS policy of a\.example cannot be renewed, and ends at 2027-01-15T08:00:00\.000Z: it expired/,
    'waxseal_policy_lapse_warnings_total 1',
  ],
  [
    'an engine that was taken',
    { kind: 'engine', engine: 'forward', why: 'no root server answers' },
    /^engine: engine auto took forward: no root server answers$/,
    'waxseal_events_total{event="engine"} 1',
  ],
  [
    'a resolver in trouble',
    { kind: 'resolver-warning', text: 'forwarder 192.0.2.1 strips' },
    /^resolver-warning: forwarder 192\.0\.2\.1 strips$/,
    'waxseal_events_total{event="resolver-warning"} 1',
  ],
  [
    'a shared store that is away',
    { kind: 'shared-store', place: 'redis://a.example', state: { kind: 'away', reason: 'no answer\x1b[2J' } },
    /^shared-store-away: the shared store redis:\/\/a\.example is away, .*: no answer/,
    'waxseal_events_total{event="shared-store-away"} 1',
  ],
  [
    'a shared store that refuses',
    { kind: 'shared-store', place: 'redis://a.example', state: { kind: 'refusing', reason: 'READONLY' } },
    /^shared-store-refuses: .*: READONLY$/,
    'waxseal_events_total{event="shared-store-refuses"} 1',
  ],
  [
    'a shared store that answers',
    { kind: 'shared-store', place: 'redis://a.example', state: { kind: 'up' } },
    /^shared-store-up: the shared store redis:\/\/a\.example answers$/,
    'waxseal_events_total{event="shared-store-up"} 1',
  ],
  [
    'a store in trouble',
    { kind: 'store-warning', text: 'store: policies of a.example: disk full' },
    /^store-warning: store: policies of a\.example: disk full$/,
    'waxseal_events_total{event="store-warning"} 1',
  ],
]
for (const [why, event, line, series] of events) {
  test(`${why} stands in the log under its name, escaped, and is counted`, async () => {
    const { ledger, log, lines, registry } = createBed()
    ledger.useLog(log)
    ledger.told(event)
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', line)
    assert.ok(!lines[0]?.includes('\x1b'))
    assert.ok((await registry.write()).includes(`\n${series}\n`), series)
  })
}

test('in JSON an event has its name, its sentence and its parts', () => {
  const { ledger, log, lines } = createBed('json')
  ledger.useLog(log)
  ledger.told(lapsing)
  const { event, domain: name, fault, until } = JSON.parse(lines[0] ?? '') as Record<string, string>
  assert.deepEqual(
    [event, name, fault, until],
    ['policy-lapsing', 'a.example', 'certificate-expired', '2027-01-15T08:00:00.000Z'],
  )
})

test('what happens before there is a log comes first in it', () => {
  const { ledger, log, lines } = createBed()
  ledger.told({ kind: 'engine', engine: 'iterate', why: 'root servers answer' })
  assert.deepEqual(lines, [])
  ledger.useLog(log)
  log.event('listening', 'listening on x')
  assert.deepEqual(lines, ['engine: engine auto took iterate: root servers answer', 'listening on x'])
})

test('a trust anchor that fits no key is told of once an hour, not with every lookup; another bogus zone is no such', () => {
  const { clock, ledger, log, lines } = createBed()
  ledger.useLog(log)
  const root = { ...failed('bogus'), zone: nameOfText('.'), reason: 'no key matches the trust anchors of .' }
  for (let at = 0; at < 10; at++) ledger.resolved(root)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^anchor-trouble: the trust anchor of \. does not fit its keys, .*no key matches/)
  clock.move(limits.events.repeatMs / 1000)
  ledger.resolved(root)
  assert.equal(lines.length, 2)
  const link = { zone: nameOfText('.'), status: 'secure', by: 'anchor', ds: [], key: undefined } as const
  ledger.resolved({ ...root, zone: nameOfText('a.example.'), chain: [link] })
  ledger.resolved(failed('servfail'))
  assert.equal(lines.length, 2)
})

test('policies are not warned of that have time left, and fetches count by what came of them', async () => {
  const { ledger, log, lines, registry } = createBed()
  ledger.useLog(log)
  const name = domain('a.example')
  ledger.told({ kind: 'policy', event: { kind: 'policy-stored', domain: name, id: '1', mode: 'enforce' } })
  const { resultType } = failure
  ledger.told({ kind: 'policy', event: { kind: 'fetch-failed', domain: name, failure } } as unknown as WorldEvent)
  const early = { kind: 'refresh-failed', domain: name, failure, expiresAt: 1, lapsing: false }
  ledger.told({ kind: 'policy', event: early } as unknown as WorldEvent)
  assert.deepEqual(lines, [])
  const text = await registry.write()
  assert.match(text, /^waxseal_policy_fetches_total\{result="stored"\} 1$/m)
  assert.ok(text.includes(`waxseal_policy_fetches_total{result="${resultType}"} 1\n`))
  assert.match(text, /^waxseal_policy_lapse_warnings_total 0$/m)
})

test('lookups learn of the answers given from memory, which go first', () => {
  const { ledger } = createBed()
  assert.equal(ledger.answered?.(), 0)
  ledger.counts.socketmap.hit += 3
  ledger.counts['tcp-table'].hit += 2
  ledger.counts.lines.hit += 1
  ledger.counts.lines.miss += 1
  assert.equal(ledger.answered?.(), 6)
})
