// The plugin for ZoneMTA and the options for mx-connect, by the hooks and objects of their sources. ZoneMTA itself has the
// plugin in test/interop/zonemta.test.ts.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { createWaxseal, type Waxseal } from '../../src/index.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'

const share = createRequire(join(import.meta.dirname, '..', '..', 'share', 'zonemta', 'package.json'))

interface MxConnectDane {
  readonly enabled: true
  resolveTlsa(name: string): Promise<{ usage: number; selector: number; mtype: number; cert: Buffer }[]>
}

const { createDane, judge } = share('./mx-connect.js') as {
  createDane(waxseal: Waxseal): MxConnectDane
  judge(mx: object, socket: object): Error | undefined
}
type Explaining = Pick<Waxseal, 'explain'>
const { install } = share('./waxseal.js') as {
  install(app: object, waxseal: Explaining | Promise<Explaining>, zones?: object): void
}

const world = `world  what the adapters meet
zone dane.example
zone dane.example MX 10 mx.dane.example
zone _25._tcp.mx.dane.example TLSA 3 1 1 {mx.dane.example.spki.sha256}
zone _25._tcp.mx.dane.example TLSA 1 1 1 {zeros.32}
zone _26._tcp.mx.dane.example TLSA 1 1 1 {zeros.32}
zone _27._tcp.mx.dane.example TLSA 3 1 1 {zeros.32} bogus
host mx.dane.example certificate=self-signed
zone anchored.example
zone anchored.example MX 10 mx.anchored.example
zone _25._tcp.mx.anchored.example TLSA 2 0 1 {mx.anchored.example.issuer.cert.sha256}
host mx.anchored.example certificate=dane-ta
zone sts.example signed=no
zone sts.example MX 10 mx.sts.example
zone sts.example MX 20 rogue.sts.example
zone _25._tcp.mx.sts.example TLSA 3 1 1 {zeros.32}
host mx.sts.example
host rogue.sts.example
policy sts.example mx=mx.sts.example
zone plain.example signed=no
zone plain.example MX 10 mx.plain.example
host mx.plain.example starttls=no
zone unusable.example
zone unusable.example MX 10 mx.unusable.example
zone _25._tcp.mx.unusable.example TLSA 1 1 1 {zeros.32}
host mx.unusable.example certificate=self-signed
zone broken.example
zone broken.example MX 10 mx.broken.example bogus
zone null.example
zone null.example MX 0 .
zone half.example
zone half.example MX 10 mx.half.example
zone _25._tcp.mx.half.example TLSA 3 1 1 {zeros.32}
zone mx.half.example CNAME mx.sts.example
`

let lab: Lab
let waxseal: Waxseal

before(async () => {
  lab = await startLab(world)
  const { network, clock, rootHints, trustAnchors, ca } = lab
  waxseal = createWaxseal({ engine: 'iterate', network, clock, rootHints, trustAnchors, ca })
})

after(async () => {
  await waxseal.close()
  await lab.close()
})

test('DANE-24: mx-connect gets secure and usable TLSA records alone, and a failed lookup is an error', async () => {
  const { resolveTlsa } = createDane(waxseal)
  const records = await resolveTlsa('_25._tcp.mx.dane.example')
  assert.deepEqual(
    records.map(({ usage, selector, mtype, cert }) => [usage, selector, mtype, cert.length]),
    [[3, 1, 1, 32]],
  )
  assert.deepEqual(await resolveTlsa('_25._tcp.none.dane.example'), [])
  assert.deepEqual(await resolveTlsa('_25._tcp.mx.sts.example'), [], 'not signed')
  assert.deepEqual(await resolveTlsa('_25._tcp.mx.half.example'), [], 'its addresses are not signed: RFC 7672 §2.2.2')
  await assert.rejects(resolveTlsa('_26._tcp.mx.dane.example'), /no TLSA record can be used/)
  await assert.rejects(resolveTlsa('_27._tcp.mx.dane.example'), { code: 'ESERVFAIL' })
})

interface Delivery {
  domain: string
  http?: boolean
  sendingZone?: string
  mx?: { exchange: string; priority: number }[]
  skipSTS?: boolean
}

type PolicyError = Error & { response: string; action: string; category: string; temporary: boolean }
type Next = (error?: PolicyError) => void

function load(from: Explaining | Promise<Explaining> = waxseal, zones = {}) {
  const hooks = new Map<string, (...given: never[]) => void>()
  install({ addHook: (name: string, hook: (...given: never[]) => void) => hooks.set(name, hook) }, from, zones)
  const run = (name: string, ...given: object[]) =>
    new Promise<PolicyError | undefined>((resolve) => {
      const hook = hooks.get(name) as (...all: unknown[]) => void // put there above
      hook(...given, resolve satisfies Next)
    })
  return {
    fetch: (delivery: Delivery) => run('sender:fetch', delivery),
    headers: (delivery: Delivery, connection: object) => run('sender:headers', delivery, connection),
  }
}

const stopped: [domain: string, action: string, response: RegExp][] = [
  ['broken.example', 'defer', /^451 4\.7\.5 /],
  ['null.example', 'reject', /^550 5\.1\.2 /],
  ['missing.example', 'reject', /^550 5\.1\.2 /],
]

for (const [domain, action, response] of stopped) {
  test(`mail to ${domain} is stopped before anything is looked up: ${action}`, async () => {
    const error = await load().fetch({ domain })
    assert.deepEqual([error?.action, error?.category], [action, 'policy'])
    assert.match(error?.response ?? '', response)
  })
}

test('hosts are those that the policy lists; mail that is routed by hand goes as it went', async () => {
  const { fetch, headers } = load()
  const delivery: Delivery = { domain: 'sts.example' }
  assert.equal(await fetch(delivery), undefined)
  assert.deepEqual(
    delivery.mx?.map(({ exchange, priority }) => [exchange, priority]),
    [['mx.sts.example', 10]],
  )
  const routed: Delivery = { domain: 'sts.example', mx: [{ exchange: 'relay.example', priority: 0 }] }
  assert.equal(await fetch(routed), undefined)
  assert.deepEqual(routed.mx, [{ exchange: 'relay.example', priority: 0 }])
  assert.equal(await headers(routed, { options: {} }), undefined)
})

test('what goes by HTTP or by the host of a zone is left alone', async () => {
  const { fetch } = load(waxseal, { relayed: { host: 'relay.example' } })
  for (const given of [{ http: true }, { sendingZone: 'relayed' }]) {
    const delivery: Delivery = { domain: 'broken.example', ...given }
    assert.deepEqual([await fetch(delivery), delivery.mx], [undefined, undefined])
  }
})

test('mail waits for a library that is still being loaded, and for one that cannot be', async () => {
  let ready: (from: Explaining) => void = () => {}
  const { fetch } = load(
    new Promise((resolve) => {
      ready = resolve
    }),
  )
  const waiting = fetch({ domain: 'broken.example' })
  ready(waxseal)
  assert.equal((await waiting)?.action, 'defer')
  const failing = Promise.reject<Explaining>(new Error('no such module'))
  const error = await load(failing).fetch({ domain: 'plain.example' })
  assert.deepEqual(
    [error?.action, error?.response],
    ['defer', '451 4.4.3 plain.example cannot be looked up: no such module'],
  )
})

test('a lookup that cannot be made holds mail back', async () => {
  const error = await load({ explain: () => Promise.reject(new Error('closed')) }).fetch({ domain: 'dane.example' })
  assert.equal(error?.action, 'defer')
})

/** Connects as ZoneMTA does, by nodemailer's connection over a socket that is there, TLS not insisted on. */
async function connectTo(host: string, { ignoreTLS = false } = {}): Promise<SMTPConnection> {
  const found = await waxseal.resolve(host, 'A')
  assert.ok(found.kind === 'answer')
  const address = found.records.map(({ rdata }) => [...rdata].join('.'))[0] ?? ''
  const socket = await lab.network.connectTcp({ address, port: 25 }, { chosenBy: 'operator', timeoutMs: 5000 })
  assert.ok(socket.ok)
  const tls = { servername: host, rejectUnauthorized: false, ca: lab.ca }
  const connection = new SMTPConnection({
    ...{ servername: host, host: address, connection: socket.value, name: 'client.example', ignoreTLS, tls },
    opportunisticTLS: true,
  })
  await new Promise<void>((resolve, reject) => {
    connection.once('error', reject)
    connection.connect(() => resolve())
  })
  return connection
}

/** A message up to MAIL FROM; undefined when nothing stands in its way. */
async function tryMail(domain: string, host: string, options?: { ignoreTLS: boolean }): Promise<string | undefined> {
  const { fetch, headers } = load()
  const delivery: Delivery = { domain }
  assert.equal(await fetch(delivery), undefined)
  const connection = await connectTo(host, options)
  try {
    const error = await headers(delivery, connection)
    assert.ok(error === undefined || (error.action === 'defer' && error.category === 'policy'))
    return error?.response
  } finally {
    connection.close()
  }
}

const sessions: [what: string, domain: string, host: string, response: RegExp | undefined, ignoreTLS?: boolean][] = [
  ['DANE-EE holds', 'dane.example', 'mx.dane.example', undefined],
  ['DANE without TLS does not', 'dane.example', 'mx.dane.example', /^451 4\.7\.4 .*offers no TLS/, true],
  ['DANE-TA cannot be judged', 'anchored.example', 'mx.anchored.example', /^451 4\.7\.5 .*DANE-EE/],
  ['a certificate for the host holds', 'sts.example', 'mx.sts.example', undefined],
  ['a policy without TLS does not', 'sts.example', 'mx.sts.example', /^451 4\.7\.4 /, true],
  ['a host that the policy does not list', 'sts.example', 'rogue.sts.example', /^451 4\.7\.5 .*no host that mail may/],
  ['TLS with whoever it is', 'unusable.example', 'mx.unusable.example', undefined],
  ['TLS records of no use without TLS', 'unusable.example', 'mx.unusable.example', /^451 4\.7\.4 /, true],
  ['nothing was asked', 'plain.example', 'mx.plain.example', undefined],
]

for (const [what, domain, host, response, ignoreTLS = false] of sessions) {
  test(`the session is judged before MAIL FROM: ${what}`, async () => {
    const said = await tryMail(domain, host, { ignoreTLS })
    if (response === undefined) assert.equal(said, undefined)
    else assert.match(said ?? '', response)
  })
}

test('a certificate that was swapped holds mail back', async () => {
  const attack = { type: undefined, how: undefined, certificate: 'self-signed' } as const
  for (const domain of ['dane.example', 'sts.example']) {
    await lab.attack({ kind: 'swap-certificate', target: `mx.${domain}`, ...attack })
    assert.match((await tryMail(domain, `mx.${domain}`)) ?? '', /^451 4\.7\.5 .*certificate/)
  }
  lab.calm()
})

test('for mx-connect a connection is judged once it is secured', async () => {
  const host = 'mx.dane.example'
  const tlsaRecords = await createDane(waxseal).resolveTlsa(`_25._tcp.${host}`)
  const connection = await connectTo(host)
  try {
    const { _socket: socket } = connection as unknown as { _socket: object }
    assert.equal(judge({ hostname: host, tlsaRecords }, socket), undefined)
    const others = tlsaRecords.map((record) => ({ ...record, data: Buffer.alloc(32) }))
    assert.match(judge({ hostname: host, tlsaRecords: others }, socket)?.message ?? '', /matches none/)
    assert.match(judge({ hostname: host, tlsaRecords }, {})?.message ?? '', /no certificate/)
    assert.equal(judge({ hostname: host, tlsaRecords: [] }, {}), undefined)
  } finally {
    connection.close()
  }
})
