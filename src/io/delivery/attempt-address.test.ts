import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import {
  alertRecord,
  type SmtpScript,
  type SmtpTestServer,
  startSmtpServer,
} from '../../../test/support/smtp-server.ts'
import type { DaneDemand } from '../../core/dane/peer.ts'
import { parseMailbox } from '../../core/smtp/mailbox.ts'
import { scanMessage } from '../../core/smtp/message-facts.ts'
import { type Credential, openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { createAnchorMemory } from '../smtp/anchor-memory.ts'
import { createAuthenticator, type PeerEvidence } from '../smtp/authenticator.ts'
import { createTlsProfile } from '../smtp/tls-profile.ts'
import { attemptAddress } from './attempt-address.ts'

const host = domain('mx.example.org')
const mint = await openMint()
const certificate = (options: Parameters<typeof describeCertificate>[1]) =>
  mint.issue(describeCertificate(host, options))
const good = await certificate({})
const privateRoot = await certificate({ certificate: 'dane-ta' })
const selfSigned = await certificate({ certificate: 'self-signed' })
const expired = await certificate({ certificate: 'expired' })
const wrongName = await certificate({ certificate: 'wrong-name' })
const commonName = await certificate({ certificate: 'cn-only' })
const profile = createTlsProfile({ ca: mint.root, environment: {} })
const today = Date.parse('2026-11-24T12:00:00Z')

const servers: SmtpTestServer[] = []
after(() => Promise.all(servers.map((server) => server.close())))

const same = (der: Uint8Array) => (found: X509Certificate) => Buffer.compare(found.raw, der) === 0
const never = () => false

function demand(over: Partial<DaneDemand>): DaneDemand {
  return {
    isEndEntity: never,
    isAnchor: never,
    signedByAnchor: never,
    wholeAnchors: [],
    hasAnchors: Object.keys(over).some((key) => key !== 'isEndEntity' && key !== 'names'),
    names: [host],
    ...over,
  }
}

interface Wish {
  dane?: DaneDemand
  tls?: 'required' | 'may'
  anchors?: ReturnType<typeof createAnchorMemory>
  now?: number
  decide?: (evidence: PeerEvidence) => boolean
  needsPkix?: boolean
}

/** One delivery, judged by DANE alone unless told. */
async function attempt(script: SmtpScript, wish: Wish = {}) {
  const server = await startSmtpServer({ offers: ['STARTTLS'], ...script })
  servers.push(server)
  const evidence: PeerEvidence[] = []
  const decide = wish.decide ?? (({ dane }) => dane === undefined || dane.kind === 'matched')
  const clock = { now: () => wish.now ?? today }
  const authenticator = await createAuthenticator(
    {
      host,
      serverName: host,
      strict: (wish.tls ?? 'required') === 'required',
      dane: wish.dane,
      needsPkix: wish.needsPkix ?? false,
      decide: (found) => {
        evidence.push(found)
        return decide(found)
      },
    },
    { profile, anchors: wish.anchors ?? createAnchorMemory(), clock },
  )
  const recipient = parseMailbox('a@example.org')
  assert.ok(recipient.ok)
  const message = Buffer.from('\nx\n')
  const sessions = await attemptAddress(
    {
      host,
      endpoint: { address: '192.0.2.1', port: 25 },
      chosenBy: 'stranger',
      mail: { sender: null, recipients: [recipient.value], message: scanMessage(message), requireTls: false },
      message,
      clientName: 'client.test',
      tls: wish.tls ?? 'required',
      authenticator,
    },
    { network: fakeNetwork({ '192.0.2.1:25': server.port }), clock },
  )
  const delivered = sessions.at(-1)?.fates[0]?.kind === 'delivered'
  return { sessions, delivered, server, evidence, last: evidence.at(-1) }
}

const daneEe: [claim: string, credential: Credential][] = [
  ['self-signed', selfSigned],
  ['expired', expired],
  ['for another name', wrongName],
  ['without any name', commonName],
]
for (const [claim, credential] of daneEe) {
  test(`DANE-52: a certificate that is ${claim} is good when a DANE-EE record is of it`, async () => {
    const dane = demand({ isEndEntity: same(credential.leaf) })
    const { delivered, sessions, last } = await attempt({ credential }, { dane })
    assert.deepEqual([delivered, sessions.length], [true, 1])
    assert.deepEqual(last?.dane, { kind: 'matched', usage: 'dane-ee' })
  })
}

test('DANE-51: a publicly valid certificate that no record is of gets QUIT', async () => {
  const { delivered, server, last } = await attempt(
    { credential: good },
    { dane: demand({ isEndEntity: same(expired.leaf) }) },
  )
  assert.equal(delivered, false)
  assert.deepEqual(last?.pkix, { chainError: undefined, nameMatches: true, dates: undefined })
  assert.deepEqual(
    server.sessions.map(({ lines }) => lines.at(-1)),
    ['QUIT'],
  )
})

test('DANE-54: a DANE-TA anchor takes a second handshake at first, and one from then on', async () => {
  const anchors = createAnchorMemory()
  const dane = demand({ isAnchor: same(privateRoot.root) })
  const first = await attempt({ credential: privateRoot }, { dane, anchors })
  assert.deepEqual([first.delivered, first.sessions.length], [true, 2])
  assert.deepEqual(first.server.sessions[0]?.lines, ['EHLO client.test', 'STARTTLS', '-- tls --', 'QUIT'])
  assert.deepEqual(first.last?.dane, { kind: 'matched', usage: 'dane-ta' })
  const second = await attempt({ credential: privateRoot }, { dane, anchors })
  assert.deepEqual([second.delivered, second.sessions.length], [true, 1])
})

test('an anchor that no record is of any more is forgotten', async () => {
  const anchors = createAnchorMemory()
  await attempt({ credential: privateRoot }, { dane: demand({ isAnchor: same(privateRoot.root) }), anchors })
  const { delivered } = await attempt(
    { credential: privateRoot },
    { dane: demand({ isAnchor: same(good.issuer) }), anchors },
  )
  assert.equal(delivered, false)
})

test('DANE-54: an intermediate can be the anchor', async () => {
  const { delivered } = await attempt({ credential: good }, { dane: demand({ isAnchor: same(good.issuer) }) })
  assert.equal(delivered, true)
})

test('DANE-57: a root that was not sent is no anchor, though the store has it', async () => {
  const { delivered, last, sessions } = await attempt(
    { credential: good },
    { dane: demand({ isAnchor: same(good.root) }) },
  )
  assert.deepEqual([delivered, sessions.length], [false, 1])
  assert.deepEqual(last?.dane, { kind: 'failed', why: 'anchor-not-in-chain', detail: undefined })
})

test('DANE-55: an anchor that stands whole in DNS need not be sent, and takes one handshake', async () => {
  const dane = demand({ wholeAnchors: [new X509Certificate(good.root)], isAnchor: same(good.root) })
  const { delivered, sessions } = await attempt({ credential: good }, { dane })
  assert.deepEqual([delivered, sessions.length], [true, 1])
})

test('DANE-55: a key that stands whole in DNS vouches for the topmost certificate that it signed', async () => {
  const key = new X509Certificate(good.root).publicKey
  const { delivered } = await attempt(
    { credential: good },
    { dane: demand({ signedByAnchor: (top) => top.verify(key) }) },
  )
  assert.equal(delivered, true)
  const stranger = await attempt(
    { credential: selfSigned },
    { dane: demand({ signedByAnchor: (top) => top.verify(key) }) },
  )
  assert.equal(stranger.delivered, false)
})

test('a stranger who appends the real anchor to his own chain does not lead to it', async () => {
  const chain = `${selfSigned.chain}\n${new X509Certificate(privateRoot.root).toString()}`
  const dane = demand({ isAnchor: same(privateRoot.root) })
  const { delivered, last, sessions } = await attempt({ credential: { key: selfSigned.key, chain } }, { dane })
  assert.deepEqual([delivered, sessions.length], [false, 2])
  assert.equal(last?.dane?.kind === 'failed' && last.dane.why, 'chain')
})

test("DANE-58: a server's own certificate is not its anchor, even when it sends it twice", async () => {
  const chain = `${selfSigned.chain}\n${selfSigned.chain}`
  const dane = demand({ isAnchor: same(selfSigned.leaf) })
  const { delivered } = await attempt({ credential: { key: selfSigned.key, chain } }, { dane })
  assert.equal(delivered, false)
})

test('DANE-60: under DANE-TA a certificate for another name fails', async () => {
  const credential = await certificate({ certificate: 'wrong-name', issuer: 'private', sends: 'all' })
  const { delivered, last } = await attempt({ credential }, { dane: demand({ isAnchor: same(credential.root) }) })
  assert.equal(delivered, false)
  assert.deepEqual(last?.dane, { kind: 'failed', why: 'names', detail: undefined })
})

test('DANE-60: any one of the reference identifiers is enough', async () => {
  const credential = await certificate({ names: ['example.org'], issuer: 'private', sends: 'all' })
  const dane = demand({ isAnchor: same(credential.root), names: [host, domain('example.org')] })
  assert.equal((await attempt({ credential }, { dane })).delivered, true)
})

test('DANE-61: the common name counts where there is no DNS-ID at all', async () => {
  const credential = await certificate({ certificate: 'cn-only', issuer: 'private', sends: 'all' })
  const { delivered, last } = await attempt({ credential }, { dane: demand({ isAnchor: same(credential.root) }) })
  assert.equal(delivered, true)
  assert.equal(last?.pkix?.nameMatches, false)
})

test('DANE-54: under DANE-TA an expired certificate fails', async () => {
  const credential = await certificate({ certificate: 'expired', issuer: 'private', sends: 'all' })
  const { last } = await attempt({ credential }, { dane: demand({ isAnchor: same(credential.root) }) })
  assert.deepEqual(last?.dane, { kind: 'failed', why: 'dates', detail: 'CERT_HAS_EXPIRED' })
})

test('TLS-34: dates are held against our clock too', async () => {
  const dane = demand({ isAnchor: same(privateRoot.root) })
  const { last } = await attempt({ credential: privateRoot }, { dane, now: Date.parse('2060-01-01') })
  assert.deepEqual(last?.dane, { kind: 'failed', why: 'dates', detail: 'expired' })
  const early = await attempt({ credential: good }, { now: Date.parse('1999-01-01') })
  assert.equal(early.last?.pkix?.dates, 'not-yet-valid')
})

test('DANE-63: a DANE-EE record is good though the anchor of another leads to no name of ours', async () => {
  const credential = await certificate({ certificate: 'wrong-name', issuer: 'private', sends: 'all' })
  const dane = demand({ isAnchor: same(credential.root), isEndEntity: same(credential.leaf) })
  assert.equal((await attempt({ credential }, { dane })).delivered, true)
})

test('public trust is known under an anchor too, where the verdict depends on it', async () => {
  const { last, sessions } = await attempt(
    { credential: good },
    { dane: demand({ isAnchor: same(good.issuer) }), needsPkix: true },
  )
  assert.equal(sessions.length, 2)
  assert.deepEqual(last?.pkix, { chainError: undefined, nameMatches: true, dates: undefined })
})

const pkix: [claim: string, credential: Credential, expected: PeerEvidence['pkix']][] = [
  ['good', good, { chainError: undefined, nameMatches: true, dates: undefined }],
  ['STS-82: for another host', wrongName, { chainError: undefined, nameMatches: false, dates: undefined }],
  ['TLS-23: with a common name alone', commonName, { chainError: undefined, nameMatches: false, dates: undefined }],
  ['expired', expired, { chainError: 'CERT_HAS_EXPIRED', nameMatches: true, dates: 'expired' }],
  ['self-signed', selfSigned, { chainError: 'DEPTH_ZERO_SELF_SIGNED_CERT', nameMatches: true, dates: undefined }],
]
for (const [claim, credential, expected] of pkix) {
  test(`TLS-32: what public trust says is told in full of a certificate that is ${claim}`, async () => {
    assert.deepEqual((await attempt({ credential }, { tls: 'may' })).last?.pkix, expected)
  })
}

test('STLS-37: where TLS may be, a failed handshake is followed by mail in the clear on a new connection', async () => {
  const insteadOfTls = () => Buffer.from('no TLS\r\n')
  const { delivered, server, sessions } = await attempt({ insteadOfTls }, { tls: 'may' })
  assert.deepEqual([delivered, sessions.length, sessions[1]?.secured], [true, 2, false])
  assert.deepEqual(server.sessions[1]?.lines.slice(0, 2), ['EHLO client.test', 'MAIL FROM:<>'])
})

for (const [claim, script] of [
  ['garbage', { insteadOfTls: () => Buffer.from('no TLS\r\n') }],
  ['an alert', { insteadOfTls: () => alertRecord(40) }],
  ['an alert about the name', { insteadOfTls: () => alertRecord(112) }],
  ['octets ahead of the handshake', { startTls: { raw: '220 go\r\n250 x\r\n' } }],
  ['no STARTTLS', { offers: [] }],
  ['454', { startTls: '454 4.7.0 later' }],
  [
    'EHLO refused inside TLS',
    { answer: (verb: string, _: string, inside: boolean) => (inside && verb === 'EHLO' ? '502 no' : undefined) },
  ],
] satisfies [string, SmtpScript][]) {
  test(`where TLS is required, ${claim} ends it: one connection, no mail`, async () => {
    const { server, delivered } = await attempt({ credential: good, ...script })
    assert.deepEqual([delivered, server.sessions.length], [false, 1])
    assert.ok(server.sessions[0]?.lines.every((line) => !line.startsWith('MAIL')))
  })
}

test('V-SMTP 7: where TLS may be, an alert about the name is followed by TLS without it', async () => {
  const insteadOfTls = (hello: Buffer) => (hello.includes(host) ? alertRecord(112) : undefined)
  const { delivered, sessions } = await attempt({ insteadOfTls, credential: good }, { tls: 'may' })
  assert.deepEqual([delivered, sessions.length, sessions[1]?.secured], [true, 2, true])
})

test('V-SMTP 7: and by the clear when that fails too', async () => {
  const { delivered, sessions } = await attempt({ insteadOfTls: () => alertRecord(112) }, { tls: 'may' })
  assert.deepEqual([delivered, sessions.length, sessions[2]?.secured], [true, 3, false])
})

test('V-SMTP 2: where TLS may be, 454 is followed by mail in the same session', async () => {
  const { delivered, sessions } = await attempt({ startTls: '454 4.7.0 later' }, { tls: 'may' })
  assert.deepEqual([delivered, sessions.length, sessions[0]?.secured], [true, 1, false])
})

test('V-SMTP 8: a connection closed after the greeting is not tried again in the clear', async () => {
  const { sessions } = await attempt({ answer: () => 'close' }, { tls: 'may' })
  assert.deepEqual(
    sessions.map(({ end }) => end),
    [{ kind: 'lost', phase: 'ehlo' }],
  )
})
