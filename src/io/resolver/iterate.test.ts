import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, table } from '../../../test/resolver/fake-exchange.ts'
import {
  answer,
  answered,
  honest,
  iterate,
  question,
  reasonOf,
  referral,
  root,
  soa,
} from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'

test('RES-30: referrals are followed from the root, without asking for recursion', async () => {
  const recursion: boolean[] = []
  const mixed: unknown[] = []
  const { ask, asked } = iterate((one) => {
    recursion.push(one.recursionDesired)
    mixed.push(one.mixCase)
    return table(honest)(one)
  })
  assert.equal(show(await ask(question)), answered)
  assert.deepEqual(
    asked,
    [root, '192.0.2.1', '192.0.2.2'].map((server) => `${server} ${question} cd`),
  )
  assert.deepEqual(recursion, [false, false, false])
  assert.deepEqual(mixed, [true, true, true]) // RES-07
})

test('RES-30: the next question begins at the closest zone that is known, until its parent’s word ends', async () => {
  const { ask, asked, clock } = iterate(table({ ...honest, '192.0.2.2': { flags: 'aa', authority: soa } }))
  await ask(question)
  await ask('example.org. MX')
  await ask('deep.below.example.org. MX')
  assert.deepEqual(asked.slice(3), ['192.0.2.2 example.org. MX cd', '192.0.2.2 deep.below.example.org. MX cd'])
  clock.move(3600)
  await ask('example.org. TXT')
  assert.equal(asked[5], `${root} example.org. TXT cd`)
})

test('RES-24: a child can prolong neither its own delegation nor those below it', async () => {
  const { ask, asked, clock } = iterate(
    table({
      [root]: { authority: 'org. 600 NS ns.org.', additional: 'ns.org. A 192.0.2.1' },
      '192.0.2.1': referral('example.org.', '192.0.2.2'),
      '192.0.2.2 example.org. NS': { flags: 'aa', answer: 'example.org. 86400 NS ns.example.org.' },
      '192.0.2.2': {
        ...answer,
        authority: 'example.org. 86400 NS ns.example.org.',
        additional: 'ns.example.org. 86400 A 192.0.2.2',
      },
    }),
  )
  await ask(question)
  clock.move(599)
  await ask('example.org. NS')
  assert.equal(asked.at(-1), '192.0.2.2 example.org. NS cd')
  clock.move(1)
  await ask(question)
  assert.equal(asked.at(-3), `${root} ${question} cd`)
})

test('RES-27: a referral with a TTL of 0 is followed once', async () => {
  const { ask, asked } = iterate(
    table({
      ...honest,
      '192.0.2.1': { authority: 'example.org. 0 NS ns.example.org.', additional: 'ns.example.org. 0 A 192.0.2.2' },
      '192.0.2.2 b.example.org. A': { flags: 'aa', answer: 'b.example.org. 0 A 203.0.113.1' },
    }),
  )
  assert.equal(show(await ask(question)), answered)
  assert.equal(show(await ask('b.example.org. A')), 'answer insecure 0 b.example.org. 0 IN A 203.0.113.1')
  assert.deepEqual(asked.slice(3), ['192.0.2.1 b.example.org. A cd', '192.0.2.2 b.example.org. A cd'])
})

const lame: [why: string, behaviour: Behaviour][] = [
  ['refers upward', { authority: '. 3600 NS a.root.' }],
  ['refers to its own zone', { authority: 'org. 3600 NS ns.org.' }],
  [
    'refers sideways',
    { authority: 'example.net. 3600 NS ns.example.net.', additional: 'ns.example.net. A 203.0.113.66' },
  ],
  [
    'refers beside the name',
    { authority: 'other.org. 3600 NS ns.other.org.', additional: 'ns.other.org. A 203.0.113.66' },
  ],
  ['refers below the name', { authority: `a.www.example.org. 3600 NS ns.org.`, additional: 'ns.org. A 203.0.113.66' }],
  ['denies without authority', {}],
  ['denies the name without authority', { flags: 'nxdomain' }],
  ['answers as a recursive server', { flags: 'ra', answer: 'www.example.org. A 203.0.113.66' }],
  ['answers another question', { flags: 'aa', answer: 'other.example.org. A 203.0.113.66' }],
  ['refuses', { flags: 'refused' }],
  ['fails', { flags: 'servfail' }],
  ['does not know EDNS', { flags: 'formerr' }],
]
for (const [why, behaviour] of lame) {
  test(`RES-30, RES-33: a server that ${why} is lame, and the next one is asked`, async () => {
    const two = {
      authority: 'org. NS ns.org.\norg. NS ns2.org.',
      additional: 'ns.org. A 192.0.2.9\nns2.org. A 192.0.2.1',
    }
    const { ask, asked } = iterate(table({ ...honest, [root]: two, '192.0.2.9': behaviour }))
    assert.equal(show(await ask(question)), answered)
    assert.equal(asked[1], `192.0.2.9 ${question} cd`)
    assert.ok(!asked.some((line) => line.startsWith('203.0.113.66')))
  })

  test(`RES-30, RES-41: when the only server ${why}, the failure names it and the record`, async () => {
    const { ask } = iterate(table({ ...honest, '192.0.2.1': behaviour }))
    const resolution = await ask(question)
    assert.equal(resolution.kind, 'failure')
    assert.match(reasonOf(resolution), /^A of www\.example\.org\.: 192\.0\.2\.1 [^\n]+$/)
    assert.equal(resolution.kind === 'failure' && resolution.server, '192.0.2.1')
  })
}

test('RES-33: a lame server costs one question, not one a round', async () => {
  const { ask, asked } = iterate(table({ ...honest, '192.0.2.1': { flags: 'refused' } }))
  await ask(question)
  assert.equal(asked.length, 2)
})

test('RES-17: the last try of a silent server is over TCP', async () => {
  const { ask, asked } = iterate(table({ ...honest, '192.0.2.2': 'timeout', [`192.0.2.2 ${question}`]: 'timeout' }))
  assert.equal(reasonOf(await ask(question)), 'A of www.example.org.: 192.0.2.2 does not answer')
  assert.deepEqual(
    asked.slice(2).map((line) => line.includes(' tcp')),
    [false, false, false, true],
  )
})

test('RES-14: a silent server of a zone is asked last for a while', async () => {
  const two = {
    authority: 'example.org. NS ns.example.org.\nexample.org. NS ns2.example.org.',
    additional: 'ns.example.org. A 192.0.2.9\nns2.example.org. A 192.0.2.2',
  }
  const { ask, asked } = iterate(
    table({
      ...honest,
      '192.0.2.1': two,
      '192.0.2.2 b.example.org. A': { flags: 'aa', authority: soa },
      '192.0.2.9': 'timeout',
    }),
  )
  await ask(question)
  await ask('b.example.org. A')
  assert.deepEqual(asked.slice(2), [
    `192.0.2.9 ${question} cd`,
    `192.0.2.2 ${question} cd`,
    '192.0.2.2 b.example.org. A cd',
  ])
})

test('RES-32: addresses of strangers are marked as theirs, root servers as the operator’s', async () => {
  const chosen: string[] = []
  const { ask } = iterate((one) => {
    chosen.push(`${one.server} ${one.chosenBy}`)
    return table(honest)(one)
  })
  await ask(question)
  assert.deepEqual(chosen, [`${root} operator`, '192.0.2.1 stranger', '192.0.2.2 stranger'])
})

test('RES-29: another root server is asked when one does not answer', async () => {
  const hints = ['198.51.100.7', root].map((address) => ({ address, port: 53 }))
  const { ask, asked } = iterate(table({ ...honest, '198.51.100.7': 'timeout' }), { rootHints: hints })
  assert.equal(show(await ask(question)), answered)
  assert.equal(asked[0], `198.51.100.7 ${question} cd`)
})

test('RES-25: NODATA is told from a referral', async () => {
  const denial = { flags: 'aa', authority: soa }
  const { ask } = iterate(table({ ...honest, '192.0.2.2': denial }))
  assert.equal(show(await ask('www.example.org. TLSA')), 'nodata insecure 900')
})

test('RES-47: giving up ends the lookups of name servers too', async () => {
  const stop = new AbortController()
  const { ask, exchange } = iterate(({ question: text }) => {
    if (text === question) return { authority: 'example.org. NS ns.other.net.' }
    queueMicrotask(() => stop.abort())
    return 'hangs'
  })
  assert.equal(show(await ask(question, { signal: stop.signal })), 'failure aborted')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(exchange.abandoned.sort(), [`${root} ns.other.net. A cd`, `${root} ns.other.net. AAAA cd`])
  assert.equal(exchange.asked.length, 3)
})

test('RES-32: a server that turned out slow is asked after the others', async () => {
  const { ask, asked, clock } = iterate(
    (one) => {
      if (one.server === '192.0.2.3') {
        clock.move(0.6)
        return one.name.labelCount === 3 ? { flags: 'refused' } : { flags: 'aa', authority: soa }
      }
      return table({
        ...honest,
        '192.0.2.1': {
          authority: 'example.org. NS a.example.org.\nexample.org. NS b.example.org.',
          additional: 'a.example.org. A 192.0.2.3\nb.example.org. A 192.0.2.2',
        },
        '192.0.2.2 example.org. MX': { flags: 'aa', authority: soa },
        '192.0.2.2 example.org. TXT': 'timeout',
      })(one)
    },
    { random: () => 0 },
  )
  await ask(question)
  await ask('example.org. MX')
  await ask('example.org. TXT')
  assert.deepEqual(
    asked.slice(2).map((line) => line.split(' ')[0]),
    ['192.0.2.3', '192.0.2.2', '192.0.2.2', '192.0.2.2', '192.0.2.3'],
  )
})
