import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AddressProbe } from './address-probe.ts'
import { createReadPresented } from './sessions.ts'

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
