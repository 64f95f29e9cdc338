import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../../core/limits.ts'
import { type ListLine, readList } from './domain-list.ts'
import { workThrough } from './work-through.ts'

async function* chunksOf(octets: Uint8Array, size: number) {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size)
}

async function linesOf(octets: Uint8Array | string, size = 7): Promise<ListLine[]> {
  const lines: ListLine[] = []
  for await (const line of readList(chunksOf(Buffer.from(octets), size))) lines.push(line)
  return lines
}

test('readList passes over comments, blanks and line ends of every kind', async () => {
  assert.deepEqual(await linesOf('\ufeffa.example\r\n\n  # b.example\n\tc.example \n\nd.example'), [
    { kind: 'text', line: 1, text: 'a.example' },
    { kind: 'text', line: 4, text: 'c.example' },
    { kind: 'text', line: 6, text: 'd.example' },
  ])
})

test('readList names lines that are too long or no UTF-8, and goes on', async () => {
  const list = Buffer.concat([
    Buffer.from(`${'x'.repeat(limits.files.listLineOctets)}\n${'x'.repeat(limits.files.listLineOctets + 1)}\n`),
    Buffer.from([0xff, 0x0a]),
    Buffer.from('a.example'),
  ])
  assert.deepEqual((await linesOf(list, 100)).slice(1), [
    { kind: 'fault', line: 2, fault: 'line-too-long' },
    { kind: 'fault', line: 3, fault: 'not-utf8' },
    { kind: 'text', line: 4, text: 'a.example' },
  ])
})

test('readList yields the same whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), async (octets, size) => {
      assert.deepEqual(await linesOf(octets, size), await linesOf(octets, 1000))
    }),
  )
})

async function* count(to: number, taken: number[]) {
  for (let item = 1; item <= to; item++) {
    taken.push(item)
    yield item
  }
}

test('workThrough takes no item before a hand is free', async () => {
  const taken: number[] = []
  const waiting: (() => void)[] = []
  const signal = new AbortController().signal
  const all = workThrough(count(5, taken), () => new Promise((resolve) => waiting.push(resolve)), { jobs: 2, signal })
  await turns()
  assert.deepEqual(taken, [1, 2])
  waiting.shift()?.()
  await turns()
  assert.deepEqual(taken, [1, 2, 3])
  for (let left = 0; left < 4; left++) {
    waiting.shift()?.()
    await turns()
  }
  await all
  assert.deepEqual(taken, [1, 2, 3, 4, 5])
})

test('workThrough stops taking items when it is aborted', async () => {
  const stopping = new AbortController()
  const taken: number[] = []
  await workThrough(count(100, taken), async (item) => (item === 3 ? stopping.abort() : undefined), {
    ...{ jobs: 1, signal: stopping.signal },
  })
  assert.deepEqual(taken, [1, 2, 3])
})

test('workThrough rejects with the first error and closes the source', async () => {
  const taken: number[] = []
  const work = async (item: number) => {
    if (item === 2) throw new Error('second')
  }
  const signal = new AbortController().signal
  await assert.rejects(workThrough(count(100, taken), work, { jobs: 1, signal }), { message: 'second' })
  assert.deepEqual(taken, [1, 2])
})

/** Lets promises that are settled already run their course. */
function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
