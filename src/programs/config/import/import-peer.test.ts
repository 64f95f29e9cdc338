import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../../core/config-error.ts'
import { formatListenAddress } from '../../daemon/listen-address.ts'
import { parseConfigFile } from '../config-file.ts'
import { settingsFromFile } from '../resolve-settings.ts'
import { valuesOf } from '../settings.ts'
import { importPeer } from './import-peer.ts'

const tlspol = `
# postfix-tlspol configuration file
server:
  address: unix:/run/postfix-tlspol/tlspol.sock
  metrics-address: 127.0.0.1:9642
  socket-permissions: 0666
  log-level: info
  log-format: json
  prefetch: true
  tlsrpt: yes
  cache-file: /var/lib/postfix-tlspol/cache.db
dns:
  # must support DNSSEC
  address: 127.0.0.53:53
redis:
  disable: no
  address: 127.0.0.1:6379
  password: hunter2
  db: 2
`

const resolver = `
host: ::1
port: 8461
reuse_port: true
shutdown_timeout: 20
cache_grace: 60
proactive_policy_fetching:
  enabled: true
cache:
  type: sqlite
  options:
    filename: "/var/lib/mta-sts/cache.db"
default_zone:
  strict_testing: true
  timeout: 4
zones:
  myzone:
    strict_testing: false
    timeout: 4
colour: red
`

async function settingsIn(toml: string) {
  return valuesOf(settingsFromFile(await parseConfigFile(toml, '/etc/waxseal/waxseal.toml')))
}

test('what postfix-tlspol is told to do becomes settings of ours, and every line of its is accounted for', async () => {
  const toml = importPeer(tlspol, 'config.yaml')
  const found = await settingsIn(toml)
  assert.deepEqual(found.socketmap.map(formatListenAddress), ['/run/postfix-tlspol/tlspol.sock'])
  assert.deepEqual([found.engine, found.server], ['forward', [{ address: '127.0.0.53', port: 53 }]])
  assert.equal(found['log-format'], 'json')
  assert.equal(found.store, '/var/lib/waxseal/waxseal.sqlite')
  assert.match(toml, /^# From a configuration of postfix-tlspol\.$/m)
  assert.match(toml, /^# server\.tlsrpt: yes\n# {3}write QUERYwithTLSRPT as the name of the map in main\.cf\.$/m)
  assert.match(toml, /^# redis\.db: 2$/m)
  assert.doesNotMatch(toml, /hunter2/)
  assert.doesNotMatch(toml, /not known/)
})

test('what postfix-mta-sts-resolver is told to do becomes settings of ours', async () => {
  const toml = importPeer(resolver, 'mta-sts-daemon.yml')
  const found = await settingsIn(toml)
  assert.deepEqual(found.socketmap.map(formatListenAddress), ['[::1]:8461'])
  assert.equal(found.store, '/var/lib/waxseal/waxseal.sqlite')
  assert.equal(found['testing-level'], 'none')
  assert.match(toml, /^# default_zone\.strict_testing: true\n# {3}policies in mode testing are not enforced/m)
  assert.match(toml, /^# zones\.myzone\.timeout: 4\n# {3}there are no zones/m)
  assert.match(toml, /^# colour: red\n# {3}this is not known here/m)
})

test('whoever shares a cache of postfix-mta-sts-resolver in a Redis is told of shared-store, and no secret of it', async () => {
  const toml = importPeer('cache:\n  type: redis\n  options:\n    url: "redis://:hunter2@localhost"\n', 'file')
  assert.equal((await settingsIn(toml)).store, '/var/lib/waxseal/waxseal.sqlite')
  assert.match(toml, /^# cache\.type: redis\n# {3}.*"shared-store" lets several share/m)
  assert.doesNotMatch(toml, /hunter2/)
})

const addresses: [yaml: string, socketmap: string][] = [
  ['host: 127.0.0.1\nport: 1234', '127.0.0.1:1234'],
  ['port: 1234', '127.0.0.1:1234'],
  ['host: localhost', '127.0.0.1:8461'],
  ['path: /run/mta-sts.sock\nmode: 0666\nhost: 192.0.2.1', '/run/mta-sts.sock'],
  ['server:\n  address: ":8642"', '0.0.0.0:8642'],
  ['server:\n  address: localhost:8642', '127.0.0.1:8642'],
  // Ours unless told otherwise: a name is no address.
  ['server:\n  address: mail.example:8642', '127.0.0.1:8461'],
]

for (const [yaml, socketmap] of addresses) {
  test(`${JSON.stringify(yaml)} is served at ${socketmap}`, async () => {
    const found = await settingsIn(importPeer(yaml, 'file'))
    assert.deepEqual(found.socketmap.map(formatListenAddress), [socketmap])
  })
}

test('values of strangers stay inside their comments and quotes', async () => {
  const toml = importPeer(
    'server:\n  address: "x\u0085y"\n  log-level: "a\u0000b"\ndns:\n  address: nowhere"\n',
    'file',
  )
  await settingsIn(toml)
  assert.match(toml, /a\?b/)
})

for (const [why, yaml, message] of [
  ['other programs', 'listen: 25', /^file: neither a configuration of/],
  ['nothing', '', /^file: neither/],
  ['YAML that is not plain', 'server: {address: x}', /^file:1: no YAML that is understood here$/],
] as const) {
  test(`the configuration of ${why} is refused`, () => {
    assert.throws(
      () => importPeer(yaml, 'file'),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  })
}
