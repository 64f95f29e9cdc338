import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { verified } from '../../../test/support/proofs.ts'
import { nameOf } from '../../../test/support/sign.ts'
import { limits } from '../../core/limits.ts'
import { createOrderedKeys } from './ordered-keys.ts'
import { createSpanStore } from './span-store.ts'

const zone = { kind: 'secure', zone: nameOf('example.'), keys: [], chain: [], until: 1e9 } as const
const rrset = verified('a.example. NSEC z.example. A RRSIG NSEC')

function store() {
  const clock = movedClock(0)
  const spans = createSpanStore(() => clock.now())
  const put = (at: string, until = 60_000) => spans.putNsec(zone, { rrset, at, server: '', until })
  const around = (key: string) => {
    const known = spans.closest(nameOf('a.b.example.'))
    return known && spans.nsecAround(known, key)?.at
  }
  return { clock, spans, put, around }
}

test('RES-21: a span is found by what lies in it, until its end', () => {
  const { put, around, clock } = store()
  put('d', 20_000)
  put('b')
  assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map(around), [undefined, 'b', 'b', 'd', 'd'])
  clock.move(20)
  assert.equal(around('e'), undefined)
  assert.equal(around('e'), 'b', 'what has ended is in nobody’s way')
})

test('RES-21, RES-37: of too many spans the longest unused go, and zones without any with them', () => {
  const { spans, put, around, clock } = store()
  const pad = (index: number) => String(index).padStart(6, '0')
  const fit = Math.min(limits.resolver.denials, Math.floor(limits.resolver.denialOctets / 512))
  for (let index = 0; index < fit + 10; index++) put(pad(index))
  assert.equal(around(pad(0)), undefined)
  assert.equal(around(pad(fit + 9)), pad(fit + 9))
  clock.move(60)
  for (let index = 0; index < fit + 10; index++) around(pad(index))
  assert.equal(spans.closest(nameOf('a.example.')), undefined)
})

test('RES-21: a span that is put again keeps its zone known, were it the only one', () => {
  const { put, around } = store()
  put('b')
  put('b')
  assert.equal(around('c'), 'b')
})

test('DNSSEC-50: spans of another salt are another chain', () => {
  const { spans } = store()
  const parameters = { iterations: 0, hash: '', nextHash: '', optOut: false, hashAlgorithm: 1, flags: 0 }
  const more = { ...parameters, next: new Uint8Array(20), types: new Set<number>() }
  const put = (at: string, salt: number) =>
    spans.putNsec3(zone, { rrset, at, server: '', until: 60_000 }, { ...more, salt: Uint8Array.of(salt) })
  put('b', 1)
  put('d', 2)
  const known = spans.closest(zone.zone)
  assert.ok(known?.nsec3 !== undefined)
  assert.deepEqual(known.nsec3.salt, Uint8Array.of(2))
  assert.deepEqual([spans.nsec3At(known, 'b'), spans.nsec3At(known, 'd')?.at], [undefined, 'd'])
  assert.equal(spans.nsec3Around(known, 'a')?.at, 'd', 'round the end')
})

test('DNSSEC-70: keys are found in order, whatever was added and deleted', () => {
  const text = fc.string({ maxLength: 2 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), text), { maxLength: 50 }), text, (steps, wanted) => {
      const keys = createOrderedKeys()
      const model = new Set<string>()
      for (const [isAdded, key] of steps) {
        if (isAdded) keys.add(key)
        else keys.delete(key)
        if (isAdded) model.add(key)
        else model.delete(key)
      }
      const sorted = [...model].sort()
      assert.equal(keys.size, model.size)
      assert.equal(
        keys.atOrBefore(wanted),
        sorted.findLast((key) => key <= wanted),
      )
      assert.equal(keys.last(), sorted.at(-1))
    }),
  )
})
