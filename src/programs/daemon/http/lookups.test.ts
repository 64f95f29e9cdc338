import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { movedClock } from '../../../../test/support/moved-clock.ts'
import { limits } from '../../../core/limits.ts'
import type { Destination, Made } from '../../../io/decisions/decisions.ts'
import { keyOf } from '../../../io/decisions/destination-key.ts'
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

function madeOf(destination: Destination, now: number): Made<ServedView> {
  const times = { at: now, until: now + 1, askedAt: now, tookMs: 0 }
  return { destination, key: keyOf(destination), view, ...times, serial: 1, why: 'asked' }
}

/** Decisions that end only when they are told to. */
function createBed() {
  const clock = movedClock(1_800_000_000_000)
  const waiting: (() => void)[] = []
  const look = (destination: Destination) =>
    new Promise<Made<ServedView>>((resolve) => {
      waiting.push(() => resolve(madeOf(destination, clock.now())))
    })
  const kept = new Map<string, Made<ServedView>>()
  const held = (destination: Destination) => kept.get(keyOf(destination))
  const hold = (name: string) => {
    const destination = { nextHop: { kind: 'domain', domain: domain(name) }, port: 25 } as const
    kept.set(name, madeOf(destination, clock.now()))
  }
  const decisions = { held, outcomeOf: () => undefined, decide: look, renew: look }
  const service = { decisions, history: { of: () => [] }, world: { clock } } as unknown as Service // all that these routes look at
  const routes = destinationRoutes(() => service)
  const ask = (id: string, name: string, query: readonly (readonly [string, string])[] = []): Promise<Reply> => {
    const route = routes.find((one) => one.id === id)
    assert.ok(route)
    return Promise.resolve(route.answer({ name, query: new Map(query), body: undefined }))
  }
  const finish = () => {
    for (const end of waiting.splice(0)) end()
  }
  return { clock, ask, finish, waiting, hold }
}

test('only so many lookups are under way for HTTP clients; one more is told to come back', async () => {
  const { ask, finish, waiting } = createBed()
  const all = Array.from({ length: limits.http.lookupsAtOnce }, (_, at) => ask('getDecision', `d${at}.example`))
  for (const id of ['getDecision', 'getEvidence', 'refresh']) {
    const { status, headers } = await ask(id, 'one-more.example')
    assert.deepEqual([status, headers?.['retry-after']], [503, '1'], id)
  }
  assert.equal(waiting.length, limits.http.lookupsAtOnce, 'nothing was looked for')
  finish()
  assert.ok((await Promise.all(all)).every(({ status }) => status === 200))
  const later = ask('getDecision', 'one-more.example')
  finish()
  assert.equal((await later).status, 200)
})

test('each destination is refreshed once in a while, and others are their own matter', async () => {
  const { clock, ask, finish } = createBed()
  const refresh = async (name: string) => {
    const asked = ask('refresh', name)
    finish()
    return (await asked).status
  }
  assert.equal(await refresh('a.example'), 200)
  assert.equal(await refresh('A.example'), 429)
  assert.equal(await refresh('b.example'), 200)
  assert.equal(await refresh('[a.example]'), 200)
  clock.move(limits.http.refreshPauseMs / 1000)
  assert.equal(await refresh('a.example'), 200)
  clock.move(-3600)
  assert.equal(await refresh('a.example'), 200, 'a clock that is put back holds nobody up')
})

test('evidence that is not kept any more is looked for anew, but not where only what is held was asked for', async () => {
  const { ask, finish, waiting, hold } = createBed()
  hold('a.example')
  const shown = await ask('getEvidence', 'a.example', [['held', 'true']])
  assert.deepEqual([shown.status, waiting.length], [200, 0])
  const asked = ask('getEvidence', 'a.example')
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(waiting.length, 1)
  finish()
  assert.equal((await asked).status, 200)
  // It was refreshed just now: without evidence again, it is shown as it is.
  assert.deepEqual([(await ask('getEvidence', 'a.example')).status, waiting.length], [200, 0])
})

test('a refresh that found no room may be asked for again at once', async () => {
  const { ask, finish } = createBed()
  const all = Array.from({ length: limits.http.lookupsAtOnce }, (_, at) => ask('getDecision', `d${at}.example`))
  assert.equal((await ask('refresh', 'a.example')).status, 503)
  finish()
  await Promise.all(all)
  const again = ask('refresh', 'a.example')
  finish()
  assert.equal((await again).status, 200)
})
