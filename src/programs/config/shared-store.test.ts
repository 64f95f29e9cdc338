import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createAuthority } from '../../../test/support/certificates.ts'
import { parseConfigFile } from './config-file.ts'
import { settingsFromFile } from './resolve-settings.ts'
import { valuesOf } from './settings.ts'
import { readSharedPlace, type SharedStoreSettings } from './shared-place.ts'
import { readPrefix, readSharedStore } from './shared-store.ts'

const tcp = (host: string, port = 6379, isTls = false) => ({ kind: 'tcp', host, port, isTls })
const accepted: [text: string, where: unknown, more?: { user?: string; database?: number }][] = [
  ['redis://localhost', tcp('localhost')],
  ['redis://redis.example.net:7000/3', tcp('redis.example.net', 7000), { database: 3 }],
  ['redis://my_redis:6379/', tcp('my_redis')],
  ['redis://192.0.2.1', tcp('192.0.2.1')],
  ['redis://[2001:db8::1]:6380/15', tcp('2001:db8::1', 6380), { database: 15 }],
  ['rediss://waxseal@redis.example.net', tcp('redis.example.net', 6379, true), { user: 'waxseal' }],
  ['unix:/run/redis/socket', { kind: 'unix', path: '/run/redis/socket' }],
  ['unix:///run/redis/socket?db=2', { kind: 'unix', path: '/run/redis/socket' }, { database: 2 }],
  ['unix://waxseal@/run/redis/socket', { kind: 'unix', path: '/run/redis/socket' }, { user: 'waxseal' }],
]
for (const [text, where, { user, database = 0 } = {}] of accepted) {
  test(`a shared store may be ${text}`, () => {
    assert.deepEqual(readSharedStore(text), { ok: true, value: { text, where, user, database } })
  })
}

const refused = [
  ...['', 'redis', 'redis://', 'redis:///0', 'redis://a b', 'redis://-a', 'redis://host:0', 'redis://host:65536'],
  ...['redis://host/x', 'redis://host/0?x', 'redis://host#x', 'http://host', 'unix:run', 'unix:/a?db=x', 'valkey:host'],
  ...[`unix:/${'x'.repeat(107)}`, 'redis://host\n', 'redis://user@', 'redis://[host]', 'redis://2001:db8::1'],
]
for (const text of refused) {
  test(`a shared store may not be ${JSON.stringify(text)}`, () => {
    const read = readSharedStore(text)
    assert.equal(read.ok, false)
  })
}

test('a password in the address is refused, and not said again', () => {
  for (const text of ['redis://:hunter2@host', 'rediss://user:hunter2@host:1/0', 'unix://user:hunter2@/run/redis']) {
    const read = readSharedStore(text)
    assert.match(read.ok ? '' : read.fault, /shared-store-password-file/)
    assert.doesNotMatch(JSON.stringify(read), /hunter2/)
  }
})

test('a prefix is letters, digits and a few signs', () => {
  for (const text of ['waxseal:', 'mail/1', 'a*', '', 'x'.repeat(65), 'ä', '{a}'])
    assert.equal(readPrefix(text).ok, text === 'waxseal:', text)
})

test('whoever names a Redis as store is told what each is for', async () => {
  const file = await parseConfigFile('\nstore = "redis://localhost"', '/etc/waxseal.toml')
  assert.throws(() => settingsFromFile(file), /:2: store: redis: is for shared-store; this is the file/)
})

let folder = ''
const pathOf = (name: string) => join(folder, name)
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-shared-'))
  const authority = await createAuthority()
  const identity = await authority.issue({ names: ['client.example'] })
  const put = (name: string, text: string, mode = 0o600) => {
    writeFileSync(pathOf(name), text)
    chmodSync(pathOf(name), mode)
  }
  put('password', 'correct horse\nbattery\n')
  put('open', 'correct horse\n', 0o644)
  put('empty', '\n')
  put('long', 'x'.repeat(5000))
  put('ca', authority.pem)
  put('client', `${String(identity.cert)}\n${String(identity.key)}`)
  put('client-open', `${String(identity.cert)}\n${String(identity.key)}`, 0o644)
  put('text', 'no certificate')
})
after(() => rmSync(folder, { recursive: true }))

function place(url: string | undefined, files: { password?: string; ca?: string; client?: string } = {}) {
  const read = url === undefined ? undefined : readSharedStore(url)
  const file = (name: string | undefined) => (name === undefined ? undefined : pathOf(name))
  const settings: SharedStoreSettings = {
    'shared-store': read?.ok ? read.value : undefined,
    'shared-store-password-file': file(files.password),
    'shared-store-ca-file': file(files.ca),
    'shared-store-client-file': file(files.client),
  }
  return readSharedPlace(settings)
}

test('the place is put together from the address and the files', () => {
  assert.equal(place(undefined, { password: 'missing' }), undefined)
  assert.deepEqual(place('unix:/run/redis', { password: 'password' }), {
    address: { kind: 'unix', path: '/run/redis' },
    ...{ database: 0, user: undefined, password: 'correct horse' },
  })
  const secure = place('rediss://waxseal@redis.example', { password: 'password', ca: 'ca', client: 'client' })
  assert.equal(secure?.user, 'waxseal')
  const tls = secure?.address.kind === 'tcp' ? secure.address.tls : undefined
  assert.match(tls?.ca ?? '', /BEGIN CERTIFICATE/)
  assert.match(tls?.identity ?? '', /PRIVATE KEY/)
  const usual = place('rediss://redis.example')
  assert.deepEqual(usual?.address, { ...tcpAddress('redis.example'), tls: { ca: undefined, identity: undefined } })
  assert.deepEqual(place('redis://redis.example')?.address, { ...tcpAddress('redis.example'), tls: undefined })
})

const tcpAddress = (host: string) => ({ kind: 'tcp', host, port: 6379 })

const wrong: [why: string, url: string, files: Parameters<typeof place>[1], message: RegExp][] = [
  ['a user without a password', 'redis://waxseal@host', {}, /set shared-store-password-file/],
  ['a password that others may read', 'redis://host', { password: 'open' }, /others may use it \(mode 644\)/],
  ['no password in its file', 'redis://host', { password: 'empty' }, /its first line is empty/],
  ['a file that is too long', 'redis://host', { password: 'long' }, /longer than 4096 octets/],
  ['a file that is missing', 'redis://host', { password: 'missing' }, /no such file/],
  ['certificates without TLS', 'redis://host', { ca: 'ca' }, /certificates are for rediss/],
  ['certificates for a Unix socket', 'unix:/run/redis', { client: 'client' }, /certificates are for rediss/],
  ['authorities that are none', 'rediss://host', { ca: 'text' }, /cannot use the certificates/],
  ['an identity that is none', 'rediss://host', { client: 'text' }, /cannot use the certificates/],
  ['an identity that others may read', 'rediss://host', { client: 'client-open' }, /others may use it/],
]
for (const [why, url, files, message] of wrong) {
  test(`a shared store with ${why} cannot be used`, () => {
    assert.throws(() => place(url, files), { name: 'ConfigError', message })
  })
}

test('what is set in a file is shown without a secret', async () => {
  const file = await parseConfigFile('shared-store = "redis://localhost/1"', '/etc/waxseal.toml')
  const values = valuesOf(settingsFromFile(file))
  assert.equal(values['shared-store']?.text, 'redis://localhost/1')
  assert.equal(values['shared-store-prefix'], 'waxseal:')
})
