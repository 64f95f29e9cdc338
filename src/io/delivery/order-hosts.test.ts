import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutSelf, orderHosts } from './order-hosts.ts'

const host = (name: string, preference: number) => ({ name, preference })
const names = (hosts: { name: string }[]) => hosts.map(({ name }) => name).join(' ')

test('DLV-6: the most preferred comes first, whatever the lot', () => {
  const hosts = [host('c', 30), host('a', 10), host('b', 20)]
  assert.equal(names(orderHosts(hosts, Math.random)), 'a b c')
})

test('DLV-6: those alike are shuffled by the lot alone', () => {
  const lots = [0.9, 0.1, 0.5]
  const random = () => lots.shift() ?? 0
  assert.equal(names(orderHosts([host('a', 10), host('b', 10), host('c', 10)], random)), 'b c a')
})

test('DLV-6: each of two alike comes first for half of all lots', () => {
  let first = 0
  for (let lot = 0; lot < 1000; lot++) {
    const lots = [lot / 1000, 0.4995]
    if (names(orderHosts([host('a', 0), host('b', 0)], () => lots.shift() ?? 0)) === 'a b') first++
  }
  assert.equal(first, 500)
})

for (const [claim, own, left] of [
  ['STS-94, DLV-8: we and all that are no better are cut', ['b'], 'a'],
  ['DLV-8: those alike are cut with us', ['c'], 'a'],
  ['DLV-8: nothing is left where we are the best', ['a', 'd'], ''],
  ['DLV-8: nothing is cut where we are not among them', [], 'a b c d'],
] as const) {
  test(claim, () => {
    const hosts = [host('a', 10), host('b', 20), host('c', 20), host('d', 30)]
    assert.equal(names(cutSelf(hosts, ({ name }) => (own as readonly string[]).includes(name))), left)
  })
}

test('ordering loses no host and keeps preferences ascending', () => {
  const lists = fc.array(fc.record({ name: fc.string(), preference: fc.nat(65535) }))
  fc.assert(
    fc.property(lists, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (hosts, lots) => {
      const ordered = orderHosts(hosts, () => lots.next().value)
      assert.deepEqual(new Set(ordered), new Set(hosts))
      assert.equal(ordered.length, hosts.length)
      assert.ok(ordered.every((one, place) => one.preference <= (ordered[place + 1]?.preference ?? 65535)))
    }),
  )
})
