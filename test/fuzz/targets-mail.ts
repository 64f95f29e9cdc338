import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatTlsa, isUsable, parseTlsa } from '../../src/core/dane/tlsa.ts'
import { parseLineQuestion } from '../../src/core/lines/question.ts'
import { defer, formatHostReply, formatLineReply } from '../../src/core/lines/reply.ts'
import { formatStsPolicy, parseStsPolicy } from '../../src/core/mtasts/policy.ts'
import { parseStsRecord, parseStsRecords } from '../../src/core/mtasts/record.ts'
import { formatTcpTableReply, parseTcpTableRequest } from '../../src/core/postfix/tcp-table.ts'
import { parseAddressList } from '../../src/core/smtp/address-list.ts'
import { parseEhlo } from '../../src/core/smtp/ehlo.ts'
import { escapeText } from '../../src/core/smtp/escape.ts'
import { type HeaderField, readHeader, valuesOf, withoutFields } from '../../src/core/smtp/header.ts'
import { formatMailbox, parseForwardPath, parseMailbox, parseReversePath } from '../../src/core/smtp/mailbox.ts'
import { createReplyReader, formatReply, type Reply } from '../../src/core/smtp/reply.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { plain } from './arbitrary-records.ts'
import { type Target, textTarget } from './target.ts'

const encoder = new TextEncoder()

/** All replies of a stream that comes in chunks of this size, and the fault that ends them. */
function readReplies(stream: Uint8Array, size: number): { replies: Reply[]; fault: string | undefined } {
  const reader = createReplyReader()
  const replies: Reply[] = []
  for (let at = 0; at < stream.length; at += size) {
    reader.push(stream.subarray(at, at + size))
    for (let reply = reader.take(); reply !== undefined; reply = reader.take()) {
      if (!reply.ok) return { replies, fault: reply.fault }
      replies.push(reply.value)
    }
  }
  return { replies, fault: undefined }
}

const replyTarget: Target = {
  name: 'smtp-reply',
  /** However a stream is cut, its replies are the same. The first octet is the size of the pieces. */
  run(octets) {
    const stream = octets.subarray(1)
    const whole = readReplies(stream, Math.max(1, stream.length))
    assert.deepEqual(readReplies(stream, 1 + ((octets[0] ?? 0) % 16)), whole)
    for (const reply of whole.replies) {
      assert.ok(reply.code >= 200 && reply.code <= 599)
      assert.match(escapeText(formatReply(reply)), /^[^\p{Cc}]*$/u)
      parseEhlo(reply)
    }
  },
  seeds: [
    '\x03220 mx.test ESMTP\r\n250-mx.test\r\n250-STARTTLS\r\n250-SIZE 1000\r\n250 PIPELINING\r\n',
    '\x01550 5.7.1 no\r\n',
    '\x07250-a\r\n251 b\r\n',
    '\x02250\n220 ready\r\ninjected',
  ].map((text) => encoder.encode(text)),
  words: [
    '250-',
    '250 ',
    '\r\n',
    '5.7.1 ',
    'STARTTLS',
    'SIZE ',
    'AUTH ',
    '8BITMIME',
    'REQUIRETLS',
    'SMTPUTF8',
    'x'.repeat(99),
  ].map((text) => encoder.encode(text)),
}

function namesAndValues(fields: readonly HeaderField[]): string[] {
  return fields.map(({ name, value }) => `${name}: ${value}`)
}

const headerTarget: Target = {
  name: 'mail-header',
  /** What is taken out is gone, and at most two line ends are added. */
  run(octets) {
    const header = readHeader(octets)
    const bare = withoutFields(octets, header, ['bcc'])
    assert.ok(bare.length <= octets.length + 4)
    const again = readHeader(bare)
    assert.ok(again.separated)
    assert.deepEqual(valuesOf(again, 'bcc'), [])
    const kept = header.fields.filter(({ name }) => name !== 'bcc')
    assert.deepEqual(namesAndValues(again.fields), namesAndValues(kept))
  },
  seeds: ['From: a@b.test\r\nBcc: c@d.test\r\n e@f.test\r\nSubject: x\r\n\r\nbody\r\n', 'TLS-Required: No\n\n'].map(
    (text) => encoder.encode(text),
  ),
  words: ['From: ', 'Bcc: ', '\r\n', '\n', ' ', '\r\n\r\n', ':', 'TLS-Required: No'].map((text) =>
    encoder.encode(text),
  ),
}

const addressListTarget = textTarget(
  'address-list',
  (text) => {
    const list = parseAddressList(text)
    if (!list.ok) {
      assert.ok(list.at >= 0 && list.at <= text.length)
      return
    }
    const again = parseAddressList(list.value.map(formatMailbox).join(', '))
    assert.deepEqual(again, list)
  },
  {
    seeds: [
      'a@b.test, "C, D" <c@d.test>',
      'group: a@b.test, (x) c@d.test;',
      '<@r.test,@s.test:a@b.test>',
      'a@[192.0.2.1]',
    ],
    words: ', ; : < > @ " ( ) [ ] \\ . a@b.test [IPv6: é',
  },
)

const mailboxTarget = textTarget(
  'mailbox',
  (text) => {
    for (const parsed of [parseMailbox(text), parseForwardPath(text), parseReversePath(text)]) {
      if (!parsed.ok || parsed.value === null) continue
      const shown = formatMailbox(parsed.value)
      assert.doesNotMatch(shown, /\p{Cc}/u)
      assert.deepEqual(parseMailbox(shown), { ok: true, value: parsed.value })
    }
  },
  {
    seeds: ['a@b.test', '"a b"@c.test', '<@r.test:a@b.test>', '<>', 'a@[IPv6:2001:db8::1]', 'grüße@bücher.test'],
    words: '@ " \\ < > [ ] . : IPv6: [192.0.2.1] é',
  },
)

const policyTarget = textTarget(
  'sts-policy',
  (text) => {
    const policy = parseStsPolicy(text)
    if (!policy.ok) {
      assert.ok(policy.at >= 0 && policy.at <= text.length)
      return
    }
    const again = parseStsPolicy(formatStsPolicy(policy.value))
    assert.ok(again.ok)
    assert.deepEqual({ ...again.value, warnings: [] }, { ...policy.value, warnings: [] })
  },
  {
    seeds: [
      'version: STSv1\nmode: enforce\nmx: *.mx.test\nmx: mx1.test\nmax_age: 604800\n',
      'version: STSv1\r\nmode: none\r\nmax_age: 60',
    ],
    words: 'version: STSv1 mode: enforce testing none mx: *. max_age: 99999999999 x-field: é \ufeff',
  },
)

const stsRecordTarget = textTarget(
  'sts-record',
  (text) => {
    const record = parseStsRecord(text)
    if (record.ok) assert.match(record.value.id, /^[A-Za-z0-9]{1,32}$/)
    const strings = text.split('\n')
    parseStsRecords(strings.map((one) => one.split('\t')))
  },
  { seeds: ['v=STSv1; id=20260101;', 'v=STSv1 ;id=a;x=y'], words: 'v=STSv1; id= ; = x= é' },
)

const tlsaTarget = textTarget(
  'tlsa-text',
  (text) => {
    const parsed = parseTlsa(text)
    if (!parsed.ok) {
      assert.ok(parsed.at >= 0 && parsed.at <= text.length)
      return
    }
    isUsable(parsed.value)
    const again = parseTlsa(formatTlsa(parsed.value))
    assert.deepEqual(plain(again), plain(parsed))
  },
  {
    seeds: [
      `3 1 1 ${'ab'.repeat(32)}`,
      `DANE-TA SPKI SHA2-256 ( ${'ab'.repeat(16)}\n${'cd'.repeat(16)} )`,
      '2 1 0 3000',
    ],
    words: 'PKIX-TA DANE-EE DANE-TA Cert SPKI Full SHA2-512 PrivCert ( ) 0 1 2 3 255 256 aa',
  },
)

const lineTarget = textTarget(
  'lines',
  /** Questions of one line and of tcp_table: whatever is quoted in an answer, it is one line with its pairs. */
  (text) => {
    const pairs = /^action=\w+(?: (?:tls=\w+|\w+="[^"\\$`{}|<>\n]*"))*$/
    assert.match(formatLineReply(defer(text)), pairs)
    const question = parseLineQuestion(text)
    if (!question.ok) assert.ok(question.at >= 0 && question.at <= text.length)
    else if (question.value.host !== undefined) {
      assert.match(formatHostReply(defer(text), question.value.host), pairs)
    }
    const key = parseTcpTableRequest(text)
    if (!key.ok) assert.ok(key.at >= 0 && key.at <= text.length)
    else assert.match(formatTcpTableReply({ kind: 'ok', data: key.value }), /^[245]00 [!-~]*$/)
  },
  {
    seeds: [
      'query example.com',
      'query [relay.example]:587 mx.example.com',
      'query bücher.example.',
      'get example.com',
      'get %5brelay.example%5d:587',
    ],
    words: 'query get . : [ ] % %20 %c3%bc example.com submission [192.0.2.1] [IPv6:::1] bücher',
  },
)

const demo = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8')

const worldTarget = textTarget(
  'world',
  (text) => {
    const world = parseWorld(text)
    if (!world.ok) assert.ok(world.at >= 0 && world.at <= text.length)
  },
  {
    seeds: [
      ...demo.split(/\n\s*\n/).slice(0, 20),
      'zone example.org nsec3 iterations=0\nexample.org MX 10 mx.example.org\nhost mx.example.org tls=yes\npolicy example.org mode=enforce mx=mx.example.org\n',
      'attack strip-starttls\nclock +1d\nsend example.org as enforcing\nexpect example.org deferred\n',
    ],
    words: [...new Set(demo.split(/\s+/))].slice(0, 200).join(' '),
  },
)

export const mailTargets: readonly Target[] = [
  replyTarget,
  headerTarget,
  addressListTarget,
  mailboxTarget,
  policyTarget,
  stsRecordTarget,
  tlsaTarget,
  lineTarget,
  worldTarget,
]
