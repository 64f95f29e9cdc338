// nodemailer hands messages to our transport, which delivers them in the lab.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { limits } from '../../src/core/limits.ts'
import { createWaxseal, type WaxsealOptions } from '../../src/index.ts'
import { createWaxsealTransport, type SentMessageInfo, WaxsealTransportError } from '../../src/nodemailer.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'

let lab: Lab
let options: WaxsealOptions
let transporter: ReturnType<typeof createTransport<SentMessageInfo>>

before(async () => {
  lab = await startLab(`world  one domain with DANE, one whose TLSA record fits nothing, one that has no mail
zone example.org
zone example.org MX 10 mx.example.org
zone _25._tcp.mx.example.org TLSA 3 1 1 {mx.example.org.spki.sha256}
host mx.example.org certificate=self-signed refuses=nobody defers=later
zone wrong.example
zone wrong.example MX 10 mx.wrong.example
zone _25._tcp.mx.wrong.example TLSA 3 1 1 {zeros.32}
host mx.wrong.example
zone null.example
zone null.example MX 0 .
`)
  const { network, clock, rootHints, trustAnchors, ca } = lab
  options = { engine: 'iterate', network, clock, rootHints, trustAnchors, ca, clientName: 'sender.example' }
  transporter = createTransport(createWaxsealTransport(options))
})

after(async () => {
  transporter.close()
  await lab.close()
})

function send(more: SendMailOptions): Promise<SentMessageInfo> {
  return transporter.sendMail({ from: 'Me <me@sender.example>', subject: 'hello', text: 'hello', ...more })
}

async function failure(more: SendMailOptions): Promise<WaxsealTransportError> {
  const [error] = await Promise.all([
    send(more).then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  ])
  assert.ok(error instanceof WaxsealTransportError, String(error))
  return error
}

test('a message arrives over DANE, without its Bcc, and nodemailer is told how', async () => {
  const info = await send({
    to: 'You <you@example.org>',
    bcc: 'other@example.org',
    text: 'line\n.dot\nend',
    attachments: [{ filename: 'a.bin', content: Readable.from([Buffer.alloc(100_000, 7)]) }],
  })
  assert.deepEqual([...info.accepted].sort(), ['other@example.org', 'you@example.org'])
  assert.deepEqual([info.rejected, info.pending, info.rejectedErrors], [[], [], []])
  assert.match(info.response, /^250 /)
  assert.deepEqual([info.envelope.from, info.report.recipients[0]?.protection], ['me@sender.example', 'verified'])
  const received = lab.received.at(-1)
  assert.ok(received)
  assert.ok(received.text.includes(`Message-ID: ${info.messageId}\r\n`))
  assert.ok(received.text.includes('line\r\n.dot\r\nend'))
  assert.doesNotMatch(received.text, /^Bcc:/m)
  assert.ok(info.messageSize > 100_000)
})

test('of several recipients each is told of by itself', async () => {
  const to = ['you@example.org', 'nobody@example.org', 'later@example.org', 'a@wrong.example', 'b@null.example']
  const { accepted, rejected, pending, rejectedErrors } = await send({ to })
  assert.deepEqual(
    [accepted, rejected, pending],
    [['you@example.org'], ['nobody@example.org', 'b@null.example'], ['later@example.org', 'a@wrong.example']],
  )
  assert.deepEqual(
    rejectedErrors.map(({ recipient, code, responseCode }) => [recipient, code, responseCode]),
    [
      ['nobody@example.org', 'EENVELOPE', 550],
      ['later@example.org', 'EDEFERRED', 450],
      ['a@wrong.example', 'EDEFERRED', 451],
      ['b@null.example', 'EENVELOPE', 556],
    ],
  )
  assert.match(String(rejectedErrors[2]?.response), /^451 4\.7\.5 \[dane\] /)
})

const failures: [why: string, mail: SendMailOptions, code: string, responseCode: number | undefined][] = [
  ['the host does not show what the domain publishes', { to: 'a@wrong.example' }, 'EDEFERRED', 451],
  ['the user is unknown', { to: 'nobody@example.org' }, 'EENVELOPE', 550],
  ['the domain takes no mail', { to: 'a@null.example' }, 'EENVELOPE', 556],
  ['one must wait and one is refused', { to: ['nobody@example.org', 'a@wrong.example'] }, 'EDEFERRED', 451],
  ['there are no recipients', {}, 'EENVELOPE', undefined],
  ['an address is none', { envelope: { from: '', to: ['a@-no-.example'] } }, 'EENVELOPE', 553],
  ['REQUIRETLS is not offered', { to: 'a@example.org', requireTLSExtensionEnabled: true }, 'EENVELOPE', 550],
]

for (const [why, mail, code, responseCode] of failures) {
  test(`sendMail rejects when ${why}: ${code}`, async () => {
    const before = lab.received.length
    const error = await failure(mail)
    assert.deepEqual([error.code, error.responseCode], [code, responseCode])
    assert.equal(lab.received.length, before)
  })
}

test('a stream that fails sends nothing, and one without an end is not read on', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('the disk is gone'))
    },
  })
  assert.equal((await failure({ to: 'you@example.org', raw: broken })).code, 'ESTREAM')
  let pieces = 0
  const piece = Buffer.alloc(1024 * 1024, 'x')
  const endless = new Readable({
    read() {
      pieces++
      this.push(piece)
    },
  })
  const error = await failure({ to: 'you@example.org', raw: endless })
  assert.deepEqual([error.code, error.responseCode], ['EMESSAGE', 552])
  assert.ok(pieces < limits.smtp.messageOctets / piece.length + 50, `${pieces} pieces were read`)
  assert.ok(endless.destroyed)
})

test('an aborted message goes nowhere', async () => {
  const aborting = new AbortController()
  const stream = new Readable({
    read() {
      aborting.abort()
    },
  })
  await assert.rejects(send({ to: 'you@example.org', raw: stream, signal: aborting.signal }), { code: 'EABORT' })
  assert.ok(stream.destroyed)
})

test('the empty sender is the empty reverse-path', async () => {
  const info = await send({ envelope: { from: '', to: 'you@example.org' } })
  assert.equal(info.report.sender, null)
})

test('verify shows that DNS is validated, and that it is not', async () => {
  assert.equal(await transporter.verify(), true)
  const wrong = `. IN DS 1 13 2 ${'00'.repeat(32)}`
  const other = createTransport(createWaxsealTransport({ ...options, trustAnchors: wrong }))
  await assert.rejects(other.verify(), { code: 'ECONFIG' })
  other.close()
})

test('a transport is idle until it has much to do, and a Waxseal that was given outlives it', async () => {
  const waxseal = createWaxseal(options)
  const transport = createWaxsealTransport({ waxseal })
  const own = createTransport(transport)
  assert.ok(own.isIdle())
  const many = Array.from({ length: limits.smtp.domainsAtOnce }, () =>
    own.sendMail({ from: 'me@sender.example', to: 'you@example.org', text: 'x' }),
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(!own.isIdle())
  await Promise.all(many)
  assert.ok(own.isIdle())
  own.close()
  assert.equal((await waxseal.explain('example.org')).decision.action, 'deliver')
  await waxseal.close()
})

test('the transport names the version of the package', () => {
  const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const transport = createWaxsealTransport(options)
  assert.deepEqual([transport.name, transport.version], ['Waxseal', version])
  transport.close()
})
