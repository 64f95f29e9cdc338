import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { commands } from './command.ts'
import { type Mailbox, parseMailbox } from './mailbox.ts'

for (const character of ['\r', '\n', '\0', '\t', '\x1b', '\x7f']) {
  test(`a command never holds ${JSON.stringify(character)}`, () => {
    assert.throws(() => commands.ehlo(`c.test${character}`), TypeError)
    const forged = { localPart: `a${character}`, domain: { kind: 'literal', family: 4, address: '192.0.2.1' } }
    assert.throws(() => commands.rcpt(forged as unknown as Mailbox), TypeError)
  })
}

test('a command is never longer than its bound, nor is any that a mailbox can make', () => {
  assert.throws(() => commands.ehlo('x'.repeat(limits.smtp.commandOctets)), RangeError)
  const longest = parseMailbox(`${'x'.repeat(limits.smtp.mailboxOctets - 7)}@b.test`)
  assert.ok(longest.ok)
  const all = { size: 1e15, eightBitMime: true, smtpUtf8: true, requireTls: true }
  assert.equal(
    commands.mail(longest.value, all).endsWith(' SIZE=1000000000000000 BODY=8BITMIME SMTPUTF8 REQUIRETLS\r\n'),
    true,
  )
})
