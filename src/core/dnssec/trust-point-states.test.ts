import assert from 'node:assert/strict'
import { test } from 'node:test'
import { now as start, type TestKey } from '../../../test/support/sign.ts'
import { a, b, look, old, pointOf, revoke, show, tracked, zoneSigning } from '../../../test/support/trust-points.ts'
import type { TrustPoint } from './trust-point.ts'
import type { ZoneKey } from './zone-key.ts'

/** Every state of RFC 5011 §4.2 that key `b` may be in, every event of §4.1, beside key `a`, which is valid and signs. */
const transitions: [
  from: string,
  point: TrustPoint,
  event: string,
  keys: ZoneKey[],
  by: TestKey[],
  to: string,
  told: string,
][] = [
  ['Start', pointOf(tracked(a, 'valid')), 'NewKey', [a, b], [a], 'a valid, b add-pend', 'b pending'],
  ['Start', pointOf(tracked(a, 'valid')), 'nothing', [a], [a], 'a valid', ''],
  ['Start', pointOf(tracked(a, 'valid')), 'NewKey, revoked', [a, revoke(b)], [a, revoke(b)], 'a valid', ''],
  ['Start', pointOf(tracked(a, 'valid')), 'a key without SEP', [a, zoneSigning], [a], 'a valid', ''],
  [
    'AddPend',
    pointOf(tracked(a, 'valid'), tracked(b, 'add-pend', old, start + 1)),
    'KeyPres',
    [a, b],
    [a],
    'a valid, b add-pend',
    '',
  ],
  [
    'AddPend',
    pointOf(tracked(a, 'valid'), tracked(b, 'add-pend', old, start)),
    'AddTime',
    [a, b],
    [a],
    'a valid, b valid',
    'b trusted',
  ],
  [
    'AddPend',
    pointOf(tracked(a, 'valid'), tracked(b, 'add-pend', old, start)),
    'KeyRem',
    [a],
    [a],
    'a valid',
    'b dropped',
  ],
  [
    'AddPend',
    pointOf(tracked(a, 'valid'), tracked(b, 'add-pend', old, start)),
    'RevBit',
    [a, revoke(b)],
    [a, revoke(b)],
    'a valid, b revoked',
    'b revoked',
  ],
  ['Valid', pointOf(tracked(a, 'valid'), tracked(b, 'valid')), 'KeyPres', [a, b], [a], 'a valid, b valid', ''],
  ['Valid', pointOf(tracked(a, 'valid'), tracked(b, 'valid')), 'KeyRem', [a], [a], 'a valid, b missing', 'b missing'],
  [
    'Valid',
    pointOf(tracked(a, 'valid'), tracked(b, 'valid')),
    'RevBit',
    [a, revoke(b)],
    [a, revoke(b)],
    'a valid, b revoked',
    'b revoked',
  ],
  [
    'Valid',
    pointOf(tracked(a, 'valid'), tracked(b, 'valid')),
    'REVOKE that it did not sign',
    [a, revoke(b)],
    [a],
    'a valid, b missing',
    'b missing',
  ],
  [
    'Missing',
    pointOf(tracked(a, 'valid'), tracked(b, 'missing')),
    'KeyPres',
    [a, b],
    [a],
    'a valid, b valid',
    'b back',
  ],
  ['Missing', pointOf(tracked(a, 'valid'), tracked(b, 'missing')), 'nothing', [a], [a], 'a valid, b missing', ''],
  [
    'Missing',
    pointOf(tracked(a, 'valid'), tracked(b, 'missing')),
    'RevBit',
    [a, revoke(b)],
    [a, revoke(b)],
    'a valid, b revoked',
    'b revoked',
  ],
  [
    'Revoked',
    pointOf(tracked(a, 'valid'), tracked(b, 'revoked', old + 1)),
    'nothing',
    [a],
    [a],
    'a valid, b revoked',
    '',
  ],
  [
    'Revoked',
    pointOf(tracked(a, 'valid'), tracked(b, 'revoked', old)),
    'RemTime',
    [a],
    [a],
    'a valid, b removed',
    'b removed',
  ],
  ['Revoked', pointOf(tracked(a, 'valid'), tracked(b, 'revoked')), 'KeyPres', [a, b], [a], 'a valid, b revoked', ''],
  [
    'Revoked',
    pointOf(tracked(a, 'valid'), tracked(b, 'revoked')),
    'RevBit',
    [a, revoke(b)],
    [a, revoke(b)],
    'a valid, b revoked',
    '',
  ],
  ['Removed', pointOf(tracked(a, 'valid'), tracked(b, 'removed')), 'KeyPres', [a, b], [a, b], 'a valid, b removed', ''],
  ['Removed', pointOf(tracked(a, 'valid'), tracked(b, 'removed')), 'nothing', [a], [a], 'a valid, b removed', ''],
]
for (const [from, point, event, keys, by, to, told] of transitions) {
  test(`DNSSEC-08 RFC 5011 §4: from ${from}, ${event} leads to "${to}"`, () => {
    const { point: after, events, problem } = look(point, keys, by)
    assert.equal(problem, undefined)
    assert.equal(show(after), to)
    const names = events.map(({ kind, keyTag }) => `${keyTag === b.keyTag ? 'b' : 'other'} ${kind}`)
    assert.equal(names.join(', '), told)
  })
}
