import assert from 'node:assert/strict'
import { findOffer, readEhlo, readGreeting, readStartTlsAnswer } from '../../src/core/check/talk.ts'
import { limits } from '../../src/core/limits.ts'
import { createReplyReader } from '../../src/core/smtp/reply.ts'
import { createFlightReader, type ServerFlight } from '../../src/core/tls/server-flight.ts'
import { earlyDataOf } from '../../src/core/tls/session-ticket.ts'
import type { Target } from './target.ts'

function readFlight(octets: Uint8Array, size: number): ServerFlight {
  const reader = createFlightReader()
  for (let at = 0; at < octets.length; at += size) reader.push(octets.subarray(at, at + size))
  return reader.flight()
}

const message = (type: number, ...body: number[]) => [type, 0, body.length >> 8, body.length & 255, ...body]
const record = (type: number, ...content: number[]) => [
  type,
  3,
  3,
  content.length >> 8,
  content.length & 255,
  ...content,
]
const random = new Array<number>(32).fill(7)

/** ServerHello of TLS 1.2, a chain of two short certificates, ECDHE by x25519 with its signature, done. */
const flight = [
  ...record(22, ...message(2, 3, 3, ...random, 0, 0xc0, 0x2f, 0, 0, 9, 0xff, 1, 0, 1, 0, 0, 23, 0, 0)),
  ...record(22, ...message(11, 0, 0, 10, 0, 0, 2, 0x30, 0, 0, 0, 2, 0x30, 0)),
  ...record(22, ...message(12, 3, 0, 29, 2, 1, 2, 8, 4, 0, 2, 5, 6), ...message(14)),
]
const ofFiniteField = [
  ...record(22, ...message(2, 3, 1, ...random, 0, 0, 0x33, 0)),
  ...record(22, ...message(12, 0, 2, 0xff, 0xfb, 0, 1, 2, 0, 1, 3, 0, 1, 4)),
]
const retry = [...Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')]
const ofTls13 = record(22, ...message(2, 3, 3, ...retry, 0, 0x13, 1, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 29))

const flightTarget: Target = {
  name: 'tls-flight',
  /** However a flight is cut, it says the same. The first octet is the size of the pieces. */
  run(octets) {
    const stream = octets.subarray(1)
    const whole = readFlight(stream, Math.max(1, stream.length))
    assert.deepEqual(readFlight(stream, 1 + ((octets[0] ?? 0) % 16)), whole)
    assert.ok((whole.certificates?.length ?? 0) <= limits.certificates.chain)
    assert.ok(whole.hello !== undefined || (whole.certificates ?? whole.keyExchange) === undefined)
    assert.ok(whole.fault === undefined || whole.isOver)
    earlyDataOf(stream)
  },
  seeds: [flight, ofFiniteField, ofTls13, record(21, 2, 40), [0x30, 7, 2, 1, 1, 0xaf, 2, 4, 0]].map((octets) =>
    Uint8Array.of(3, ...octets),
  ),
  words: [[22, 3, 3], [21, 3, 3, 0, 2, 2, 40], [0, 43, 0, 2, 3, 4], [0, 51, 0, 2, 0, 29], retry].map((word) =>
    Uint8Array.from(word),
  ),
  // The pieces are put together, and hashed by none of our code.
  workPerOctet: 100,
}

const talkTarget: Target = {
  name: 'smtp-talk',
  /** A reply is read as greeting, as answer to EHLO, and as answer to STARTTLS. */
  run(octets) {
    const reader = createReplyReader()
    reader.push(octets)
    const taken = reader.take()
    if (taken?.ok !== true) return
    const reply = taken.value
    const greeting = readGreeting(reply)
    assert.ok(
      greeting.nameFault !== undefined || /^[A-Za-z0-9_.-]+$/.test(greeting.name) || /[^\0-\x7f]/.test(greeting.name),
    )
    const ehlo = readEhlo('EHLO', reply)
    assert.equal(findOffer(ehlo).kind === 'offered', ehlo.extensions.startTls)
    assert.equal(readStartTlsAnswer(reply).kind === 'accepted', reply.code === 220)
  },
  seeds: [
    '220 mx.test ESMTP\r\n',
    '220 ****2***\r\n',
    '250-mx.test\r\n250-XXXXXXXA\r\n250 STARTTLS\r\n',
    '250-mx.test\r\n250 STARTTLX\r\n',
    '500 unknown: "XXXX"\r\n',
  ].map((text) => new TextEncoder().encode(text)),
  words: ['220 ', '250-', '500 ', 'STARTTLS', 'XXXXXXXA', '****', 'localhost', '[192.0.2.1]', '\r\n'].map((word) =>
    new TextEncoder().encode(word),
  ),
  // Each word is compared with STARTTLS letter by letter.
  workPerOctet: 400,
}

export const probeTargets: readonly Target[] = [flightTarget, talkTarget]
