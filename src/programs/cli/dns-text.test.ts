import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOfText, rdataOfText } from '../../../test/support/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Answer, ChainLink, Denial, Failure, Resolution } from '../../core/dnssec/resolution.ts'
import { rootName } from '../../core/name/name.ts'
import { resolutionToJson } from './dns-json.ts'
import { writeResolution } from './dns-text.ts'
import { pageOut } from './page-out.ts'

const now = Date.UTC(2026, 10, 25, 3)
const root: ChainLink = { zone: rootName, status: 'secure', by: 'anchor', ds: [], key: { keyTag: 20326, algorithm: 8 } }
const example: ChainLink = {
  ...{ zone: nameOfText('example.'), status: 'secure', by: 'ds', key: { keyTag: 4711, algorithm: 13 } },
  ds: [{ keyTag: 4711, algorithm: 13, digestType: 2, digest: new Uint8Array(32).fill(0xab) }],
  expiration: Date.UTC(2026, 11, 1, 4) / 1000,
}
const unsigned: ChainLink = {
  ...{ zone: nameOfText('b.example.'), status: 'insecure', by: 'unsigned-delegation', ds: [], key: undefined },
}

const answer: Answer = {
  ...{ kind: 'answer', name: nameOfText('www.example.'), type: TYPE.A, status: 'secure', ttl: 300 },
  canonicalName: nameOfText('host.example.'),
  aliases: [{ owner: nameOfText('www.example.'), target: nameOfText('host.example.'), via: 'CNAME', status: 'secure' }],
  records: [
    { name: nameOfText('host.example.'), type: TYPE.A, class: 1, ttl: 300, rdata: rdataOfText(TYPE.A, '192.0.2.1') },
  ],
  evidence: {
    ...{ chain: [root, example], signer: nameOfText('example.'), server: '192.0.2.53:53', cached: false },
    expiration: Date.UTC(2026, 11, 2) / 1000,
    reason: undefined,
  },
}

const denial: Denial = {
  ...{ kind: 'nxdomain', name: nameOfText('x.b.example.'), type: TYPE.MX, status: 'insecure', ttl: 7200 },
  ...{ canonicalName: nameOfText('x.b.example.'), aliases: [] },
  evidence: {
    ...{ chain: [root, example, unsigned], signer: undefined, server: '192.0.2.53:53', cached: true },
    reason: 'example. proves that b.example. is not signed',
  },
}

const failure: Failure = {
  ...{ kind: 'failure', name: nameOfText('x.example.'), type: TYPE.TLSA, why: 'bogus', ede: 7, cached: false },
  reason: 'signature of x.example. TLSA by key 99 expired 2026-11-01\x1b[31m',
  ...{ zone: nameOfText('example.'), server: '192.0.2.53:53', chain: [root, example] },
}

test('an answer shows its aliases, records and every zone that carries its chain', () => {
  assert.equal(
    pageOut((out) => writeResolution(answer, out, now)),
    `www.example. A: 1 record, secure
  www.example. CNAME host.example.
  host.example. 300 IN A 192.0.2.1

Chain of trust
. secure: by trust anchor
│  key 20326 RSASHA256
└─ example. secure
   │  DS 4711 ECDSAP256SHA256 SHA-256 abababababababab...
   │  key 4711 ECDSAP256SHA256, signed until 2026-12-01 04:00 UTC
   └─ host.example. A secure, by example., signed until 2026-12-02 00:00 UTC

Answer from 192.0.2.53:53, valid for 5 min.
`,
  )
})

test('an insecure denial says where the chain ends, and why', () => {
  assert.equal(
    pageOut((out) => writeResolution(denial, out, now), { unicode: false, columns: 60 }),
    `x.b.example. MX: the name does not exist, insecure: example.
proves that b.example. is not signed

Chain of trust
. secure: by trust anchor
|  key 20326 RSASHA256
\`- example. secure
   |  DS 4711 ECDSAP256SHA256 SHA-256 abababababababab...
   |  key 4711 ECDSAP256SHA256, signed until 2026-12-01
   |  04:00 UTC
   \`- b.example. insecure: its parent proves that it is
      |  not signed
      \`- x.b.example. no such name insecure

Answer from memory, valid for 2 h.
`,
  )
})

for (const [what, change, said] of [
  ['a server that does not answer', { why: 'timeout' }, 'Last asked: 192.0.2.53:53.'],
  ['a failure that is remembered', { why: 'timeout', cached: true }, 'Answer from memory.'],
  ['a lookup that nobody was asked for', { why: 'config', server: undefined }, 'No server was asked.'],
  ['a server that fails', { why: 'servfail' }, 'Answer from 192.0.2.53:53.'],
] as const satisfies readonly [string, Partial<Failure>, string][]) {
  test(`of ${what} no answer is claimed that there was not`, () => {
    assert.ok(pageOut((out) => writeResolution({ ...failure, ...change }, out, now)).includes(`\n${said}\n`))
  })
}

test('a bogus lookup says what broke, without the bytes of a stranger', () => {
  assert.equal(
    pageOut((out) => writeResolution(failure, out, now)),
    `x.example. TLSA: bogus, and so not to be used: signature of x.example. TLSA by
key 99 expired 2026-11-01\\x1b[31m

Chain of trust
. secure: by trust anchor
│  key 20326 RSASHA256
└─ example. secure
   │  DS 4711 ECDSAP256SHA256 SHA-256 abababababababab...
   │  key 4711 ECDSAP256SHA256, signed until 2026-12-01 04:00 UTC
   └─ bogus in zone example.: signature of x.example. TLSA by key 99 expired
      2026-11-01\\x1b[31m

Answer from 192.0.2.53:53.
Extended DNS Error 7, Signature Expired.
If others see no fault, see whether the clock of this machine is right: it says
2026-11-25 03:00 UTC.
`,
  )
})

test('signatures out of time over the very keys that are trusted make the clock the first to be looked at', () => {
  const text = pageOut((out) => writeResolution({ ...failure, ede: 8, chain: [] }, out, now))
  assert.match(text, /\nPlease see whether the clock of this machine is right: it says 2026-11-25 03:00\nUTC\.\n$/)
  assert.doesNotMatch(
    pageOut((out) => writeResolution({ ...failure, ede: 6, chain: [] }, out, now)),
    /clock/,
  )
})

test('JSON of a lookup tells the same, with null for what is not there', () => {
  assert.deepEqual(resolutionToJson(failure), {
    ...{ name: 'x.example.', type: 'TLSA', result: 'failure', status: 'bogus', why: 'bogus' },
    reason: failure.reason,
    ...{ extendedErrors: [{ code: 7, name: 'Signature Expired' }], serverErrors: [] },
    ...{ extendedError: 7, zone: 'example.', server: '192.0.2.53:53', cached: false },
    chain: [
      {
        ...{ zone: '.', status: 'secure', by: 'anchor', ds: [], key: { keyTag: 20326, algorithm: 8 } },
        signedUntil: null,
      },
      {
        ...{ zone: 'example.', status: 'secure', by: 'ds', key: { keyTag: 4711, algorithm: 13 } },
        ds: [{ keyTag: 4711, algorithm: 13, digestType: 2, digest: 'ab'.repeat(32) }],
        signedUntil: '2026-12-01T04:00:00.000Z',
      },
    ],
  })
  const { chain, ...rest } = resolutionToJson(answer)
  assert.equal(chain.length, 2)
  assert.deepEqual(rest, {
    ...{ name: 'www.example.', type: 'A', result: 'answer', status: 'secure', canonicalName: 'host.example.' },
    aliases: [{ owner: 'www.example.', target: 'host.example.', via: 'CNAME', status: 'secure' }],
    ...{ ttl: 300, records: ['host.example. 300 IN A 192.0.2.1'], signer: 'example.', reason: null },
    negativeTrustAnchors: [],
    signedUntil: '2026-12-02T00:00:00.000Z',
    ...{ server: '192.0.2.53:53', cached: false, extendedErrors: [], serverErrors: [] },
  })
})

test('JSON of a failed lookup has no records that anyone could use', () => {
  assert.ok(!('records' in resolutionToJson(failure)))
})

const said = [{ code: 15, text: 'not\u{202e} here' }]
const forwarded: Resolution[] = [
  { ...failure, said, cached: true },
  { ...answer, status: 'insecure', evidence: { ...answer.evidence, ede: 27, said } },
]
for (const [at, resolution] of forwarded.entries()) {
  const ours = [
    'Extended DNS Error 7, Signature Expired, and 13, Cached Error.',
    'Extended DNS Error 27, Unsupported NSEC3 Iterations Value.',
  ]
  test(`RFC 8914 §6: ours and the server’s own word on ${resolution.kind} are told apart`, () => {
    const text = pageOut((out) => writeResolution(resolution, out, now))
    assert.ok(text.includes(`\n${ours[at]}\n`), text)
    assert.ok(text.includes('\n192.0.2.53:53 itself says: Blocked: not\\u202e here.\n'), text)
  })
}

test('DNSSEC-80: JSON tells of a failure from memory that it is one', () => {
  const { extendedErrors, serverErrors } = resolutionToJson({ ...failure, cached: true, said })
  assert.deepEqual(extendedErrors, [
    { code: 7, name: 'Signature Expired' },
    { code: 13, name: 'Cached Error' },
  ])
  assert.deepEqual(serverErrors, [{ code: 15, name: 'Blocked', text: 'not\u202e here' }])
})
