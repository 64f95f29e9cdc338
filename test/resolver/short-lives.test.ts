import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { TYPE } from '../../src/core/dns/types.ts'
import { accept } from '../../src/core/result.ts'
import type { Datagrams, Network } from '../../src/io/network.ts'
import { createAsker } from '../../src/io/resolver/ask.ts'
import { createExchange } from '../../src/io/resolver/exchange.ts'
import { createTask } from '../../src/io/resolver/task.ts'
import { Stop } from '../../src/io/stop.ts'
import { expectShortLives } from '../../src/programs/short-lives.ts'
import { replyTo } from '../support/dns-server.ts'
import { nameOfText } from '../support/records.ts'

expectShortLives()
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' | 'major' }) => void

/** Answers in the next turn. */
const network: Network = {
  connectTcp: () => Promise.reject(new Error('not over TCP')),
  openUdp: async () => accept(answering()),
}

function answering(): Datagrams {
  const datagrams: Datagrams = {
    localAddress: '127.0.0.1',
    onMessage: undefined,
    send: (query) => setImmediate(() => datagrams.onMessage?.(replyTo(query))),
    close() {},
  }
  return datagrams
}

// V8 makes a function that is written where it is assigned to a property (`object.on = () => …`) among the old objects, and
// so keeps whatever it leads to until the next full collection: here a question with its reply, some 4,000 octets.
test('a question leaves next to nothing behind that only a full collection finds', async () => {
  const exchange = createExchange(network)
  const asker = createAsker(exchange)
  const ask = async (times: number) => {
    for (let at = 0; at < times; at++) {
      const question = { name: nameOfText(`n${at % 100}.example`), type: TYPE.A }
      const to = { endpoint: { address: '192.0.2.1', port: 53 }, chosenBy: 'operator', timeoutMs: 20_000 } as const
      const task = createTask({ signal: new Stop(), clock: { now: () => 0 } })
      const found = await asker({ ...question, ...to, recursionDesired: true, checkingDisabled: true }, task)
      assert.ok(found.ok)
    }
  }
  await ask(5000)
  collect({ type: 'major' })
  collect({ type: 'minor' })
  const left: number[] = []
  for (let round = 0; round < 9; round++) {
    const before = process.memoryUsage().heapUsed
    await ask(200)
    collect({ type: 'minor' })
    collect({ type: 'minor' })
    left.push((process.memoryUsage().heapUsed - before) / 200)
  }
  await exchange.close()
  const usual = left.sort((one, other) => one - other)[4] ?? 0
  assert.ok(usual < 2500, `${Math.round(usual)} octets a question`)
})
