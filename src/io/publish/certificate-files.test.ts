import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type CertificateRequest, createAuthority } from '../../../test/support/certificates.ts'
import { domain } from '../../../test/support/domain.ts'
import { limits } from '../../core/limits.ts'
import { type CertificateFilesOptions, createCertificateFiles } from './certificate-files.ts'

const root = mkdtempSync(join(tmpdir(), 'certificate-files-'))
after(() => rmSync(root, { recursive: true }))
const authority = await createAuthority()
const today = Date.UTC(2026, 5, 1)
const look = limits.policyServer.certificateLookMs
const a = domain('mta-sts.a.example')
const b = domain('mta-sts.b.example')

let places = 0
/** A folder of its own for each test. */
function folder(): string {
  const path = join(root, String(++places))
  mkdirSync(path)
  return path
}

/** Puts a certificate and its key into files, as ACME clients do: in one step each. */
async function put(place: string, name: string, request: CertificateRequest) {
  const { cert, key } = await authority.issue(request)
  const paths = { chain: join(place, `${name}.crt`), key: join(place, `${name}.key`) }
  for (const [path, text] of [
    [paths.chain, cert],
    [paths.key, key],
  ] as const) {
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return paths
}

function open(entries: CertificateFilesOptions['entries'], more: Partial<CertificateFilesOptions> = {}) {
  const time = { now: today }
  const troubles: string[] = []
  const onTrouble = (reason: string) => troubles.push(reason)
  const files = createCertificateFiles({ entries, clock: { now: () => time.now }, onTrouble, ...more })
  return { files, troubles, time }
}

const perHost = (place: string) => ({ chain: join(place, '{host}.crt'), key: join(place, '{host}.key') })

test('hosts that share a certificate share a context, by name and by wildcard; others have none', async () => {
  const place = folder()
  const many = await put(place, 'many', { names: [a, b] })
  const wild = await put(place, 'wild', { names: ['*.c.example'] })
  const { files } = open([many, wild])
  const context = files.contextFor(a)
  assert.ok(context)
  assert.equal(files.contextFor(b), context)
  assert.ok(files.contextFor(domain('mta-sts.c.example')))
  assert.equal(files.contextFor(domain('mta-sts.x.c.example')), undefined, 'one label and no more')
  assert.equal(files.contextFor(domain('mta-sts.d.example')), undefined)
  assert.equal(files.made, 2)
  assert.equal(files.kept, 2)
})

test('each host has files of its own, by host or by domain, and they are read when they are wanted', async () => {
  const place = folder()
  const { files } = open([perHost(place), { chain: join(place, '{domain}.pem'), key: join(place, '{domain}.pem') }])
  assert.equal(files.contextFor(a), undefined)
  await put(place, a, { names: [a] })
  assert.ok(files.contextFor(a))
  const { cert, key } = await authority.issue({ names: [b] })
  writeFileSync(join(place, 'b.example.pem'), `${cert}\n${key}`, { mode: 0o600 })
  assert.ok(files.contextFor(b), 'both in one file')
})

test('a certificate in the files of a host that names another is not shown', async () => {
  const place = folder()
  await put(place, a, { names: [b] })
  assert.equal(open([perHost(place)]).files.contextFor(a), undefined)
})

test('an RSA and an ECDSA certificate make one context; of two of a type the first counts', async () => {
  const place = folder()
  const entries = [
    await put(place, 'one', { names: [a] }),
    await put(place, 'two', { names: [a], keyType: 'rsa' }),
    await put(place, 'three', { names: [a], notAfter: new Date(today + 1000) }),
  ]
  const { files } = open(entries)
  assert.ok(files.contextFor(a))
  assert.equal(files.made, 1)
  assert.ok((files.endOf(a) ?? 0) > today + 86_400_000, 'the third is not in it')
})

test('what has expired is shown only where there is nothing else', async () => {
  const place = folder()
  const old = await put(place, 'old', { names: [a, b], notAfter: new Date(today - 1000) })
  const good = await put(place, 'good', { names: [a] })
  const { files } = open([old, good])
  assert.ok((files.endOf(a) ?? 0) > today)
  assert.ok((files.endOf(b) ?? 0) < today)
  assert.ok(files.contextFor(b))
})

test('a renewed certificate is found when the files are looked at again, and not before', async () => {
  const place = folder()
  const shared = await put(place, 'shared', { names: [b] })
  await put(place, a, { names: [a], notAfter: new Date(today + 1e9) })
  const { files, time, troubles } = open([perHost(place), shared])
  const [first, other] = [files.contextFor(a), files.contextFor(b)]
  const end = files.endOf(a) ?? 0
  await put(place, a, { names: [a], notAfter: new Date(today + 2e9) })
  await put(place, 'shared', { names: [b] })
  time.now += look - 1
  assert.equal(files.contextFor(a), first)
  assert.equal(files.contextFor(b), other)
  time.now += 1
  assert.notEqual(files.contextFor(a), first)
  assert.notEqual(files.contextFor(b), other)
  assert.ok((files.endOf(a) ?? 0) > end)
  assert.deepEqual(troubles, [])
})

test('files that stay as they are are not read again', async () => {
  const place = folder()
  await put(place, a, { names: [a] })
  const { files, time } = open([perHost(place)])
  const first = files.contextFor(a)
  time.now += 10 * look
  assert.equal(files.contextFor(a), first)
  assert.equal(files.made, 1)
})

const damages: [what: string, damage: (paths: { chain: string; key: string }) => Promise<void> | void, told: RegExp][] =
  [
    ['are gone', ({ chain }) => rmSync(chain), /no certificate for mta-sts\.a\.example any more|ENOENT/],
    ['are garbled', ({ chain }) => writeFileSync(chain, 'x'), /cannot use ".*crt"/],
    ['are empty', ({ key }) => writeFileSync(key, ''), /cannot use ".*key"/],
    [
      'do not belong together',
      async ({ chain }) => writeFileSync(chain, (await authority.issue({ names: [a] })).cert),
      /is not the key of/,
    ],
    ['may be read by anybody', ({ key }) => chmodSync(key, 0o644), /others may use it \(mode 644\)/],
    ['are of another host', async ({ chain }) => void (await put(join(chain, '..'), a, { names: [b] })), /any more/],
  ]
for (const [what, damage, told] of damages) {
  test(`what was good is shown on, and told of once, when files ${what}`, async () => {
    for (const isShared of [false, true]) {
      if (isShared && what === 'are of another host') continue
      const place = folder()
      const paths = await put(place, a, { names: [a] })
      const { files, time, troubles } = open([isShared ? paths : perHost(place)])
      const first = files.contextFor(a)
      assert.ok(first)
      await damage(paths)
      for (let times = 0; times < 3; times++) {
        time.now += look
        assert.equal(files.contextFor(a), first, isShared ? 'shared' : 'own')
      }
      assert.equal(troubles.length, 1)
      assert.match(troubles[0] ?? '', told)
      await put(place, a, { names: [a] })
      time.now += look
      assert.notEqual(files.contextFor(a), first, 'and what is good again is taken')
    }
  })
}

test('broken files of a host leave it what is there for all', async () => {
  const place = folder()
  const shared = await put(place, 'shared', { names: [a] })
  await put(place, a, { names: [a] })
  writeFileSync(join(place, `${a}.crt`), 'x')
  const { files, troubles } = open([perHost(place), shared])
  assert.ok(files.contextFor(a))
  assert.equal(troubles.length, 1)
})

test('files for all hosts must be in order from the start', () => {
  const place = folder()
  assert.throws(
    () => open([{ chain: join(place, 'none.crt'), key: join(place, 'none.key') }]),
    /cannot use ".*none.crt"/,
  )
})

test('contexts are kept for so many hosts, those that asked last', async () => {
  const place = folder()
  const names = Array.from({ length: 6 }, (_, number) => domain(`mta-sts.d${number}.example`))
  for (const name of names) await put(place, name, { names: [name] })
  const { files } = open([perHost(place)], { most: 3 })
  const [first = a] = names
  const kept = files.contextFor(first)
  for (const name of names.slice(1)) {
    assert.ok(files.contextFor(name))
    assert.equal(files.contextFor(first), kept, 'it was asked for in between')
  }
  assert.equal(files.kept, 3)
  assert.equal(files.made, 6)
  for (const name of names) assert.ok(files.contextFor(name), 'those that were let go are made anew')
  assert.equal(files.kept, 3)
})
