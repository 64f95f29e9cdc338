import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Mailbox, parseMailbox } from '../../../core/smtp/mailbox.ts'
import { createReplyReader } from '../../../core/smtp/reply.ts'
import type { RecipientReport } from '../../../io/delivery/report.ts'
import { ourStatus, peerStatus, type Status } from '../../../io/delivery/status.ts'
import { createOut } from '../out.ts'
import { exitStatus, toJson, writeReport } from './send-report.ts'

const mailbox = (text: string): Mailbox => {
  const parsed = parseMailbox(text)
  assert.ok(parsed.ok)
  return parsed.value
}

function said(kind: Status['kind'], text: string): Status {
  const reader = createReplyReader()
  reader.push(Buffer.from(`${text}\r\n`))
  const reply = reader.take()
  assert.ok(reply?.ok)
  return peerStatus(kind, reply.value)
}

function recipient(text: string, status: Status, more: Partial<RecipientReport> = {}): RecipientReport {
  const nowhere = { host: undefined, address: undefined, row: undefined, protection: undefined }
  return { mailbox: mailbox(text), status, ...nowhere, ...more }
}

const delivered = recipient('a@b.test', said('delivered', '250 2.0.0 taken'), {
  ...{ host: 'mx.b.test', address: '192.0.2.1', protection: 'verified' },
})
const held = recipient('c@d.test', ourStatus('no-starttls', 'starttls', 'the server does not offer STARTTLS'))
const report = (...recipients: RecipientReport[]) => ({ sender: null, recipients, domains: [] })

function shown(recipients: readonly RecipientReport[], columns = 80): string[] {
  let text = ''
  const sink = {
    write: (piece: string) => {
      text += piece
      return true
    },
    once: () => undefined,
  }
  const out = createOut({ stdout: sink, stderr: sink, environment: { COLUMNS: String(columns) } })
  writeReport(report(...recipients), out)
  return text.trimEnd().split('\n')
}

const refused = (text: string) => recipient('x@y.test', said('permanent', text))
const statuses: [claim: string, recipients: RecipientReport[], status: number][] = [
  ['everyone got it', [delivered, delivered], 0],
  ['one of several must wait', [delivered, held, refused('550 5.1.1 no')], 75],
  ['there is no such mailbox', [delivered, refused('550 5.1.1 no')], 67],
  ['there is no such domain', [recipient('x@y.test', ourStatus('no-such-domain', 'dns', 'none'))], 68],
  ['the domain takes no mail', [recipient('x@y.test', ourStatus('null-mx', 'dns', 'none'))], 68],
  ['the message is not as it must be', [recipient('x@y.test', ourStatus('needs-8bitmime', 'smtp', '8 bits'))], 65],
  ['a server refuses without saying why', [refused('550 no')], 69],
  ['a server refuses the sender', [refused('550 5.7.1 no')], 69],
  ['there are several reasons', [refused('550 5.1.1 no'), refused('550 5.1.2 no')], 69],
]
for (const [claim, recipients, status] of statuses) {
  test(`the exit status is ${status} when ${claim}`, () => assert.equal(exitStatus(report(...recipients)), status))
}

test('verdicts stand below each other, however long the addresses are', () => {
  const long = `${'x'.repeat(60)}@a-very-long-name-of-a-domain.test`
  assert.deepEqual(shown([delivered, held, { ...refused('550 5.1.1 no such user'), mailbox: mailbox(long) }]), [
    'delivered  a@b.test',
    '           over TLS, verified as the domain wants it',
    '           250 2.0.0 taken',
    '           at mx.b.test [192.0.2.1]',
    'not yet    c@d.test',
    '           451 4.7.4 [starttls] the server does not offer STARTTLS',
    `refused    ${long}`,
    '           550 5.1.1 no such user',
    '1 delivered, 1 not yet, 1 refused',
  ])
})

test('one recipient needs no sums', () => assert.equal(shown([held]).length, 2))

test('long words of a server are broken at the width of the terminal, and cut', () => {
  const lines = shown([refused(`550 5.7.1 ${'spam and more '.repeat(100)}`)], 60)
  assert.ok(lines.every((line) => line.length <= 60))
  assert.ok(lines.length < 10)
  assert.match(lines.at(-1) ?? '', /\.\.\.$/)
})

test('nothing that a terminal obeys is shown', () => {
  const lines = shown([refused('550 5.7.1 \x1b[2J\u202eevil\x9b')])
  assert.equal(lines[1], '           550 5.7.1 \\x1b[2J\\u202eevil\\x9b')
})

test('DLV-10: an address literal is not named twice', () => {
  const [, , where] = shown([{ ...held, mailbox: mailbox('a@[192.0.2.1]'), host: '[192.0.2.1]', address: '192.0.2.1' }])
  assert.equal(where, '           at [192.0.2.1]')
})

test('as JSON every recipient has every key, and a server its own words', () => {
  const { schema, sender, recipients } = JSON.parse(toJson(report(delivered, held)))
  assert.deepEqual([schema, sender], ['waxseal.send/1', ''])
  assert.deepEqual(recipients[1], {
    ...{ recipient: 'c@d.test', outcome: 'temporary', code: 451, enhancedCode: '4.7.4' },
    ...{ text: '[starttls] the server does not offer STARTTLS', wordsOf: 'us' },
    ...{ host: null, address: null, row: null, protection: null },
  })
  assert.deepEqual([recipients[0].text, recipients[0].wordsOf], ['250 2.0.0 taken', 'peer'])
})
