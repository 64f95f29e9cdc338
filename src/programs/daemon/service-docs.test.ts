// Holds docs/service.md and docs/json.md in step with the names that programs go by.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventNames } from './events/event.ts'
import { threatKinds } from './events/threats.ts'
import { apiRoutes } from './http/api.ts'
import { problems } from './http/reply.ts'
import { schemas } from './http/schemas.ts'

const docs = join(import.meta.dirname, '..', '..', '..', 'docs')
const service = readFileSync(join(docs, 'service.md'), 'utf8')

/** What stands in backticks in the first column of the table whose heading row begins so. */
function firstColumn(text: string, heading: string): string[] {
  const start = text.indexOf(`| ${heading} `)
  assert.notEqual(start, -1, heading)
  const rows = text.slice(start).split('\n\n', 1)[0]?.split('\n').slice(2) ?? []
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word))
}

test('docs/service.md lists every event, every kind of alarm and every code of a refusal, and no other', () => {
  assert.deepEqual(firstColumn(service, 'event').sort(), [...eventNames].sort())
  assert.deepEqual(firstColumn(service, 'kind').sort(), [...threatKinds].sort())
  assert.deepEqual(firstColumn(service, 'code').sort(), Object.keys(problems).sort())
})

test('docs/service.md lists every route, and no other', () => {
  const unused = () => {
    throw new Error('no route is asked here')
  }
  const routes = apiRoutes(unused, {
    version: '0',
    whyNotReady: unused,
    reload: unused,
    sharedStore: unused,
    metrics: unused,
  })
  const listed = firstColumn(service, 'request').map((text) => text.split('?')[0])
  assert.deepEqual(listed.sort(), routes.map(({ method, path }) => `${method} ${path}`).sort())
})

test('docs/json.md lists the keys of what is served', () => {
  const json = readFileSync(join(docs, 'json.md'), 'utf8')
  const keysUnder = (heading: string) => {
    const section = json.slice(json.indexOf(`${heading}\n`)).split(/\n##/, 1)[0] ?? ''
    return firstColumn(section, 'key').sort()
  }
  const keysOf = (schema: unknown) => Object.keys((schema as { properties: object }).properties).sort()
  assert.deepEqual(keysUnder('## `waxseal.destination/1`'), keysOf(schemas.Destination?.json))
  const evidence = schemas.Evidence?.json as { properties: { history: { items: unknown } } }
  assert.deepEqual(keysUnder('## `waxseal.evidence/1`'), keysOf(evidence))
  assert.deepEqual(keysUnder('### A past decision'), keysOf(evidence.properties.history.items))
})
