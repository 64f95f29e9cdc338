import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { makeQuery } from '../../core/dns/encode.ts'
import type { ResourceRecord } from '../../core/dns/message.ts'
import { sortReply } from '../../core/dns/reply.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { Stop } from '../stop.ts'
import { keepFetched } from './kept-upstream.ts'
import { createTask, trouble } from './task.ts'
import type { Fetched, Upstream } from './upstream.ts'

const name = nameOfText('a.example.')
const question = { name, type: TYPE.NS }

function fetched(ttl: number): Fetched {
  const query = makeQuery(name, TYPE.NS, { id: 1, recursionDesired: false, checkingDisabled: true, edns: undefined })
  const ns: ResourceRecord = { name, type: TYPE.NS, class: 1, ttl, rdata: new Uint8Array([1, 97, 0]) }
  const message = { ...query, answer: [ns] }
  return { ok: true, reply: { ...sortReply(message), server: '192.0.2.1', source: '192.0.2.1', bailiwick: name } }
}

const failed: Fetched = { ok: false, trouble: trouble('timeout', 'nobody answers') }

/** Says one thing after the other, and the last for ever. */
function makeKept(...said: Fetched[]) {
  const clock = movedClock(0)
  let asked = 0
  const upstream: Upstream = {
    fetch: async () => said[Math.min(asked++, said.length - 1)] ?? failed,
    close: async () => {},
  }
  const kept = keepFetched(upstream, () => clock.now())
  const fetch = (signal = new Stop(), avoid: ReadonlySet<string> = new Set()) =>
    kept.fetch(question, createTask({ signal, clock }), avoid)
  return { clock, fetch, asked: () => asked }
}

test('what was fetched is fetched once, at once and later', async () => {
  const { fetch, asked } = makeKept(fetched(3600))
  await Promise.all([fetch(), fetch()])
  await fetch()
  assert.equal(asked(), 1)
})

for (const ttl of [5, limits.resolver.comparedKept + 5]) {
  test(`with a TTL of ${ttl} it is kept for ${Math.min(ttl, limits.resolver.comparedKept)} seconds`, async () => {
    const { clock, fetch, asked } = makeKept(fetched(ttl))
    const kept = Math.min(ttl, limits.resolver.comparedKept)
    await fetch()
    clock.move(kept - 1)
    await fetch()
    assert.equal(asked(), 1)
    clock.move(1)
    await fetch()
    assert.equal(asked(), 2)
  })
}

test('a failure is not kept', async () => {
  const { fetch, asked } = makeKept(failed, fetched(60))
  assert.equal((await fetch()).ok, false)
  assert.equal((await fetch()).ok, true)
  assert.equal(asked(), 2)
})

test('who gave up gets nothing, not even what is known', async () => {
  const { fetch } = makeKept(fetched(60))
  await fetch()
  const stop = new Stop()
  stop.abort(new Error('given up'))
  await assert.rejects(fetch(stop), /given up/)
})

test('whoever avoids a source gets nothing that was kept, and leaves nothing behind', async () => {
  const { fetch, asked } = makeKept(fetched(300), failed, fetched(60))
  const first = await fetch()
  assert.deepEqual(await fetch(new Stop(), new Set(['192.0.2.1'])), failed)
  assert.equal(asked(), 2)
  assert.deepEqual(await fetch(), first)
  assert.equal(asked(), 2)
})
