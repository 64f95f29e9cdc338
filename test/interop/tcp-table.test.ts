// What postmap makes of our tcp_table, as smtp(8) would.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { parseLookupKey } from '../../src/core/postfix/lookup-key.ts'
import type { SocketmapReply } from '../../src/core/postfix/socketmap.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createAnswerCounts } from '../../src/programs/daemon/answer-counts.ts'
import { createTcpTableProtocol } from '../../src/programs/daemon/line-answers.ts'
import { createLineServer, type LineServer } from '../../src/programs/daemon/line-server.ts'
import { destinationOf, framed } from '../../src/programs/daemon/postfix-answers.ts'
import { openStage } from './servers.ts'

const stage = openStage()
const listening = createServer({ allowHalfOpen: true })
const longest = 'x'.repeat(limits.postfix.tcpTableOctets - '200 \n'.length)

/** Key to what is decided about it. */
const decided: Record<string, SocketmapReply> = {
  'dane.test': { kind: 'ok', data: 'dane-only' },
  'policy.test': { kind: 'ok', data: 'secure match=mx.policy.test:mx2.policy.test servername=hostname' },
  'percent.test': { kind: 'ok', data: 'secure match=100% tafile=/a%20b' },
  'longest.test': { kind: 'ok', data: longest },
  'too-long.test': { kind: 'ok', data: `${longest}x` },
  'none.test': { kind: 'not-found' },
  'broken.test': { kind: 'temporary', reason: 'the lookup failed' },
  'xn--bcher-kva.test': { kind: 'ok', data: 'encrypt' },
}

let server: LineServer
let map: string

before(async () => {
  const protocol = createTcpTableProtocol(
    () => ({
      held: () => undefined,
      decide: async (destination) => {
        const name = destination.nextHop.kind === 'domain' ? destination.nextHop.domain : destination.nextHop.host
        const base = framed(decided[name] ?? { kind: 'permanent', reason: 'nobody decided that' })
        const view = { base, tlsrpt: base }
        const times = { at: 0, until: 0, tookMs: 0, askedAt: 0 }
        return { destination, key: name, view, ...times, why: 'asked', serial: 1 }
      },
    }),
    createAnswerCounts(),
  )
  server = createLineServer(protocol, systemClock)
  listening.on('connection', server.accept)
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  map = `tcp:127.0.0.1:${(listening.address() as AddressInfo).port}`
  mkdirSync(join(stage.folder, 'etc'))
  writeFileSync(join(stage.folder, 'etc', 'main.cf'), 'compatibility_level = 3.6\n')
})

after(async () => {
  server.destroy()
  listening.close()
  await stage.stop()
})

function postmap(key: string): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile('postmap', ['-c', join(stage.folder, 'etc'), '-q', key, map], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

for (const [key, said] of [
  ['dane.test', 'dane-only'],
  ['DANE.test', 'dane-only'],
  ['policy.test', 'secure match=mx.policy.test:mx2.policy.test servername=hostname'],
  ['[policy.test]:25', 'secure match=mx.policy.test:mx2.policy.test servername=hostname'],
  ['percent.test', 'secure match=100% tafile=/a%20b'],
  ['longest.test', longest],
  ['bücher.test', 'encrypt'],
] as const) {
  test(`STS-134: postmap finds ${key}`, async () => {
    assert.notEqual(destinationOf(parseLookupKey(key)), undefined)
    assert.deepEqual(await postmap(key), { status: 0, stdout: `${said}\n`, stderr: '' })
  })
}

for (const key of ['none.test', '.dane.test', '[192.0.2.1]', 'two words', '100%']) {
  test(`STS-134: postmap does not find ${key}`, async () => {
    assert.deepEqual(await postmap(key), { status: 1, stdout: '', stderr: '' })
  })
}

for (const key of ['broken.test', 'too-long.test']) {
  test(`STS-134: postmap takes ${key} for a failure that passes`, async () => {
    const { status, stdout, stderr } = await postmap(key)
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /table lookup problem|lookup error|query error/)
  })
}
