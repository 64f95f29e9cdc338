import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { createReadiness } from './readiness.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('it is ready once the resolver has said something of the root, and stays so', async () => {
  const resolver = fakeResolver('servfail . SOA')
  const told: string[] = []
  const readiness = createReadiness(resolver, (text) => told.push(text))
  assert.equal(readiness.whyNot, 'the resolver has not answered yet')
  await settle()
  assert.match(readiness.whyNot ?? '', /^the resolver does not answer: .*servfail/)
  readiness.tick()
  await settle()
  assert.notEqual(readiness.whyNot, undefined)
  resolver.setWorld('')
  readiness.tick()
  await settle()
  assert.deepEqual([readiness.whyNot, told], [undefined, ['ready: the root is secure']])
  const asked = resolver.asked.length
  resolver.setWorld('servfail . SOA')
  readiness.tick()
  await settle()
  assert.deepEqual([readiness.whyNot, resolver.asked.length], [undefined, asked], 'it asks no more')
})

test('it asks once at a time, and no more once it is closed', async () => {
  const resolver = fakeResolver('hangs . SOA')
  const readiness = createReadiness(resolver, () => assert.fail('nothing was answered'))
  for (let at = 0; at < 5; at++) readiness.tick()
  assert.equal(resolver.asked.length, 1)
  readiness.close()
  await settle()
  readiness.tick()
  await settle()
  assert.equal(resolver.asked.length, 1)
  assert.equal(readiness.whyNot, 'the resolver has not answered yet')
})
