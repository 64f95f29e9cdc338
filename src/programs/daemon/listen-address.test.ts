import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inheritedSockets } from './listen.ts'
import { formatForPostfix, formatListenAddress, readListenAddress } from './listen-address.ts'

const good: [text: string, shown: string, forPostfix: string][] = [
  ['127.0.0.1:8461', '127.0.0.1:8461', 'socketmap:inet:127.0.0.1:8461'],
  ['[::1]:8461', '[::1]:8461', 'socketmap:inet:[::1]:8461'],
  ['0.0.0.0:8461', '0.0.0.0:8461', 'socketmap:inet:127.0.0.1:8461'],
  ['[::]:8461', '[::]:8461', 'socketmap:inet:[::1]:8461'],
  ['/run/waxseal/postfix', '/run/waxseal/postfix', 'socketmap:unix:/run/waxseal/postfix'],
  ['unix:/run/waxseal/postfix', '/run/waxseal/postfix', 'socketmap:unix:/run/waxseal/postfix'],
]

for (const [text, shown, forPostfix] of good) {
  test(`a service can listen at ${text}`, () => {
    const address = readListenAddress(text)
    assert.ok(address !== undefined)
    assert.deepEqual([formatListenAddress(address), formatForPostfix(address)], [shown, forPostfix])
  })
}

const bad = [
  '',
  '8461',
  'localhost:8461',
  '127.0.0.1',
  '127.0.0.1:65536',
  '::1:8461',
  '[127.0.0.1]:1',
  `/${'x'.repeat(107)}`,
]

for (const text of [...bad, '/a\0b', 'unix:run']) {
  test(`no service can listen at ${JSON.stringify(text)}`, () => assert.equal(readListenAddress(text), undefined))
}

const handed: [environment: Record<string, string>, descriptors: number[]][] = [
  [{}, []],
  [{ LISTEN_PID: '7', LISTEN_FDS: '2' }, [3, 4]],
  [{ LISTEN_PID: '8', LISTEN_FDS: '2' }, []],
  [{ LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'http:socketmap:unknown' }, [4, 5]],
  [{ LISTEN_PID: '7', LISTEN_FDS: 'many' }, []],
]

for (const [environment, descriptors] of handed) {
  test(`of systemd's sockets ${JSON.stringify(environment)} ours are ${descriptors.join(', ') || 'none'}`, () => {
    const found = inheritedSockets(environment, 7, 'socketmap')
    assert.deepEqual(
      found.map(({ fd }) => fd),
      descriptors,
    )
  })
}

test('of sockets without a name none is taken where only named ones are', () => {
  const environment = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'http:socketmap:unknown' }
  assert.deepEqual(inheritedSockets(environment, 7, 'http', false), [{ fd: 3 }])
  assert.deepEqual(inheritedSockets({ LISTEN_PID: '7', LISTEN_FDS: '2' }, 7, 'http', false), [])
})
