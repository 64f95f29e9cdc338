import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainName } from '../name/domain.ts'
import { compareUrgency, type NameState, orderTime } from './issuance-queue.ts'

const day = 86_400_000
const state = (change: Partial<NameState>): NameState => ({
  ...{ name: 'mta-sts.example' as DomainName, askedAt: 1000, lifetime: undefined, window: undefined },
  ...{ failures: 0, retryAt: 0, ...change },
})
const until = (notAfter: number) => ({ lifetime: { notBefore: notAfter - 90 * day, notAfter, id: 'x' } })

test('a name without a certificate is due when it is asked for, or when a failure is past', () => {
  assert.equal(orderTime(state({})), 1000)
  assert.equal(orderTime(state({ retryAt: 5000 })), 5000)
})

test('a name with a certificate is due when that is to be renewed, or when a failure is past', () => {
  const due = orderTime(state(until(90 * day)))
  assert.ok(due > 54 * day && due <= 60 * day)
  assert.equal(orderTime(state({ ...until(90 * day), retryAt: 70 * day })), 70 * day)
})

test('renewals come first, what ends first before all; then whoever has waited longest', () => {
  const names = [
    state({ name: 'new' as DomainName, askedAt: 3 }),
    state({ name: 'later' as DomainName, ...until(80 * day), askedAt: 9 }),
    state({ name: 'old' as DomainName, askedAt: 2 }),
    state({ name: 'ended' as DomainName, ...until(10 * day), askedAt: 9 }),
  ]
  assert.deepEqual(
    names.sort(compareUrgency).map(({ name }) => name),
    ['ended', 'later', 'old', 'new'],
  )
})
