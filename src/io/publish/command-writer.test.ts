import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { commandWriter } from './command-writer.ts'
import type { WriteFailure } from './zone-writer.ts'

const [old, next, text] = recordsFrom(
  '_25._tcp.mx.example.org. 3600 TLSA 3 1 1 aabb',
  '_25._tcp.mx.example.org. 1800 TLSA 3 1 1 ccdd',
  '_mta-sts.example.org. 60 TXT "v=STSv1; id=\\"2\\";" "x"',
)
const assume = [{ name: old.name, type: old.type, records: [old] }]
const change = { zone: zoneName('example.org.'), remove: [old], add: [next, text], assume }

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-command-'))
})
after(() => rmSync(folder, { recursive: true }))

function program(script: string, timeoutMs?: number) {
  const words = [process.execPath, '-e', script, '$HOME;', '*'] as const
  return commandWriter({ words, environment: { KEPT: 'yes' }, ...(timeoutMs !== undefined && { timeoutMs }) })
}

test('a command gets the change as JSON and as zone text, and its arguments as they stand', async () => {
  const out = join(folder, 'out')
  const told = `{ args: process.argv.slice(1), env: process.env, input: JSON.parse(readFileSync(0, 'utf8')) }`
  const writer = program(
    `const { readFileSync, writeFileSync } = require('fs'); writeFileSync(${JSON.stringify(out)}, JSON.stringify(${told}))`,
  )
  const by = `"${process.execPath}"`
  assert.deepEqual(await writer.write(change), { kind: 'written', by, wasThere: false })
  const got = JSON.parse(readFileSync(out, 'utf8')) as { args: string[]; env: Record<string, string>; input: unknown }
  assert.deepEqual(got.args, ['$HOME;', '*'])
  assert.deepEqual(
    ['KEPT', 'WAXSEAL_ZONE', 'WAXSEAL_REMOVE', 'WAXSEAL_ADD'].map((name) => got.env[name]),
    [
      'yes',
      'example.org.',
      '_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 aabb',
      '_25._tcp.mx.example.org. 1800 IN TLSA 3 1 1 ccdd\n_mta-sts.example.org. 60 IN TXT "v=STSv1; id=\\"2\\";" "x"',
    ],
  )
  const oldJson = { name: '_25._tcp.mx.example.org.', type: 'TLSA', ttl: 3600, data: '3 1 1 aabb', wire: '030101aabb' }
  assert.deepEqual(got.input, {
    schema: 'waxseal.zone-change/1',
    zone: 'example.org.',
    remove: [oldJson],
    add: [
      { ...oldJson, ttl: 1800, data: '3 1 1 ccdd', wire: '030101ccdd' },
      {
        ...{ name: '_mta-sts.example.org.', type: 'TXT', ttl: 60, data: '"v=STSv1; id=\\"2\\";" "x"' },
        wire: '10763d53545376313b2069643d2232223b0178',
        strings: ['v=STSv1; id="2";', 'x'],
      },
    ],
    assume: [{ name: '_25._tcp.mx.example.org.', type: 'TLSA', records: [oldJson] }],
  })
})

const failing: [what: string, script: string, why: WriteFailure['why'], reason: RegExp, timeoutMs?: number][] = [
  [
    'says no',
    'console.error("\\x1b[31mquota"); process.exit(3)',
    'command',
    /it ended with status 3: \\x1b\[31mquota$/,
  ],
  ['is ended', 'process.kill(process.pid, "SIGKILL")', 'command', /it ended with SIGKILL$/],
  ['takes too long', 'setInterval(() => {}, 1000)', 'command', /it took more than 0\.05 s$/, 50],
]
for (const [what, script, why, reason, timeoutMs] of failing) {
  test(`a change may or may not be written when the command ${what}`, async () => {
    const outcome = await program(script, timeoutMs).write(change)
    assert.ok(outcome.kind === 'failed')
    assert.deepEqual([outcome.why, outcome.mayBeWritten], [why, true])
    assert.match(outcome.reason, reason)
  })
}

test('a command ends with whoever waits for it', async () => {
  const stop = new AbortController()
  const writing = program('setInterval(() => {}, 1000)').write(change, stop.signal)
  stop.abort()
  const outcome = await writing
  assert.ok(outcome.kind === 'failed' && outcome.why === 'aborted')
})

test('nothing is written by a command that is not there', async () => {
  const outcome = await commandWriter({ words: ['/nowhere/at/all'], environment: {} }).write(change)
  assert.ok(outcome.kind === 'failed')
  assert.equal(outcome.mayBeWritten, false)
  assert.equal(outcome.reason, '"/nowhere/at/all": cannot run "/nowhere/at/all": no such file')
})
