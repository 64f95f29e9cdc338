import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  createWaxseal,
  formatMailbox,
  formatName,
  formatRecord,
  formatType,
  type WaxsealOptions,
} from '../../src/index.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'

let lab: Lab
let options: WaxsealOptions

before(async () => {
  lab = await startLab(`world  one domain with DANE
zone example.org
zone example.org MX 10 mx.example.org
zone _25._tcp.mx.example.org TLSA 3 1 1 {mx.spki.sha256}
host mx.example.org certificate=self-signed
`)
  const { network, clock, rootHints, trustAnchors, ca } = lab
  options = { engine: 'iterate', network, clock, rootHints, trustAnchors, ca, clientName: 'sender.example' }
})

after(() => lab.close())

const message = Buffer.from('Subject: hello\r\n\r\nhello\r\n')

test('the library resolves, explains and delivers, and its results can be shown', async () => {
  const mail = createWaxseal(options)
  try {
    const found = await mail.resolve('example.org', 'MX')
    assert.ok(found.kind === 'answer' && found.status === 'secure')
    assert.deepEqual(found.records.map(formatRecord), ['example.org. 3600 IN MX 10 mx.example.org.'])
    assert.deepEqual([formatName(found.name), formatType(found.type)], ['example.org.', 'MX'])
    const { decision, facts } = await mail.explain('example.org')
    assert.deepEqual([decision.action, decision.hosts[0]?.action, facts.mx.row], ['deliver', 'connect', 'M5'])
    const report = await mail.deliver({ from: 'me@sender.example', to: ['you@example.org'], message })
    const [recipient] = report.recipients
    assert.deepEqual([recipient?.status.kind, recipient?.protection], ['delivered', 'verified'])
    assert.equal(recipient && formatMailbox(recipient.mailbox), 'you@example.org')
  } finally {
    await mail.close()
  }
})

const refused: [why: string, options: object, message: RegExp][] = [
  ['a text for true', { trustRemoteAd: 'false' }, /^option trustRemoteAd: cannot be "false"$/],
  ['an unknown engine', { engine: 'itterate' }, /^option engine: cannot be "itterate"$/],
  ['an unknown use of denials', { aggressiveNsec: true }, /^option aggressiveNsec: cannot be true$/],
  ['an empty path', { cacheFile: '' }, /^option cacheFile: cannot be ""$/],
  ['a server that is a name', { servers: [{ address: 'dns.example', port: 53 }] }, /^option servers: cannot be .*dns/],
  ['a server without a port', { servers: [{ address: '127.0.0.1' }] }, /^option servers: cannot be /],
  [
    'a server over TLS without a name',
    { servers: [{ address: '192.0.2.1', port: 853, tlsName: '' }] },
    /^option servers: cannot be /,
  ],
  ['a clock that is hours off', { clockSkew: 3601 }, /^option clockSkew: cannot be 3601$/],
  ['no root server', { rootHints: [] }, /^option rootHints: no root server$/],
  ['a root server with port 0', { rootHints: [{ address: '127.0.0.1', port: 0 }] }, /^option rootHints: cannot be /],
  [
    'anchors that are none',
    { trustAnchors: 'example. IN A 192.0.2.1' },
    /^option trustAnchors: not an anchor at character 0$/,
  ],
  ['authorities that are none', { ca: 'x' }, /^no certificate in PEM form found$/],
  ['a host of ours that is none', { ownHosts: ['a b'] }, /^option ownHosts: not a host or address: "a b"$/],
  ['hosts of ours as text', { ownHosts: 'mx.example' }, /^option ownHosts: cannot be "mx\.example"$/],
  [
    'an unknown digest',
    { decision: { preferredDigest: 'sha1' } },
    /^option decision\.preferredDigest: cannot be "sha1"$/,
  ],
  ['a port that is none', { smtpPort: 65_536 }, /^option smtpPort: cannot be 65536$/],
  ['an unknown rule', { decision: { requireboth: true } }, /^option decision\.requireboth: cannot be true$/],
  ['a rule that is no yes or no', { decision: { audit: 'no' } }, /^option decision\.audit: cannot be "no"$/],
  ['an answer to a rule that has another', { decision: { insecureMx: true } }, /^option decision\.insecureMx: /],
  [
    'a far resolver that is to be trusted',
    { engine: 'trust-ad', servers: [{ address: '192.0.2.1', port: 53 }] },
    /not on this machine/,
  ],
]
for (const [why, more, reason] of refused) {
  test(`createWaxseal refuses ${why}, and makes no store`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'waxseal-library-'))
    const store = join(folder, 'store.sqlite')
    try {
      // JavaScript has no types that would keep these out.
      const given = { ...more, store } as WaxsealOptions
      assert.throws(() => createWaxseal(given), { name: 'ConfigError', code: 'ERR_CONFIG', message: reason })
      assert.ok(!existsSync(store))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

test('methods reject with TypeError for what is no name, type or address', async () => {
  const mail = createWaxseal(options)
  try {
    const name = 'TypeError'
    await assert.rejects(mail.resolve('a..b', 'A'), { name, message: 'not a name: "a..b" (empty-label)' })
    await assert.rejects(mail.resolve('a.b', 'FOO'), { name, message: 'not a record type: "FOO"' })
    await assert.rejects(mail.explain('192.0.2.1'), { name, message: /^not a domain name: "192\.0\.2\.1"/ })
    const wrong = { from: null, to: ['nobody'], message }
    await assert.rejects(mail.deliver(wrong), { name, message: /^not a mail address: "nobody"/ })
  } finally {
    await mail.close()
  }
})

test('a signal that has aborted ends every method, each as docs/errors.md says', async () => {
  const mail = createWaxseal(options)
  const given = { signal: AbortSignal.abort(new Error('enough')) }
  try {
    const found = await mail.resolve('example.org', 'A', given)
    assert.ok(found.kind === 'failure' && found.why === 'aborted')
    await assert.rejects(mail.explain('example.org', given), { message: 'enough' })
    assert.deepEqual(await mail.refreshPolicies(given), { refreshed: 0, failed: 0 })
  } finally {
    await mail.close()
  }
})

test('close ends what is under way, may be called twice, and nothing begins after it', async () => {
  const mail = createWaxseal(options)
  const found = mail.resolve('example.org', 'MX')
  const explained = mail.explain('example.org').then(
    () => 'explained',
    (error: Error) => error.name,
  )
  await mail.close()
  const ended = await found
  assert.ok(ended.kind === 'failure' && ended.why === 'aborted')
  assert.equal(await explained, 'AbortError')
  await mail.close()
  const late = await mail.resolve('example.org', 'MX')
  assert.ok(late.kind === 'failure' && late.why === 'aborted')
})

test('a process that has closed the library ends by itself', () => {
  const program = `
    import { createSocket } from 'node:dgram'
    import { createWaxseal } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)}
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1', async () => {
      const servers = [{ address: '127.0.0.1', port: silent.address().port }]
      const mail = createWaxseal({ engine: 'forward', servers })
      const explained = mail.explain('example.org').catch(() => undefined)
      silent.once('message', async () => {
        await mail.close()
        await explained
        silent.close()
        console.log('closed')
      })
    })`
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.deepEqual([ended.stdout, ended.signal, ended.status], ['closed\n', null, 0], ended.stderr)
})

const source = join(import.meta.dirname, '..', '..', 'src')

/** The names that index.ts gives to the world. */
function publicNames(): string[] {
  const text = readFileSync(new URL('../../src/index.ts', import.meta.url), 'utf8')
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]+)\} from/gm)].flatMap(([, names = '']) => names.split(','))
  const own = [...text.matchAll(/^export (?:interface|function|type|const) (\w+)/gm)].map(([, name = '']) => name)
  return [...lists.map((name) => name.trim()).filter((name) => name !== ''), ...own]
}

test('every public name has its documentation where it is declared', () => {
  const sources = globSync('**/*.ts', { cwd: source }).filter((file) => /^(?:index|core|io)/.test(file))
  const texts = sources.map((file) => readFileSync(join(source, file), 'utf8'))
  const names = publicNames()
  assert.ok(names.length > 25, `${names.length} names found`)
  const bare = names.filter((name) => {
    const declaration = new RegExp(`\\*/\\nexport (?:interface|type|function|class) ${name}\\b`)
    return !texts.some((text) => declaration.test(text))
  })
  assert.deepEqual(bare, [])
})
