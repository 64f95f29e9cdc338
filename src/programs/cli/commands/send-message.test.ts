import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
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
