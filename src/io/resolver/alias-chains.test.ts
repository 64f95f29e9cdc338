import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, table } from '../../../test/resolver/fake-exchange.ts'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'

/** Answers every `aN.example.` with an alias to the next, and the last of `count` with an address. */
function aliases(count: number) {
  return table(
    Object.fromEntries(
      Array.from({ length: count + 1 }, (_, index) => [
        `a${index}.example. A`,
        {
          answer: index < count ? `a${index}.example. CNAME a${index + 1}.example.` : `a${index}.example. A 192.0.2.9`,
        },
      ]),
    ),
  )
}

test('RES-36, DNSSEC-58: a chain of 11 aliases is followed to its end', async () => {
  const { ask } = memoryResolver(aliases(11))
  const resolution = await ask('a0.example. A')
  assert.equal(show(resolution), 'answer insecure 300 a11.example. 300 IN A 192.0.2.9')
  assert.equal(resolution.kind !== 'failure' && resolution.aliases.length, 11)
})

test('RES-36, DNSSEC-58: a chain of 12 aliases fails, and names where it began', async () => {
  const { ask, asked } = memoryResolver(aliases(12))
  const resolution = await ask('a0.example. A')
  assert.equal(show(resolution), 'failure limit')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^A of a0\.example\.: more than 11 aliases/)
  assert.equal(asked.length, 12)
})

const loops: [why: string, answers: Record<string, Behaviour>][] = [
  ['an alias of itself', { 'a.example. A': { answer: 'a.example. CNAME a.example.' } }],
  [
    'two aliases of each other',
    {
      'a.example. A': { answer: 'a.example. CNAME b.example.' },
      'b.example. A': { answer: 'b.example. CNAME A.example.' },
    },
  ],
  ['a loop in one reply', { 'a.example. A': { answer: 'a.example. CNAME b.example.\nb.example. CNAME a.example.' } }],
  [
    'a DNAME that comes back',
    {
      'a.example. A': { answer: 'a.example. CNAME x.d.example.' },
      'x.d.example. A': { answer: 'd.example. DNAME e.example.' },
      'x.e.example. A': { answer: 'e.example. DNAME d.example.' },
    },
  ],
]
for (const [why, answers] of loops) {
  test(`RES-36, DNSSEC-58: ${why} is a loop`, async () => {
    const { ask } = memoryResolver(table(answers))
    assert.equal(show(await ask('a.example. A')), 'failure alias-loop')
  })
}

test('RES-36: a DNAME that makes names longer and longer ends at the limit of aliases or of names', async () => {
  const { ask } = memoryResolver(() => ({ answer: 'd.example. DNAME longer.d.example.' }))
  const resolution = await ask('x.d.example. A')
  assert.match(show(resolution), /^failure (limit|malformed)$/)
})

test('DNSSEC-59: a DNAME yields our own alias, whatever CNAME stands beside it', async () => {
  const { ask } = memoryResolver(
    table({
      'x.d.example. A': { answer: 'd.example. 60 DNAME e.example.\nx.d.example. 60 CNAME evil.example.' },
      'x.e.example. A': { answer: 'x.e.example. A 198.51.100.1' },
    }),
  )
  const resolution = await ask('x.d.example. A')
  assert.equal(show(resolution), 'answer insecure 60 x.e.example. 60 IN A 198.51.100.1')
  assert.deepEqual(resolution.kind !== 'failure' && resolution.aliases.map(({ via }) => via), ['DNAME'])
})

const broken: [why: string, name: string, answer: string][] = [
  ['two targets', 'a.example. A', 'a.example. CNAME b.example.\na.example. CNAME c.example.'],
  ['two DNAME targets', 'x.a.example. A', 'a.example. DNAME b.example.\na.example. DNAME c.example.'],
  [
    'a target that is too long',
    `${'x.'.repeat(60)}a.example. A`,
    `a.example. DNAME ${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(40)}.`,
  ],
]
for (const [why, question, answer] of broken) {
  test(`RES-22: an alias with ${why} is a failure that names record and server`, async () => {
    const { ask } = memoryResolver(() => ({ answer }))
    const resolution = await ask(question)
    assert.equal(show(resolution), 'failure malformed')
    assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^A of .*a\.example\.: .*192\.0\.2\.1/)
  })
}

test('RES-26, RES-36: what is too costly is not tried again for a while, and harms nobody whom its aliases pass', async () => {
  const { ask, asked, clock } = memoryResolver(aliases(12))
  assert.equal(show(await ask('a0.example. A')), 'failure limit')
  clock.move(4)
  const again = await ask('A0.example. A')
  assert.equal(again.kind === 'failure' && again.cached, true)
  assert.equal(show(await ask('a1.example. A')), 'answer insecure 296 a12.example. 296 IN A 192.0.2.9')
  assert.equal(asked.length, 13)
})
