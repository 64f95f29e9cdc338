import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../../test/resolver/fake-exchange.ts'
import { answer, answered, honest, iterate, question, soa } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { limits } from '../../core/limits.ts'
import { createFamilies } from './families.ts'

const mixed = ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2']
const fourFirst = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']

function begin(...unreachable: string[]) {
  const clock = movedClock(0)
  const families = createFamilies(() => clock.now())
  for (const address of unreachable) families.noteUnreachable(address)
  return { clock, ...families }
}

test('RES-32: a family by which three addresses in a row cannot be reached is tried last, for a minute', () => {
  const { clock, order } = begin('2001:db8::1', '2001:db8::2', '2001:db8::3')
  assert.deepEqual(order(mixed), fourFirst)
  clock.move(limits.resolver.familyPause - 1)
  assert.deepEqual(order(mixed), fourFirst)
  clock.move(1)
  assert.deepEqual(order(mixed), mixed)
})

test('RES-32: IPv4 may be the one that is missing', () => {
  const { order } = begin('192.0.2.1', '192.0.2.2', '192.0.2.3')
  assert.deepEqual(order(fourFirst), ['2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2'])
})

test('RES-32: two addresses out of reach show nothing, nor do those of both families together', () => {
  const { order } = begin('2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2')
  assert.equal(order(mixed), mixed)
})

test('RES-32: what is reached by it shows that it is there, and begins the row anew', () => {
  const { order, noteReached, noteUnreachable } = begin('2001:db8::1', '2001:db8::2', '2001:db8::3')
  noteReached('2001:db8::4')
  noteUnreachable('2001:db8::1')
  noteUnreachable('2001:db8::2')
  assert.equal(order(mixed), mixed)
  noteReached('192.0.2.1')
  noteUnreachable('2001:db8::3')
  assert.deepEqual(order(mixed), fourFirst)
})

test('RES-32: where neither leads anywhere, all are tried as ever', () => {
  const { order } = begin('2001:db8::1', '2001:db8::2', '2001:db8::3', '192.0.2.1', '192.0.2.2', '192.0.2.3')
  assert.deepEqual(order(mixed), mixed)
})

test('RES-32: on a machine without IPv6 servers of new zones are asked by IPv4', async () => {
  const zones = ['a', 'b', 'c', 'd', 'e'].map((label) => `${label}.org.`)
  const server = table(honest)
  const { ask, asked } = iterate((one) => {
    if (one.server.includes(':')) return 'unreachable'
    const zone = zones.find((name) => one.question.endsWith(`.${name} A`))
    if (zone === undefined || one.server === '198.51.100.1') return server(one)
    if (one.server !== '192.0.2.1') return { flags: 'aa', authority: soa.replaceAll('example.org.', zone) }
    const at = zones.indexOf(zone)
    return {
      authority: `${zone} NS x.${zone}\n${zone} NS y.${zone}`,
      additional: `x.${zone} AAAA 2001:db8::${at + 1}\ny.${zone} A 192.0.2.${at + 10}`,
    }
  })
  for (const zone of zones) assert.match(show(await ask(`www.${zone} A`)), /^nodata/)
  assert.deepEqual(
    asked.flatMap((line) => (line.includes('2001:') ? [line.split(' ')[1]] : [])),
    zones.slice(0, limits.resolver.familyTries).map((zone) => `www.${zone}`),
  )
})

test('RES-32: a server that only IPv6 leads to is asked even so', async () => {
  let isThere = false
  const server = table({
    ...honest,
    '192.0.2.1': {
      authority: ['a', 'b', 'c', 'd'].map((label) => `example.org. NS ${label}.example.org.`).join('\n'),
      additional: ['a', 'b', 'c', 'd'].map((label, at) => `${label}.example.org. AAAA 2001:db8::${at}`).join('\n'),
    },
  })
  const { ask } = iterate((one) => {
    if (!one.server.includes(':')) return server(one)
    return isThere ? answer : 'unreachable'
  })
  assert.equal(show(await ask('other.example.org. A')), 'failure unreachable')
  isThere = true
  assert.equal(show(await ask(question)), answered)
})

for (const fault of ['refused', 'unreachable'] as const) {
  test(`RES-14, RES-32: a server that cannot be asked (${fault}) is asked after the others for a while`, async () => {
    const { ask, asked } = iterate((one) => {
      if (one.server === '192.0.2.66') return fault
      return table({
        ...honest,
        '192.0.2.1': {
          authority: 'example.org. NS a.example.org.\nexample.org. NS b.example.org.',
          additional: 'a.example.org. A 192.0.2.66\nb.example.org. A 192.0.2.2',
        },
        '192.0.2.2': { flags: 'aa', authority: soa },
      })(one)
    })
    for (const name of ['a', 'b']) await ask(`${name}.example.org. MX`)
    assert.equal(asked.filter((line) => line.startsWith('192.0.2.66')).length, 1)
  })
}
