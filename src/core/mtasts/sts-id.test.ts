import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { formatRecord } from '../dns/zone-text.ts'
import { stsRecord, stsRecordName } from '../publish/sts-record.ts'
import { parseStsRecord } from './record.ts'
import { namesBody, nextStsId } from './sts-id.ts'

const noon = Date.UTC(2026, 10, 26, 12, 0, 0)
const first = nextStsId('one', undefined, noon)

test('STS-116: an id is the time and what the body hashes to, letters and digits alone', () => {
  assert.equal(first, '20261126120000Z7692c3ad3540bb80')
  assert.match(first, /^[A-Za-z0-9]{1,32}$/)
})

test('STS-116: as long as the body is the same, so is the id', () => {
  assert.equal(nextStsId('one', first, noon + 86_400_000), first)
  assert.equal(nextStsId('one', first, noon - 86_400_000), first)
})

const afresh: [when: string, last: string | undefined, now: number, id: string][] = [
  ['there was none', undefined, noon, '20261126120000Z'],
  ['somebody chose another kind', '42', noon, '20261126120000Z'],
  ['the last is of another body', '20250101000000Z0123456789abcdef', noon, '20261126120000Z'],
  ['the clock went back', '20270101000000Z0123456789abcdef', noon, '20270101000001Z'],
  ['the last is of this very second', '20261126120000Z0123456789abcdef', noon, '20261126120001Z'],
  ['the last is of no day', '20269999000000Z0123456789abcdef', noon, '20261126120000Z'],
  ['the last is of the end of time', '99991231235959Z0123456789abcdef', noon, '20261126120000Z'],
]
for (const [when, last, now, id] of afresh) {
  test(`STS-116: a new id when ${when}`, () => assert.equal(nextStsId('one', last, now), `${id}7692c3ad3540bb80`))
}

test('STS-116: no body ever comes back under an id that was published before, whatever the clock does', () => {
  const moves = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: -90_000, max: 90_000 })), {
    minLength: 1,
    maxLength: 30,
  })
  fc.assert(
    fc.property(moves, (steps) => {
      const published: string[] = []
      let [now, served] = [noon, '']
      for (const [body, move] of steps) {
        now += move
        const last = published.at(-1)
        const id = nextStsId(body, last, now)
        assert.equal(id === last, body === served)
        assert.ok(namesBody(id, body))
        if (id !== last) assert.ok(!published.includes(id))
        published.push(id)
        served = body
      }
    }),
  )
})

test('namesBody knows its own ids, and no other', () => {
  assert.equal(namesBody(first, 'one'), true)
  assert.equal(namesBody(first, 'two'), false)
  assert.equal(namesBody('7692c3ad3540bb80', 'one'), false)
})

test('STS-1: the record stands at _mta-sts below the domain, and is read back', () => {
  const name = stsRecordName(domain('bücher.example'))
  assert.ok(name)
  const record = stsRecord(name, first, 3600)
  assert.equal(formatRecord(record), `_mta-sts.xn--bcher-kva.example. 3600 IN TXT "v=STSv1; id=${first};"`)
  assert.deepEqual(parseStsRecord(`v=STSv1; id=${first};`), { ok: true, value: { id: first, warnings: [] } })
})

test('STS-1: a domain of the longest kind has no room for the label', () => {
  const long = domain(Array.from({ length: 4 }, () => 'a'.repeat(62)).join('.'))
  assert.equal(stsRecordName(long), undefined)
})
