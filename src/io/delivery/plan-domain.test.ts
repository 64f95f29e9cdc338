import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stsOf } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { type DomainDecision, defaultOptions } from '../../core/decision/decision.ts'
import { type DeliveryIo, planDomain } from './plan-domain.ts'

const world = '60 secure example.org. MX 10 mx.example.org.\nsecure mx.example.org. A 192.0.2.1'
const demand = { requireTls: false, waived: false, recheck: false }

test('DANE-14: the digest that an option prefers counts for a delivery', async () => {
  const records = [1, 2].map((type) => `secure _25._tcp.mx.example.org. TLSA 3 1 ${type} ${'5a'.repeat(32 * type)}`)
  for (const [preferredDigest, type] of [
    ['sha2-512', 2],
    ['sha2-256', 1],
  ] as const) {
    const found: DomainDecision[] = []
    const io = {
      ...{ clock: movedClock(0), port: 25, random: () => 0, sts: { lookup: async () => stsOf() } },
      ...{ resolver: fakeResolver([world, ...records].join('\n')), options: { ...defaultOptions, preferredDigest } },
      onDecision: ({ decision }: { readonly decision: DomainDecision }) => found.push(decision),
    } as unknown as DeliveryIo // nothing else of it is needed to decide
    await planDomain({ kind: 'domain', name: domain('example.org') }, demand, io)
    const host = found[0]?.hosts[0]
    assert.ok(host?.action === 'connect' && host.dane.state === 'ok')
    assert.deepEqual(
      host.dane.records.map(({ matchingType }) => matchingType),
      [type],
    )
  }
})

test('DANE-42: a decision lasts as long as its lookups from their beginning, however long they take', async () => {
  const clock = movedClock(Date.UTC(2026, 0, 1))
  const began = clock.now()
  const slow = async () => {
    clock.move(45)
    return stsOf()
  }
  const found: DomainDecision[] = []
  const io = {
    ...{ clock, port: 25, random: () => 0, sts: { lookup: slow } },
    resolver: fakeResolver(world),
    onDecision: ({ decision }: { readonly decision: DomainDecision }) => found.push(decision),
  } as unknown as DeliveryIo // nothing else of it is needed to decide
  await planDomain({ kind: 'domain', name: domain('example.org') }, demand, io)
  assert.deepEqual(
    found.map(({ row, validUntil }) => [row, validUntil]),
    [['M5', began + 60_000]],
  )
})
