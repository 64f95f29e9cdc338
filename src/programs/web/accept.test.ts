import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preferred } from './accept.ts'

const cases: [accept: string | undefined, offer: string][] = [
  [undefined, 'text/html'],
  ['*/*', 'text/html'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
  ['application/json', 'application/json'],
  ['APPLICATION/JSON', 'application/json'],
  ['application/json, */*', 'text/html'],
  ['application/json, text/html;q=0.9', 'application/json'],
  ['application/json;q=0.5, text/html', 'text/html'],
  ['application/*, text/html;q=0.5', 'application/json'],
  ['application/json, */*;q=0.1', 'application/json'],
  ['application/json;q=0', 'text/html'],
  ['image/png', 'text/html'],
  ['', 'text/html'],
]
for (const [accept, offer] of cases) {
  test(`Accept: ${accept} gets ${offer}`, () => assert.equal(preferred(accept), offer))
}
