import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTime } from './tell.ts'

const never = new AbortController().signal
const over = AbortSignal.abort(new DOMException('too late', 'TimeoutError'))

function tell(signal: AbortSignal, ending: AbortSignal, work: () => Promise<number>) {
  const warned: string[] = []
  const out = { warn: (text: string) => void warned.push(text) }
  return inTime({ signal }, { out, signal: ending }, work).then((status) => ({ status, warned }))
}

const late = async () => {
  over.throwIfAborted()
  return 0
}

test('rollover.lookMs: what takes too long is told, with the status for another try', async () => {
  const { status, warned } = await tell(over, never, late)
  assert.equal(status, 75)
  assert.deepEqual(warned, ['not everything could be asked in 120 s: run it again'])
})

test('an interrupt is no lack of time, and a fault of ours neither', async () => {
  await assert.rejects(tell(over, over, late), /too late/)
  await assert.rejects(
    tell(never, never, () => Promise.reject(new Error('a bug'))),
    /a bug/,
  )
  assert.equal((await tell(never, never, async () => 3)).status, 3)
})
