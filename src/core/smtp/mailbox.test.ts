import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { commands } from './command.ts'
import {
  formatMailbox,
  type MailboxFault,
  needsUtf8,
  parseForwardPath,
  parseMailbox,
  parseReversePath,
} from './mailbox.ts'

const accepted: [text: string, shown: string][] = [
  ['a@b.test', 'a@b.test'],
  ['A.b+c@B.Test', 'A.b+c@b.test'],
  ["!#$%&'*+-/=?^_`{|}~@b.test", "!#$%&'*+-/=?^_`{|}~@b.test"],
  ['"a b"@b.test', '"a b"@b.test'],
  ['"a@b"@b.test', '"a@b"@b.test'],
  ['"a\\"b\\\\"@b.test', '"a\\"b\\\\"@b.test'],
  ['"plain"@b.test', 'plain@b.test'],
  ['"pl\\ain"@b.test', 'plain@b.test'],
  ['""@b.test', '""@b.test'],
  ['"a..b"@b.test', '"a..b"@b.test'],
  ['grüße@b.test', 'grüße@b.test'],
  ['a@MÜNCHEN.example', 'a@xn--mnchen-3ya.example'],
  ['a@[192.0.2.1]', 'a@[192.0.2.1]'],
  ['a@[IPv6:2001:DB8::1]', 'a@[IPv6:2001:db8::1]'],
  ['a@[ipv6:::]', 'a@[IPv6:::]'],
  ['a@[IPv6:::ffff:192.0.2.1]', 'a@[IPv6:::ffff:192.0.2.1]'],
  ['a@[IPv6:1:2:3:4:5:6:7:8]', 'a@[IPv6:1:2:3:4:5:6:7:8]'],
]
for (const [text, shown] of accepted) {
  test(`RFC 5321 §4.1.2: ${text} is a mailbox`, () => {
    const parsed = parseMailbox(text)
    assert.equal(parsed.ok ? formatMailbox(parsed.value) : parsed.fault, shown)
  })
}

const refused: [text: string, fault: MailboxFault][] = [
  ['', 'syntax'],
  ['a', 'syntax'],
  ['@b.test', 'syntax'],
  ['a@', 'domain'],
  ['a@b@c.test', 'domain'],
  ['a b@c.test', 'local-part'],
  ['.a@c.test', 'local-part'],
  ['a.@c.test', 'local-part'],
  ['a..b@c.test', 'local-part'],
  ['a\r\nRCPT TO:<x@c.test', 'local-part'],
  ['a@c.test\r\nDATA', 'domain'],
  ['"a\r\n"@c.test', 'local-part'],
  ['"a\0"@c.test', 'local-part'],
  ['"a\\\n"@c.test', 'local-part'],
  ['a\u0085b@c.test', 'local-part'],
  ['a\u2028b@c.test', 'local-part'],
  ['a\ud800@c.test', 'local-part'],
  ['a\ufffd@c.test', 'local-part'],
  ['"a@c.test', 'syntax'],
  ['"a"b@c.test', 'syntax'],
  ['a@b.test>', 'domain'],
  ['a@[192.0.2.256]', 'literal'],
  ['a@[192.0.2.01]', 'literal'],
  ['a@[2001:db8::1]', 'literal'],
  ['a@[IPv6:fe80::1%eth0]', 'literal'],
  ['a@[IPv6:1::2::3]', 'literal'],
  ['a@[IPv6:1:2:3:4:5:6:7]', 'literal'],
  ['a@[IPv6:1:2:3:4:5:6:7::8]', 'literal'],
  ['a@[IPv6:1.2.3.4::]', 'literal'],
  ['a@[x400:c=de]', 'literal'],
  ['a@[192.0.2.1', 'literal'],
  [`${'x'.repeat(254)}@b.test`, 'too-long'],
]
for (const [text, fault] of refused) {
  test(`${JSON.stringify(text.slice(0, 30))} is no mailbox: ${fault}`, () => {
    const parsed = parseMailbox(text)
    assert.equal(parsed.ok ? undefined : parsed.fault, fault)
  })
}

for (const [text, shown] of [
  ['user@MÜNCHEN.example', 'user@xn--mnchen-3ya.example'],
  ['user@faß.example', 'user@xn--fa-hia.example'],
  ['user@Example.ORG.', 'user@example.org'],
  ['user@a/b.example', 'domain'],
  ['user@0x7f.1', 'domain'],
  ['user@a_b.example', 'domain'],
  ['user@xn--a.example', 'domain'],
  [`user@${'x'.repeat(64)}.example`, 'domain'],
] as const) {
  test(`DLV-60, DLV-61, DLV-63: mail to ${text.slice(0, 30)} is mail to ${shown}`, () => {
    const parsed = parseMailbox(text)
    assert.equal(parsed.ok ? formatMailbox(parsed.value) : parsed.fault, shown)
  })
}

test('a path may have brackets and an old source route', () => {
  for (const text of ['<a@b.test>', 'a@b.test', '<@relay.test,@other.test:a@b.test>']) {
    const parsed = parseForwardPath(text)
    assert.equal(parsed.ok && formatMailbox(parsed.value), 'a@b.test')
  }
})

test('RFC 5321 §4.5.5: only <> is the null reverse-path', () => {
  assert.deepEqual(parseReversePath('<>'), { ok: true, value: null })
  assert.equal(parseReversePath('').ok, false)
})

test('RFC 6531 §3.2: a local part beyond ASCII needs SMTPUTF8, a domain does not', () => {
  const needs = (text: string) => {
    const parsed = parseMailbox(text)
    return parsed.ok && needsUtf8(parsed.value)
  }
  assert.deepEqual([needs('ü@b.test'), needs('a@ü.test'), needs('a@b.test')], [true, false, false])
})

test('any text is refused or becomes one command line, and what is shown is read as the same', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      '@',
      '"',
      '\\',
      '.',
      '\r',
      '\n',
      '\0',
      ' ',
      '<',
      '>',
      '[',
      ']',
      'b.test',
      '@b.test',
      'ü',
      '\u0085',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const parsed = parseForwardPath(pieces.join(''))
      if (!parsed.ok) return
      assert.doesNotMatch(commands.rcpt(parsed.value).slice(0, -2), /[\r\n\0]/)
      assert.deepEqual(parseMailbox(formatMailbox(parsed.value)), parsed)
    }),
    { numRuns: 500 },
  )
})

test('any quoted text of the grammar is a local part', () => {
  const inside = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
  fc.assert(
    fc.property(inside, (text) => {
      const parsed = parseMailbox(`"${text.replace(/["\\]/g, '\\$&')}"@b.test`)
      assert.equal(parsed.ok && parsed.value.localPart, text)
    }),
  )
})
