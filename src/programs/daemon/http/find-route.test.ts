import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findRoute } from './find-route.ts'
import { problems, type Route } from './reply.ts'

const route = (id: string, method: Route['method'], path: string, query?: Route['query']): Route => ({
  ...{ id, method, path, summary: '', answers: {}, answer: () => ({ status: 200 }) },
  ...(query !== undefined && { query }),
})
const routes = [
  route('list', 'GET', '/v1/things', { limit: { description: '', schema: {} } }),
  route('forgetAll', 'DELETE', '/v1/things'),
  route('one', 'GET', '/v1/things/{destination}'),
  route('evidence', 'GET', '/v1/things/{destination}/evidence'),
  route('refresh', 'POST', '/v1/things/{destination}/refresh'),
]

const found: [method: string, target: string, id: string, name: string][] = [
  ['GET', '/v1/things', 'list', ''],
  ['HEAD', '/v1/things?limit=2', 'list', ''],
  ['DELETE', '/v1/things', 'forgetAll', ''],
  ['GET', '/v1/things/a.example', 'one', 'a.example'],
  ['GET', '/v1/things/evidence', 'one', 'evidence'],
  ['GET', '/v1/things/evidence/evidence', 'evidence', 'evidence'],
  ['GET', '/v1/things/[a.example]:587/evidence', 'evidence', '[a.example]:587'],
  ['POST', '/v1/things/%62%C3%BCcher.example/refresh', 'refresh', 'bücher.example'],
  ['GET', '/v1/things/a%2Fb', 'one', 'a/b'], // which is one name, and none of a domain
  ['GET', '/v1/things/%2e%2e', 'one', '..'],
]
for (const [method, target, id, name] of found) {
  test(`${method} ${target} is ${id}`, () => {
    const match = findRoute(routes, method, target)
    assert.ok(match.kind === 'route')
    assert.deepEqual([match.route.id, match.name], [id, name])
  })
}

const refused: [method: string, target: string, status: number][] = [
  ['GET', '/v1/things/', 404],
  ['GET', '/v1/things//evidence', 404],
  ['GET', '/v1/things/a/b/evidence', 404],
  ['GET', '/V1/things', 404],
  ['GET', '/v1/%74hings', 404],
  ['GET', '/v1/./things', 404],
  ['GET', '', 400],
  ['GET', '*', 400],
  ['GET', 'http://localhost/v1/things', 400],
  ['GET', '/v1/things#x', 400],
  ['GET', '/v1/things?limit=1?limit=2', 400],
  ['GET', '/v1/things?Limit=1', 400],
  ['GET', '/v1/things?__proto__=1', 400],
  ['GET', '/v1/things/a?limit=1', 400],
  ['GET', '/v1/things/b\u00fccher', 400],
  ['GET', '/v1/things/%c3', 400],
  ['POST', '/v1/things', 405],
  ['get', '/v1/things', 405],
  ['PATCH', '/v1/things/a', 405],
]
for (const [method, target, status] of refused) {
  test(`${method} ${JSON.stringify(target)} is refused with ${status}`, () => {
    const match = findRoute(routes, method, target)
    assert.ok(match.kind === 'refused')
    assert.equal(match.reply.status, status)
  })
}

test('whatever is asked finds a route whose path it spells, or a refusal', () => {
  const piece = fc.constantFrom(
    '/',
    'v1',
    'things',
    '..',
    '%2e',
    '%',
    '?',
    '&',
    '=',
    'limit',
    'a.example',
    '#',
    '\0',
    'evidence',
  )
  const target = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'x'), target, (method, text) => {
      const match = findRoute(routes, method, text)
      if (match.kind === 'refused') return Object.values(problems).some(({ status }) => status === match.reply.status)
      const [before = '', behind = ''] = match.route.path.split('{destination}')
      const path = text.split('?')[0] ?? ''
      return (
        path.startsWith(before) &&
        path.endsWith(behind) &&
        !path.slice(before.length, path.length - behind.length).includes('/')
      )
    }),
  )
})
