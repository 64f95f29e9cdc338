import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import type { AddressProbe } from './address-probe.ts'
import { createReadPresented } from './sessions.ts'

test('no more is kept than the limit allows, and the oldest goes first', () => {
  let reads = 0
  const probeOf = () =>
    ({
      get outcome() {
        reads++
        return { kind: 'given-up' } as const
      },
    }) as AddressProbe
  const probes = Array.from({ length: limits.check.certificatesRead + 1 }, probeOf)
  const presentedBy = createReadPresented()
  for (const probe of probes) presentedBy(probe)
  const [first, second] = probes
  assert.ok(first !== undefined && second !== undefined)
  reads = 0
  presentedBy(second)
  assert.equal(reads, 0)
  presentedBy(first)
  assert.equal(reads, 1)
})

test('what an address presented is read once, whoever asks and however often', () => {
  let reads = 0
  const probe = {
    get outcome() {
      reads++
      return { kind: 'given-up' } as const
    },
  } as AddressProbe // nothing else of it is looked at
  const presentedBy = createReadPresented()
  assert.equal(presentedBy(probe), presentedBy(probe))
  assert.equal(reads, 1)
  createReadPresented()(probe)
  assert.equal(reads, 2, 'another report reads anew')
})
