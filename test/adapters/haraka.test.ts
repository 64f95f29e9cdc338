// The plugin for Haraka, by the hooks and objects that Haraka's documentation and sources describe.
import assert from 'node:assert/strict'
import { once } from 'node:events'
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

interface TlsOptions {
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
  readonly minVersion?: string
}

interface Hmail {
  get_force_tls(mx: Mx): boolean
}

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
  'dane.example': `${formatLineReply(deliver(hosts.slice(3)))}\n`,
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
  const outbound = {
    cfg: { ciphers: 'x' },
    get_tls_options(mx: Mx): TlsOptions {
      return { ...this.cfg, servername: mx.from_dns ?? mx.exchange }
    },
  }
  const sandbox = { ...constants, exports: exported, require: createRequire(file), setTimeout, clearTimeout }
  // Haraka runs plugins so, with its constants around them.
  vm.runInNewContext(readFileSync(file, 'utf8'), sandbox, { filename: file })
  const hooks: string[][] = []
  const plugin = Object.assign(exported, {
    config: { get: () => ({ main: { socket: `127.0.0.1:${port}`, ...main } }) },
    haraka_require: (name: string) => (name === 'outbound/tls' ? outbound : undefined),
    register_hook: (hook: string, name: string) => hooks.push([hook, name]),
    logerror() {},
    lognotice() {},
  })
  plugin.register()
  const getMx = (domain: string) =>
    new Promise<Outcome>((resolve) => {
      const hmail = {} as Hmail
      plugin.choose_hosts((code, answer) => resolve({ code, answer, hmail }), hmail, domain)
    })
  return { outbound, hooks, getMx, plugin }
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
  ])
  assert.equal(questions.at(-1), 'query example.org\n')
})

const demanded: [host: string, force: boolean, options: TlsOptions][] = [
  ['mx1.example.org', true, { rejectUnauthorized: true, minVersion: 'TLSv1.2' }],
  ['mx2.example.org', false, { rejectUnauthorized: false }],
  ['MX3.example.org', true, { rejectUnauthorized: false }],
  // One that nobody named: an alias, or a mistake.
  ['mx.elsewhere.example', true, { rejectUnauthorized: true, minVersion: 'TLSv1.2' }],
]

for (const [host, force, options] of demanded) {
  test(`what TLS must show is asked host by host: ${host}`, async () => {
    const { outbound, getMx } = load()
    const { hmail } = await getMx('example.org')
    const mx = { exchange: '192.0.2.1', from_dns: host }
    assert.equal(hmail.get_force_tls(mx), force)
    assert.deepEqual({ ...outbound.get_tls_options(mx) }, { ciphers: 'x', servername: host, ...options })
  })
}

test('mail that the plugin has nothing to do with goes as it went', async () => {
  const { outbound, getMx, plugin } = load()
  assert.deepEqual((await getMx('[192.0.2.1]')).code, undefined)
  plugin.register() // once more, as when plugins are loaded again
  const mx = { exchange: 'relay.example' }
  assert.deepEqual({ ...outbound.get_tls_options(mx) }, { ciphers: 'x', servername: 'relay.example' })
})

const refusals: [domain: string, code: number][] = [
  ['null.example', constants.DENY],
  ['later.example', constants.DENYSOFT],
  ['dane.example', constants.DENYSOFT],
  ['new.example', constants.DENYSOFT],
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

test('by option hosts with DANE get TLS with whoever it is, and a wrong option is refused', async () => {
  const { hmail, code } = await load({ dane: 'encrypt' }).getMx('dane.example')
  assert.deepEqual([code, hmail.get_force_tls({ exchange: 'mx4.example.org' })], [constants.OK, true])
  assert.throws(() => load({ dane: 'ignore' }), /dane is hold or encrypt/)
})

test('a service that is not there holds mail back', async () => {
  assert.equal((await load({ socket: '/nowhere/at/all' }).getMx('example.org')).code, constants.DENYSOFT)
})
