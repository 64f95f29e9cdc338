import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { nameOf } from '../../../test/support/sign.ts'
import { ourEdns } from '../../core/dns/edns.ts'
import { encodeMessage, makeQuery } from '../../core/dns/encode.ts'
import { type CacheFileFault, parseCacheFile, writeCacheFile } from './cache-file.ts'

function replyAbout(name: string, type: number, until = 2000) {
  const message = new Uint8Array(
    encodeMessage(
      makeQuery(nameOf(name), type, { id: 1, recursionDesired: false, checkingDisabled: false, edns: ourEdns }),
    ),
  )
  return { name: nameOf(name), type, until, message }
}

const file = { savedAt: 1000, replies: [replyAbout('www.example.', 1), replyAbout('example.', 48, 2 ** 47)] }
const whole = Buffer.from(writeCacheFile(file))

/** With the digest that fits. */
function sealed(body: Uint8Array): Uint8Array {
  return Buffer.concat([body, createHash('sha256').update(body).digest()])
}

const body = whole.subarray(0, -32)

function changed(at: number, ...octets: readonly number[]): Uint8Array {
  const copy = Buffer.from(body)
  copy.set(octets, at)
  return sealed(copy)
}

test('RES-48: what is written is read again', () => {
  const read = parseCacheFile(whole)
  assert.deepEqual(read.ok && read.value, file)
  const empty = parseCacheFile(writeCacheFile({ savedAt: 5, replies: [] }))
  assert.deepEqual(empty.ok && empty.value, { savedAt: 5, replies: [] })
})

const refused: [why: string, octets: Uint8Array, fault: CacheFileFault][] = [
  ['nothing', new Uint8Array(), 'not-a-cache-file'],
  ['another kind of file', Buffer.from('SQLite format 3\0'), 'not-a-cache-file'],
  ['another version', changed(11, 2), 'other-version'],
  ['a head alone', body.subarray(0, 20), 'truncated'],
  ['an octet that changed', Buffer.from(whole.map((octet, at) => (at === 40 ? octet ^ 1 : octet))), 'damaged'],
  ['a file that was cut off', whole.subarray(0, -1), 'damaged'],
  ['a count of more than there are', changed(18, 0, 0, 0, 3), 'truncated'],
  ['a count of far more', changed(18, 255, 255, 255, 255), 'truncated'],
  ['a count of fewer than there are', changed(18, 0, 0, 0, 1), 'truncated'],
  ['a message that runs past the end', changed(28, 255, 255), 'truncated'],
  ['a message without a question', changed(34, 0, 0), 'reply'],
  ['a message too short for a header', changed(28, 0, 3), 'reply'],
  ['a question that is compressed', changed(42, 0xc0, 0x0c), 'reply'],
]
for (const [why, octets, fault] of refused) {
  test(`RES-48: ${why} is refused as ${fault}`, () => {
    const read = parseCacheFile(octets)
    assert.equal(read.ok ? 'accepted' : read.fault, fault)
  })
}

test('RES-48: whatever stands where a file should be is refused without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(body.length), (octets, at) => {
      parseCacheFile(octets)
      parseCacheFile(sealed(Buffer.concat([body.subarray(0, at), octets])))
    }),
  )
})
