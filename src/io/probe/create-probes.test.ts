import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { type FakeNetwork, fakeNetwork } from '../../../test/support/fake-network.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { type SmtpScript, type SmtpTestServer, startSmtpServer } from '../../../test/support/smtp-server.ts'
import type { ProbeDepth } from '../../core/check/address-probe.ts'
import { limits } from '../../core/limits.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { createNetwork } from '../network-node.ts'
import { type Asked, createProbes, type ProbesOptions } from './create-probes.ts'

const mint = await openMint()
const credential = await mint.issue(describeCertificate('mx.test', {}))

const servers: SmtpTestServer[] = []
after(() => Promise.all(servers.map((server) => server.close())))

async function stand(script: SmtpScript = {}, more: Partial<ProbesOptions> = {}) {
  const server = await startSmtpServer({ offers: ['STARTTLS'], credential, ...script })
  servers.push(server)
  const clock = movedClock(0)
  const addresses = Array.from({ length: 200 }, (_, place) => `192.0.2.${place}`)
  const network: FakeNetwork = fakeNetwork(Object.fromEntries(addresses.map((one) => [`${one}:25`, server.port])))
  const options = { network, clock, clientName: 'check.test', ca: mint.root, pause: async () => {}, ...more }
  return { server, network, clock, probes: createProbes(options) }
}

function asking(host: string, address: string, depth: ProbeDepth = 'quick'): Asked {
  return { host: domain(host), endpoint: { address, port: 25 }, depth }
}

test('many domains ask for one address of one host: it is asked once, while it goes on and after it', async () => {
  const { server, probes } = await stand()
  const asked = asking('mx.test', '192.0.2.1')
  const all = await Promise.all(Array.from({ length: 20 }, () => probes.probe(asked)))
  assert.equal(new Set(all).size, 1)
  assert.equal(await probes.probe(asked), all[0])
  assert.equal(server.sessions.length, 2)
})

test('another host at the address is another question, as SNI may choose another certificate', async () => {
  const { server, probes } = await stand()
  await probes.probe(asking('mx.test', '192.0.2.1'))
  await probes.probe(asking('other.test', '192.0.2.1'))
  assert.deepEqual(
    server.sessions.map(({ serverName }) => serverName),
    ['mx.test', 'mx.test', 'other.test', 'other.test'],
  )
})

test('what is known is asked for anew after a while, and a full result serves for a quick one', async () => {
  const { server, clock, probes } = await stand({ answer: (verb) => (verb === 'STARTTLS' ? '502 no' : undefined) })
  const full = await probes.probe(asking('mx.test', '192.0.2.1', 'full'))
  assert.equal(await probes.probe(asking('mx.test', '192.0.2.1')), full)
  const before = server.sessions.length
  clock.move(limits.probe.resultKeptMs / 1000)
  await probes.probe(asking('mx.test', '192.0.2.1'))
  assert.equal(server.sessions.length, before + 1)
})

test('never more than two connections to one address at once, whoever asks, and so many hosts at once', async () => {
  let open = 0
  let most = 0
  const mostOf = new Map<string, number>()
  const now = new Map<string, number>()
  const { network, probes } = await stand({}, {})
  const dial = network.connectTcp
  network.connectTcp = async (endpoint, options) => {
    const { address } = endpoint
    most = Math.max(most, ++open)
    now.set(address, (now.get(address) ?? 0) + 1)
    mostOf.set(address, Math.max(mostOf.get(address) ?? 0, now.get(address) ?? 0))
    const result = await dial(endpoint, options)
    const gone = () => {
      open--
      now.set(address, (now.get(address) ?? 0) - 1)
    }
    if (result.ok) result.value.once('close', gone)
    else gone()
    return result
  }
  const hosts = Array.from({ length: 10 }, (_, place) => `mx${place}.test`)
  const one = hosts.map((host) => probes.probe(asking(host, '192.0.2.1')))
  const others = Array.from({ length: 100 }, (_, place) => probes.probe(asking('mx.test', `192.0.2.${place + 10}`)))
  await Promise.all([...one, ...others])
  // A connection counts until its last packet is through, a moment longer than for the gate.
  assert.ok((mostOf.get('192.0.2.1') ?? 0) <= limits.probe.connectionsAtOnce + 1, `${mostOf.get('192.0.2.1')}`)
  assert.ok(most <= limits.probe.addressesAtOnce * limits.probe.connectionsAtOnce + 20, `${most}`)
})

test('who gives up gives up alone; when nobody waits any more the connections are cut', async () => {
  const begun = Promise.withResolvers<void>()
  const answer: SmtpScript['answer'] = (verb) => {
    if (verb !== 'EHLO') return undefined
    begun.resolve()
    return ''
  }
  const { probes, server } = await stand({ answer })
  const [first, second] = [new AbortController(), new AbortController()]
  const asked = asking('mx.test', '192.0.2.1')
  const one = probes.probe(asked, first.signal)
  const other = probes.probe(asked, second.signal)
  await begun.promise
  first.abort(new Error('tired'))
  await assert.rejects(one, /tired/)
  assert.equal(server.sessions.length, 1)
  second.abort(new Error('tired too'))
  await assert.rejects(other, /tired too/)
  await probes.close()
})

test('closing gives up everything, and nothing starts after it', async () => {
  const { probes } = await stand({ greeting: '' })
  const waiting = assert.rejects(probes.probe(asking('mx.test', '192.0.2.1')))
  await probes.close()
  await waiting
  await assert.rejects(probes.probe(asking('mx.test', '192.0.2.2')))
})

test('results are bounded by what they take in memory', async () => {
  const long = '220-'.padEnd(2000, 'x')
  const greeting = { raw: `${`${long}\r\n`.repeat(90)}220 mx.test\r\n` }
  const { probes, server } = await stand({ greeting, answer: (verb) => (verb === 'STARTTLS' ? '502 no' : undefined) })
  const each = 4 * 90 * 2000
  const count = Math.ceil(limits.probe.resultOctets / each) + 2
  for (let place = 0; place < count; place++) await probes.probe(asking('mx.test', `192.0.2.${place}`))
  await probes.probe(asking('mx.test', `192.0.2.${count - 1}`))
  assert.equal(server.sessions.length, count)
  await probes.probe(asking('mx.test', '192.0.2.0'))
  assert.equal(server.sessions.length, count + 1)
})

test('DANE-TA: a chain is held against anchors in one more session, once for all who ask', async () => {
  const ofPrivate = await mint.issue(describeCertificate('mx.test', { certificate: 'dane-ta' }))
  const { probes, server } = await stand({ credential: ofPrivate })
  const { depth: _, ...asked } = asking('mx.test', '192.0.2.1')
  const right = [new X509Certificate(ofPrivate.root)]
  const wrong = [new X509Certificate(credential.root)]
  const ask = (anchors: readonly X509Certificate[]) => probes.withAnchors({ ...asked, keyType: 'ecdsa', anchors })
  const [one, other] = await Promise.all([ask(right), ask(right)])
  assert.equal(one, other)
  assert.equal(one?.chainError, undefined)
  assert.equal(await ask(right), one)
  assert.equal(server.sessions.length, 1)
  assert.match((await ask(wrong))?.chainError ?? '', /SELF_SIGNED|UNABLE/)
  assert.equal(await probes.withAnchors({ ...asked, keyType: 'rsa', anchors: right }), undefined)
  assert.deepEqual(server.sessions.at(0)?.lines, ['EHLO check.test', 'STARTTLS', '-- tls --', 'QUIT'])
})

test('hosts that wait for their turn at one address keep nobody else waiting', async () => {
  const begun = Promise.withResolvers<void>()
  const silent = await startSmtpServer({
    answer: (verb) => {
      if (verb === 'EHLO') begun.resolve()
      return verb === 'EHLO' ? '' : undefined
    },
  })
  servers.push(silent)
  const { network, probes } = await stand()
  const toSilent = fakeNetwork({ '192.0.2.250:25': silent.port })
  const dial = network.connectTcp
  network.connectTcp = (endpoint, options) =>
    endpoint.address === '192.0.2.250' ? toSilent.connectTcp(endpoint, options) : dial(endpoint, options)
  const hosts = Array.from({ length: limits.probe.addressesAtOnce + 6 }, (_, place) => `mx${place}.test`)
  const waiting = hosts.map((host) => assert.rejects(probes.probe(asking(host, '192.0.2.250'))))
  await begun.promise
  const { outcome } = await probes.probe(asking('mx.test', '192.0.2.1'))
  assert.equal(outcome.kind, 'talked')
  assert.equal(silent.sessions.length, 1)
  await probes.close()
  await Promise.all(waiting)
})

test('addresses that strangers must not send us to are not connected to', async () => {
  const { probes } = await stand({}, { network: createNetwork() })
  for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '64:ff9b::7f00:1']) {
    const { outcome } = await probes.probe(asking('mx.test', address))
    assert.deepEqual(outcome, { kind: 'not-connected', why: 'forbidden' }, address)
  }
})
