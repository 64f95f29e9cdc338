// Whatever strangers show, a report is made of it.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { AddressProbe } from '../../src/core/check/address-probe.ts'
import type { CheckFacts } from '../../src/core/check/check-facts.ts'
import { checkReport } from '../../src/core/check/check-report.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'
import { whole } from './faults/fault.ts'

let lab: CheckLab
let facts: CheckFacts

before(async () => {
  const lines = whole.map((line) => line.replaceAll(/\bD\b/g, 'a.example').replaceAll('%', '1'))
  lab = await startCheckLab(lines.join('\n'))
  facts = await lab.gather('a.example')
})
after(() => lab.close())

/** A copy of facts in which octets and texts of strangers are others. */
function spoil(value: unknown, seeds: Iterator<number>): unknown {
  const next = () => (seeds.next().value as number | undefined) ?? 1
  if (value instanceof Uint8Array) {
    const copy = Uint8Array.from(value)
    if (next() % 3 === 0 && copy.length > 0) copy[next() % copy.length] = next() % 256
    return next() % 17 === 0 ? copy.subarray(0, next() % (copy.length + 1)) : copy
  }
  if (Array.isArray(value)) {
    const all = value.map((one) => spoil(one, seeds))
    return next() % 23 === 0 ? all.slice(1) : all
  }
  if (value instanceof Map || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spoil(one, seeds)]))
}

test('facts with octets changed, cut or left out make a report, and JSON of it', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat({ max: 100_000 })), (seeds) => {
      const spoilt = spoil(
        { hosts: facts.hosts, sts: facts.sts, reporting: facts.reporting, servers: facts.servers },
        seeds[Symbol.iterator](),
      )
      const report = checkReport({ ...facts, ...(spoilt as Partial<CheckFacts>) }, lab.lab.clock.now())
      assert.ok(JSON.stringify(report).length < 1_000_000)
    }),
    { numRuns: 300 },
  )
})

test('a server that says a megabyte is quoted in part', () => {
  const long = 'x'.repeat(1_000_000)
  const outcome: AddressProbe['outcome'] = { kind: 'not-smtp', fault: 'syntax', text: long }
  const hosts = facts.hosts?.map((host) => ({ ...host, probes: host.probes.map((probe) => ({ ...probe, outcome })) }))
  const report = checkReport({ ...facts, hosts }, lab.lab.clock.now())
  assert.ok(JSON.stringify(report).length < 100_000)
})
