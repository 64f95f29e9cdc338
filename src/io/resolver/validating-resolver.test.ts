import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Behaviour } from '../../../test/resolver/fake-exchange.ts'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { limits } from '../../core/limits.ts'

const address: Behaviour = { answer: 'www.example. 300 A 198.51.100.1' }

/** A server that answers when it is let go. */
function held(behaviour: Behaviour) {
  const gate = Promise.withResolvers<Behaviour>()
  return { server: () => gate.promise, release: () => gate.resolve(behaviour) }
}

test('RES-05: a hundred lookups of the same at once are one query', async () => {
  const { server, release } = held(address)
  const { ask, asked } = memoryResolver(server)
  const all = Array.from({ length: 100 }, () => ask('www.example. A'))
  release()
  const shown = (await Promise.all(all)).map(show)
  assert.deepEqual(new Set(shown), new Set(['answer insecure 300 www.example. 300 IN A 198.51.100.1']))
  assert.deepEqual(asked, ['192.0.2.1 www.example. A cd'])
})

test('RES-05: names that differ in case are one question', async () => {
  const { server, release } = held(address)
  const { ask, asked } = memoryResolver(server)
  const all = [ask('www.example. A'), ask('WWW.EXAMPLE. A'), ask('wWw.eXample. A')]
  release()
  await Promise.all(all)
  assert.equal(asked.length, 1)
})

test('RES-47: who gives up is told so at once, the others get the answer, and it is asked for once', async () => {
  const { server, release } = held(address)
  const { ask, exchange } = memoryResolver(server)
  const stop = new AbortController()
  const given = ask('www.example. A', { signal: stop.signal })
  const others = [ask('www.example. A'), ask('www.example. A')]
  stop.abort()
  assert.equal(show(await given), 'failure aborted')
  release()
  for (const other of await Promise.all(others)) assert.equal(other.kind, 'answer')
  assert.deepEqual([exchange.asked.length, exchange.abandoned], [1, []])
})

test('RES-47: when the last who waits gives up the question is given up, and nothing is remembered of it', async () => {
  let behaviour: Behaviour = 'hangs'
  const { ask, exchange } = memoryResolver(() => behaviour)
  const stops = [new AbortController(), new AbortController()]
  const all = stops.map(({ signal }) => ask('www.example. A', { signal }))
  for (const stop of stops) stop.abort(new Error('no time'))
  assert.deepEqual((await Promise.all(all)).map(show), ['failure aborted', 'failure aborted'])
  behaviour = address
  assert.equal((await ask('www.example. A')).kind, 'answer')
  assert.deepEqual(exchange.abandoned, ['192.0.2.1 www.example. A cd'])
})

test('RES-47: a lookup that is given up before it begins sends nothing, and never rejects', async () => {
  const { ask, asked } = memoryResolver(() => address)
  const resolution = await ask('www.example. A', { signal: AbortSignal.abort() })
  assert.equal(show(resolution), 'failure aborted')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /A of www\.example\./)
  assert.deepEqual(asked, [])
})

test('RES-47: closing ends everything as aborted, and so is every later lookup', async () => {
  const { ask, close, exchange } = memoryResolver(() => 'hangs')
  const all = Array.from({ length: 500 }, (_, index) => ask(`host${index}.example. A`))
  await close()
  const shown = new Set((await Promise.all(all)).map(show))
  assert.deepEqual(shown, new Set(['failure aborted']))
  assert.equal(exchange.abandoned.length, 500)
  assert.equal(show(await ask('www.example. A')), 'failure aborted')
  assert.equal(show(await ask('localhost. A')), 'failure aborted')
  assert.equal(exchange.asked.length, 500)
})

test('RES-36: a question that is not answered in its time has timed out, and says whom it waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { ask } = memoryResolver(() => 'hangs')
  const asked = ask('www.example. A')
  // The first question to a server begins after a few microtasks.
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  t.mock.timers.tick(limits.resolver.questionMs)
  const resolution = await asked
  assert.equal(show(resolution), 'failure timeout')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^A of www\.example\.: .*192\.0\.2\.1.* 20 s$/)
  assert.equal(resolution.kind === 'failure' && resolution.server, '192.0.2.1')
})

test('RES-37: when too many wait already, one more is refused and names what it was about', async () => {
  const { ask, close } = memoryResolver(() => 'hangs')
  const all = Array.from({ length: limits.resolver.waitingQuestions }, (_, index) => ask(`host${index}.example. A`))
  const resolution = await ask('www.example. A')
  assert.equal(show(resolution), 'failure overload')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /A of www\.example\./)
  await close()
  await Promise.all(all)
})

test('RES-37: what was refused for overload is looked up when there is room again', async () => {
  const stop = new AbortController()
  const { ask } = memoryResolver(({ question }) => (question === 'www.example. A' ? address : 'hangs'))
  const all = Array.from({ length: limits.resolver.waitingQuestions }, (_, index) =>
    ask(`host${index}.example. A`, { signal: stop.signal }),
  )
  assert.equal(show(await ask('www.example. A')), 'failure overload')
  stop.abort()
  await Promise.all(all)
  assert.equal((await ask('www.example. A')).kind, 'answer')
})

test('RES-41: an insecure result says why', async () => {
  const { ask } = memoryResolver(() => address)
  const resolution = await ask('www.example. A')
  assert.equal(
    resolution.kind !== 'failure' && resolution.evidence.reason,
    'no trust anchor is at or above www.example.',
  )
  assert.equal(resolution.kind !== 'failure' && resolution.evidence.server, '192.0.2.1')
})

const neverSent = [
  '_25._tcp.localhost. TLSA',
  'mx.localhost. A',
  'x.onion. A',
  'invalid. MX',
  'a.b.alt. TXT',
  'printer.local. A',
  '1.0.0.10.in-addr.arpa. PTR',
  'www.example. ANY',
  'www.example. RRSIG',
  'www.example. TYPE128',
  'www.example. TYPE252',
  'www.example. OPT',
  'www.example. TYPE0',
]
for (const question of neverSent) {
  test(`RES-38, RES-39: ${question} is asked of nobody`, async () => {
    const { ask, asked } = memoryResolver(() => address)
    await ask(question)
    assert.deepEqual(asked, [])
  })
}

test('RES-39: what is no question is a mistake, which names the record', async () => {
  const { ask } = memoryResolver(() => address)
  const resolution = await ask('www.example. ANY')
  assert.equal(show(resolution), 'failure config')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /ANY of www\.example\./)
})
