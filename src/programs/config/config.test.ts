import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nameOfText } from '../../../test/support/records.ts'
import { sendingOptions } from '../cli/sending-options.ts'
import { serviceOptions } from '../cli/service-options.ts'
import { worldOptions } from '../cli/world-options.ts'
import { defaultConfigPaths, findConfigPath, parseConfigFile, readConfigFile } from './config-file.ts'
import { formatEndpoint, readEndpoint, readServer } from './endpoint.ts'
import { resolveSettings } from './resolve-settings.ts'
import { settingNames } from './settings.ts'

const path = '/etc/waxseal/waxseal.toml'

const refusedFiles: [why: string, text: string, message: string][] = [
  ['what is no TOML', '\nengine = ', `${path}:2: invalid value: "engine ="`],
  ['a text without quotes', 'engine = iterate', `${path}:1: invalid value: "engine = iterate" (texts stand in quotes)`],
  [
    'a key given twice',
    'timeout = 1\ntimeout = 2',
    `${path}:2: trying to redefine an already defined table or value: "timeout = 2"`,
  ],
  ['an unknown key', '# x\nengin = "auto"', `${path}:2: unknown key "engin", did you mean "engine"`],
  ['an unknown key unlike any', 'frobnicate = 1', `${path}:1: unknown key "frobnicate"`],
  ['an unknown table', '\n\n[resolver]\nengine = "auto"', `${path}:3: unknown key "resolver"`],
  ['a key named after a built-in', '__proto__ = 1', `${path}:1: unknown key "__proto__"`],
  ['options that are no settings', 'config = "x"', `${path}:1: unknown key "config"`],
  ['a number for a text', 'engine = 4', `${path}:1: engine must be a text in quotes`],
  ['a text for a number', '\ntimeout = "4"', `${path}:2: timeout must be a number`],
  ['a number for a truth', 'allow-sha1 = 1', `${path}:1: allow-sha1 must be true or false`],
  ['a list of numbers', 'server = [1]', `${path}:1: server must be a text in quotes or a list of such`],
  ['a table for a text', '[store]\nx = 1', `${path}:1: store must be a text in quotes`],
  [
    'an unknown engine',
    'engine = "foward"',
    `${path}:1: engine: "foward" is none of auto, forward, iterate, trust-ad, did you mean "forward"`,
  ],
  ['a port out of range', 'smtp-port = 65536', `${path}:1: smtp-port: "65536" is no whole number from 1 to 65535`],
  ['half a second', 'timeout = 0.5', `${path}:1: timeout: "0.5" is no whole number from 1 to 600`],
  ['a name for a server', 'server = "localhost"', `${path}:1: server: "localhost" is no address, or address and port`],
  [
    'a server over TLS without its name',
    'server = "tls://192.0.2.1"',
    `${path}:1: server: "tls://192.0.2.1" is no server over TLS: write tls://ADDRESS#NAME, with the name that its certificate must have`,
  ],
  [
    'a place for HTTP that is none',
    'http = "on"',
    `${path}:1: http: "on" is neither address and port nor the path of a socket`,
  ],
  [
    'a prefix for a host of ours',
    'own-host = ["192.0.2.0/24"]',
    `${path}:1: own-host: "192.0.2.0/24" is neither a host name nor an address`,
  ],
  [
    'a proxy that is no network',
    'web-proxy = ["proxy.example"]',
    `${path}:1: web-proxy: "proxy.example" is neither an address nor a prefix such as 10.0.0.0/8`,
  ],
  [
    'a URL with a path',
    'web-url = "https://example.org/check"',
    `${path}:1: web-url: "https://example.org/check" is no URL of a server, such as https://check.example.org`,
  ],
  ['a name for EHLO that is none', 'web-helo = "a b"', `${path}:1: web-helo: "a b" is no host name`],
  [
    'the word of a switch where domains stand',
    'dry-run = "yes"',
    `${path}:1: dry-run: "yes" is no domain: write true or false without quotes, or all`,
  ],
  [
    'a dry run of what is no domain',
    'dry-run = ["a..b"]',
    `${path}:1: dry-run: "a..b" is no domain, nor .domain for all below it, nor all`,
  ],
  [
    'a dry run of a number',
    'dry-run = 1',
    `${path}:1: dry-run must be true, false, a text in quotes or a list of such`,
  ],
  ['an empty path', 'store = ""', `${path}:1: store: "" is no path`],
]
for (const [why, text, message] of refusedFiles) {
  test(`a configuration file is refused for ${why}`, async () => {
    await assert.rejects(async () => resolveSettings({}, await parseConfigFile(text, path)), {
      name: 'ConfigError',
      code: 'ERR_CONFIG',
      message,
    })
  })
}

const full = `
engine = "forward"
server = ["192.0.2.53", "[2001:db8::53]:5353"]
root-hints = "named.root"
trust-anchor = "/srv/anchors"
update-anchors = true
negative-trust-anchor = ["example.org 2026-12-01 broken"]
allow-sha1 = true
clock-skew = 0
trust-remote-ad = true
preferred-digest = "sha2-256"
aggressive-nsec = "hosts"
ca-file = "ca.pem"
cache-file = "dns-cache"
store = ":memory:"
smtp-port = 2525
own-host = ["MX.example.org", "192.0.2.25"]
allow-private = true
timeout = 30
socketmap = ["[::1]:8461", "unix:/run/waxseal/postfix"]
lines = "/run/waxseal/lines"
tcp-table = "127.0.0.1:8463"
http = ["/run/waxseal/http", "127.0.0.1:80"]
http-token-file = "token"
shared-store = "rediss://waxseal@redis.example/1"
shared-store-password-file = "redis-password"
shared-store-ca-file = "/srv/redis.pem"
shared-store-client-file = "client.pem"
shared-store-prefix = "mail:"
mixed-hosts = "secure"
testing-level = "may"
log-format = "json"
dry-run = ["example.org", ".example.net"]
web = "127.0.0.1:8080"
web-url = "https://check.example/"
web-proxy = ["127.0.0.1", "2001:db8::/32"]
web-opt-out = "left-alone"
web-helo = "checker.example"
web-contact = "postmaster@check.example"
web-allow-private = true
`

test('every setting can stand in the file, and paths are read from where the file is', async () => {
  const settings = resolveSettings({}, await parseConfigFile(full, path))
  const values = Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value]))
  assert.deepEqual(values, {
    engine: 'forward',
    server: [
      { address: '192.0.2.53', port: 53 },
      { address: '2001:db8::53', port: 5353 },
    ],
    'root-hints': '/etc/waxseal/named.root',
    'trust-anchor': '/srv/anchors',
    'update-anchors': true,
    'negative-trust-anchor': [{ name: nameOfText('example.org.'), until: Date.UTC(2026, 11, 1), reason: 'broken' }],
    'allow-sha1': true,
    'clock-skew': 0,
    'trust-remote-ad': true,
    'preferred-digest': 'sha2-256',
    'aggressive-nsec': 'hosts',
    'ca-file': '/etc/waxseal/ca.pem',
    'cache-file': '/etc/waxseal/dns-cache',
    store: ':memory:',
    'shared-store': {
      text: 'rediss://waxseal@redis.example/1',
      where: { kind: 'tcp', host: 'redis.example', port: 6379, isTls: true },
      ...{ user: 'waxseal', database: 1 },
    },
    'shared-store-password-file': '/etc/waxseal/redis-password',
    'shared-store-ca-file': '/srv/redis.pem',
    'shared-store-client-file': '/etc/waxseal/client.pem',
    'shared-store-prefix': 'mail:',
    'smtp-port': 2525,
    'own-host': ['mx.example.org', '192.0.2.25'],
    'allow-private': true,
    timeout: 30,
    socketmap: [
      { kind: 'tcp', address: '::1', port: 8461 },
      { kind: 'unix', path: '/run/waxseal/postfix' },
    ],
    lines: [{ kind: 'unix', path: '/run/waxseal/lines' }],
    'tcp-table': [{ kind: 'tcp', address: '127.0.0.1', port: 8463 }],
    http: [
      { kind: 'unix', path: '/run/waxseal/http' },
      { kind: 'tcp', address: '127.0.0.1', port: 80 },
    ],
    'http-token-file': '/etc/waxseal/token',
    'mixed-hosts': 'secure',
    'testing-level': 'may',
    'log-format': 'json',
    'dry-run': [
      { name: 'example.org', below: false },
      { name: 'example.net', below: true },
    ],
    web: [{ kind: 'tcp', address: '127.0.0.1', port: 8080 }],
    'web-url': 'https://check.example',
    'web-proxy': ['127.0.0.1', '2001:db8::/32'],
    'web-opt-out': '/etc/waxseal/left-alone',
    'web-helo': 'checker.example',
    'web-contact': 'postmaster@check.example',
    'web-allow-private': true,
  })
  assert.deepEqual(settings.timeout.origin, { from: 'file', path, line: 19 })
})

test('every option for the network or the service is a setting too, but for those that are about one run', () => {
  const options = [worldOptions, sendingOptions, serviceOptions]
    .flatMap((table) => Object.keys(table))
    .filter((name) => name !== 'config' && name !== 'trace')
  assert.deepEqual(options.sort(), [...settingNames].sort())
})

test('the command line stands over the file and the file over the default', async () => {
  const file = await parseConfigFile('timeout = 30\nsmtp-port = 2525\nallow-private = true', path)
  const settings = resolveSettings({ timeout: '7', server: [], 'allow-private': false }, file)
  assert.deepEqual(settings.timeout, { value: 7, origin: { from: 'command line' } })
  assert.deepEqual(settings['smtp-port'], { value: 2525, origin: { from: 'file', path, line: 2 } })
  assert.deepEqual(settings['allow-private'], { value: false, origin: { from: 'command line' } })
  assert.deepEqual(settings.server, { value: [], origin: { from: 'default' } })
})

const refusedOptions: [values: Parameters<typeof resolveSettings>[0], message: string][] = [
  [
    { 'negative-trust-anchor': ['example.org soon broken'] },
    'option --negative-trust-anchor: "example.org soon broken": has no end behind the name, such as 2026-12-01T00:00Z',
  ],
  [{ engine: 'foo' }, 'option --engine: "foo" is none of auto, forward, iterate, trust-ad'],
  [{ 'aggressive-nsec': 'host' }, 'option --aggressive-nsec: "host" is none of off, hosts, all, did you mean "hosts"'],
  [{ server: ['1.2.3.4', '1.2.3'] }, 'option --server: "1.2.3" is no address, or address and port'],
  [{ 'clock-skew': '3601' }, 'option --clock-skew: "3601" is no whole number from 0 to 3600'],
  [{ 'smtp-port': '0' }, 'option --smtp-port: "0" is no whole number from 1 to 65535'],
  [{ timeout: '1e1' }, 'option --timeout: "1e1" is no whole number from 1 to 600'],
]
for (const [values, message] of refusedOptions) {
  test(`the command line is refused: ${message}`, () => {
    assert.throws(() => resolveSettings(values, undefined), { name: 'UsageError', message })
  })
}

const endpoints: [text: string, endpoint: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1:53'],
  ['192.0.2.1:5353', '192.0.2.1:5353'],
  ['2001:db8::1', '[2001:db8::1]:53'],
  ['[2001:db8::1]', '[2001:db8::1]:53'],
  ['[2001:db8::1]:5353', '[2001:db8::1]:5353'],
  ['192.0.2.1#5353', '192.0.2.1:5353'],
  ['2001:db8::1#5353', '[2001:db8::1]:5353'],
  ['[2001:db8::1]#5353', '[2001:db8::1]:5353'],
  ['192.0.2.1:53#53', undefined],
  ['192.0.2.1#', undefined],
  ['#53', undefined],
  ['[192.0.2.1]:53', undefined],
  ['192.0.2.1:', undefined],
  ['192.0.2.1:0', undefined],
  ['192.0.2.1:65536', undefined],
  ['192.0.2.1:53:53', undefined],
  ['dns.example', undefined],
  ['', undefined],
]
const servers: [text: string, server: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1:53'],
  ['tls://192.0.2.1#dns.example', 'tls://192.0.2.1#dns.example'],
  ['tls://192.0.2.1:853#dns.example', 'tls://192.0.2.1#dns.example'],
  ['tls://192.0.2.1:8853#DNS.Example', 'tls://192.0.2.1:8853#dns.example'],
  ['tls://2001:db8::1#dns.example', 'tls://[2001:db8::1]#dns.example'],
  ['tls://[2001:db8::1]:8853#dns.example', 'tls://[2001:db8::1]:8853#dns.example'],
  ['tls://192.0.2.1', undefined],
  ['tls://192.0.2.1#', undefined],
  ['tls://192.0.2.1#192.0.2.1', undefined],
  ['tls://192.0.2.1#dns.example#', undefined],
  ['tls://dns.example#dns.example', undefined],
  ['tls:192.0.2.1#dns.example', undefined],
  ['192.0.2.1#dns.example', undefined],
]
for (const [text, expected] of servers) {
  test(`RES-19: the name server "${text}" is ${expected ?? 'refused'}`, () => {
    const server = readServer(text)
    assert.equal(server === undefined ? undefined : formatEndpoint(server), expected)
    if (expected !== undefined) assert.deepEqual(readServer(expected), server)
  })
}

for (const [text, expected] of endpoints) {
  test(`the server "${text}" is ${expected ?? 'refused'}`, () => {
    const endpoint = readEndpoint(text, 53)
    assert.equal(endpoint === undefined ? undefined : formatEndpoint(endpoint), expected)
  })
}

test('the default configuration is that of the user, then that of the machine', () => {
  const machine = '/etc/waxseal/waxseal.toml'
  assert.deepEqual(defaultConfigPaths({ XDG_CONFIG_HOME: '/x', HOME: '/h' }), ['/x/waxseal/waxseal.toml', machine])
  assert.deepEqual(defaultConfigPaths({ XDG_CONFIG_HOME: 'x', HOME: '/h' }), [
    '/h/.config/waxseal/waxseal.toml',
    machine,
  ])
  assert.deepEqual(defaultConfigPaths({}), [machine])
})

test('files that are not there, too long or no files are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-config-'))
  try {
    const own = join(folder, 'waxseal', 'waxseal.toml')
    mkdirSync(join(folder, 'waxseal'))
    assert.notEqual(findConfigPath(undefined, { XDG_CONFIG_HOME: folder }), own)
    writeFileSync(own, `#${'x'.repeat(1024 * 1024)}`)
    assert.equal(findConfigPath(undefined, { XDG_CONFIG_HOME: folder }), own)
    const name = 'ConfigError'
    await assert.rejects(readConfigFile(own), { name, message: `"${own}" is longer than 1048576 octets` })
    await assert.rejects(readConfigFile(folder), { name, message: `cannot read "${folder}": it is a directory` })
    await assert.rejects(readConfigFile(`${own}x`), { name, message: `cannot read "${own}x": no such file` })
    await assert.rejects(readConfigFile('/dev/zero'), { name, message: '"/dev/zero" is longer than 1048576 octets' })
    writeFileSync(own, Buffer.from('timeout = 30\n# \xe4\n', 'latin1'))
    await assert.rejects(readConfigFile(own), { name, message: `${own}:2: no UTF-8 text` })
    writeFileSync(own, '\ufefftimeout = 30\n# ä\n')
    assert.equal((await readConfigFile(own)).entries.get('timeout')?.raw, 30)
    assert.throws(() => findConfigPath(undefined, { XDG_CONFIG_HOME: `/${'x'.repeat(300)}` }), {
      name,
      message: /^cannot read ".*": name too long$/,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('http may be off, in the file and on the command line', async () => {
  assert.deepEqual(resolveSettings({}, await parseConfigFile('http = "off"', path)).http.value, [])
  assert.deepEqual(resolveSettings({ http: ['off'] }, undefined).http.value, [])
})
