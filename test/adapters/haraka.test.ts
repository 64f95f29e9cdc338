// The plugin for Haraka, by the hooks and objects of its sources. test/interop/haraka.test.ts has it in Haraka itself.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import vm from 'node:vm'
import { formatLineReply, type LineAnswer, type LineHost } from '../../src/core/lines/reply.ts'

const constants = { OK: 906, DENY: 902, DENYSOFT: 903 }
const file = join(import.meta.dirname, '..', '..', 'share', 'haraka', 'waxseal.js')

interface Mx {
  exchange: string
  priority?: number
  port?: number
  from_dns?: string
}

interface Hmail {
  readonly todo: { readonly rcpt_to: { reason?: string }[] }
  get_force_tls(mx: Mx): boolean
}

/** As Haraka wraps a connection: `upgrade` ends in what Node thinks of the certificate. */
class Socket extends EventEmitter {
  options: Record<string, unknown> = {}
  cleartext = { authorized: false, getProtocol: () => 'TLSv1.3', getPeerCertificate: () => ({}) }
  upgrade(options: Record<string, unknown>, done: (authorized: boolean, error?: string) => void): void {
    this.options = options
    done(this.cleartext.authorized, 'CERT_HAS_EXPIRED')
  }
}

type GetClient = (mx: Mx, callback: (error: string | null, socket: Socket) => void) => void

interface Outcome {
  readonly code: number | undefined
  readonly answer: string | Mx[] | undefined
  readonly hmail: Hmail
}

const hosts: readonly LineHost[] = [
  { host: 'mx1.example.org', preference: 10, tls: 'pkix' },
  { host: 'mx2.example.org', preference: 10, tls: 'may' },
  { host: 'mx3.example.org', preference: 20, tls: 'encrypt' },
  { host: 'mx4.example.org', preference: 20, tls: 'dane' },
]

const deliver = (given: readonly LineHost[]): LineAnswer => ({ action: 'deliver', hosts: given, reason: '' })

/** Domain to what the service says, word for word. */
const said: Record<string, string> = {
  'example.org': `${formatLineReply(deliver(hosts))}\n`,
  'later.example': `${formatLineReply({ action: 'defer', hosts: [], reason: 'its TLSA lookup failed' })}\n`,
  'null.example': `${formatLineReply({ action: 'bounce', hosts: [], reason: 'the domain takes no mail' })}\n`,
  '[192.0.2.1]': `${formatLineReply({ action: 'none', hosts: [], reason: 'no policy' })}\n`,
  'cut.example': formatLineReply(deliver(hosts)).slice(0, 60),
  'new.example': 'action=deliver hosts="mx.example" dane="" pkix="" encrypt="" may="" better="mx.example" reason=""\n',
  'odd.example': 'action=levitate hosts="" reason=""\n',
  'empty.example': '',
}

let service: Server
const questions: string[] = []

before(async () => {
  service = createServer({ allowHalfOpen: true }, (socket) => {
    socket.setEncoding('utf8')
    let question = ''
    socket.on('data', (text) => {
      question += String(text)
    })
    socket.on('end', () => {
      questions.push(question)
      if (question.includes('endless.example')) {
        socket.on('error', () => {})
        socket.write('x'.repeat(200_000))
      } else socket.end(said[question.trim().replace(/^query /, '')] ?? '')
    })
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
})

after(() => service.close())

interface Plugin {
  choose_hosts(next: (code?: number, answer?: string | Mx[]) => void, hmail: object, domain: string): void
  register(): void
}

function load(main: Record<string, unknown> = {}) {
  const { port } = service.address() as AddressInfo
  const exported = {} as Plugin
  const pool: { get_client: GetClient } = { get_client: (_mx, callback) => callback(null, new Socket()) }
  const sandbox = { ...constants, exports: exported, require: createRequire(file), setTimeout, clearTimeout }
  // Haraka runs plugins so, with its constants around them.
  vm.runInNewContext(readFileSync(file, 'utf8'), sandbox, { filename: file })
  const hooks: string[][] = []
  const plugin = Object.assign(exported, {
    config: { get: () => ({ main: { socket: `127.0.0.1:${port}`, ...main } }) },
    haraka_require: (name: string) => (name === 'outbound/client_pool' ? pool : undefined),
    register_hook: (hook: string, name: string) => hooks.push([hook, name]),
    logerror() {},
    lognotice() {},
  })
  plugin.register()
  const getMx = (domain: string) =>
    new Promise<Outcome>((resolve) => {
      const hmail = { todo: { rcpt_to: [{}] } } as Hmail
      plugin.choose_hosts((code, answer) => resolve({ code, answer, hmail }), hmail, domain)
    })
  return { pool, hooks, getMx, plugin }
}

test('the plugin takes part in get_mx, and names the hosts that mail may reach in their order', async () => {
  const { hooks, getMx } = load()
  assert.deepEqual(hooks, [['get_mx', 'choose_hosts']])
  const { code, answer } = await getMx('example.org')
  assert.equal(code, constants.OK)
  assert.deepEqual(JSON.parse(JSON.stringify(answer)), [
    { exchange: 'mx1.example.org', priority: 0, port: 25 },
    { exchange: 'mx2.example.org', priority: 0, port: 25 },
    { exchange: 'mx3.example.org', priority: 1, port: 25 },
    { exchange: 'mx4.example.org', priority: 1, port: 25 },
  ])
  assert.equal(questions.at(-1), 'query example.org\n')
})

/** What comes of a connection to this host on which the server says these lines, and then TLS begins. */
async function connect(host: string, { lines = ['220 mx', '250-mx', '250 STARTTLS', '220 go'], authorized = false }) {
  const { pool, getMx } = load()
  const { hmail } = await getMx('example.org')
  const mx = { exchange: '192.0.2.1', from_dns: host }
  const force = hmail.get_force_tls(mx)
  let fault: string | undefined
  const socket = await new Promise<Socket>((resolve) => pool.get_client(mx, (_error, got) => resolve(got)))
  socket.on('error', ({ message }: Error) => {
    fault ??= message
  })
  for (const line of lines) socket.emit('line', `${line}\r\n`)
  let secured: boolean | undefined
  if (fault === undefined) {
    socket.cleartext.authorized = authorized
    socket.upgrade({ ciphers: 'x', rejectUnauthorized: true }, (done) => {
      secured = done
    })
  }
  return { force, fault, secured, options: { ...socket.options } }
}

const asked = { ciphers: 'x', rejectUnauthorized: false, minVersion: 'TLSv1.2' }

test('what TLS must show is asked host by host', async () => {
  const pkix = await connect('mx1.example.org', { authorized: true })
  assert.deepEqual(
    [pkix.force, pkix.fault, pkix.secured, pkix.options],
    [true, undefined, true, { ...asked, servername: 'mx1.example.org' }],
  )
  const may = await connect('mx2.example.org', {})
  assert.deepEqual(
    [may.force, may.fault, may.secured, may.options],
    [false, undefined, false, { ciphers: 'x', rejectUnauthorized: false }],
  )
  const encrypt = await connect('MX3.example.org', {})
  assert.deepEqual([encrypt.force, encrypt.fault, encrypt.secured], [true, undefined, true])
})

const faults: [what: string, host: string, given: { lines?: string[] }, fault: RegExp][] = [
  ['an invalid certificate under a policy', 'mx1.example.org', {}, /not valid: CERT_HAS_EXPIRED/],
  ['a host that nobody named: an alias, or a mistake', 'mx.elsewhere.example', {}, /not valid/],
  ['no certificate that a record matches', 'mx4.example.org', {}, /matches none/],
  ['no STARTTLS', 'mx3.example.org', { lines: ['220 mx', '250-mx', '250 SIZE'] }, /offers no STARTTLS/],
  ['an offer that is not one', 'mx3.example.org', { lines: ['220 mx', '250 XSTARTTLS'] }, /offers no STARTTLS/],
  [
    'an offer in the greeting',
    'mx3.example.org',
    { lines: ['220-STARTTLS', '220 mx', '250 mx'] },
    /offers no STARTTLS/,
  ],
  ['STARTTLS refused', 'mx3.example.org', { lines: ['220 mx', '250 STARTTLS', '554 no'] }, /refuses STARTTLS: 554 no/],
  ['EHLO refused', 'mx3.example.org', { lines: ['220 mx', '502 what'] }, /takes no EHLO: 502 what/],
  [
    'more than it should say before TLS',
    'mx3.example.org',
    { lines: ['220 mx', '250 STARTTLS', '220 go', '250 STARTTLS'] },
    /between STARTTLS and TLS/,
  ],
]

for (const [what, host, given, fault] of faults) {
  test(`Haraka goes on to the next host over ${what}`, async () => {
    assert.match((await connect(host, given)).fault ?? '', fault)
  })
}

test('mail that the plugin has nothing to do with goes as it went', async () => {
  const { pool, getMx, plugin } = load()
  assert.deepEqual((await getMx('[192.0.2.1]')).code, undefined)
  plugin.register() // once more, as when plugins are loaded again
  const socket = await new Promise<Socket>((resolve) =>
    pool.get_client({ exchange: 'relay.example' }, (_, got) => resolve(got)),
  )
  assert.deepEqual([socket.listenerCount('line'), socket.upgrade], [0, Socket.prototype.upgrade])
})

const refusals: [domain: string, code: number][] = [
  ['null.example', constants.DENY],
  ['later.example', constants.DENYSOFT],
  ['odd.example', constants.DENYSOFT],
  ['cut.example', constants.DENYSOFT],
  ['empty.example', constants.DENYSOFT],
  ['endless.example', constants.DENYSOFT],
  ['two words', constants.DENYSOFT],
  ['line\nquery example.org', constants.DENYSOFT],
]

for (const [domain, code] of refusals) {
  test(`no host is named for ${JSON.stringify(domain)}`, async () => {
    assert.equal((await load().getMx(domain)).code, code)
  })
}

test('the whole reason is given to who wrote the message', async () => {
  const { answer, hmail } = await load().getMx('later.example')
  assert.deepEqual([answer, hmail.todo.rcpt_to[0]?.reason], ['its TLSA lookup failed', 'its TLSA lookup failed'])
})

test('a demand that this version knows nothing of is met by no certificate', async () => {
  const { hmail, code } = await load().getMx('new.example')
  const mx: Mx & { waxseal?: { tls: string } } = { exchange: '192.0.2.1', from_dns: 'mx.example' }
  assert.deepEqual([code, hmail.get_force_tls(mx), mx.waxseal?.tls], [constants.OK, true, 'dane'])
})

test('a service that is not there holds mail back', async () => {
  assert.equal((await load({ socket: '/nowhere/at/all' }).getMx('example.org')).code, constants.DENYSOFT)
})
