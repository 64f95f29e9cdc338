import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { newKey } from '../../../test/rollover/simulated-host.ts'
import { domain } from '../../../test/support/domain.ts'
import { limits } from '../../core/limits.ts'
import { newRollover, type Rollover } from '../../core/publish/rollover/rollover.ts'
import { openRolloverFile } from './rollover-file.ts'
import { formatRollover, parseRollover } from './rollover-state.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-rollover-'))
after(() => rmSync(folder, { recursive: true }))

const key = newKey('ecdsa')
const record = `3 1 1 ${'ab'.repeat(32)}`
const rollover: Rollover = {
  ...newRollover(domain('mx.example.org'), 25),
  combinations: [{ usage: 3, selector: 1, matchingType: 1 }],
  keys: [{ ...key, role: 'next', since: 5, isCompromised: false }],
  history: [
    { records: undefined, ttl: 1, firstAt: 1, goneAt: 2 },
    { records: [record], ttl: 3600, firstAt: 2, goneAt: undefined },
    { records: [], ttl: 900, firstAt: 1, goneAt: 3 },
  ],
  lastWrite: { at: 4, add: [record], remove: [] },
}

test('a state is read as it was written', () => {
  const read = parseRollover(formatRollover(rollover))
  assert.deepEqual(read, {
    ok: true,
    value: { ...rollover, keys: [{ ...rollover.keys[0], octets: Buffer.from(key.octets) }] },
  })
})

test('a state that was changed anywhere is read as some state, or refused, and never throws', () => {
  const text = formatRollover(rollover)
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 4 }), (at, length, put) => {
      const read = parseRollover(text.slice(0, at) + put + text.slice(at + length))
      if (!read.ok) assert.ok(['damaged', 'not-ours', 'other-version'].includes(read.fault))
    }),
    { numRuns: 500 },
  )
})

test('no part of a state that ends too early is taken for the whole', () => {
  const text = formatRollover(rollover).trimEnd()
  for (let length = 0; length < text.length; length++) assert.equal(parseRollover(text.slice(0, length)).ok, false)
})

test('its file is for its owner alone, and stays as it is when nothing is new', async () => {
  const path = join(folder, 'state', 'host.json')
  const file = openRolloverFile(path, async () => {})
  ;(await file.lock())?.()
  await file.write(rollover)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const { ino } = statSync(path)
  await file.write(rollover)
  assert.equal(statSync(path).ino, ino)
  await file.write({ ...rollover, port: 26 })
  assert.notEqual(statSync(path).ino, ino)
})

test('rollover.stateOctets: a longer file is refused, and left as it is', async () => {
  const path = join(folder, 'long.json')
  writeFileSync(path, ' '.repeat(limits.rollover.stateOctets + 1))
  await assert.rejects(openRolloverFile(path, async () => {}).read(), /cannot read the state .* is longer than/)
  assert.equal(readFileSync(path).length, limits.rollover.stateOctets + 1)
})

test('rollover.lockMs, rollover.lockPollMs: a lock that another has is waited for so long', async () => {
  const path = join(folder, 'locked.json')
  const release = await openRolloverFile(path, async () => {}).lock()
  const pauses: number[] = []
  const second = openRolloverFile(path, async (milliseconds) => {
    pauses.push(milliseconds)
  })
  assert.equal(await second.lock(), undefined)
  assert.deepEqual(new Set(pauses), new Set([limits.rollover.lockPollMs]))
  assert.equal(pauses.length, limits.rollover.lockMs / limits.rollover.lockPollMs)
  release?.()
  const taken = await second.lock()
  assert.ok(taken)
  taken()
})

test('a folder that cannot be made is told in one line', async () => {
  writeFileSync(join(folder, 'plain'), '')
  const file = openRolloverFile(join(folder, 'plain', 'below', 'host.json'), async () => {})
  await assert.rejects(file.lock(), { name: 'ConfigError', message: /cannot lock the state ".*host\.json"/ })
})
