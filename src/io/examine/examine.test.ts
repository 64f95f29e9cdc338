import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { type FakeResolver, fakeResolver } from '../../../test/support/fake-resolver.ts'
import type { Facts, NextHop, StsFinding } from '../../core/decision/facts.ts'
import { limits } from '../../core/limits.ts'
import { type ExamineIo, examine } from './examine.ts'

const none: StsFinding = {
  ...{ row: 'S1', lapsed: false, policy: undefined, failure: undefined, record: undefined, id: undefined },
}

interface Looked {
  readonly facts: Facts
  /** Without those of MTA-STS. */
  readonly asked: readonly string[]
  /** Policy domains asked for. */
  readonly policies: readonly string[]
}

async function look(
  world: string | FakeResolver,
  nextHop: NextHop | string,
  options: Partial<ExamineIo> = {},
): Promise<Looked> {
  const resolver = typeof world === 'string' ? fakeResolver(world) : world
  const policies: string[] = []
  const lookup = async (name: string) => {
    policies.push(name)
    return none
  }
  const hop = typeof nextHop === 'string' ? ({ kind: 'domain', domain: domain(nextHop) } as const) : nextHop
  const facts = await examine(hop, { resolver, sts: { lookup }, smtpPort: 25, ...options })
  return { facts, asked: resolver.asked, policies }
}

const data = '3 1 1 db9cc2a9f38039c9c260f664343f2b5c024578a675b232779a0603e5a12b3caa'

/** One host, and what is asked of it: the base domain that yields records, or the row of table 1b. */
const candidates: [what: string, world: string, asked: readonly string[], outcome: string][] = [
  ['V-CAND 1: secure addresses', `secure h. A 192.0.2.1\nsecure _25._tcp.h. TLSA ${data}`, ['h'], 'h'],
  [
    'V-CAND 2, DANE-27: insecure addresses',
    `insecure h. A 192.0.2.1\ninsecure h. *\nservfail _25._tcp.h. TLSA`,
    [],
    'H4',
  ],
  [
    'V-CAND 3: a secure alias, records at both names',
    `secure h. CNAME f.\nsecure f. A 192.0.2.1\nsecure _25._tcp.f. TLSA ${data}\nsecure _25._tcp.h. TLSA ${data}`,
    ['f'],
    'f',
  ],
  [
    'V-CAND 4: a secure alias, records at its owner alone',
    `secure h. CNAME f.\nsecure f. A 192.0.2.1\nsecure _25._tcp.h. TLSA ${data}`,
    ['f', 'h'],
    'h',
  ],
  [
    'V-CAND 5: two secure aliases, records in the middle alone',
    `secure h. CNAME m.\nsecure m. CNAME f.\nsecure f. A 192.0.2.1\nsecure _25._tcp.m. TLSA ${data}`,
    ['f', 'h'],
    'H7',
  ],
  [
    'V-CAND 6: a secure alias of an insecure host',
    `secure h. CNAME f.\ninsecure f. A 192.0.2.1\ninsecure f. *\nsecure _25._tcp.h. TLSA ${data}`,
    ['h'],
    'h',
  ],
  [
    'V-CAND 7: an insecure alias',
    `insecure h. CNAME f.\nsecure f. A 192.0.2.1\nsecure _25._tcp.h. TLSA ${data}\nsecure _25._tcp.f. TLSA ${data}`,
    [],
    'H4',
  ],
  [
    'V-CAND 8, DANE-36: the records stand elsewhere, by a secure alias',
    `secure h. A 192.0.2.1\nsecure _25._tcp.h. CNAME t.\nsecure t. TLSA ${data}`,
    ['h'],
    'h',
  ],
  [
    'V-CAND 9, DANE-36: by an alias into an insecure zone',
    `secure h. A 192.0.2.1\nsecure _25._tcp.h. CNAME t.\ninsecure t. TLSA ${data}`,
    ['h'],
    'H7',
  ],
  [
    'V-CAND 9: an insecure alias at the first candidate leads to the next',
    `secure h. CNAME f.\nsecure f. A 192.0.2.1\ninsecure _25._tcp.f. CNAME t.\nsecure t. TLSA ${data}\n` +
      `secure _25._tcp.h. TLSA ${data}`,
    ['f', 'h'],
    'h',
  ],
  [
    'V-CAND 10, DANE-24: the first candidate fails',
    `secure h. CNAME f.\nsecure f. A 192.0.2.1\nservfail _25._tcp.f. TLSA\nsecure _25._tcp.h. TLSA ${data}`,
    ['f'],
    'H8',
  ],
  [
    'DANE-24: the second candidate fails',
    `secure h. CNAME f.\nsecure f. A 192.0.2.1\nbogus _25._tcp.h. TLSA`,
    ['f', 'h'],
    'H8',
  ],
  ['V-CAND 11, DANE-28: the other family fails', 'secure h. A 192.0.2.1\nservfail h. AAAA', [], 'H2'],
  [
    'DANE-28: the other family fails behind a secure alias of an insecure host',
    'secure h. CNAME f.\ninsecure f. A 192.0.2.1\ntimeout f. AAAA',
    [],
    'H2',
  ],
  [
    'DANE-28: the other family fails, and the host is not signed',
    'insecure h. A 192.0.2.1\nservfail h. AAAA',
    [],
    'H4',
  ],
  [
    'DANE-21: the other family is bogus, and the host is not signed',
    'insecure h. A 192.0.2.1\nbogus h. AAAA',
    [],
    'H2',
  ],
  ['DANE-28: both families fail', 'servfail h. A\ntimeout h. AAAA', [], 'H2'],
  ['DANE-27: no address', 'secure h. TXT "x"', [], 'H3'],
  ['DANE-27: no such host', '', [], 'H3'],
  ['DANE-25: an alias to itself', 'secure h. CNAME h.', [], 'H2'],
  ['DANE-10: insecure records are no records', `secure h. A 192.0.2.1\ninsecure _25._tcp.h. TLSA ${data}`, ['h'], 'H7'],
  ['DANE-29: an insecure denial is no failure', 'secure h. A 192.0.2.1\ninsecure _tcp.h. *', ['h'], 'H7'],
  [
    'DANE-35: secure records that nobody can use end the search all the same',
    `secure h. CNAME f.\nsecure f. A 192.0.2.1\nsecure _25._tcp.f. TLSA 1 1 1 00\nsecure _25._tcp.h. TLSA ${data}`,
    ['f'],
    'H6',
  ],
  ...(['bogus', 'timeout', 'servfail', 'refused', 'malformed', 'unreachable', 'limit'] as const).map(
    (why): [string, string, readonly string[], string] => [
      `DANE-21: ${why} is a failure`,
      `secure h. A 192.0.2.1\n${why} _25._tcp.h. TLSA`,
      ['h'],
      'H8',
    ],
  ),
]
for (const [what, world, bases, outcome] of candidates) {
  for (const [mx, status] of [
    ['secure', 'M5'],
    ['insecure', 'M6'],
  ] as const) {
    test(`DANE-35, DANE-31, ${what}, behind ${mx} MX records`, async () => {
      const { facts, asked } = await look(`${mx} example. MX 10 h.\n${world}`, 'example')
      assert.equal(facts.mx.row, status)
      assert.deepEqual(
        asked.filter((question) => question.endsWith(' TLSA')),
        bases.map((base) => `_25._tcp.${base} TLSA`),
      )
      const tlsa = facts.hosts[0]?.tlsa ?? assert.fail('no host')
      assert.equal(tlsa.row === 'H5' ? tlsa.baseDomain : tlsa.row, outcome)
      assert.equal(tlsa.lookups.length, bases.length)
    })
  }
}

const signed = `secure h. A 192.0.2.1\nsecure _25._tcp.h. TLSA ${data}`

for (const [what, world, row] of [
  ['insecure MX records', `insecure example. MX 10 h.\n${signed}`, 'M6'],
  ['an insecure alias without MX records', `insecure example. CNAME h.\n${signed}`, 'M4'],
] as const) {
  test(`row 1b/H1, DANE-31: behind ${what} TLSA records are asked for, but not by option`, async () => {
    const asking = await look(world, 'example')
    assert.deepEqual([asking.facts.mx.row, asking.facts.hosts[0]?.tlsa.row], [row, 'H5'])
    const passing = await look(world, 'example', { insecureMx: 'skip' })
    assert.deepEqual([passing.facts.mx.row, passing.facts.hosts[0]?.tlsa.row], [row, 'H1'])
    assert.ok(!passing.asked.some((question) => question.endsWith(' TLSA')))
  })
}

test('row 1b/H5: the option of insecure MX records changes nothing where they are secure', async () => {
  const { facts } = await look(`secure example. MX 10 h.\n${signed}`, 'example', { insecureMx: 'skip' })
  assert.equal(facts.hosts[0]?.tlsa.row, 'H5')
})

/** Hosts with their preferences, the status of what names them, and what the domain is an alias of. */
const nextHops: [what: string, world: string, mx: string, hosts: readonly string[]][] = [
  ['row 1a/M1, DANE-23: a failed lookup', 'servfail example. MX', 'M1', []],
  ['row 1a/M1, DANE-23: a bogus alias', 'secure example. CNAME mail.\nbogus mail. MX', 'M1', []],
  ['row 1a/M1: aliases in a circle', 'secure example. CNAME mail.\nsecure mail. CNAME example.', 'M1', []],
  ['row 1a/M2: no such domain', '', 'M2', []],
  ['row 1a/M2: an insecure denial', 'insecure example. *', 'M2', []],
  ['row 1a/M2: an alias to nothing', 'secure example. CNAME mail.', 'M2', []],
  ['row 1a/M3, DANE-38: null MX', 'secure example. MX 0 .', 'M3', []],
  ['row 1a/M4: no MX records', 'secure example. A 192.0.2.1', 'M4 secure', ['0 example']],
  ['row 1a/M4: unsigned', 'insecure example. A 192.0.2.1\ninsecure example. *', 'M4 insecure', ['0 example']],
  [
    'row 1a/M4: an alias without MX records',
    'secure example. CNAME srv.\nsecure srv. A 192.0.2.1',
    'M4 secure srv',
    ['0 srv'],
  ],
  [
    'row 1a/M5: in the order of preferences',
    'secure example. MX 20 b.\nsecure example. MX 5 a.',
    'M5 secure',
    ['5 a', '20 b'],
  ],
  ['row 1a/M5: the same host twice', 'secure example. MX 20 a.\nsecure example. MX 5 A.', 'M5 secure', ['5 a']],
  ['row 1a/M5: null MX beside others', 'secure example. MX 0 .\nsecure example. MX 5 a.', 'M5 secure', ['5 a']],
  [
    'row 1a/M5, DANE-37: an address in the place of a name',
    'secure example. MX 0 192.0.2.1.\nsecure example. MX 5 a.',
    'M5 secure',
    ['5 a'],
  ],
  ['row 1a/M5: an underscore', 'secure example. MX 5 a_b.', 'M5 secure', ['5 a_b']],
  [
    'row 1a/M5, DANE-39: by secure aliases',
    'secure example. CNAME mail.\nsecure mail. CNAME real.\nsecure real. MX 5 a.',
    'M5 secure real',
    ['5 a'],
  ],
  [
    'row 1a/M6, DANE-39: by an insecure alias',
    'insecure example. CNAME mail.\nsecure mail. MX 5 a.',
    'M6 insecure mail',
    ['5 a'],
  ],
  ['row 1a/M6: insecure MX records', 'insecure example. MX 5 a.', 'M6 insecure', ['5 a']],
  ['row 1a/M7: null MX twice', 'secure example. MX 0 .\nsecure example. MX 5 .', 'M7', []],
  ['row 1a/M7, DANE-37: nothing but an address', 'secure example. MX 5 192.0.2.1.', 'M7', []],
]
for (const [what, world, mx, hosts] of nextHops) {
  test(`${what}: ${mx}`, async () => {
    const { facts, policies } = await look(world, 'example')
    const { row } = facts.mx
    const words = 'status' in facts.mx ? [row, facts.mx.status, facts.mx.expanded] : [row]
    assert.equal(words.filter((word) => word !== undefined).join(' '), mx)
    assert.deepEqual(
      facts.hosts.map(({ host, preference }) => `${preference} ${host}`),
      hosts,
    )
    // STS-31: DNS does not choose the policy.
    assert.deepEqual(policies, ['example'])
  })
}

test('row 1a/M8, DANE-37: of an address nothing is asked', async () => {
  const { facts, asked, policies } = await look('', { kind: 'literal', address: '192.0.2.1' })
  assert.deepEqual([asked, policies, facts.sts], [[], [], undefined])
  assert.deepEqual(
    facts.hosts.map(({ host, tlsa }) => [host, tlsa.row]),
    [['[192.0.2.1]', 'H4']],
  )
})

test('row 1a/M8, STS-30, STLS-52, DANE-2, DANE-34: a relay has DANE at its port, and its own policy', async () => {
  const world = `secure relay.example. A 192.0.2.1\nsecure _587._tcp.relay.example. TLSA ${data}`
  const { facts, asked, policies } = await look(
    world,
    { kind: 'relay', host: domain('relay.example') },
    { smtpPort: 587 },
  )
  assert.deepEqual(asked, ['relay.example A', 'relay.example AAAA', '_587._tcp.relay.example TLSA'])
  assert.deepEqual([facts.mx.row, facts.hosts[0]?.tlsa.row, policies], ['M8', 'H5', ['relay.example']])
  assert.equal(facts.sts, none)
})

const both = `secure example. MX 10 h.\nsecure h. A 192.0.2.1\nsecure _25._tcp.h. TLSA ${data}\nsecure _25._tcp.h. TLSA 3 1 2 ${'5a'.repeat(64)}`
for (const [preferredDigest, matchingType] of [
  [undefined, 2],
  ['sha2-512', 2],
  ['sha2-256', 1],
] as const) {
  test(`DANE-14: with ${preferredDigest ?? 'no digest'} preferred, records of matching type ${matchingType} count`, async () => {
    const { facts } = await look(both, 'example', { preferredDigest })
    const tlsa = facts.hosts[0]?.tlsa
    assert.ok(tlsa?.row === 'H5')
    assert.deepEqual(
      tlsa.usable.map((record) => record.matchingType),
      [matchingType],
    )
    assert.equal(tlsa.records.length, 2)
  })
}

test('DANE-1: names are asked for as A-labels', async () => {
  const world = `secure xn--bcher-kva.example. A 192.0.2.1\nsecure _25._tcp.xn--bcher-kva.example. TLSA ${data}`
  const { facts, asked } = await look(world, 'bücher.example')
  assert.equal(facts.hosts[0]?.tlsa.row, 'H5')
  assert.equal(asked.at(-1), '_25._tcp.xn--bcher-kva.example TLSA')
})

test('a host whose name leaves no room for that of its records has none', async () => {
  const label = 'x'.repeat(61)
  const host = `${label}.${label}.${label}.${label}`
  const { facts } = await look(`secure example. MX 5 ${host}.\nsecure ${host}. A 192.0.2.1`, 'example')
  assert.deepEqual(facts.hosts[0]?.tlsa, { row: 'H7', lookups: [] })
})

test('hosts and addresses are as many as the limits allow, the most preferred', async () => {
  const hosts = Array.from(
    { length: limits.smtp.hosts + 5 },
    (_, index) => `secure example. MX ${99 - index} h${index}.`,
  )
  const addresses = Array.from({ length: 40 }, (_, index) => `secure h14. A 192.0.2.${index + 1}`)
  const { facts } = await look([...hosts, ...addresses].join('\n'), 'example')
  assert.equal(facts.hosts.length, limits.smtp.hosts)
  const [best] = facts.hosts
  assert.ok(best?.host === 'h14' && best.addresses.kind === 'found')
  assert.equal(best.addresses.addresses.length, limits.smtp.addressesPerHost)
})

test('whoever gives up is told its reason, for that is no finding', async () => {
  const world = fakeResolver('hangs example. MX')
  const giving = new AbortController()
  const looking = look(world, 'example', { signal: giving.signal })
  giving.abort(new Error('enough'))
  await assert.rejects(looking, /enough/)
})
