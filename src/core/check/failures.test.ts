import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Failure } from '../dnssec/resolution.ts'
import { rootName } from '../name/name.ts'
import { isBroken, isUntold } from './failures.ts'

function failure(why: Failure['why'], isOurs?: true): Failure {
  const nowhere = { zone: undefined, server: undefined, cached: false, chain: [] } as const
  const base = { kind: 'failure', name: rootName, type: 2, why, reason: why, ede: 0, ...nowhere } as const
  return isOurs === undefined ? base : { ...base, isOurs }
}

const whose: [what: string, Failure, 'the domain' | 'nobody knows'][] = [
  ['a bogus answer', failure('bogus'), 'the domain'],
  ['SERVFAIL', failure('servfail'), 'the domain'],
  ['a timeout', failure('timeout'), 'nobody knows'],
  ['a spent limit', failure('limit'), 'nobody knows'],
  // Behind such a resolver every domain would be called broken.
  ['what a resolver of ours makes bogus by stripping records', failure('bogus', true), 'nobody knows'],
]
for (const [what, lookup, expected] of whose) {
  test(`whose failure it is: ${what}: ${expected}`, () => {
    const isTheirs = expected === 'the domain'
    assert.deepEqual([isBroken(lookup), isUntold(lookup)], [isTheirs, !isTheirs])
  })
}
