import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stsOf } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import type { DomainDecision } from '../../core/decision/decision.ts'
import { type DeliveryIo, planDomain } from './plan-domain.ts'

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
    resolver: fakeResolver('60 secure example.org. MX 10 mx.example.org.\nsecure mx.example.org. A 192.0.2.1'),
    onDecision: ({ decision }: { readonly decision: DomainDecision }) => found.push(decision),
  } as unknown as DeliveryIo // nothing else of it is needed to decide
  const demand = { requireTls: false, waived: false, recheck: false }
  await planDomain({ kind: 'domain', name: domain('example.org') }, demand, io)
  assert.deepEqual(
    found.map(({ row, validUntil }) => [row, validUntil]),
    [['M5', began + 60_000]],
  )
})
