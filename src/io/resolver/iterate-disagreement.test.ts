import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, table } from '../../../test/resolver/fake-exchange.ts'
import { answered, honest, iterate, question, reasonOf, root, soa } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'

/** example.org. is served by ns.other.net., whose zone is at 192.0.2.3, as its parent has it. */
const abroad: Record<string, Behaviour> = {
  ...honest,
  [`192.0.2.1 ${question}`]: { authority: 'example.org. NS ns.other.net.' },
  [`${root} ns.other.net. A`]: { authority: 'other.net. NS ns.other.net.', additional: 'ns.other.net. A 192.0.2.2' },
  [`${root} ns.other.net. AAAA`]: { authority: 'other.net. NS ns.other.net.', additional: 'ns.other.net. A 192.0.2.2' },
  '192.0.2.2 ns.other.net. AAAA': { flags: 'aa', authority: 'other.net. SOA a. b. 1 1 1 1 1' },
}

const childs: [why: string, says: Behaviour][] = [
  ['another one, which is dead', { flags: 'aa', answer: 'ns.other.net. A 192.0.2.66' }],
  ['none', { flags: 'aa', authority: 'other.net. SOA a. b. 1 1 1 1 1' }],
  ['nothing of use', { flags: 'refused' }],
  ['that it is elsewhere, to nowhere', { authority: 'ns.other.net. NS nobody.other.net.' }],
]
for (const [why, says] of childs) {
  test(`RES-24, RES-35: the address that the parent gave serves when of its server a zone says ${why}`, async () => {
    const { ask } = iterate(table({ '192.0.2.66': 'timeout', ...abroad, '192.0.2.2 ns.other.net. A': says }))
    assert.equal(show(await ask(question)), answered)
  })
}

test('RES-24: what a zone says of its server goes before what its parent said', async () => {
  const own = { flags: 'aa', answer: 'ns.other.net. A 192.0.2.4' }
  const { ask, asked } = iterate(
    table({
      ...abroad,
      '192.0.2.2 ns.other.net. A': own,
      [`192.0.2.4 ${question}`]: honest[`192.0.2.2 ${question}`] ?? own,
    }),
  )
  assert.equal(show(await ask(question)), answered)
  assert.ok(!asked.includes(`192.0.2.2 ${question} cd`), asked.join('\n'))
})

/** The parent's glue for a server that lies in another of its zones is out of date. */
const outdated: Record<string, Behaviour> = {
  ...honest,
  [`192.0.2.1 ${question}`]: { authority: 'example.org. NS ns.other.org.', additional: 'ns.other.org. A 192.0.2.66' },
  '192.0.2.1 ns.other.org. A': { authority: 'other.org. NS ns.other.org.', additional: 'ns.other.org. A 192.0.2.3' },
  '192.0.2.1 ns.other.org. AAAA': { authority: 'other.org. NS ns.other.org.', additional: 'ns.other.org. A 192.0.2.3' },
  '192.0.2.3 ns.other.org. A': { flags: 'aa', answer: 'ns.other.org. A 192.0.2.2' },
  '192.0.2.3 ns.other.org. AAAA': { flags: 'aa', authority: 'other.org. SOA a. b. 1 1 1 1 1' },
}
for (const fault of ['timeout', 'unreachable', 'malformed'] as const) {
  test(`RES-23, RES-35: where glue from beside is of no use (${fault}), the server's own zone is asked`, async () => {
    const { ask } = iterate(table({ ...outdated, '192.0.2.66': fault }))
    assert.equal(show(await ask(question)), answered)
  })
}

test('RES-35: nobody is asked for the address of a server inside the very zone whose glue is of no use', async () => {
  const { ask, asked } = iterate(
    table({ ...honest, '192.0.2.2': 'unreachable', [`192.0.2.2 ${question}`]: 'unreachable' }),
  )
  assert.equal(show(await ask(question)), 'failure unreachable')
  assert.ok(!asked.some((line) => line.includes('ns.example.org.')), asked.join('\n'))
})

const lame: [why: string, says: Behaviour][] = [
  ['the root', { flags: 'aa', authority: '. NS a.root.test.', additional: 'a.root.test. A 198.51.100.1' }],
  ['its parent', { flags: 'aa', authority: 'org. NS ns.org.' }],
]
for (const [whither, says] of lame) {
  test(`RES-30, RES-33: who refers upwards to ${whither} is lame, AA or not: that is no denial`, async () => {
    const { ask } = iterate(table({ ...honest, [`192.0.2.2 ${question}`]: says }))
    const resolution = await ask(question)
    assert.equal(resolution.kind, 'failure')
    assert.match(reasonOf(resolution), /does not serve example\.org\./)
  })
}

test("RES-25: the zone's own NS records in an authoritative answer without any other record are a denial", async () => {
  const says = { flags: 'aa', authority: 'example.org. NS ns.example.org.', additional: 'ns.example.org. A 192.0.2.2' }
  const { ask } = iterate(table({ ...honest, [`192.0.2.2 ${question}`]: says }))
  assert.match(show(await ask(question)), /^nodata insecure /)
})

test('RES-25, RES-30: without AA the same is a referral to where it came from: lame', async () => {
  const { ask } = iterate(
    table({ ...honest, [`192.0.2.2 ${question}`]: { authority: 'example.org. NS ns.example.org.' } }),
  )
  assert.match(reasonOf(await ask(question)), /does not serve example\.org\./)
})

test('RES-33: an answer without AA is taken where nobody has a better one, but from recursive servers', async () => {
  const says = { answer: 'www.example.org. 300 A 203.0.113.1', authority: 'example.org. NS ns.example.org.' }
  const { ask } = iterate(table({ ...honest, [`192.0.2.2 ${question}`]: says }))
  assert.equal(show(await ask(question)), answered)
  const heard = iterate(table({ ...honest, [`192.0.2.2 ${question}`]: { ...says, flags: 'ra' } }))
  assert.match(reasonOf(await heard.ask(question)), /does not serve example\.org\./)
})

const label = 'x'.repeat(63)
test('DNSSEC-59: a DNAME that makes too long a name is told as such, and nobody else is asked', async () => {
  const dname = `example.org. 300 DNAME ${label}.${label}.${label}.${'y'.repeat(60)}.`
  const says = { flags: 'aa yxdomain', answer: dname }
  const { ask, asked } = iterate(table({ ...honest, [`192.0.2.2 ${question}`]: says }))
  assert.match(reasonOf(await ask(question)), /what a DNAME makes of the name is too long/)
  assert.equal(asked.filter((line) => line.includes('192.0.2.2')).length, 1)
})

test('DNSSEC-59: YXDOMAIN without such a DNAME is a refusal', async () => {
  for (const answer of ['', 'other.example.org. DNAME example.net.', `${soa}`]) {
    const { ask } = iterate(table({ ...honest, [`192.0.2.2 ${question}`]: { flags: 'aa yxdomain', answer } }))
    assert.match(reasonOf(await ask(question)), /answers YXDOMAIN/)
  }
})
