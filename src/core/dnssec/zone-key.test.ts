import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeKey, zoneKey } from '../../../test/support/sign.ts'
import { limits } from '../limits.ts'
import { createPolicy, type ValidationPolicy } from './policy.ts'
import { importZoneKey, readZoneKey, type ZoneKey } from './zone-key.ts'

/** A policy that counts what it imports of algorithm 15. */
function countingPolicy() {
  const counts = { imports: 0 }
  const policy = createPolicy()
  const ed25519 = policy.algorithms.get(15)
  assert.ok(ed25519)
  const counting: ValidationPolicy = {
    ...policy,
    algorithms: new Map([
      [
        15,
        {
          ...ed25519,
          importKey: (publicKey) => {
            counts.imports++
            return ed25519.importKey(publicKey)
          },
        },
      ],
    ]),
  }
  return { counts, policy: counting }
}

function keyNumber(number: number): ZoneKey {
  const publicKey = new Uint8Array(32)
  new DataView(publicKey.buffer).setUint32(0, number)
  return zoneKey({ algorithm: 15, publicKey })
}

test('DNSSEC-39 a key is imported once, and again when as many others as are kept came since', () => {
  const { counts, policy } = countingPolicy()
  const imports = (keys: readonly ZoneKey[]) => {
    counts.imports = 0
    for (const key of keys) importZoneKey(key, policy)
    return counts.imports
  }
  const key = makeKey(15)
  const others = Array.from({ length: limits.dnssec.importedKeys }, (_, at) => keyNumber(at))
  assert.equal(imports([key, key]), 1)
  assert.equal(imports(others.slice(1)), limits.dnssec.importedKeys - 1)
  assert.equal(imports([key]), 0) // which makes it the youngest again
  assert.equal(imports(others.slice(0, 1)), 1)
  assert.equal(imports([key]), 0)
  assert.equal(imports(others), limits.dnssec.importedKeys - 1)
  assert.equal(imports([key]), 1)
})

test('DNSSEC-39 a policy keeps its own imported keys, so that resolvers share nothing', () => {
  const [one, other] = [countingPolicy(), countingPolicy()]
  const key = makeKey(15)
  for (const { policy } of [one, other, one]) importZoneKey(key, policy)
  assert.deepEqual([one.counts.imports, other.counts.imports], [1, 1])
})

test('DNSSEC-34 what is no key is not kept, and neither is a key of a size that nobody uses', () => {
  const { counts, policy } = countingPolicy()
  const short = zoneKey({ algorithm: 15, publicKey: new Uint8Array(31) })
  for (const again of [1, 2]) {
    assert.equal(importZoneKey(short, policy), undefined)
    assert.equal(counts.imports, again)
  }
})

test('WIRE-24: readZoneKey never throws, and takes a record apart without loss', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (rdata) => {
      const key = readZoneKey(rdata)
      assert.equal(key === undefined, rdata.length < 5)
      if (key !== undefined) assert.deepEqual(Uint8Array.from(key.publicKey), rdata.subarray(4))
    }),
  )
})
