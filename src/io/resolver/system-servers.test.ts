import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { memoryResolver } from '../../../test/resolver/memory-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { limits } from '../../core/limits.ts'
import { parseServers, systemServers, watchSystemServers } from './system-servers.ts'

const files: [why: string, text: string, addresses: string[]][] = [
  ['nothing', '', []],
  ['one line', 'nameserver 192.0.2.1', ['192.0.2.1']],
  [
    'their order',
    'nameserver 192.0.2.2\nnameserver 2001:db8::1\nnameserver 192.0.2.1\n',
    ['192.0.2.2', '2001:db8::1', '192.0.2.1'],
  ],
  [
    'tabs, spaces and comments',
    '# nameserver 192.0.2.3\n; nameserver 192.0.2.4\n\tnameserver\t192.0.2.1  # first\n',
    ['192.0.2.1'],
  ],
  ['lines that end as on Windows', 'nameserver 192.0.2.1\r\nnameserver ::1\r\n', ['192.0.2.1', '::1']],
  [
    'what else stands there',
    'search example.org\noptions trust-ad edns0\ndomain example.org\nnameserver 127.0.0.53\n',
    ['127.0.0.53'],
  ],
  [
    'names, which are no addresses',
    'nameserver dns.example\nnameserver 192.0.2.300\nnameserver 192.0.2.1\n',
    ['192.0.2.1'],
  ],
  [
    'a link-local address, which only counts with its interface',
    'nameserver fe80::1%eth0\nnameserver 192.0.2.1\n',
    ['192.0.2.1'],
  ],
  ['words that begin alike', 'nameservers 192.0.2.1\nxnameserver 192.0.2.2\n', []],
]
for (const [why, text, addresses] of files) {
  test(`RES-15: resolv.conf is read with ${why}`, () => {
    assert.deepEqual(
      parseServers(text),
      addresses.map((address) => ({ address, port: 53 })),
    )
  })
}

test('RES-15: a file that is not there has no servers', () => {
  assert.deepEqual(systemServers('/nonexistent/resolv.conf'), [])
})

const pause = limits.resolver.resolvConfPause

/** A resolv.conf that can be written again: each time with a later time of change. */
function resolvConf(t: TestContext, ...addresses: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-resolv-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'resolv.conf')
  let changed = 1_700_000_000
  const write = (where: string, others: readonly string[]) => {
    writeFileSync(where, others.map((address) => `nameserver ${address}\n`).join(''))
    utimesSync(where, changed, changed)
    changed++
  }
  write(path, addresses)
  return {
    path,
    write: (...others: string[]) => write(path, others),
    /** As tools do that never leave half a file. */
    replace(...others: string[]) {
      write(`${path}.new`, others)
      renameSync(`${path}.new`, path)
    },
    remove: () => rmSync(path),
  }
}

function watch(t: TestContext, ...addresses: string[]) {
  const file = resolvConf(t, ...addresses)
  const clock = movedClock(0)
  const servers = watchSystemServers(() => clock.now(), file.path)
  return { ...file, clock, now: () => servers().map(({ address }) => address) }
}

for (const how of ['write', 'replace'] as const) {
  test(`RES-15: a file that changes (${how}) is read again, some seconds after it was looked at`, (t) => {
    const file = watch(t, '192.0.2.1')
    file[how]('192.0.2.2')
    file.clock.move(pause - 1)
    assert.deepEqual(file.now(), ['192.0.2.1'])
    file.clock.move(1)
    assert.deepEqual(file.now(), ['192.0.2.2'])
    file[how]('192.0.2.3', '192.0.2.4')
    assert.deepEqual(file.now(), ['192.0.2.2'])
    file.clock.move(pause)
    assert.deepEqual(file.now(), ['192.0.2.3', '192.0.2.4'])
  })
}

test('RES-15: a file that stays as it is gives the same list', (t) => {
  const { path } = resolvConf(t, '192.0.2.1')
  let now = 0
  const servers = watchSystemServers(() => now, path)
  const before = servers()
  now = pause * 1000
  assert.equal(servers(), before)
})

const without: [why: string, change: (file: ReturnType<typeof watch>) => void][] = [
  ['is gone', ({ remove }) => remove()],
  ['has none', ({ write }) => write()],
]
for (const [why, change] of without) {
  test(`RES-15: while the file ${why}, those it had are asked`, (t) => {
    const file = watch(t, '192.0.2.1')
    change(file)
    file.clock.move(pause)
    assert.deepEqual(file.now(), ['192.0.2.1'])
    file.write('192.0.2.2')
    file.clock.move(pause)
    assert.deepEqual(file.now(), ['192.0.2.2'])
  })
}

test('RES-15: engines forward and auto ask whom the file names now', async (t) => {
  for (const engine of ['forward', 'auto'] as const) {
    const file = resolvConf(t, '192.0.2.1')
    const { ask, asked, clock } = memoryResolver(
      ({ question, recursionDesired }) => (recursionDesired ? { answer: `${question} 203.0.113.1` } : 'unreachable'),
      { engine, servers: [], resolvConf: file.path },
    )
    await ask('a.example. A')
    file.write('192.0.2.2')
    await ask('b.example. A')
    clock.move(pause)
    await ask('c.example. A')
    const lines = asked.filter((line) => line.startsWith('192.0.2.'))
    assert.deepEqual(lines, ['192.0.2.1 a.example. A cd', '192.0.2.1 b.example. A cd', '192.0.2.2 c.example. A cd'])
  }
})

/** Engine trust-ad with this file, which is another at the next question; whom it asks then. */
async function trustAfter(t: TestContext, before: string[], after: string[], trustRemoteAd = false) {
  const file = resolvConf(t, ...before)
  const warnings: string[] = []
  const { ask, asked, clock } = memoryResolver(({ question }) => ({ flags: 'ad', answer: `${question} 203.0.113.1` }), {
    ...{ engine: 'trust-ad', servers: [], resolvConf: file.path, trustRemoteAd },
    onWarning: (warning) => warnings.push(warning),
  })
  file.write(...after)
  clock.move(pause)
  for (const name of ['a', 'b']) await ask(`${name}.example. A`)
  return { asked: asked.find((line) => line.includes('b.example.'))?.split(' ')[0], warnings }
}

test('RES-15, DANE-20: who comes into the file later is believed by trust-ad on this machine alone', async (t) => {
  assert.deepEqual(await trustAfter(t, ['127.0.0.1'], ['127.0.0.53']), { asked: '127.0.0.53', warnings: [] })
  const goesOn = (address: string) => [
    `192.0.2.1 is not on this machine, and engine trust-ad goes on asking ${address}`,
  ]
  assert.deepEqual(await trustAfter(t, ['127.0.0.1'], ['192.0.2.1']), {
    ...{ asked: '127.0.0.1', warnings: goesOn('127.0.0.1') },
  })
  assert.deepEqual(await trustAfter(t, ['127.0.0.1'], ['192.0.2.1', '127.0.0.53']), {
    ...{ asked: '127.0.0.53', warnings: goesOn('127.0.0.53') },
  })
  const believed = ['what 192.0.2.1 says of DNSSEC is believed over the network, as trust-remote-ad is set']
  assert.deepEqual(await trustAfter(t, ['127.0.0.1'], ['192.0.2.1'], true), { asked: '192.0.2.1', warnings: believed })
})
