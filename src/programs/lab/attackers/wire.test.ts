import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { openMint } from '../certificates/mint.ts'
import { createDiary, type Diary, wasReadByAttacker } from '../diary.ts'
import { type Front, openFront } from '../hosts/front.ts'
import { createMailHost } from '../hosts/mail-host.ts'
import { hostOf } from '../world/statements.ts'
import { createWire, garblingEhlo, injectingAfterStartTls, strippingStartTls, type Tampering } from './wire.ts'

interface Scene {
  readonly diary: Diary
  readonly socket: Socket
  /** Sends a command and resolves to what comes back until the last line of a reply. */
  say(command: string): Promise<string>
}

async function withWire(tampering: Tampering, act: (scene: Scene) => Promise<void>): Promise<void> {
  const diary = createDiary()
  const host = hostOf('mx.example.org')
  const credential = await (await openMint()).issue(host.certificate)
  const at = { address: '127.0.0.1', port: 0 }
  const real = await openFront(at, createMailHost({ host, credential, by: 'recipient', diary }))
  const toReal = () => connect(real.endpoint.port, real.endpoint.address)
  const wire = await openFront(at, createWire({ host: host.name, connect: toReal, tampering, diary }))
  const socket = connect(wire.endpoint.port, wire.endpoint.address)
  try {
    await read(socket)
    await act({
      diary,
      socket,
      say(command) {
        socket.write(`${command}\r\n`)
        return read(socket)
      },
    })
  } finally {
    socket.destroy()
    await Promise.all([real, wire].map((front: Front) => front.close()))
  }
}

async function read(socket: Socket): Promise<string> {
  let text = ''
  while (!/^\d{3} .*\r\n$/m.test(text)) text += String((await once(socket, 'data'))[0])
  return text
}

test('a stripping attacker takes STARTTLS away, and reads what then goes in clear', () =>
  withWire(strippingStartTls, async ({ say, diary }) => {
    assert.doesNotMatch(await say('EHLO a.example'), /STARTTLS/)
    assert.match(await say('STARTTLS'), /^502 /)
    await say('MAIL FROM:<a@a.example>')
    await say('RCPT TO:<b@example.org>')
    await say('DATA')
    await say('Subject: secret-1\r\n\r\nhello\r\n.')
    assert.deepEqual(
      diary.received.map(({ host, by, tls }) => ({ host, by, tls })),
      [{ host: 'mx.example.org', by: 'recipient', tls: undefined }],
    )
    assert.ok(wasReadByAttacker(diary, 'secret-1'))
  }))

test('a garbling attacker leaves a keyword that nobody knows', () =>
  withWire(garblingEhlo, async ({ say }) => assert.match(await say('EHLO a.example'), /250[ -]XXXXXXXA\r\n/)))

test('an injecting attacker adds a reply behind 220', () =>
  withWire(injectingAfterStartTls, async ({ say }) =>
    assert.equal(await say('STARTTLS'), '220 2.0.0 go\r\n250 2.0.0 injected\r\n'),
  ))

test('what goes inside TLS passes and is not read', () =>
  withWire({}, async ({ say, socket, diary }) => {
    await say('STARTTLS')
    const secured = connectTls({ socket, rejectUnauthorized: false })
    await once(secured, 'secureConnect')
    for (const command of [
      'EHLO a.example',
      'MAIL FROM:<a@a.example>',
      'RCPT TO:<b@example.org>',
      'DATA',
      'secret-2\r\n.',
    ]) {
      secured.write(`${command}\r\n`)
      await read(secured)
    }
    secured.destroy()
    assert.match(diary.received[0]?.tls?.protocol ?? '', /^TLSv1\.3$/)
    assert.ok(!wasReadByAttacker(diary, 'secret-2'))
  }))
