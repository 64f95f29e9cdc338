import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyOf, type ReplySignature, readRequest, signReply } from '../../../test/support/tsig.ts'
import vectors from '../../../test/vectors/tsig.json' with { type: 'json' }
import { signMessage, TSIG_ERROR, type TsigVerdict, verifyReply } from './tsig.ts'
import { parseTsigKey } from './tsig-key-text.ts'

const now = 1_790_000_000
const request = Buffer.from('12342800000100000000000007657861' + '6d706c650000060001', 'hex')
const reply = Buffer.from('1234a800000100000000000007657861' + '6d706c650000060001', 'hex')
const algorithms = ['hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512']

for (const algorithm of algorithms) {
  test(`a request is signed as the other side expects: ${algorithm}`, () => {
    const key = keyOf({ algorithm })
    const signed = signMessage(request, key, now)
    const read = readRequest(signed.octets, key)
    assert.deepEqual(read.message, request)
    assert.deepEqual(read.mac, Buffer.from(signed.mac))
  })

  test(`a reply that the other side has signed is verified: ${algorithm}`, () => {
    const key = keyOf({ algorithm })
    const { mac } = signMessage(request, key, now)
    const signed = signReply(reply, key, { requestMac: mac, time: now })
    const verdict = verifyReply(signed, key, { mac, time: now })
    assert.deepEqual(verdict, { kind: 'verified', octets: new Uint8Array(reply) })
  })
}

test('a signature stands octet by octet where RFC 8945 §4.2 has it', () => {
  const key = keyOf({ name: 'k.', secret: 'AAAA', algorithm: 'hmac-sha1-80' })
  const { octets, mac } = signMessage(request, key, 0x123456789a)
  assert.equal(mac.length, 10)
  assert.equal(
    Buffer.from(octets).toString('hex'),
    [
      '123428000001000000000001', // one additional record
      '076578616d706c650000060001',
      `016b0000fa00ff00000000${(11 + 10 + 10 + 6).toString(16).padStart(4, '0')}`, // TSIG, ANY, TTL 0
      '09686d61632d7368613100', // hmac-sha1
      '00123456789a012c000a', // time, fudge 300, ten octets of MAC
      Buffer.from(mac).toString('hex'),
      '123400000000', // original ID, no error, no other data
    ].join(''),
  )
})

const key = keyOf()
const { mac } = signMessage(request, key, now)

function verdictOn(signature: Partial<ReplySignature>, change: (signed: Buffer) => Buffer = (signed) => signed) {
  const signed = signReply(reply, key, { requestMac: mac, time: now, ...signature })
  return verifyReply(change(signed), key, { mac, time: now })
}

const refused: [what: string, why: string, verdict: () => TsigVerdict][] = [
  ['is signed for another request', 'wrong-mac', () => verdictOn({ requestMac: Buffer.alloc(32) })],
  ['is signed as if for no request', 'wrong-mac', () => verdictOn({ requestMac: undefined })],
  ['was altered', 'wrong-mac', () => verdictOn({}, (signed) => altered(signed, 3))],
  ['has another time than was signed', 'wrong-mac', () => verdictOn({ shownTime: now + 1 })],
  ['has another original ID', 'wrong-mac', () => verdictOn({ originalId: 1 })],
  ['was signed before', 'time', () => verdictOn({ time: now - 301 })],
  ['was signed afterwards', 'time', () => verdictOn({ time: now + 301 })],
  ['was signed before, with a fudge of hours', 'time', () => verdictOn({ time: now - 3600, fudge: 7200 })],
  ['has a fudge shorter than its age', 'time', () => verdictOn({ time: now - 5, fudge: 4 })],
  ['has a MAC below the floor', 'mac-length', () => verdictOn({ macOctets: 15 })],
  ['has an empty MAC', 'mac-length', () => verdictOn({ macOctets: 0 })],
  ['has a MAC longer than its hash', 'mac-length', () => verdictOn({ macOctets: 33 })],
  ['names another algorithm', 'other-algorithm', () => verdictOn({ algorithmName: 'hmac-sha512' })],
  ['says BADTIME unsigned', 'mac-length', () => verdictOn({ error: 18, macOctets: 0 })],
  ['has octets behind its signature', 'malformed', () => verdictOn({}, (signed) => Buffer.concat([signed, signed]))],
  ['ends in its signature', 'malformed', () => verdictOn({}, (signed) => signed.subarray(0, -1))],
  ['is nothing', 'malformed', () => verdictOn({}, () => Buffer.alloc(0))],
]
for (const [what, why, verdict] of refused) {
  test(`a reply that ${what} is not believed`, () => assert.deepEqual(verdict(), { kind: 'refused', why }))
}

function altered(octets: Buffer, at: number): Buffer {
  octets[at] = (octets[at] ?? 0) ^ 1
  return octets
}

test('a reply with the key of somebody else is not believed', () => {
  const signed = signReply(reply, keyOf({ name: 'other.' }), { requestMac: mac, time: now })
  assert.deepEqual(verifyReply(signed, key, { mac, time: now }), { kind: 'refused', why: 'other-key' })
})

test('a signature that is not the last record makes a message malformed', () => {
  const signed = signReply(reply, key, { requestMac: mac, time: now })
  const twice = signReply(signed, key, { requestMac: mac, time: now })
  assert.deepEqual(verifyReply(twice, key, { mac, time: now }), { kind: 'refused', why: 'malformed' })
  const inAnswer = Buffer.from(signed)
  inAnswer.writeUInt16BE(1, 6)
  inAnswer.writeUInt16BE(0, 10)
  assert.deepEqual(verifyReply(inAnswer, key, { mac, time: now }), { kind: 'refused', why: 'malformed' })
})

const believed: [what: string, signature: Partial<ReplySignature>][] = [
  ['a MAC of half its length', { macOctets: 16 }],
  ['a clock five minutes late', { time: now - 300 }],
  ['a clock five minutes early', { time: now + 300 }],
]
for (const [what, signature] of believed) {
  test(`a reply with ${what} is believed`, () => assert.equal(verdictOn(signature).kind, 'verified'))
}

test('a reply without a signature is said to be so', () => {
  assert.deepEqual(verifyReply(reply, key, { mac, time: now }), { kind: 'unsigned', octets: reply })
})

test('errors are told apart, and whether anybody vouches for them', () => {
  const rejected = (error: number, isVerified: boolean, serverTime?: number) => {
    return { kind: 'rejected', error, isVerified, serverTime }
  }
  assert.deepEqual(verdictOn({ error: 16, macOctets: 0 }), rejected(16, false))
  assert.deepEqual(verdictOn({ error: 17, macOctets: 0 }), rejected(17, false))
  assert.deepEqual(verdictOn({ error: 22 }), rejected(22, true))
  const clock = Buffer.from('00006ab1e3ff', 'hex')
  assert.deepEqual(verdictOn({ error: 18, otherData: clock }), rejected(18, true, 0x6ab1e3ff))
  assert.deepEqual(verdictOn({ error: 18, otherData: clock.subarray(1) }), rejected(18, true))
})

test('no octets make verification throw, and none that are altered are verified', () => {
  const signed = signReply(reply, key, { requestMac: mac, time: now })
  const anywhere = fc.array(fc.tuple(fc.nat(signed.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(anywhere, fc.nat(signed.length), (changes, length) => {
      const octets = Buffer.from(signed)
      for (const [at, value] of changes) octets[at] = (octets[at] ?? 0) ^ value
      const verdict = verifyReply(octets.subarray(0, length), key, { mac, time: now })
      // The header's ID alone is not covered, but the one that was signed; and names may be in any case.
      const isSame = verdict.kind === 'verified' && Buffer.from(verdict.octets).equals(reply)
      assert.ok(verdict.kind !== 'verified' || isSame)
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      assert.notEqual(verifyReply(octets, key, { mac, time: now }).kind, 'verified')
    }),
  )
})

for (const { server, what, key: text, time, request: sent, reply: answer } of vectors.exchanges) {
  const [algorithm] = text.split(':')
  test(`what ${server} said to an update signed with ${algorithm} is ${what}, and the update is signed as it was`, () => {
    const known = parseTsigKey(text)
    assert.ok(known.ok)
    const { message } = readRequest(Buffer.from(sent, 'hex'), known.value)
    const signed = signMessage(message, known.value, time)
    assert.equal(Buffer.from(signed.octets).toString('hex'), sent)
    const verdict = verifyReply(Buffer.from(answer, 'hex'), known.value, { mac: signed.mac, time })
    if (what === 'verified') assert.equal(verdict.kind, what)
    else assert.ok(verdict.kind === 'rejected' && verdict.error === TSIG_ERROR[what as keyof typeof TSIG_ERROR])
    if (what === 'BADTIME')
      assert.ok(verdict.kind === 'rejected' && verdict.isVerified && verdict.serverTime !== undefined)
  })
}
