import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReplyReader, type Reply } from '../smtp/reply.ts'
import { findOffer, readEhlo, readGreeting, readStartTlsAnswer } from './talk.ts'

function reply(text: string): Reply {
  const reader = createReplyReader()
  reader.push(Buffer.from(`${text.replaceAll('\n', '\r\n')}\r\n`))
  const taken = reader.take()
  assert.ok(taken?.ok)
  return taken.value
}

const greetings: readonly [text: string, expected: Partial<ReturnType<typeof readGreeting>>][] = [
  [
    '220 mx.example.org ESMTP Postfix',
    { name: 'mx.example.org', nameFault: undefined, saysEsmtp: true, isMasked: false },
  ],
  ['220-mx.example.org ESMTP\n220 no spam', { name: 'mx.example.org', saysEsmtp: true, isMasked: false }],
  ['220 mx.example.org SMTP ready', { saysEsmtp: false }],
  ['220 *********2***0****', { nameFault: 'not-a-name', isMasked: true }],
  ['220 mx.example.org XXXXXXXXXXXX', { isMasked: true }],
  ['220', { name: '', nameFault: 'missing' }],
  ['220 mail ESMTP', { nameFault: 'single-label' }],
  ['220 localhost.localdomain ESMTP', { nameFault: 'localhost' }],
  ['220 [192.0.2.1] ESMTP', { nameFault: 'address-literal' }],
  ['220 mx_1.example.org ESMTP', { nameFault: undefined }],
  ['220 \x1b[31mred ESMTP', { nameFault: 'not-a-name' }],
]
for (const [text, expected] of greetings) {
  test(`the greeting ${JSON.stringify(text)}`, () => {
    const greeting = readGreeting(reply(text))
    for (const [key, value] of Object.entries(expected))
      assert.equal(greeting[key as keyof typeof greeting], value, key)
  })
}

const offers: readonly [why: string, lines: string, expected: ReturnType<typeof findOffer>][] = [
  ['STLS-1 the keyword in any case', '250-mx.test\n250 StartTls', { kind: 'offered' }],
  ['no such keyword', '250-mx.test\n250-SIZE 100\n250 XCLIENT NAME', { kind: 'absent' }],
  [
    'Cisco crosses',
    '250-mx.test\n250-XXXXXXXA\n250 SIZE',
    { kind: 'garbled', keyword: 'XXXXXXXA', how: 'crossed-out' },
  ],
  ['eight crosses', '250-mx.test\n250 XXXXXXXX', { kind: 'garbled', keyword: 'XXXXXXXX', how: 'crossed-out' }],
  ['asterisks', '250-mx.test\n250 ********', { kind: 'garbled', keyword: '********', how: 'crossed-out' }],
  ['one letter changed', '250-mx.test\n250 STARTTLX', { kind: 'garbled', keyword: 'STARTTLX', how: 'altered' }],
  ['one letter left out', '250-mx.test\n250 STARTLS', { kind: 'garbled', keyword: 'STARTLS', how: 'altered' }],
  ['crosses beside the keyword', '250-mx.test\n250-XXXX\n250 STARTTLS', { kind: 'offered' }],
  ['keywords that only begin with X', '250-mx.test\n250-X-EXPS\n250-XEXCH50\n250 X-LINK2STATE', { kind: 'absent' }],
  ['the keyword as the name of the host alone', '250 STARTTLS', { kind: 'absent' }],
]
for (const [why, lines, expected] of offers) {
  test(`the offer of ${why}`, () => assert.deepEqual(findOffer(readEhlo('EHLO', reply(lines))), expected))
}

test('after HELO, or without an answer, the offer is unknown and not absent', () => {
  assert.equal(findOffer(readEhlo('HELO', reply('250 mx.test'))).kind, 'unknown')
  assert.equal(findOffer({ kind: 'lost' }).kind, 'unknown')
})

const answers: readonly [text: string, kind: ReturnType<typeof readStartTlsAnswer>['kind']][] = [
  ['220 2.0.0 ready', 'accepted'],
  ['454 4.7.0 TLS not available', 'unavailable'],
  ['421 4.3.2 closing', 'busy'],
  ['501 5.5.4 no parameters', 'refused'],
  ['500 5.5.1 Command unrecognized', 'refused'],
  ['502 5.5.1 STARTTLS not supported', 'refused'],
  ['500 5.5.1 Command unrecognized: "XXXXXXXX"', 'mangled'],
  ['500 Unknown command STARTTLX', 'mangled'],
  ['250 ok', 'unexpected'],
  ['354 go on', 'unexpected'],
]
for (const [text, kind] of answers) {
  test(`STLS-2 the answer ${JSON.stringify(text)} is ${kind}`, () =>
    assert.equal(readStartTlsAnswer(reply(text)).kind, kind))
}
