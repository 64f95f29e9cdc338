import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseLookupKey } from '../../core/postfix/lookup-key.ts'
import type { Destination } from './decisions.ts'
import { destinationOfKey, keyOf } from './destination-key.ts'

function destinationOf(text: string): Destination | undefined {
  const { kind, ...rest } = parseLookupKey(text)
  if (kind === 'none') return undefined
  const { port, ...named } = rest as { readonly port: number }
  return { nextHop: { kind, ...named }, port } as Destination // by its kind
}

const keys: [asked: string, key: string][] = [
  ['Example.ORG', 'example.org'],
  ['example.org:smtp', 'example.org'],
  ['example.org:587', 'example.org:587'],
  ['[mx.example.org]', '[mx.example.org]'],
  ['[_mx.example.org]:submission', '[_mx.example.org]:587'],
  ['bücher.example', 'xn--bcher-kva.example'],
]
for (const [asked, key] of keys) {
  test(`the key of ${asked} is ${key}, and leads back to it`, () => {
    const destination = destinationOf(asked)
    assert.ok(destination)
    assert.equal(keyOf(destination), key)
    assert.deepEqual(destinationOfKey(key), destination)
  })
}

test('whatever Postfix may ask about, its key leads back to it, by both ways of reading', () => {
  const name = fc.oneof(fc.domain(), fc.stringMatching(/^[a-zA-Z0-9._:[\]-]{1,30}$/))
  const port = fc.oneof(fc.constant(''), fc.nat(70_000).map(String), fc.constantFrom('smtp', 'submission'))
  const text = fc.tuple(name, port, fc.boolean()).map(([some, at, isRelay]) => {
    const host = isRelay ? `[${some}]` : some
    return at === '' ? host : `${host}:${at}`
  })
  fc.assert(
    fc.property(text, (asked) => {
      const destination = destinationOf(asked)
      if (destination === undefined) return
      const key = keyOf(destination)
      assert.deepEqual(destinationOfKey(key), destination)
      assert.deepEqual(destinationOf(key), destination)
    }),
    { numRuns: 2000 },
  )
})
