import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { limits } from '../../../core/limits.ts'
import { formatMailbox } from '../../../core/smtp/mailbox.ts'
import { prepareSubmission, readMessage } from './send-message.ts'

const received = 'Received: by mail.test (Waxseal);\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n'

function prepare(text: string, recipientsFromHeader = false) {
  const found = prepareSubmission(Buffer.from(text), { by: 'mail.test', now: 0, recipientsFromHeader })
  if ('problem' in found) return { problem: found.problem }
  const { message, recipients, waivesTls } = found.submission
  return { message: Buffer.from(message).toString(), recipients: recipients.map(formatMailbox), waivesTls }
}

test('RFC 5321 §4.4: a message gets a trace field and nothing else', () => {
  assert.equal(prepare('Subject: x\n\nbody\n').message, `${received}Subject: x\n\nbody\n`)
})

test('Bcc is taken out, whether or not it names the recipients', () => {
  for (const fromHeader of [true, false]) {
    const { message } = prepare('To: a@b.test\nBcc: c@d.test,\n e@f.test\n\nbody\n', fromHeader)
    assert.equal(message, `${received}To: a@b.test\n\nbody\n`)
  }
})

test('To, Cc and Bcc name the recipients when asked', () => {
  const text = 'Cc: b@b.test\nTo: A <a@b.test>, G: x@y.test;\nBcc: c@d.test\nTo: second@b.test\nFrom: no@b.test\n\n'
  assert.deepEqual(prepare(text, true).recipients, ['a@b.test', 'x@y.test', 'second@b.test', 'b@b.test', 'c@d.test'])
  assert.deepEqual(prepare(text, false).recipients, [])
})

test('RFC 5322 §3.6.6: a message sent again goes to those of its Resent- fields, and Resent-Bcc is taken out', () => {
  const text = 'Resent-To: d@b.test\nResent-Bcc: e@b.test\nTo: a@b.test\nBcc: c@b.test\n\nbody\n'
  const { message, recipients } = prepare(text, true)
  assert.deepEqual(recipients, ['d@b.test', 'e@b.test'])
  assert.equal(message, `${received}Resent-To: d@b.test\nTo: a@b.test\n\nbody\n`)
})

test('the line that sets messages apart in a mailbox file is left out', () => {
  const text = 'From me@b.test Thu Jan  1 00:00:00 1970\nTo: a@b.test\nBcc: c@b.test\n\nFrom here\n'
  const { message, recipients } = prepare(text, true)
  assert.deepEqual(recipients, ['a@b.test', 'c@b.test'])
  assert.equal(message, `${received}To: a@b.test\n\nFrom here\n`)
  assert.equal(prepare('From: x\n\n').message, `${received}From: x\n\n`)
})

test('with -t a line that is no field is a problem, as recipients and Bcc may stand behind it', () => {
  const text = 'To: a@b.test\nno \x07field\nBcc: c@b.test\n\nbody\n'
  assert.deepEqual(prepare(text, true), { problem: 'a line of the header is no field: "no \\x07field"' })
  assert.equal(prepare(text).message, `${received}To: a@b.test\n\r\nno \x07field\nBcc: c@b.test\n\nbody\n`)
})

test('a header longer than its bound is a problem, as fields behind it would not be seen', () => {
  const text = `${'a: b\n'.repeat(limits.smtp.headerOctets / 5 + 1)}Bcc: c@d.test\n\n`
  assert.match(prepare(text).problem ?? '', /^the header is longer than \d+ octets$/)
})

test('text without a header becomes the body', () => {
  assert.equal(prepare('hello\nthere\n').message, `${received}\r\nhello\nthere\n`)
})

test('a recipient field that cannot be read is a problem, shown escaped', () => {
  assert.deepEqual(prepare('To: a@b.test c@d.test \x07\n\n', true), {
    problem: 'cannot read the to field (syntax): "a@b.test c@d.test \\x07"',
  })
})

test('DLV-55: TLS-Required: No is noticed', () => {
  assert.equal(prepare('TLS-Required: No\n\n').waivesTls, true)
  assert.equal(prepare('Subject: x\n\n').waivesTls, false)
})

test('a message is read whole', async () => {
  const found = await readMessage(Readable.from([Buffer.from('a'), Buffer.from('b')]), new AbortController().signal)
  assert.equal(found.ok && found.value.toString(), 'ab')
})

test('nothing at all is no message, and neither is what cannot be read', async () => {
  const { signal } = new AbortController()
  assert.deepEqual(await readMessage(Readable.from([]), signal), { ok: false, fault: 'empty', at: 0 })
  const broken = new Readable({ read: () => broken.destroy(new Error('EIO')) })
  assert.deepEqual(await readMessage(broken, signal), { ok: false, fault: 'unreadable', at: 0 })
})

test('an interrupt ends the reading', async () => {
  const controller = new AbortController()
  const reading = readMessage(new Readable({ read: () => controller.abort() }), controller.signal)
  await assert.rejects(reading)
})

test('more than a message may have is refused before all of it was read', async () => {
  const block = Buffer.alloc(1024 * 1024)
  let given = 0
  const endless = Readable.from(
    (function* () {
      for (;;) {
        given++
        yield block
      }
    })(),
  )
  const found = await readMessage(endless, new AbortController().signal)
  assert.equal(found.ok, false)
  assert.ok(given < 200)
})
