import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { warningOf } from './sts-warning.ts'

const failure = { resultType: 'sts-policy-fetch-error', fault: 'http-status', reason: 'status 500' } as const
const failed = { domain: domain('a.example'), failure, expiresAt: Date.UTC(2026, 0, 2) }

test('STS-63: a policy that cannot be renewed is told of in the second half of its life, with its end', () => {
  const warning = warningOf({ kind: 'refresh-failed', lapsing: true, ...failed })
  const expected = 'the MTA-STS policy of a.example cannot be renewed, and ends at 2026-01-02T00:00:00.000Z: status 500'
  assert.equal(warning, expected)
  assert.equal(warningOf({ kind: 'refresh-failed', lapsing: false, ...failed }), undefined)
})

test('nobody is bothered with what goes well, or may go well at the next try', () => {
  assert.equal(warningOf({ kind: 'policy-stored', domain: failed.domain, id: '1', mode: 'enforce' }), undefined)
  assert.equal(warningOf({ kind: 'fetch-failed', domain: failed.domain, failure }), undefined)
})
