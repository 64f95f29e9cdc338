import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { limits } from '../../core/limits.ts'
import { accept } from '../../core/result.ts'
import type { Network } from '../../io/network.ts'
import { nobody, parseOptOut } from './opt-out.ts'
import { politeNetwork } from './polite-network.ts'

function networkThatCounts() {
  const asked: string[] = []
  const network: Network = {
    async connectTcp({ address }) {
      asked.push(address)
      return accept(new Socket())
    },
    openUdp: async () => assert.fail('no datagrams here'),
  }
  return { network, asked }
}

const connect = (network: Network, address: string, chosenBy: 'stranger' | 'operator' = 'stranger') =>
  network.connectTcp({ address, port: 25 }, { chosenBy, timeoutMs: 1000 }).then((result) => result.ok || result.fault)

test('one address is connected to so often and no more, whatever the names that lead there', async () => {
  const { network, asked } = networkThatCounts()
  let now = 0
  const polite = politeNetwork(network, () => now, nobody)
  const outcomes = []
  for (let times = 0; times <= limits.web.targetBurst; times++)
    outcomes.push(await connect(polite, `2001:db8::${times}`))
  assert.deepEqual(new Set(outcomes.slice(0, -1)), new Set([true]))
  assert.equal(outcomes.at(-1), 'overload')
  assert.equal(asked.length, limits.web.targetBurst)
  assert.equal(await connect(polite, '2001:db8:0:1::1'), true)
  assert.equal(await connect(polite, '2001:db8::1', 'operator'), true)
  now += limits.web.targetEveryMs
  assert.equal(await connect(polite, '2001:db8::1'), true)
  assert.equal(await connect(polite, '2001:db8::1'), 'overload')
})

test('who does not want to be looked at is not connected to', async () => {
  const { network, asked } = networkThatCounts()
  const polite = politeNetwork(network, () => 0, parseOptOut('198.51.100.0/24', 'list'))
  assert.equal(await connect(polite, '198.51.100.7'), 'forbidden')
  assert.equal(await connect(polite, '198.51.101.7'), true)
  assert.deepEqual(asked, ['198.51.101.7'])
})
