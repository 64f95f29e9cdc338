import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../../core/config-error.ts'
import { parseHostConfig } from './host-config.ts'
import { lineOfPath } from './toml-place.ts'

const profile = '[profile.plain]\nmode = "enforce"\nmx = "mx.a.example"\nmax-age = 86400\n'

test('what is not set has its usual value', async () => {
  const config = await parseHostConfig(profile, '/etc/w/host.toml')
  assert.deepEqual(config.https, [
    { kind: 'tcp', address: '0.0.0.0', port: 443 },
    { kind: 'tcp', address: '::', port: 443 },
  ])
  assert.deepEqual(
    [config.http, config.plain, config.metrics, config.proxies, config.certificates],
    [[], [], [], [], []],
  )
  assert.deepEqual([config.customers, config.name, config.logFormat], [false, undefined, 'text'])
  assert.deepEqual(config.profiles[0]?.domains, [])
})

test('everything may be set, and paths are relative to the file', async () => {
  const text = `
https = "192.0.2.1:443"
http = ["192.0.2.1:80"]
plain = "/run/w/plain"
metrics = "127.0.0.1:9462"
proxy = ["127.0.0.1", "10.0.0.0/8"]
name = "STS.Host.example"
addresses = ["192.0.2.1", "2001:db8::1"]
policies = "policies"
state = "/var/lib/w"
customers = true
log-format = "json"
contexts-kept = 100

[[certificate]]
chain = "live/{host}/fullchain.pem"
key = "live/{host}/privkey.pem"

${profile}domains = ["a.example", "bücher.example"]
domains-file = "list"

[profile.other]
policy = "other.txt"
`
  const config = await parseHostConfig(text, '/etc/w/host.toml')
  assert.equal(config.name, 'sts.host.example')
  assert.deepEqual([config.policies, config.state], ['/etc/w/policies', '/var/lib/w'])
  assert.deepEqual(config.certificates, [
    { chain: '/etc/w/live/{host}/fullchain.pem', key: '/etc/w/live/{host}/privkey.pem' },
  ])
  const [plain, other] = config.profiles
  assert.deepEqual([plain?.domains, plain?.domainsFile], [['a.example', 'xn--bcher-kva.example'], '/etc/w/list'])
  assert.deepEqual(other?.policy, { kind: 'file', path: '/etc/w/other.txt' })
  assert.equal(config.proxies.length, 2)
})

test('behind a proxy alone nothing is listened to with TLS unless told', async () => {
  assert.deepEqual((await parseHostConfig(`plain = "127.0.0.1:8080"\n${profile}`, 'x')).https, [])
})

const ground = 'state = "s"\nhttp = "127.0.0.1:80"\n'
const acme = (lines: string) => `${ground}${profile}[acme]\ndirectory = "https://acme.example/directory"\n${lines}`

test('RFC 8555: a table [acme] says where certificates are obtained, and within which budget', async () => {
  assert.equal((await parseHostConfig(profile, 'x')).acme, undefined)
  const usual = (await parseHostConfig(acme(''), '/etc/w/host.toml')).acme
  assert.deepEqual(
    [usual?.agreesToTerms, usual?.keyKind, usual?.challenges, usual?.budget.perDay, usual?.roots],
    [false, 'p256', ['http-01', 'tls-alpn-01'], 500, undefined],
  )
  const lines = [
    'contact = ["mailto:a@example.org", "mailto:b@example.org"]\nagree-terms = true\nkey = "rsa"\nprofile = "short"',
    'challenges = "tls-alpn-01"\nper-hour = 1\nper-day = 2\nper-week = 3\nat-once = 1\ncheck-addresses = true',
    'external-account = "kid"\nexternal-account-key = "eab"\nserver-ca-file = "ca"\ncertificate-ca-file = "/ca"',
    'other-servers = "https://other.example"',
  ]
  const text = `addresses = "192.0.2.1"\n${acme(lines.join('\n'))}`
  assert.deepEqual((await parseHostConfig(text, '/etc/w/host.toml')).acme, {
    folder: '/etc/w/s/acme',
    directory: 'https://acme.example/directory',
    contact: ['mailto:a@example.org', 'mailto:b@example.org'],
    agreesToTerms: true,
    externalAccount: { keyId: 'kid', keyFile: '/etc/w/eab' },
    profile: 'short',
    keyKind: 'rsa',
    challenges: ['tls-alpn-01'],
    budget: { perHour: 1, perDay: 2, perWeek: 3, atOnce: 1 },
    checksAddresses: true,
    serverRoots: '/etc/w/ca',
    roots: '/ca',
    otherOrigins: ['https://other.example'],
  })
})

test('without port 80 certificates are proved by TLS-ALPN-01 alone', async () => {
  const { acme: found } = await parseHostConfig(acme('').replace(/http = .*/, ''), 'x')
  assert.deepEqual(found?.challenges, ['tls-alpn-01'])
})

const refused: [what: string, text: string, message: RegExp][] = [
  ['an unknown key of [acme]', acme('contcat = "a"'), /^x\.toml:9: unknown key "contcat", did you mean "contact"$/],
  [
    'a directory in clear',
    `${profile}[acme]\ndirectory = "http://acme.example/"\n`,
    /acme\.directory: it must be an https URL/,
  ],
  ['no directory', `${profile}[acme]\nkey = "rsa"\n`, /acme\.directory: it must be a text in quotes/],
  [
    'a contact that is no mailbox',
    acme('contact = "mailto:a@b?cc=c@d"'),
    /acme\.contact: "mailto:a@b\?cc=c@d" is no mailto:/,
  ],
  [
    'an unknown challenge',
    acme('challenges = ["dns-01"]'),
    /acme\.challenges: it lists "http-01", "tls-alpn-01" or both/,
  ],
  ['ACME without a folder', acme('').replace('state = "s"', ''), /acme: it needs "state"/],
  [
    'HTTP-01 alone without port 80',
    acme('challenges = "http-01"').replace(/http = .*/, ''),
    /acme\.challenges: http-01 needs "http"/,
  ],
  ['addresses to be found, and none', acme('check-addresses = true'), /acme\.check-addresses: it needs "addresses"/],
  ['no challenge', acme('challenges = []'), /acme\.challenges: it lists/],
  ['an unknown kind of key', acme('key = "p512"'), /acme\.key: it is neither "p256" nor "rsa"/],
  [
    'half an external account',
    acme('external-account = "kid"'),
    /acme\.external-account: it needs external-account-key/,
  ],
  ['a budget of nothing', acme('per-hour = 0'), /acme\.per-hour: it must be from 1 to 100000/],
  ['a budget in words', acme('per-day = "many"'), /acme\.per-day: it must be a number/],
  [
    'another server in clear',
    acme('other-servers = ["http://a.example"]'),
    /acme\.other-servers: each must be an https URL/,
  ],
  ['what is no TOML', 'https = [', /^x\.toml:1: /],
  ['an unknown key', `htps = "a"\n${profile}`, /^x\.toml:1: unknown key "htps", did you mean "https"$/],
  [
    'an unknown key of a profile',
    `${profile}max_age = 1\n`,
    /^x\.toml:5: unknown key "max_age", did you mean "max-age"$/,
  ],
  [
    'an unknown table',
    `${profile}\n[profiles.a]\nmode = "none"\n`,
    /^x\.toml:6: unknown key "profiles", did you mean "profile"$/,
  ],
  [
    'an unknown key of the second certificate',
    `[[certificate]]\nchain = "a"\nkey = "b"\n[[certificate]]\nchain = "a"\nkey = "b"\nchian = "c"\n`,
    /^x\.toml:7: unknown key "chian", did you mean "chain"$/,
  ],
  [
    'a certificate without a key',
    '\n[[certificate]]\nchain = "a"\n',
    /^x\.toml:2: certificate\.key: it must be a text/,
  ],
  [
    'a number for a list',
    `https = 443\n${profile}`,
    /^x\.toml:1: https: it must be a text in quotes or a list of such$/,
  ],
  [
    'a text for a number',
    profile.replace('86400', '"1d"'),
    /^x\.toml:4: profile\.plain\.max-age: it must be a number$/,
  ],
  ['a text for a switch', `customers = "yes"\n${profile}`, /^x\.toml:1: customers: it must be true or false$/],
  [
    'a name without an address',
    `https = "host.example:443"\n${profile}`,
    /^x\.toml:1: https: "host\.example:443" is no ADDRESS:PORT/,
  ],
  ['a proxy that is none', `proxy = "all"\n${profile}`, /^x\.toml:1: proxy: "all" is no address or prefix$/],
  [
    'a mode that is none',
    profile.replace('enforce', 'strict'),
    /^x\.toml:2: profile\.plain\.mode: its mode is none of/,
  ],
  ['an mx that is none', profile.replace('mx.a.example', '*'), /^x\.toml:3: profile\.plain\.mx: an mx is no host name/],
  ['a max-age of none', profile.replace('86400', '-1'), /^x\.toml:4: profile\.plain\.max-age: max_age is no number/],
  [
    'a profile without a policy',
    '[profile.plain]\nmx = "a.example"\n',
    /^x\.toml:1: profile\.plain: it needs mode and max-age, or policy$/,
  ],
  ['a profile with two policies', `${profile}policy = "x"\n`, /^x\.toml:5: profile\.plain\.policy: a file says mode/],
  [
    'a profile whose name is no label',
    profile.replace('plain', '"a.b"'),
    /^x\.toml:1: profile\.a\.b: a profile is named by one label/,
  ],
  [
    'a domain that is none',
    `${profile}domains = ["a..example"]\n`,
    /^x\.toml:5: profile\.plain\.domains: "a\.\.example" is no domain/,
  ],
  ['customers without a name', `customers = true\n${profile}`, /^x\.toml:1: customers: it needs "name"/],
  [
    'customers without a profile',
    `name = "a.example"\npolicies = "p"\ncustomers = true\n`,
    /^x\.toml:3: customers: it needs a profile/,
  ],
  ['no policy', 'log-format = "text"\n', /^x\.toml: it names no policy/],
  ['another form of the log', `log-format = "xml"\n${profile}`, /^x\.toml:1: log-format: "xml" is neither/],
  [
    'more contexts than may be',
    `contexts-kept = 1e9\n${profile}`,
    /^x\.toml:1: contexts-kept: it must be from 1 to 10000$/,
  ],
]
for (const [what, text, message] of refused) {
  test(`a configuration is refused: ${what}`, async () => {
    await assert.rejects(parseHostConfig(text, 'x.toml'), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, message)
      return true
    })
  })
}

test('ten thousand domains are read', async () => {
  const names = Array.from({ length: 10_000 }, (_, number) => `"d${number}.example"`)
  const config = await parseHostConfig(`${profile}domains = [${names.join(',\n')}]\n`, 'x')
  assert.equal(config.profiles[0]?.domains.length, 10_000)
})

const places: [what: string, path: (string | number)[], line: number][] = [
  ['a key of its own', ['a'], 1],
  ['a key in quotes', ['b c'], 2],
  ['a table', ['t', 'u v'], 4],
  ['a key of a table', ['t', 'u v', 'a'], 5],
  ['a key with dots', ['t', 'u v', 'x', 'y'], 6],
  ['the second table of an array', ['r', 1], 9],
  ['its key', ['r', 1, 'a'], 10],
  ['what is not there, by what is around it', ['r', 1, 'z'], 9],
  ['what is nowhere', ['z'], 1],
]
const text = 'a = 1\n"b c" = [\n]\n[t."u v"]\na = 2\nx.y = 3 # a = 4\n[[r]]\na = 5\n[[r]]\na = 6\n'
for (const [what, path, line] of places) {
  test(`lineOfPath finds ${what}`, () => assert.equal(lineOfPath(text, path), line))
}
