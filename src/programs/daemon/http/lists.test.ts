import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { limits } from '../../../core/limits.ts'
import type { Made } from '../../../io/decisions/decisions.ts'
import { framed } from '../postfix-answers.ts'
import type { Service } from '../service.ts'
import type { ServedView } from '../view.ts'
import { destinationRoutes } from './destination-routes.ts'
import type { Reply } from './reply.ts'

const answer = framed({ kind: 'ok', data: 'dane-only' })
const view: ServedView = {
  base: answer,
  tlsrpt: answer,
  summary: 'Goes.',
  word: 'dane-only',
  reasons: [],
  line: undefined,
  wouldAnswer: undefined,
}

function madeOf(serial: number): Made<ServedView> {
  const key = domain(`d${serial}.example`)
  const destination = { nextHop: { kind: 'domain', domain: key }, port: 25 } as const
  return { destination, key, view, serial, at: 1, until: 2, tookMs: 3, why: 'asked', askedAt: 1 }
}

const count = 50 * limits.http.listedInOneGo

function listRoute() {
  function* list() {
    for (let serial = 1; serial <= count; serial++) yield madeOf(serial)
  }
  const service = { decisions: { list, size: count } } as unknown as Service // all that a list looks at
  const route = destinationRoutes(() => service).find(({ id }) => id === 'listDecisions')
  assert.ok(route)
  return (query: Record<string, string>) =>
    Promise.resolve(route.answer({ name: '', query: new Map(Object.entries(query)), body: undefined }))
}

test('the end of a long list is found without keeping others waiting', async () => {
  const ask = listRoute()
  let turns = 0
  let isOver = false
  const takeTurn = () => {
    turns++
    if (!isOver) setImmediate(takeTurn)
  }
  setImmediate(takeTurn)
  const { text } = await ask({ after: String(count - 2) })
  isOver = true
  assert.deepEqual(
    (JSON.parse(text?.body ?? '') as { destinations: { destination: string }[] }).destinations.map(
      ({ destination }) => destination,
    ),
    [`d${count - 1}.example`, `d${count}.example`],
  )
  assert.ok(turns >= count / limits.http.listedInOneGo - 1, `${turns} turns of others`)
})

test('a long page is written with turns of others between its parts', async () => {
  const ask = listRoute()
  let turns = 0
  let isOver = false
  const takeTurn = () => {
    turns++
    if (!isOver) setImmediate(takeTurn)
  }
  setImmediate(takeTurn)
  await ask({ limit: String(limits.http.pageMost) })
  isOver = true
  assert.ok(turns >= limits.http.pageMost / 20, `${turns} turns of others`)
})

test('no more pages are looked for at once than may be', async () => {
  const ask = listRoute()
  const all = await Promise.all(
    Array.from({ length: limits.http.listsAtOnce + 1 }, () => ask({ after: String(count) })),
  )
  assert.deepEqual(
    all.map(({ status }: Reply) => status),
    [...Array.from({ length: limits.http.listsAtOnce }, () => 200), 503],
  )
  assert.equal((await ask({ limit: '1' })).status, 200, 'afterwards there is room again')
})
