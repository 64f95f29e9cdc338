import assert from 'node:assert/strict'
import { decodeMessage } from '../../src/core/dns/decode.ts'
import { readU16 } from '../../src/core/dns/octets.ts'
import { signMessage, verifyReply } from '../../src/core/dns/tsig.ts'
import { leastMacOctets, wholeMacOctets } from '../../src/core/dns/tsig-key.ts'
import { parseTsigKey, tsigFaultText } from '../../src/core/dns/tsig-key-text.ts'
import { keyOf, signReply } from '../support/tsig.ts'
import { type Target, textTarget } from './target.ts'

const time = 1_790_000_000
const key = keyOf()
const request = Buffer.from('123428000001000000000000076578616d706c650000060001', 'hex')
const reply = Buffer.from('1234a8000001000000000000076578616d706c650000060001', 'hex')
const { mac } = signMessage(request, key, time)
const signature = { requestMac: mac, time }

/** Only the reply that was signed is ever verified; what is rejected or unsigned is a message or none. */
function runReply(octets: Uint8Array): void {
  const verdict = verifyReply(octets, key, { mac, time })
  if (verdict.kind === 'verified') assert.deepEqual(Buffer.from(verdict.octets), reply)
  if (verdict.kind === 'rejected') assert.notEqual(verdict.error, 0)
  if (verdict.kind === 'unsigned') {
    assert.equal(verdict.octets.length, octets.length)
    const message = decodeMessage(verdict.octets)
    if (message.ok) assert.equal(message.value.additional.length <= readU16(octets, 10), true)
  }
}

const replyTarget: Target = {
  name: 'tsig-reply',
  run: runReply,
  seeds: [
    reply,
    signReply(reply, key, signature),
    signReply(reply, key, { ...signature, macOctets: 16 }),
    signReply(reply, key, { ...signature, error: 17, macOctets: 0 }),
    signReply(reply, key, { ...signature, error: 18, otherData: Buffer.from('00006ab1e3ff', 'hex') }),
    signReply(reply, keyOf({ algorithm: 'hmac-sha512' }), signature),
  ],
  words: ['00fa00ff00000000', '0b686d61632d73686132353600', 'c00c', '0010', '0011', '0012', '0016', 'ffff'].map(
    (word) => Buffer.from(word, 'hex'),
  ),
}

const keyTarget = textTarget(
  'tsig-key',
  (text) => {
    const read = parseTsigKey(text)
    if (!read.ok) return assert.match(tsigFaultText[read.fault], /^[ -~]+$/)
    const { name, algorithm, secret, macOctets } = read.value
    assert.ok(name.labelCount > 0 && secret.length > 0)
    assert.ok(macOctets >= leastMacOctets(algorithm) && macOctets <= wholeMacOctets(algorithm))
    assert.equal(signMessage(request, read.value, time).mac.length, macOctets)
  },
  {
    seeds: [
      'key "k.example" {\n\talgorithm hmac-sha256;\n\tsecret "AAAA";\n};\n',
      '# hmac-sha1:k:AAAA\nkey:\n  - id: k\n    algorithm: hmac-sha1\n    secret: AAAA\n',
      'key:\n  name: "k."\n  secret: "AAAA" # c\n  algorithm: hmac-sha512-256\n',
      'hmac-sha384:k.example.:AAAA\n',
      '/* c */ key k { secret AAA=; algorithm HMAC-SHA224.; }; // d',
    ],
    words: 'key key: { } ; " id: - name: algorithm secret : hmac-sha256 -128 hmac-md5 AAAA AA== # // /* */ \\032',
  },
)

export const updateTargets: readonly Target[] = [replyTarget, keyTarget]
