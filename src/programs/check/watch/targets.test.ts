import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createAuthority } from '../../../../test/support/certificates.ts'
import { fakeNetwork } from '../../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../../test/support/moved-clock.ts'
import { startPolicyHost } from '../../../../test/support/policy-host.ts'
import { brokenReport, goodReport, saying } from '../../../../test/support/sample-report.ts'
import type { CheckReport } from '../../../core/check/report.ts'
import { type Notice, nothingYet, watchStep } from '../../../core/check/watch/watch.ts'
import { createPkixTrust } from '../../../io/https/pkix-trust.ts'
import { commandTarget, webhookTarget } from './targets.ts'

const rules = { warnDays: [14], untoldAfter: 3, isPartial: false }
const never = new AbortController().signal
let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-run-'))
})
after(() => rmSync(folder, { recursive: true }))

function noticeOf(report: CheckReport): Notice {
  const { after: first } = watchStep(nothingYet, { ...goodReport, domain: report.domain }, rules)
  return watchStep(first, report, rules).notice ?? assert.fail('there is news')
}

/** A program that does this; `out` is a file that it may write. */
function program(script: string, timeoutMs?: number) {
  const out = join(folder, 'out')
  const text = `const { readFileSync, writeFileSync } = require('node:fs'); const out = ${JSON.stringify(out)}; ${script}`
  const environment = { PATH: process.env.PATH, KEPT: 'yes' }
  const words = [process.execPath, '-e', text, 'one $HOME;', '*'] as const
  const target = commandTarget({ words, environment, ...(timeoutMs !== undefined && { timeoutMs }) })
  return { target, read: () => JSON.parse(readFileSync(out, 'utf8')) as unknown }
}

test('a program has the notice on its input, a summary in its environment, and its arguments as they stand', async () => {
  const { target, read } = program(
    `writeFileSync(out, JSON.stringify({ args: process.argv.slice(1), env: process.env, input: JSON.parse(readFileSync(0, 'utf8')) }))`,
  )
  const notice = noticeOf(brokenReport)
  assert.equal(await target.deliver(notice, never), undefined)
  const { args, env, input } = read() as { args: string[]; env: Record<string, string>; input: unknown }
  assert.deepEqual(args, ['one $HOME;', '*'])
  assert.deepEqual(input, JSON.parse(JSON.stringify(notice)))
  const { WAXSEAL_DOMAIN, WAXSEAL_DIRECTION, WAXSEAL_VERDICT, WAXSEAL_VERDICT_BEFORE, WAXSEAL_SUMMARY, KEPT } = env
  assert.deepEqual(
    [WAXSEAL_DOMAIN, WAXSEAL_DIRECTION, WAXSEAL_VERDICT, WAXSEAL_VERDICT_BEFORE, KEPT],
    ['bakery.example', 'worse', 'broken', 'protected', 'yes'],
  )
  assert.equal(
    WAXSEAL_SUMMARY,
    'bakery.example is worse: verdict: protected -> broken; finding tlsa-mismatch mx.bakery.example appeared: breaks-now; ' +
      'finding sts-certificate-expires mx.bakery.example appeared: will-break; and 2 more',
  )
})

test('what strangers say reaches the environment escaped, whatever it is', async () => {
  const { target, read } = program('writeFileSync(out, JSON.stringify(process.env))')
  const notice = noticeOf({ ...saying('\0\n\x1b[2J`id`\u202e'), domain: 'bakery.example' })
  assert.equal(await target.deliver(notice, never), undefined)
  const { WAXSEAL_SUMMARY = '' } = read() as Record<string, string>
  assert.match(WAXSEAL_SUMMARY, /\\x00\\x0a\\x1b\[2J`id`\\u202e/)
})

const failing: [what: string, script: string, why: RegExp][] = [
  ['it says no', 'process.exit(3)', /^it ended with status 3$/],
  [
    'it says why, in colour',
    'console.error("\\x1b[31mno way"); process.exit(1)',
    /^it ended with status 1: \\x1b\[31mno way$/,
  ],
  ['it is ended', 'process.kill(process.pid, "SIGKILL")', /^it ended with SIGKILL$/],
  [
    'it talks without end',
    'for (let n = 0; n < 1e4; n++) process.stderr.write("x".repeat(100)); process.exit(1)',
    /^it ended with status 1: x{500}$/s,
  ],
]
for (const [what, script, why] of failing) {
  test(`a program did not take a notice when ${what}`, async () => {
    assert.match((await program(script).target.deliver(noticeOf(brokenReport), never)) ?? 'taken', why)
  })
}

test('a program that reads nothing has taken the notice', async () => {
  const long = { ...brokenReport, leftOut: ['x'.repeat(1_000_000)] }
  assert.equal(await program('process.exit(0)').target.deliver(noticeOf(long), never), undefined)
})

test('a program that takes too long is ended', async () => {
  const { target } = program('setInterval(() => {}, 1000)', 50)
  assert.equal(await target.deliver(noticeOf(brokenReport), never), 'it took more than 0.05 s')
})

test('a program is ended with the watch, and its notice is told again by the next', async () => {
  const stop = new AbortController()
  const told = program('setInterval(() => {}, 1000)').target.deliver(noticeOf(brokenReport), stop.signal)
  stop.abort()
  assert.equal(await told, 'given up')
})

test('a webhook has the notice with its summary, and the name by which it is known', async () => {
  const authority = await createAuthority()
  const identity = await authority.issue({ names: ['hooks.example'] })
  let body = ''
  const host = await startPolicyHost(identity, (response, request) => {
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => response.writeHead(202).end())
  })
  try {
    const target = webhookTarget(new URL('https://hooks.example/'), {
      ...{ network: fakeNetwork({ '192.0.2.1:443': host.port }), clock: movedClock(Date.UTC(2026, 5, 1)) },
      ...{ resolver: fakeResolver('insecure hooks.example. A 192.0.2.1'), trust: createPkixTrust(authority.pem) },
    })
    const notice = noticeOf(brokenReport)
    assert.equal(await target.deliver(notice, never), undefined)
    const told = JSON.parse(body) as Notice & { readonly summary: string }
    assert.match(told.summary, /^bakery\.example is worse: verdict: protected -> broken; /)
    assert.deepEqual(told, JSON.parse(JSON.stringify({ summary: told.summary, ...notice })))
    assert.equal(host.requests[0]?.headers['idempotency-key'], `"${notice.id}"`)
  } finally {
    await host.close()
  }
})

test('a program that is not there is said to be so', async () => {
  const target = commandTarget({ words: [join(folder, 'nowhere')], environment: {} })
  assert.match(
    (await target.deliver(noticeOf(brokenReport), never)) ?? 'taken',
    /^cannot run ".*nowhere": no such file$/,
  )
})
