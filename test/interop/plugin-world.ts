// The world in which mail servers are tried that ask Waxseal by a plugin, and what must become of mail to each domain.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect as connectTls, TLSSocket, type TlsOptions } from 'node:tls'
import { systemClock } from '../../src/io/clock.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { addAddresses, run, type Stage, startUnbound } from './servers.ts'

/** What npm has of mail servers; `.ci/run` puts it there. */
const peers = '/usr/local/lib/waxseal-interop/npm/node_modules'

/** The folder of a mail server that npm has. */
export function peer(name: string): string {
  const folder = join(peers, name)
  if (!existsSync(folder)) throw new Error(`no ${name} at ${folder}: .ci/run puts it there`)
  return folder
}

const text = `world  mail servers with a plugin
zone   dane.example
zone   dane.example MX 10 mx.dane.example
zone   _25._tcp.mx.dane.example TLSA 3 1 1 {mx.dane.example.spki.sha256}
host   mx.dane.example certificate=self-signed

zone   whole.example
zone   whole.example MX 10 mx.whole.example
zone   _25._tcp.mx.whole.example TLSA 3 0 2 {mx.whole.example.cert.sha512}
host   mx.whole.example certificate=expired

zone   anchored.example
zone   anchored.example MX 10 mx.anchored.example
zone   _25._tcp.mx.anchored.example TLSA 2 0 1 {mx.anchored.example.issuer.cert.sha256}
host   mx.anchored.example certificate=dane-ta

zone   mismatch.example
zone   mismatch.example MX 10 mx.mismatch.example
zone   _25._tcp.mx.mismatch.example TLSA 3 1 1 {zeros.32}
host   mx.mismatch.example

zone   forged.example
zone   forged.example MX 10 mx.forged.example
zone   _25._tcp.mx.forged.example TLSA 3 1 1 {mx.forged.example.spki.sha256} bogus
host   mx.forged.example

zone   unusable.example
zone   unusable.example MX 10 mx.unusable.example
zone   _25._tcp.mx.unusable.example TLSA 1 1 1 {zeros.32}
host   mx.unusable.example certificate=self-signed

zone   unusable-clear.example
zone   unusable-clear.example MX 10 mx.unusable-clear.example
zone   _25._tcp.mx.unusable-clear.example TLSA 1 1 1 {zeros.32}
host   mx.unusable-clear.example starttls=no

zone   second.example
zone   second.example MX 10 first.second.example
zone   second.example MX 20 mx.second.example
zone   _25._tcp.first.second.example TLSA 3 1 1 {zeros.32}
zone   _25._tcp.mx.second.example TLSA 3 1 1 {mx.second.example.spki.sha256}
host   first.second.example
host   mx.second.example certificate=self-signed

zone   sts.example signed=no
zone   sts.example MX 10 mx.sts.example
host   mx.sts.example
policy sts.example mx=mx.sts.example

zone   self-signed.example signed=no
zone   self-signed.example MX 10 mx.self-signed.example
host   mx.self-signed.example certificate=self-signed
policy self-signed.example mx=mx.self-signed.example

zone   other-name.example signed=no
zone   other-name.example MX 10 mx.other-name.example
host   mx.other-name.example certificate=wrong-name
policy other-name.example mx=mx.other-name.example

zone   old.example signed=no
zone   old.example MX 10 mx.old.example
host   mx.old.example tls=1.1
policy old.example mx=mx.old.example

zone   unlisted.example signed=no
zone   unlisted.example MX 10 mx.unlisted.example
host   mx.unlisted.example
policy unlisted.example mx=mx.elsewhere.example

zone   partly.example signed=no
zone   partly.example MX 10 rogue.partly.example
zone   partly.example MX 20 mx.partly.example
host   rogue.partly.example
host   mx.partly.example
policy partly.example mx=mx.partly.example

zone   plain.example signed=no
zone   plain.example MX 10 mx.plain.example
host   mx.plain.example certificate=self-signed

zone   clear.example signed=no
zone   clear.example MX 10 mx.clear.example
host   mx.clear.example starttls=no

# Its host is the test's own.
zone   borrowed.example
zone   borrowed.example MX 10 mx.borrowed.example
zone   mx.borrowed.example A 192.0.2.210
zone   _25._tcp.mx.borrowed.example TLSA 2 0 1 {mx.anchored.example.issuer.cert.sha256}

# A domain that asks for nothing, at the host of one that does.
zone   guest.example signed=no
zone   guest.example MX 10 mx.self-signed.example

zone   null.example MX 0 .
zone   null.example
`

export interface Expected {
  readonly domain: string
  readonly outcome: 'delivered' | 'deferred' | 'bounced'
  /** Who has it, if anybody. */
  readonly host?: string
  /** Whether it came over TLS. */
  readonly tls?: boolean
}

const delivered = (domain: string, host = `mx.${domain}`): Expected => ({
  ...{ domain, outcome: 'delivered', host, tls: true },
})
const held = (domain: string): Expected => ({ domain, outcome: 'deferred' })

/** By the requirements; a mail server that reaches less far says so in its own test. */
export const inCalm: readonly Expected[] = [
  delivered('dane.example'),
  delivered('whole.example'),
  delivered('anchored.example'),
  held('mismatch.example'),
  held('forged.example'),
  delivered('unusable.example'),
  held('unusable-clear.example'),
  delivered('second.example'),
  delivered('sts.example'),
  held('self-signed.example'),
  held('other-name.example'),
  held('old.example'),
  held('unlisted.example'),
  delivered('partly.example'),
  delivered('plain.example'),
  { ...delivered('clear.example'), tls: false },
  { domain: 'null.example', outcome: 'bounced' },
  { domain: 'missing.example', outcome: 'bounced' },
]

/** Each is made while mail goes to the domain, which has to wait; and then it ends. */
export const attacks: readonly (readonly [domain: string, attack: string])[] = [
  ['dane.example', 'attack strip-starttls mx.dane.example'],
  ['dane.example', 'attack swap-certificate mx.dane.example certificate=untrusted'],
  ['dane.example', 'attack refuse-starttls mx.dane.example'],
  ['anchored.example', 'attack swap-certificate mx.anchored.example certificate=untrusted'],
  ['sts.example', 'attack strip-starttls mx.sts.example'],
  ['sts.example', 'attack swap-certificate mx.sts.example certificate=own-name'],
  ['sts.example', 'attack refuse-starttls mx.sts.example'],
]

/** What is tried: a mail server, and what became of a message that it was given. */
export interface Tried {
  /** Hands one message in for `user@domain`; resolves when it was tried, to what its log says. */
  send(domain: string, mark: string): Promise<{ readonly outcome: Expected['outcome']; readonly line: string }>
}

export interface PluginWorld {
  readonly lab: Lab
  /** Arguments that put `waxseal serve` into the world. */
  readonly iterate: readonly string[]
  /** The authority that MX hosts and policy hosts have their certificates of: a file. */
  readonly authority: string
  /** The same for `createWaxseal`. */
  readonly options: object
}

/** The world on real ports, with a validating resolver for all programs of this namespace. */
export async function openPluginWorld(stage: Stage): Promise<PluginWorld> {
  const lab = await startLab(text, { place: 'namespace', clock: systemClock })
  stage.onStop(() => lab.close())
  const file = (name: string, content: string) => {
    writeFileSync(join(stage.folder, name), content)
    return join(stage.folder, name)
  }
  const hints = lab.rootHints.map(({ address }, at) => `. 3600 IN NS r${at}.\nr${at}. 3600 IN A ${address}\n`).join('')
  const resolver = '127.0.0.53'
  await startUnbound(stage, resolver, { anchors: lab.trustAnchors, hints })
  run('mount', ['--bind', file('resolv.conf', `nameserver ${resolver}\n`), '/etc/resolv.conf'])
  stage.onStop(() => void run('umount', ['/etc/resolv.conf']))
  const authority = file('authority.pem', lab.ca)
  const { rootHints, trustAnchors, ca } = lab
  return {
    ...{ lab, authority },
    iterate: [
      ...['--engine', 'iterate', '--root-hints', file('hints', hints), '--allow-private'],
      ...['--trust-anchor', file('anchors', trustAnchors), '--ca-file', authority],
    ],
    options: { engine: 'iterate', rootHints, trustAnchors, ca, allowPrivate: true },
  }
}

/** Sends mail to the domain, and sees what became of it, who has it, and who could read it. */
export async function assertOutcome(
  lab: Lab,
  tried: Tried,
  { domain, ...expected }: Expected,
  mark: string,
): Promise<void> {
  const { outcome, line } = await tried.send(domain, mark)
  assert.equal(outcome, expected.outcome, line)
  const received = lab.received.filter((message) => message.text.includes(`Subject: ${mark}\r\n`))
  assert.deepEqual(
    received.map(({ host, by, tls }) => [host, by, tls !== undefined]),
    expected.host === undefined ? [] : [[expected.host, 'recipient', expected.tls]],
    line,
  )
  const overheard = lab.diary.overheard.some((heard) => heard.text.includes(`Subject: ${mark}\r\n`))
  assert.ok(!overheard, `${mark} was read on the way`)
}

/** Has the tests of every domain in calm, and of every attack. */
export function testPlugin(world: () => PluginWorld, tried: () => Tried, calm: readonly Expected[] = inCalm): void {
  const waiting = calm.filter(({ outcome }) => outcome !== 'delivered').map(({ domain }) => domain)
  for (const expected of calm) {
    const { domain, outcome } = expected
    test(`calm: mail to ${domain} is ${outcome}`, () =>
      assertOutcome(world().lab, tried(), expected, `${domain} in calm`))
  }
  for (const [domain, attack] of attacks.filter(([domain]) => !waiting.includes(domain))) {
    test(`under attack (${attack}) mail to ${domain} waits, and goes when that is over`, async () => {
      const { lab } = world()
      const parsed = parseWorld(`${text}\ncalm\n${attack}`)
      assert.ok(parsed.ok, JSON.stringify(parsed))
      const event = parsed.value.events.at(-1)
      assert.ok(event?.kind === 'attack')
      await lab.attack(event.attack)
      try {
        await assertOutcome(lab, tried(), held(domain), `${domain}, ${attack}`)
      } finally {
        lab.calm()
      }
      await assertOutcome(lab, tried(), delivered(domain), `${domain}, after ${attack}`)
    })
  }
}

/** A connection that was made for who asks for nothing carries no mail for who does. */
export function testReuse(world: () => PluginWorld, tried: () => Tried): void {
  test('mail for a domain with a policy goes over no connection that was made for another', async () => {
    const guest: Expected = { domain: 'guest.example', outcome: 'delivered', host: 'mx.self-signed.example', tls: true }
    await assertOutcome(world().lab, tried(), guest, 'a guest')
    await assertOutcome(world().lab, tried(), held('self-signed.example'), 'the owner after the guest')
  })
}

/**
 * A host that sends the certificate of the authority that the domain's records name after one that says it is by that
 * authority, and is signed by somebody else of its name.
 */
export function testBorrowedChain(stage: Stage, world: () => PluginWorld, tried: () => Tried, says: RegExp): void {
  test('a certificate that the authority of DANE-TA did not issue is not believed for being sent beside its own', async () => {
    const file = (name: string) => join(stage.folder, name)
    const authority = new X509Certificate(await authorityOf('mx.anchored.example'))
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    const key = (of: string) => [...curve, '-nodes', '-keyout', file(`${of}.key`)]
    const name = `/${authority.subject.replaceAll('\n', '/')}`
    const shown = run('openssl', ['x509', '-noout', '-ext', 'subjectKeyIdentifier'], { input: authority.toString() })
    const identifier = `subjectKeyIdentifier=${/(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/.exec(shown)?.[0]}`
    run('openssl', ['req', '-x509', ...key('false'), '-out', file('false.pem'), '-subj', name, '-addext', identifier])
    const host = ['-subj', '/CN=mx.borrowed.example', '-addext', 'subjectAltName=DNS:mx.borrowed.example']
    run('openssl', ['req', ...key('borrowed'), '-out', file('borrowed.csr'), ...host])
    const signing = ['-CA', file('false.pem'), '-CAkey', file('false.key'), '-copy_extensions', 'copy']
    const issued = run('openssl', ['x509', '-req', '-in', file('borrowed.csr'), ...signing])
    addAddresses(['192.0.2.210'])
    const server = await listenAs('192.0.2.210', {
      ...{ cert: `${issued}${authority.toString()}`, key: readFileSync(file('borrowed.key')) },
    })
    try {
      const { outcome, line } = await tried().send('borrowed.example', 'a borrowed chain')
      assert.equal(outcome, 'deferred', line)
      assert.match(line, says)
      assert.ok(!world().lab.received.some((message) => message.text.includes('a borrowed chain')))
    } finally {
      server.close()
    }
  })
}

/** The certificate that the host sends after its own, in PEM. */
async function authorityOf(host: string): Promise<string> {
  const [address = ''] = await new Resolver().resolve4(host)
  const socket = connect(25, address)
  const hear = async (words: RegExp) => {
    for (let said = ''; !words.test(said); ) said += String((await once(socket, 'data'))[0])
  }
  await hear(/^220 /m)
  socket.write('EHLO client.example\r\n')
  await hear(/^250 /m)
  socket.write('STARTTLS\r\n')
  await hear(/^220 /m)
  const secured = connectTls({ socket, servername: host, rejectUnauthorized: false })
  await once(secured, 'secureConnect')
  const { raw } = secured.getPeerCertificate(true).issuerCertificate
  secured.destroy()
  return new X509Certificate(raw).toString()
}

/** An SMTP server that gets as far as TLS, and no farther. */
async function listenAs(address: string, context: TlsOptions): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('220 mx.borrowed.example\r\n')
    socket.on('data', (octets: Buffer) => {
      const line = octets.toString('latin1')
      if (line.startsWith('EHLO')) socket.write('250-mx.borrowed.example\r\n250 STARTTLS\r\n')
      else if (line.startsWith('STARTTLS')) {
        socket.write('220 go\r\n')
        socket.removeAllListeners('data')
        const secured = new TLSSocket(socket, { ...context, isServer: true })
        secured.on('error', () => {})
        secured.on('data', () => secured.write('250 mx.borrowed.example\r\n'))
      } else socket.write('221 2.0.0 bye\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(25, address, resolve))
  return server
}
