import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { limits } from '../limits.ts'
import {
  formatSharedAttempt,
  formatSharedPolicy,
  parseSharedAttempt,
  parseSharedPolicy,
  parseSharedTimes,
  sharedHeaderOctets,
} from './shared-policy.ts'

const now = Date.UTC(2026, 0, 1)
const day = 86_400_000
const name = domain('example.org')
const body = 'version: STSv1\r\nmode: enforce\r\nmx: *.example.org\r\nmax_age: 864000\r\n'
const shared = { domain: name, id: '20260101', body, fetchedAt: now - day, refreshAt: now }
const good = formatSharedPolicy(shared)

/** What we would write for JSON of another's, so that only the JSON is wrong. */
function written(json: string, { fetchedAt, refreshAt } = shared): string {
  const digest = createHash('sha256').update(`${fetchedAt} ${json}`).digest('hex')
  return `waxseal-policy/1 ${fetchedAt} ${refreshAt} ${digest} ${json}`
}

test('STS-60: a shared policy is read as it was written, and its times from its first octets', () => {
  const read = parseSharedPolicy(good, name, now)
  assert.ok(read.ok)
  const { policy, ...rest } = read.value
  assert.deepEqual(rest, shared)
  assert.equal(policy.mode, 'enforce')
  assert.deepEqual(parseSharedTimes(good.slice(0, sharedHeaderOctets)), {
    ok: true,
    value: { fetchedAt: shared.fetchedAt, refreshAt: shared.refreshAt },
  })
  assert.equal(written(JSON.stringify({ domain: name, id: shared.id, body })), good)
})

test('the longest policy, every octet of it escaped, has room', () => {
  const filler = '\u0001'.repeat(limits.sts.bodyOctets - Buffer.byteLength(body) - 4)
  const long = formatSharedPolicy({ ...shared, body: `${body}x: ${filler}\n`.slice(0, limits.sts.bodyOctets) })
  assert.ok(Buffer.byteLength(long) <= limits.shared.valueOctets, `${Buffer.byteLength(long)}`)
})

const entry = { domain: 'example.org', id: '1', body }
const damaged: [why: string, text: string][] = [
  ['nothing', ''],
  ['text of something else', '{"domain":"example.org"}'],
  ['a header alone', good.slice(0, good.indexOf('{'))],
  ['what was cut off', good.slice(0, -1)],
  ['what has more behind it', `${good} `],
  ['a body that was changed', good.replace('enforce', 'testing')],
  ['a time of the fetch that was changed', good.replace(String(shared.fetchedAt), String(shared.fetchedAt + 1))],
  ['a time that is no number', good.replace(String(shared.fetchedAt), '1e3')],
  ['a time before 1970', good.replace(String(shared.fetchedAt), '-1')],
  ['JSON that is none', written('{"domain":}')],
  ['JSON without a body', written(JSON.stringify({ domain: 'example.org', id: '1' }))],
  ['the policy of another domain', written(JSON.stringify({ ...entry, domain: 'example.net' }))],
  ['a domain in capitals', written(JSON.stringify({ ...entry, domain: 'EXAMPLE.org' }))],
  ['an id that no record can have', written(JSON.stringify({ ...entry, id: '1 2' }))],
  ['a body that is no policy', written(JSON.stringify({ ...entry, body: 'version: STSv2\n' }))],
  ['a body longer than any', written(JSON.stringify({ ...entry, body: body + 'a'.repeat(limits.sts.bodyOctets) }))],
  ['a refresh before the fetch', good.replace(` ${shared.refreshAt} `, ` ${shared.fetchedAt - 1} `)],
  ['a refresh that never comes', good.replace(` ${shared.refreshAt} `, ` ${now + 365 * day} `)],
]
for (const [why, text] of damaged) {
  test(`STS-65: of the shared store ${why} is refused as damaged`, () => {
    const read = parseSharedPolicy(text, name, now)
    assert.equal(read.ok ? 'accepted' : read.fault, 'damaged')
  })
}

test('a value of a newer form is told from a damaged one, as long as its first word says so', () => {
  for (const text of ['waxseal-policy/2 anything', good.replace('/1 ', '/17 ')]) {
    const read = parseSharedPolicy(text, name, now)
    assert.equal(read.ok ? 'accepted' : read.fault, 'version')
  }
  for (const text of ['waxseal-policy/0 1 1 ', 'waxseal-policy/1', 'waxseal-policy/9999999 1 1 ']) {
    const read = parseSharedPolicy(text, name, now)
    assert.equal(read.ok ? 'accepted' : read.fault, 'damaged')
  }
})

test('a clock that is a little ahead counts as ours, one that is far ahead is refused', () => {
  const { clockSkewMs } = limits.shared
  const from = (fetchedAt: number) =>
    parseSharedPolicy(formatSharedPolicy({ ...shared, fetchedAt, refreshAt: fetchedAt + day }), name, now)
  const close = from(now + clockSkewMs)
  assert.equal(close.ok ? close.value.fetchedAt : close.fault, now)
  const far = from(now + clockSkewMs + 1)
  assert.equal(far.ok ? 'accepted' : far.fault, 'future')
})

test('no text makes the reader throw', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom('waxseal-policy/1', ' ', '1', '{', '}', '"domain"', good))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('')
      const read = parseSharedPolicy(text, name, now)
      assert.equal(read.ok, text === good)
      parseSharedAttempt(text)
    }),
  )
})

test('what came of a fetch is read as it was written', () => {
  for (const attempt of [{ kind: 'stored' }, { kind: 'failed', failure: '{"fault":"http"}' }] as const)
    assert.deepEqual(parseSharedAttempt(formatSharedAttempt(attempt)), attempt)
  for (const text of ['', 'stored', 'waxseal-fetch/2 stored', 'waxseal-fetch/1 failed ', 'waxseal-fetch/1 stored '])
    assert.equal(parseSharedAttempt(text), undefined)
  assert.equal(parseSharedAttempt(`waxseal-fetch/1 failed ${'x'.repeat(limits.shared.attemptOctets)}`), undefined)
})
