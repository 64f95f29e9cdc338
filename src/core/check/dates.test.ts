import assert from 'node:assert/strict'
import { test } from 'node:test'
import { address, brokenReport, cell, ending, goodReport, rsaKey } from '../../../test/support/sample-report.ts'
import { datesIn } from './dates.ts'
import type { CheckReport } from './report.ts'

function ends(report: CheckReport): string[] {
  return datesIn(report).map(({ key, at }) => `${new Date(at).toISOString().slice(0, 10)} ${key}`)
}

test('certificates and findings are told of, the first end first', () => {
  assert.deepEqual(ends(brokenReport), [
    '2026-12-01 certificate mx.bakery.example RSA',
    '2026-12-01 sts-certificate-expires mx.bakery.example',
  ])
})

test('of several addresses with one kind of certificate the first end counts', () => {
  const other = { ...address, address: '192.0.2.26', keys: [{ ...rsaKey, expires: cell('good', '2027-01-01') }] }
  const ecdsa = { ...address, keys: [{ ...rsaKey, keyType: 'ECDSA' as const }] }
  const grid = [{ host: 'mx.clinic.example', preference: 10, addresses: [address, other, ecdsa] }]
  assert.deepEqual(ends({ ...goodReport, grid }), [
    '2027-01-01 certificate mx.clinic.example RSA',
    '2027-03-01 certificate mx.clinic.example ECDSA',
  ])
})

test('what has no date, or none that can be read, is not told of', () => {
  const keys = [{ ...rsaKey, expires: cell('unknown', '-') }]
  const grid = [{ host: 'mx.clinic.example', preference: 10, addresses: [{ ...address, keys }] }]
  const findings = [
    { ...ending, date: null },
    { ...ending, date: 'some day' },
  ]
  assert.deepEqual(ends({ ...goodReport, grid, findings }), [])
})
