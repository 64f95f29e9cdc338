import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, test } from 'node:test'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import {
  alertRecord,
  type SmtpScript,
  type SmtpTestServer,
  startSmtpServer,
} from '../../../test/support/smtp-server.ts'
import { parseMailbox } from '../../core/smtp/mailbox.ts'
import { scanMessage } from '../../core/smtp/message-facts.ts'
import type { SessionPlan } from '../../core/smtp/session-state.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import type { Network } from '../network.ts'
import type { TlsFacts } from './handshake.ts'
import { runSession, type SessionIo, type SessionRecord } from './run-session.ts'
import { createTlsProfile } from './tls-profile.ts'

const host = 'mx.example.org'
const mint = await openMint()
const good = await mint.issue(describeCertificate(host, {}))
const selfSigned = await mint.issue(describeCertificate(host, { certificate: 'self-signed' }))
const profile = createTlsProfile({ ca: mint.root, environment: {} })
const clock = { now: () => Date.parse('2026-11-24T12:00:00Z') }

const servers: SmtpTestServer[] = []
after(() => Promise.all(servers.map((server) => server.close())))

interface Wish {
  tls?: SessionPlan['tls']
  message?: string
  to?: string[]
  requireTls?: boolean
  serverName?: string | undefined
  judge?: (facts: TlsFacts) => boolean
  io?: Partial<SessionIo>
  network?: (ports: Record<string, number>) => Network
}

async function converse(script: SmtpScript, wish: Wish = {}) {
  const server = await startSmtpServer({ offers: ['STARTTLS'], credential: good, ...script })
  servers.push(server)
  const message = Buffer.from(wish.message ?? 'Subject: x\n\n.y\n')
  const record = await runSession(
    {
      endpoint: { address: '192.0.2.1', port: 25 },
      chosenBy: 'stranger',
      host,
      plan: {
        clientName: 'client.test',
        tls: wish.tls ?? 'required',
        mail: {
          sender: null,
          recipients: (wish.to ?? ['a@example.org']).map((text) => {
            const parsed = parseMailbox(text)
            assert.ok(parsed.ok)
            return parsed.value
          }),
          message: scanMessage(message),
          requireTls: wish.requireTls ?? false,
        },
      },
      message,
      tls: {
        context: profile.strict,
        serverName: 'serverName' in wish ? wish.serverName : host,
        judge: wish.judge ?? (() => true),
      },
    },
    { network: (wish.network ?? fakeNetwork)({ '192.0.2.1:25': server.port }), clock, ...wish.io },
  )
  const [seen] = server.sessions
  assert.ok(seen !== undefined)
  return { record, seen, server }
}

const fates = ({ fates: list }: SessionRecord) => list.map(({ kind }) => kind)
const text = ({ transcript }: SessionRecord) => transcript.map((entry) => `${entry.kind} ${entry.text}`)

test('a message goes through STARTTLS and arrives as it was, dots and all', async () => {
  const { record, seen } = await converse({})
  assert.deepEqual(fates(record), ['delivered'])
  assert.deepEqual(record.end, { kind: 'completed' })
  assert.deepEqual(seen.messages, ['Subject: x\r\n\r\n..y\r\n'])
  assert.deepEqual(seen.lines, [
    'EHLO client.test',
    'STARTTLS',
    '-- tls --',
    'EHLO client.test',
    'MAIL FROM:<>',
    'RCPT TO:<a@example.org>',
    'DATA',
    'QUIT',
  ])
})

test('STLS-3: what follows 220 to STARTTLS is a ClientHello', async () => {
  const { seen } = await converse({})
  assert.equal(seen.firstTlsOctet, 0x16)
})

test('TLS-20, DANE-50: the server name is sent as it was given', async () => {
  const { seen } = await converse({}, { serverName: 'base.example.net' })
  assert.equal(seen.serverName, 'base.example.net')
})

test('no server name is sent when none is given', async () => {
  const { seen, record } = await converse({}, { serverName: undefined })
  assert.equal(seen.serverName, undefined)
  assert.deepEqual(fates(record), ['delivered'])
})

test('the facts of TLS are the chain as sent, version, suite and the verdict on the chain', async () => {
  let facts: TlsFacts | undefined
  const judge = (found: TlsFacts) => {
    facts = found
    return true
  }
  const { record } = await converse({}, { judge })
  assert.equal(record.tls, facts)
  assert.deepEqual(
    facts?.chain.map(({ subject }) => subject),
    [`CN=${host}`, 'CN=Lab Public Intermediate'],
  )
  assert.equal(facts?.protocol, 'TLSv1.3')
  assert.match(facts?.cipher ?? '', /^TLS_AES_/)
  assert.equal(facts?.chainError, undefined)
})

test('a chain to no trusted root is told by its name, and refused by nobody but the judge', async () => {
  const { record } = await converse({ credential: selfSigned })
  assert.match(record.tls?.chainError ?? '', /SELF_SIGNED/)
  assert.deepEqual(fates(record), ['delivered'])
})

test('STLS-10: when the judge says no, QUIT goes through TLS and nothing else', async () => {
  const { record, seen } = await converse({}, { judge: () => false })
  assert.deepEqual(record.end, { kind: 'not-authenticated' })
  assert.deepEqual(seen.lines, ['EHLO client.test', 'STARTTLS', '-- tls --', 'QUIT'])
})

test('V-SMTP 3, STLS-30: replies behind 220 to STARTTLS end the session before the handshake', async () => {
  const { record, seen } = await converse({ startTls: { raw: '220 go\r\n250-evil\r\n250 SIZE 1\r\n' } })
  assert.deepEqual(record.end, { kind: 'early-octets' })
  assert.ok(text(record).includes('tls data before TLS handshake'))
  assert.equal(seen.firstTlsOctet, undefined)
})

test('V-SMTP 3: half a line behind 220 to STARTTLS does so too', async () => {
  const { record } = await converse({ startTls: { raw: '220 go\r\n25' } }, { tls: 'may' })
  assert.deepEqual(record.end, { kind: 'early-octets' })
})

test('STLS-30: a 220 that was sent before STARTTLS was asked for is not taken for its reply', async () => {
  const { record, seen } = await converse({
    answer: (verb, _, inside) =>
      verb === 'EHLO' && !inside ? { raw: '250-mx\r\n250 STARTTLS\r\n220 go\r\n' } : undefined,
  })
  assert.deepEqual(record.end, { kind: 'protocol', phase: 'starttls', fault: 'unsolicited' })
  assert.deepEqual(seen.lines, ['EHLO client.test'])
})

test('a 250 sent ahead is not taken for the answer to the message', async () => {
  const { record } = await converse({
    answer: (verb) => (verb === 'DATA' ? { raw: '354 go\r\n250 taken\r\n' } : undefined),
  })
  assert.deepEqual(fates(record), ['open'])
  assert.equal(record.end.kind, 'protocol')
})

test('a goodbye behind another reply is a goodbye', async () => {
  const { record } = await converse({
    answer: (verb) => (verb === 'MAIL' ? { raw: '250 ok\r\n421 shutting down\r\n' } : undefined),
  })
  assert.equal(record.end.kind, 'closing')
})

test('STLS-4: octets that are no TLS end the connection', async () => {
  const { record, server } = await converse({ insteadOfTls: () => Buffer.from('no TLS\r\n') }, { tls: 'may' })
  assert.deepEqual(record.end, { kind: 'handshake-failed' })
  assert.equal(record.tlsFailure?.fault, 'protocol')
  assert.equal(server.sessions.length, 1)
})

test('TLS-1: a server with TLS 1.1 alone is one without TLS', async () => {
  const tls = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
  const { record } = await converse({ tls })
  assert.deepEqual(record.end, { kind: 'handshake-failed' })
})

test('TLS-2: a server with TLS 1.2 alone is welcome', async () => {
  const { record } = await converse({ tls: { maxVersion: 'TLSv1.2' } })
  assert.equal(record.tls?.protocol, 'TLSv1.2')
  assert.deepEqual(fates(record), ['delivered'])
})

test('TLS-12: what policy asks for is not met by static RSA or CBC', async () => {
  const tls = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' } as const
  const { record } = await converse({ tls })
  assert.deepEqual(record.end, { kind: 'handshake-failed' })
})

test('V-SMTP 7: an alert about the server name fails the handshake, and its number is known', async () => {
  const { record } = await converse({ insteadOfTls: () => alertRecord(112) })
  assert.equal(record.end.kind === 'handshake-failed' ? record.tlsFailure?.alert : record.end.kind, 112)
})

test('STLS-36: a handshake that never ends fails in its own time', async () => {
  const { record } = await converse({ credential: undefined }, { io: { timeouts: { handshakeMs: 50 } } })
  assert.deepEqual(record.end, { kind: 'handshake-failed' })
  assert.equal(record.tlsFailure?.fault, 'timeout')
})

test('a silent server is given up in its own time', async () => {
  const { record } = await converse({ greeting: '' }, { io: { timeouts: { greetingMs: 50 } } })
  assert.deepEqual(record.end, { kind: 'timed-out', phase: 'greeting' })
})

test('an abort ends the session wherever it is', async () => {
  for (const script of [{ greeting: '' }, { credential: undefined }]) {
    const controller = new AbortController()
    const follow = ({ text: line }: { text: string }) => {
      if (/connecting|220 go/.test(line)) setImmediate(() => controller.abort())
    }
    const { record } = await converse(script, { io: { signal: controller.signal, follow } })
    assert.deepEqual(fates(record), ['open'])
  }
})

test('no connection is told with its reason, and is no TLS failure', async () => {
  const { server } = await converse({})
  const record = await runSession(
    {
      endpoint: { address: '192.0.2.99', port: 25 },
      chosenBy: 'stranger',
      host,
      plan: { clientName: 'client.test', tls: 'may', mail: undefined },
      message: undefined,
      tls: { context: profile.strict, serverName: host, judge: () => true },
    },
    { network: fakeNetwork({ '192.0.2.1:25': server.port }), clock },
  )
  assert.deepEqual([record.end, record.tlsFailure], [{ kind: 'not-connected', fault: 'refused' }, undefined])
})

test('V-SMTP 8: a connection closed after the greeting is lost, with nobody named', async () => {
  const { record } = await converse({ answer: () => 'close' })
  assert.deepEqual(record.end, { kind: 'lost', phase: 'ehlo' })
  assert.deepEqual(fates(record), ['open'])
})

test('STLS-38, DLV-37: a connection reset after 250 to the dot changes nothing', async () => {
  const { record } = await converse({ answer: (verb) => (verb === 'QUIT' ? 'reset' : undefined) })
  assert.deepEqual(fates(record), ['delivered'])
  assert.deepEqual(record.end, { kind: 'completed' })
})

test('a connection reset before the answer to the dot leaves it open whether the message was taken', async () => {
  const { record } = await converse({ answer: (verb) => (verb === '.' ? 'reset' : undefined) })
  assert.deepEqual(fates(record), ['uncertain'])
})

test('V-SMTP 5: a SIZE told before TLS alone does not count', async () => {
  const { record } = await converse({ offers: ['STARTTLS', 'SIZE 10'] }, { message: `\n${'x'.repeat(900)}\n` })
  assert.deepEqual(fates(record), ['delivered'])
})

test('V-SMTP 4: STARTTLS inside TLS is passed over', async () => {
  const { record, seen } = await converse({ offersInside: ['STARTTLS'] })
  assert.deepEqual(fates(record), ['delivered'])
  assert.equal(seen.lines.filter((line) => line === 'STARTTLS').length, 1)
})

test('V-SMTP 6: REQUIRETLS before TLS alone does not count', async () => {
  const { record, seen } = await converse({ offers: ['STARTTLS', 'REQUIRETLS'] }, { requireTls: true })
  assert.deepEqual(record.end, { kind: 'requiretls-not-offered' })
  assert.equal(seen.lines.at(-1), 'QUIT')
})

test('RFC 2920: a group goes out at once, and each recipient gets its own reply', async () => {
  const answer = (_: string, line: string) => (line.includes('b@') ? '550 5.1.1 no such user' : undefined)
  const to = ['a@example.org', 'b@example.org', 'c@example.org']
  const { record, seen } = await converse({ offersInside: ['PIPELINING'], answer }, { to })
  assert.deepEqual(fates(record), ['delivered', 'refused', 'delivered'])
  assert.equal(seen.messages.length, 1)
})

test('a message of many blocks arrives whole', async () => {
  const line = `${'.x'.repeat(200)}\n`
  const { seen } = await converse({}, { message: `\n${line.repeat(10_000)}` })
  assert.equal(seen.messages[0], `\r\n${`.${line.trimEnd()}\r\n`.repeat(10_000)}`)
})

test('a server that gives up in the middle of a large message is heard', async () => {
  const answer = (verb: string) => (verb === 'DATA' ? ({ raw: '354 go\r\n' } as const) : undefined)
  const { record } = await converse(
    { answer, tooLargeAt: 100_000 },
    { message: `\n${`${'x'.repeat(99)}\n`.repeat(300_000)}` },
  )
  assert.deepEqual(fates(record), ['refused'])
})

for (const tls of ['never', 'required'] as const)
  test(`nothing is kept open for a server that says goodbye in the middle of the message, TLS ${tls}`, async () => {
    const sockets: Socket[] = []
    const network = (ports: Record<string, number>): Network => {
      const inner = fakeNetwork(ports)
      const connectTcp: Network['connectTcp'] = async (...given) => {
        const dialled = await inner.connectTcp(...given)
        if (dialled.ok) sockets.push(dialled.value)
        return dialled
      }
      return { ...inner, connectTcp }
    }
    const answer = (verb: string) => (verb === 'DATA' ? ({ raw: '354 go\r\n' } as const) : undefined)
    const { record } = await converse(
      { answer, tooLargeAt: 100_000, tooLarge: '421 4.3.2 bye' },
      { tls, message: `\n${`${'x'.repeat(99)}\n`.repeat(300_000)}`, network },
    )
    assert.deepEqual([record.end.kind, fates(record)], ['closing', ['open']])
    await new Promise(setImmediate)
    assert.deepEqual(
      sockets.map(({ destroyed }) => destroyed),
      [true],
    )
  })

test('the transcript has times and directions, and nothing that a terminal obeys', async () => {
  const { record } = await converse({ greeting: '220 mx \x1b[2Jhello' })
  assert.equal(text(record)[1], 'received 220 mx \\x1b[2Jhello')
  assert.ok(record.transcript.every(({ at }) => at === clock.now()))
  assert.ok(text(record).some((line) => /^tls TLSv1.3 with TLS_/.test(line)))
})

test('octets by the megabyte that nobody asked for do not pile up', async () => {
  const { record } = await converse({ greeting: { raw: '220 hi\r\n'.repeat(500_000) } })
  assert.equal(record.end.kind, 'protocol')
})
