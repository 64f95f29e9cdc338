import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, type Server, table } from '../../../test/resolver/fake-exchange.ts'
import { answer, answered, iterate, question, reasonOf, referral, root, soa } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'
import { TYPE } from '../../core/dns/types.ts'

const minimising = (server: Server) => iterate(server, { minimise: true })

const nothing: Behaviour = { flags: 'aa', authority: soa }
const world: Record<string, Behaviour> = {
  [`${root} org. A`]: referral('org.', '192.0.2.1'),
  '192.0.2.1 example.org. A': referral('example.org.', '192.0.2.2'),
  [`192.0.2.2 ${question}`]: answer,
  '192.0.2.2 mx.example.org. A': nothing,
  '192.0.2.2 _25._tcp.mx.example.org. TLSA': nothing,
}

test('RES-31: each server sees no more of the name than it needs', async () => {
  const { ask, asked } = minimising(table(world))
  assert.equal(show(await ask(question)), answered)
  assert.deepEqual(asked, [`${root} org. A cd`, '192.0.2.1 example.org. A cd', `192.0.2.2 ${question} cd`])
})

test('RES-31: what is known to be no zone is not asked about again', async () => {
  const { ask, asked, clock } = minimising(table(world))
  await ask('_25._tcp.mx.example.org. TLSA')
  assert.deepEqual(asked.slice(2), ['192.0.2.2 mx.example.org. A cd', '192.0.2.2 _25._tcp.mx.example.org. TLSA cd'])
  clock.move(899)
  await ask('_443._tcp.mx.example.org. TLSA')
  assert.deepEqual(asked.slice(4), ['192.0.2.2 _443._tcp.mx.example.org. TLSA cd'])
  clock.move(1)
  await ask('_26._tcp.mx.example.org. TLSA')
  assert.equal(asked[5], '192.0.2.2 mx.example.org. A cd')
})

test('RES-31: what was asked for itself shows as well where no zone begins', async () => {
  const { ask, asked } = minimising(table(world))
  await ask('mx.example.org. A')
  await ask('_25._tcp.mx.example.org. TLSA')
  assert.deepEqual(asked.slice(2), ['192.0.2.2 mx.example.org. A cd', '192.0.2.2 _25._tcp.mx.example.org. TLSA cd'])
})

const wrong: [why: string, behaviour: Behaviour][] = [
  ['that the name above does not exist', { flags: 'aa nxdomain', authority: soa }],
  ['SERVFAIL to the name above', { flags: 'servfail' }],
  ['REFUSED to the name above', { flags: 'refused' }],
  ['NOTIMP to the name above', { flags: 'notimp' }],
  [
    'nothing about the name above',
    { flags: 'aa', answer: 'other.example.org. A 192.0.2.9', authority: 'example.org. NS ns.example.org.' },
  ],
]
for (const [why, behaviour] of wrong) {
  test(`RES-31: a server that says ${why} is asked for the whole`, async () => {
    const { ask, asked } = minimising(
      table({
        ...world,
        '192.0.2.2 mx.example.org. A': behaviour,
        '192.0.2.2 a.b.mx.example.org. A': { flags: 'aa', answer: 'a.b.mx.example.org. 60 A 203.0.113.9' },
      }),
    )
    assert.equal(show(await ask('a.b.mx.example.org. A')), 'answer insecure 60 a.b.mx.example.org. 60 IN A 203.0.113.9')
    assert.deepEqual(asked.slice(3), ['192.0.2.2 a.b.mx.example.org. A cd'])
  })
}

test('RES-31: a name above that is an alias hides nothing below', async () => {
  const { ask } = minimising(
    table({
      ...world,
      '192.0.2.2 mx.example.org. A': { flags: 'aa', answer: 'mx.example.org. CNAME www.example.org.' },
      '192.0.2.2 a.mx.example.org. A': { flags: 'aa nxdomain', authority: soa },
    }),
  )
  assert.equal(show(await ask('a.mx.example.org. A')), 'nxdomain insecure 900')
})

test('RES-31, RES-16: servers that do not answer for a part of the name are not waited for twice', async () => {
  const { ask, asked } = minimising(table({ ...world, '192.0.2.1 example.org. A': 'timeout' }))
  const resolution = await ask('mx.example.org. MX')
  assert.equal(show(resolution), 'failure timeout')
  assert.equal(reasonOf(resolution), 'MX of mx.example.org.: 192.0.2.1 does not answer')
  assert.deepEqual(
    asked.filter((line) => line.startsWith('192.0.2.1 mx')),
    [],
  )
})

test('RES-31, RES-34: DS records are asked for where the zone above is served', async () => {
  const { ask, asked } = minimising(
    table({
      ...world,
      '192.0.2.1 example.org. DS': { flags: 'aa', authority: 'org. 3600 SOA ns.org. h.org. 1 2 3 4 5' },
    }),
  )
  assert.equal(show(await ask('example.org. DS')), 'nodata insecure 5')
  assert.deepEqual(asked, [`${root} org. A cd`, '192.0.2.1 example.org. DS cd'])
})

test('RES-31, RES-36: a name of 127 labels costs ten questions a zone at most', async () => {
  const deep = `${'x.'.repeat(120)}example.org.`
  const { ask, asked } = minimising((one) => table({ ...world, '192.0.2.2': nothing })(one))
  assert.equal(show(await ask(`${deep} A`)), 'nodata insecure 900')
  assert.ok(asked.length <= 12, String(asked.length))
})

/** Asked first, so that it is known where org. is served. */
const acquaintance: Record<string, Behaviour> = {
  '192.0.2.1 x.org. MX': { flags: 'aa', authority: 'org. 3600 SOA ns.org. h.org. 1 7200 900 1209600 900' },
}

test('RES-31, RES-05: who wants to know whether a zone begins at a name waits for who asks there already', async () => {
  const { ask, asked } = minimising(
    table({
      ...world,
      ...acquaintance,
      '192.0.2.1 example.org. MX': referral('example.org.', '192.0.2.2'),
      '192.0.2.2': nothing,
    }),
  )
  await ask('x.org. MX')
  const all = await Promise.all(
    ['example.org. MX', '_mta-sts.example.org. TXT', 'www.example.org. A'].map((one) => ask(one)),
  )
  assert.deepEqual(
    all.map(({ kind }) => kind),
    ['nodata', 'nodata', 'answer'],
  )
  assert.equal(asked[2], '192.0.2.1 example.org. MX cd')
  assert.deepEqual(
    asked.slice(3).map((line) => line.split(' ')[0]),
    ['192.0.2.2', '192.0.2.2', '192.0.2.2'],
  )
})

test('RES-31: who waited for somebody in vain asks for himself', async () => {
  const stop = new AbortController()
  let hangs = true
  const { ask, asked } = minimising((one) => {
    if (one.server !== '192.0.2.1' || one.type === TYPE.MX) return table({ ...world, ...acquaintance })(one)
    if (!hangs) return referral('example.org.', '192.0.2.2')
    hangs = false
    queueMicrotask(() => stop.abort())
    return 'hangs'
  })
  await ask('x.org. MX')
  const [given, got] = await Promise.all([ask('mx.example.org. MX', { signal: stop.signal }), ask(question)])
  assert.equal(show(given), 'failure aborted')
  assert.equal(show(got), answered)
  assert.equal(asked.filter((line) => line === '192.0.2.1 example.org. A cd').length, 2)
})
