import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { createKeptContexts } from './kept-contexts.ts'

test('contexts are made once, and those asked for longest ago go first', () => {
  const asked: string[] = []
  const contexts = createKeptContexts(2, (key) => {
    asked.push(key)
    return createSecureContext()
  })
  const first = contexts.get('a')
  contexts.get('b')
  assert.equal(contexts.get('a'), first)
  contexts.get('c')
  assert.equal(contexts.size, 2)
  assert.equal(contexts.get('a'), first, 'it was asked for since')
  contexts.get('b')
  assert.deepEqual(asked, ['a', 'b', 'c', 'b'])
  assert.equal(contexts.made, 4)
})

test('what cannot be made is not kept, and what is forgotten is made anew', () => {
  let isThere = false
  const contexts = createKeptContexts(2, () => (isThere ? createSecureContext() : undefined))
  assert.equal(contexts.get('a'), undefined)
  assert.equal(contexts.size, 0)
  isThere = true
  const first = contexts.get('a')
  contexts.forget('a')
  assert.notEqual(contexts.get('a'), first)
})
