import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { handshakeOf, probeScript, probingIo, requestTo, talkOf } from '../../../test/support/probing.ts'
import { alertRecord, type SmtpScript } from '../../../test/support/smtp-server.ts'
import type { AddressProbe } from '../../core/check/address-probe.ts'
import { limits } from '../../core/limits.ts'
import { refuse } from '../../core/result.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { probeAddress } from './probe-address.ts'
import { unwrapSession } from './secure.ts'

const mint = await openMint()
const rsa = await mint.issue(describeCertificate('mx.test', { key: 'rsa' }))
const ecdsa = await mint.issue(describeCertificate('mx.test', {}))
const selfSigned = await mint.issue(describeCertificate('mx.test', { certificate: 'self-signed' }))
/** Two keys, as Postfix and others have them. */
const both: SmtpScript = { credential: ecdsa, tls: { key: [rsa.key, ecdsa.key], cert: [rsa.chain, ecdsa.chain] } }

/** For servers that say nothing; all others are granted what strangers are. */
const brief = { greetingMs: 500, commandMs: 500, quitMs: 500 }
const isSilent = ({ greeting, startTls }: SmtpScript) => greeting === '' || startTls === ''
const transcriptOf = ({ sessions }: AddressProbe) =>
  sessions.flatMap(({ transcript }) => transcript.map(({ text }) => text))

test('both certificates of a server are read, each in a session of its own that ends with QUIT', async () => {
  const { probe, server } = await probeScript(both)
  const { keys, startTls, ehlo, inside, offers } = talkOf(probe)
  const [ofRsa, ofEcdsa] = [handshakeOf(keys.rsa), handshakeOf(keys.ecdsa)]
  assert.deepEqual(Buffer.from(ofRsa.chain[0] ?? []), Buffer.from(rsa.leaf))
  assert.deepEqual(Buffer.from(ofEcdsa.chain[0] ?? []), Buffer.from(ecdsa.leaf))
  assert.equal(ofRsa.chain.length, 2)
  assert.equal(ofRsa.chainError, undefined)
  assert.equal(ofRsa.protocol, 'TLSv1.3')
  assert.equal(ofRsa.earlyDataOctets, 0) // by tickets that came, and could be read
  assert.deepEqual([startTls.offer.kind, startTls.answer.kind], ['offered', 'accepted'])
  assert.deepEqual(offers, ['offered', 'offered'])
  assert.ok(ehlo.kind === 'answered' && inside?.kind === 'answered')
  assert.equal(ehlo.extensions.size, 1000)
  assert.equal(inside.extensions.size, 2000)
  assert.equal(server.sessions.length, 2)
  for (const { lines, serverName } of server.sessions) {
    assert.deepEqual(lines, ['EHLO check.test', 'STARTTLS', '-- tls --', 'EHLO check.test', 'QUIT'])
    assert.equal(serverName, 'mx.test') // RFC 7672 §8.1
  }
})

test('a server without an ECDSA certificate has none, which is no failure', async () => {
  const { probe } = await probeScript({ credential: rsa })
  const { keys } = talkOf(probe)
  assert.equal(keys.rsa.kind, 'presented')
  assert.ok(keys.ecdsa.kind === 'absent')
  assert.equal(keys.ecdsa.failure.alert, 40)
})

test('a server with an ECDSA certificate alone', async () => {
  const { keys, inside } = talkOf((await probeScript({ credential: ecdsa })).probe)
  assert.deepEqual([keys.rsa.kind, keys.ecdsa.kind], ['absent', 'presented'])
  assert.equal(inside?.kind, 'answered')
})

test('Ed25519 shows itself beside ECDSA', async () => {
  const credential = await mint.issue(describeCertificate('mx.test', { key: 'ed25519' }))
  const { keys } = talkOf((await probeScript({ credential })).probe)
  const { chain } = handshakeOf(keys.ecdsa)
  assert.equal(new X509Certificate(chain[0] ?? new Uint8Array()).publicKey.asymmetricKeyType, 'ed25519')
})

test('DANE-EE: a self-signed certificate is read as any other, and public trust has its say beside it', async () => {
  const { keys } = talkOf((await probeScript({ credential: selfSigned })).probe)
  const { chain, chainError } = handshakeOf(keys.ecdsa)
  assert.deepEqual(Buffer.from(chain[0] ?? []), Buffer.from(selfSigned.leaf))
  assert.match(chainError ?? '', /SELF_SIGNED/)
})

test('a chain without its intermediate is seen as it was sent', async () => {
  const credential = await mint.issue(describeCertificate('mx.test', { sends: 'leaf' }))
  const { chain, chainError } = handshakeOf(talkOf((await probeScript({ credential })).probe).keys.ecdsa)
  assert.equal(chain.length, 1)
  assert.equal(chainError, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

test('a chain in the wrong order is seen as it was sent', async () => {
  const pems = ecdsa.chain.match(/-----BEGIN[\s\S]*?END CERTIFICATE-----/g) ?? []
  const other = await mint.issue(describeCertificate('mx.test', { issuer: 'private', sends: 'all' }))
  const strange = other.chain.match(/-----BEGIN[\s\S]*?END CERTIFICATE-----/g) ?? []
  const sent = [pems[0], strange[1], pems[1]].join('\n')
  const { chain } = handshakeOf(
    talkOf((await probeScript({ credential: { key: ecdsa.key, chain: sent } })).probe).keys.ecdsa,
  )
  const derOf = (pem: string | undefined) => new X509Certificate(pem ?? '').raw
  assert.deepEqual(
    chain.map((one) => Buffer.from(one)),
    [derOf(pems[0]), derOf(strange[1]), derOf(pems[1])],
  )
})

test('no connection: every way has its name', async () => {
  for (const [fault, kind] of [
    ['refused', 'refused'],
    ['timeout', 'timeout'],
    ['unreachable', 'unreachable'],
    ['forbidden', 'forbidden'],
    ['overload', 'overload'],
  ] as const) {
    const network = { ...fakeNetwork({}), connectTcp: async () => refuse(fault) }
    const { outcome, sessions } = await probeAddress(requestTo(), probingIo(network).io)
    assert.deepEqual(outcome, { kind: 'not-connected', why: kind })
    assert.equal(sessions.length, 1)
  }
})

const hostile: readonly [why: string, script: SmtpScript, kind: string, check?: (probe: AddressProbe) => void][] = [
  ['closes before the greeting', { greeting: 'close' }, 'no-greeting closed'],
  ['says nothing', { greeting: '' }, 'no-greeting timed-out'],
  ['speaks HTTP', { greeting: 'HTTP/1.1 400 Bad Request' }, 'not-smtp syntax'],
  ['has an endless banner', { greeting: { raw: '220-x\r\n'.repeat(10_000) } }, 'not-smtp too-many-lines'],
  ['has an endless line', { greeting: { raw: '220 '.padEnd(1_000_000, 'x') } }, 'not-smtp line-too-long'],
  ['greets with 554', { greeting: '554 5.7.1 no mail here' }, 'turned-away'],
]
for (const [why, script, expected] of hostile) {
  test(`STLS-33 a server that ${why}: ${expected}`, async () => {
    const { probe, server } = await probeScript(script, 'quick', isSilent(script) ? { timeouts: brief } : {})
    const { outcome } = probe
    const detail = 'why' in outcome ? ` ${outcome.why}` : 'fault' in outcome ? ` ${outcome.fault}` : ''
    assert.equal(outcome.kind + detail, expected)
    assert.equal(server.sessions.length, 1)
    if (outcome.kind === 'not-smtp')
      assert.ok(outcome.text.length > 0 && outcome.text.length <= limits.probe.textOctets)
  })
}

test('greylisting at the greeting: one later try, and then it is busy, never without STARTTLS', async () => {
  const { probe, server, pauses } = await probeScript({ greeting: '421 4.7.0 try again later' })
  assert.ok(probe.outcome.kind === 'busy')
  assert.equal(probe.outcome.at, 'greeting')
  assert.deepEqual(
    probe.outcome.tries.map(({ reply }) => reply.code),
    [421, 421],
  )
  assert.equal(server.sessions.length, 2)
  assert.ok(pauses.includes(limits.probe.busyPauseMs))
})

test('a server that is busy once is asked again, and all is told', async () => {
  let connections = 0
  const answer: SmtpScript['answer'] = (verb) => (verb === 'EHLO' && connections++ === 0 ? '421 4.3.2 busy' : undefined)
  const { probe, pauses } = await probeScript({ ...both, answer })
  const { keys } = talkOf(probe)
  assert.deepEqual([keys.rsa.kind, keys.ecdsa.kind], ['presented', 'presented'])
  assert.deepEqual(pauses.filter((pause) => pause === limits.probe.busyPauseMs).length, 1)
})

test('a server that lets us in once in a while: the second kind of key is untold, not absent', async () => {
  let greeted = 0
  const answer: SmtpScript['answer'] = (verb, _, inside) =>
    verb === 'EHLO' && !inside && greeted++ > 0 ? '451 4.7.1 slow down' : undefined
  const { keys } = talkOf((await probeScript({ ...both, answer })).probe)
  assert.equal(keys.rsa.kind, 'presented')
  assert.ok(keys.ecdsa.kind === 'untold')
  assert.equal(keys.ecdsa.why, 'busy')
  assert.equal(keys.ecdsa.reply?.code, 451)
})

const talks: readonly [why: string, script: SmtpScript, offer: string, answer: string, ehlo?: string][] = [
  ['does not offer STARTTLS', { offers: ['SIZE 1'], startTls: '502 5.5.1 no' }, 'absent', 'refused'],
  ['refuses what it offers', { startTls: '454 4.7.0 no TLS now' }, 'offered', 'unavailable'],
  ['refuses it for good', { startTls: '554 5.7.3 no' }, 'offered', 'refused'],
  ['has crosses for a keyword', { offers: ['XXXXXXXA'], startTls: '500 unknown "XXXX"' }, 'garbled', 'mangled'],
  ['closes at STARTTLS', { startTls: 'close' }, 'offered', 'lost'],
  ['says nothing to STARTTLS', { startTls: '' }, 'offered', 'timed-out'],
  ['answers STARTTLS with 250', { startTls: '250 ok' }, 'offered', 'unexpected'],
  ['answers STARTTLS with nonsense', { startTls: 'what?' }, 'offered', 'not-smtp'],
  ['closes at EHLO', { answer: (verb) => (verb === 'EHLO' ? 'close' : undefined) }, 'unknown', 'not-sent', 'lost'],
  [
    'knows HELO alone',
    { answer: (verb) => ({ EHLO: '502 no', STARTTLS: '500 no' })[verb] },
    'unknown',
    'refused',
    'answered',
  ],
  [
    'refuses EHLO and HELO',
    { answer: (verb) => (/^[EH]/.test(verb) ? '550 no' : undefined) },
    'unknown',
    'not-sent',
    'refused',
  ],
  [
    'has ten thousand lines for EHLO',
    { answer: (verb) => (verb === 'EHLO' ? { raw: `${'250-X\r\n'.repeat(10_000)}250 STARTTLS\r\n` } : undefined) },
    'unknown',
    'not-sent',
    'not-smtp',
  ],
]
for (const [why, script, offer, answer, ehlo = 'answered'] of talks) {
  test(`STLS-2 a server that ${why}: offer ${offer}, answer ${answer}`, async () => {
    const { probe, server } = await probeScript(script, 'quick', isSilent(script) ? { timeouts: brief } : {})
    const talk = talkOf(probe)
    assert.deepEqual([talk.startTls.offer.kind, talk.startTls.answer.kind, talk.ehlo.kind], [offer, answer, ehlo])
    assert.equal(talk.keys.rsa.kind, 'no-tls')
    assert.equal(talk.keys.ecdsa.kind, 'no-tls')
    assert.equal(server.sessions.length, 1)
    for (const { lines } of server.sessions) assert.ok(!lines.some((line) => /^MAIL/i.test(line)))
  })
}

test('STARTTLS that was taken out of the offer, and works', async () => {
  const { startTls, keys } = talkOf((await probeScript({ ...both, offers: ['SIZE 1'] })).probe)
  assert.deepEqual([startTls.offer.kind, startTls.answer.kind], ['absent', 'accepted'])
  assert.equal(keys.rsa.kind, 'presented')
})

test('a server that says everything without being asked', async () => {
  const { ehlo, startTls } = talkOf((await probeScript({ greeting: '220 mx.test\r\n250 STARTTLS\r\n220 go' })).probe)
  assert.ok(ehlo.kind === 'not-smtp')
  assert.equal(ehlo.fault, 'unsolicited')
  assert.equal(startTls.answer.kind, 'not-sent')
})

test('STLS-30 octets behind the 220 are seen, and no handshake is begun', async () => {
  const { probe, server } = await probeScript({ ...both, startTls: { raw: '220 go\r\n250-mx.test\r\n250 EVIL\r\n' } })
  const { startTls, keys } = talkOf(probe)
  assert.ok(startTls.answer.kind === 'early-octets')
  assert.equal(startTls.answer.text, '250-mx.test\r\n250 EVIL\r\n')
  assert.deepEqual([keys.rsa.kind, keys.ecdsa.kind], ['no-tls', 'no-tls'])
  for (const { firstTlsOctet } of server.sessions) assert.equal(firstTlsOctet, undefined)
})

test('STLS-7 EHLO refused inside TLS is refused: there is no HELO there', async () => {
  const answer: SmtpScript['answer'] = (verb, _, within) => (within && verb === 'EHLO' ? '502 5.5.1 no' : undefined)
  const { probe, server } = await probeScript({ ...both, answer })
  const { inside } = talkOf(probe)
  assert.ok(inside?.kind === 'refused')
  assert.equal(inside.reply.code, 502)
  for (const { lines } of server.sessions) assert.ok(!lines.some((line) => line.startsWith('HELO')))
})

test('a handshake that fails for both kinds of key is a failure, and not the absence of both', async () => {
  const { keys } = talkOf((await probeScript({ ...both, insteadOfTls: () => alertRecord(80) })).probe)
  assert.ok(keys.rsa.kind === 'failed' && keys.ecdsa.kind === 'failed')
  assert.equal(keys.rsa.failure.alert, 80)
})

test('STLS-23 a server that refuses our name is asked without one', async () => {
  const insteadOfTls = (hello: Buffer) => (hello.includes('mx.test') ? alertRecord(112) : undefined)
  const { keys, withoutName } = talkOf((await probeScript({ ...both, insteadOfTls })).probe)
  assert.ok(keys.rsa.kind === 'failed' && keys.rsa.failure.alert === 112)
  assert.ok(withoutName.kind === 'presented')
  assert.equal(withoutName.handshake.serverName, undefined)
})

test('texts of a server are escaped in the transcript', async () => {
  const { probe } = await probeScript({
    greeting: '220 mx.test \x1b[2Jhello \u202eolleh',
    offers: ['SIZE 1'],
    startTls: '500 no',
  })
  const text = transcriptOf(probe).join('\n')
  assert.match(text, /\\x1b\[2Jhello \\u202eolleh/)
  assert.doesNotMatch(text, /[\x1b\u202e]/)
})

test('a server of one octet at a time is left when its time is over', async () => {
  const { probe } = await probeScript({ answer: (verb) => (verb === 'EHLO' ? { raw: '2' } : undefined) }, 'quick', {
    timeouts: brief,
  })
  assert.equal(talkOf(probe).ehlo.kind, 'timed-out')
})

test('an abort ends everything at once', async () => {
  const stop = new AbortController()
  const answer: SmtpScript['answer'] = (verb) => {
    if (verb !== 'EHLO') return undefined
    stop.abort()
    return ''
  }
  const { probe } = await probeScript({ answer }, 'full', { signal: stop.signal })
  assert.deepEqual(probe.outcome, { kind: 'given-up' })
  assert.equal(probe.sessions.length, 1)
})

test('two connections at most at once, and a pause before each further one', async () => {
  const { pauses } = await probeScript(both)
  assert.deepEqual(pauses, [limits.probe.pauseMs])
})

test('sessions are read as OpenSSL writes them, and with what newer versions of Node put in front', () => {
  const session = Buffer.of(0x30, 3, 2, 1, 1)
  assert.deepEqual(Buffer.from(unwrapSession(session)), session)
  const wrapped = Buffer.concat([Buffer.from('\0nodejs:tls:session:1\0\0\x07mx.test'), session])
  assert.deepEqual(Buffer.from(unwrapSession(wrapped)), session)
  assert.equal(unwrapSession(Buffer.from('\0nodejs:tls:session:1\0\xff\xff', 'latin1')).length, 0)
})
