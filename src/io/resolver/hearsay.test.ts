import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Saying } from '../../../test/resolver/fake-exchange.ts'
import { table } from '../../../test/resolver/fake-exchange.ts'
import { answer, answered, honest, iterate, question, reasonOf } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'
import { signedWorld, verdictOf } from '../../../test/resolver/signed-world.ts'

const first = '192.0.2.66'
const second = '192.0.2.2'
/** With no chance in the order, the first is asked first. */
const both = {
  authority: 'example.org. NS a.example.org.\nexample.org. NS b.example.org.',
  additional: `a.example.org. A ${first}\nb.example.org. A ${second}`,
} satisfies Saying
const heard = 'www.example.org. 300 A 203.0.113.66'
const signed = `${heard}\nwww.example.org. 300 RRSIG A 13 3 300 20270101000000 20260101000000 1 example.org. AAAA`

const hearsays: [why: string, says: Saying][] = [
  ['without AA', { answer: heard }],
  ['without AA, signed by no zone that we know,', { answer: signed }],
  ['of a recursive server', { flags: 'ra', answer: heard }],
  ['of a recursive server, signed by no zone that we know,', { flags: 'ra', answer: signed }],
]
for (const [why, says] of hearsays) {
  test(`RES-33: an answer ${why} stands back behind that of another server, which is asked first from then on`, async () => {
    const other = 'mail.example.org. A'
    const { ask, asked } = iterate(
      table({
        ...{ ...honest, '192.0.2.1': both, [first]: says, [`${second} ${question}`]: answer },
        [`${second} ${other}`]: { flags: 'aa', answer: 'mail.example.org. 300 A 203.0.113.1' },
      }),
    )
    assert.equal(show(await ask(question)), answered)
    assert.equal((await ask(other)).kind, 'answer')
    const after = asked.filter((line) => line.includes(other)).map((line) => line.split(' ')[0])
    assert.deepEqual(after.slice(-1), [second])
    assert.ok(!after.includes(first), asked.join('\n'))
  })
}

for (const [why, says] of hearsays) {
  const isRecursive = says.flags === 'ra'
  test(`RES-33: where nobody says more, an answer ${why} counts ${isRecursive ? 'for nothing' : 'in the end'}`, async () => {
    const refusal = { [`${second} ${question}`]: { flags: 'refused' } }
    const { ask } = iterate(table({ ...honest, '192.0.2.1': both, [first]: says, ...refusal }))
    const resolution = await ask(question)
    if (isRecursive) assert.match(reasonOf(resolution), /does not serve|hearsay|REFUSED/)
    else assert.equal(show(resolution), answered.replace('203.0.113.1', '203.0.113.66'))
  })
}

test('RES-33: with an answer without AA at hand nobody waits for servers that are silent', async () => {
  const silence = { [`${second} ${question}`]: 'timeout' } as const
  const { ask, asked } = iterate(table({ ...honest, '192.0.2.1': both, [first]: { answer: heard }, ...silence }))
  assert.equal((await ask(question)).kind, 'answer')
  assert.equal(asked.filter((line) => line.startsWith(second)).length, 1)
})

test('RES-33: an answer without AA whose signature shows that it is true is as good as any', async () => {
  const world = signedWorld('zone alpha.example\nzone mx.alpha.example A 203.0.113.1')
  const { ask, asked } = world.resolver('iterate', (message, { question: about }) =>
    about.startsWith('mx.') ? { ...message, isAuthoritative: false, recursionAvailable: true } : undefined,
  )
  assert.equal(verdictOf(await ask('mx.alpha.example. A')), 'secure')
  assert.equal(asked.filter((line) => line.includes(' mx.alpha.example. A')).length, 1)
})
