import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { FailedReport, FoundReport } from './dns-json.ts'
import type { ExplainReport, HostReport, PolicyReport } from './explain-report.ts'
import { writeExplanation } from './explain-text.ts'
import { pageOut } from './page-out.ts'

function found(name: string, type: string, records: readonly string[], more: Partial<FoundReport> = {}): FoundReport {
  return {
    ...{ name, type, result: records.length === 0 ? 'nodata' : 'answer', status: 'secure', canonicalName: name },
    records: records.map((rdata) => `${name} 300 IN ${type} ${rdata}`),
    ...{
      aliases: [],
      ttl: 300,
      signer: 'example.',
      signedUntil: null,
      reason: null,
      ...{ negativeTrustAnchors: [], extendedErrors: [], serverErrors: [] },
      server: null,
      cached: false,
      chain: [],
    },
    ...more,
  }
}

function failed(name: string, type: string, reason: string): FailedReport {
  return {
    ...{ name, type, result: 'failure', status: 'bogus', why: 'bogus', reason, extendedError: 6, zone: null },
    ...{ extendedErrors: [{ code: 6, name: 'DNSSEC Bogus' }], serverErrors: [] },
    ...{ server: null, cached: false, chain: [] },
  }
}

const noPolicy: PolicyReport = {
  ...{ state: 'none', row: 'S1', mode: null, id: null, mx: [], cached: false, fetchedAt: null, expiresAt: null },
  ...{ reason: null, record: found('_mta-sts.a.example.', 'TXT', []) },
}

const daneHost: HostReport = {
  ...{ host: 'mx.a.example', preference: 10, action: 'connect', tls: 'dane', row: 'H5', reason: 'DANE' },
  mustShow: 'a certificate that one of the TLSA records matches',
  ...{ names: [], addresses: ['192.0.2.1'], tlsaBaseDomain: 'mx.a.example' },
  addressLookups: [found('mx.a.example.', 'A', ['192.0.2.1']), found('mx.a.example.', 'AAAA', [])],
  tlsa: [
    { record: '3 1 1 00ff', usable: true, reason: null },
    { record: '0 0 1 00ff', usable: false, reason: 'usage 0 has no meaning for SMTP' },
  ],
  tlsaLookups: [found('_25._tcp.mx.a.example.', 'TLSA', ['3 1 1 00FF', '0 0 1 00FF'])],
}

const protectedReport: ExplainReport = {
  ...{ schema: 'waxseal.explain/1', domain: 'a.example', outcome: 'deliver', protection: 'authenticated', row: 'M5' },
  ...{
    summary: 'Mail to a.example is protected by DANE.',
    reasons: [],
    overrides: [],
    negativeTrustAnchors: [],
    validUntil: null,
    advice: [],
  },
  mx: found('a.example.', 'MX', ['10 mx.a.example.']),
  ...{ hosts: [daneHost], policy: noPolicy },
}

const brokenReport: ExplainReport = {
  ...protectedReport,
  ...{ outcome: 'defer', protection: 'none', summary: 'Mail to a.example waits: no MX host may be used now.' },
  reasons: ['the TLSA lookup of mx.a.example is bogus: \x1b[2Jexpired'],
  hosts: [
    {
      ...daneHost,
      ...{ action: 'skip', tls: null, row: '1', reason: 'its TLSA lookup failed', mustShow: null, tlsa: [] },
      tlsaLookups: [failed('_25._tcp.mx.a.example.', 'TLSA', 'the signature \u202eof 99 has expired')],
    },
  ],
  policy: {
    ...{ state: 'in-force', row: 'S8', mode: 'enforce', id: '20261101', mx: ['mx.a.example', '*.b.example'] },
    ...{ cached: true, fetchedAt: Date.UTC(2026, 10, 1), expiresAt: Date.UTC(2026, 11, 1, 12, 30), reason: null },
    record: found('_mta-sts.a.example.', 'TXT', ['"v=STSv1; id=20261101;"']),
  },
  advice: ['Sign the zone example. anew.'],
}

test('an explanation is a sentence, then the evidence as a tree', () => {
  assert.equal(
    pageOut((out) => writeExplanation(protectedReport, out)),
    `Mail to a.example is protected by DANE.

a.example. MX secure, signed by example., for 5 min [M5]
└─ 10 mx.a.example: connect, DANE [H5]
   ├─ mx.a.example. A secure, signed by example., for 5 min: 192.0.2.1
   ├─ mx.a.example. AAAA no records, secure, signed by example., for 5 min
   ├─ _25._tcp.mx.a.example. TLSA secure, signed by example., for 5 min
   │  ├─ 3 1 1 00ff
   │  └─ 0 0 1 00ff unusable: usage 0 has no meaning for SMTP
   └─ must show: a certificate that one of the TLSA records matches
MTA-STS: no policy [S1]
└─ _mta-sts.a.example. TXT no records, secure, signed by example., for 5 min
`,
  )
})

test('an explanation of a broken domain ends with what to do, in 60 columns of ASCII, with hostile text escaped', () => {
  assert.equal(
    pageOut((out) => writeExplanation(brokenReport, out), { columns: 60, unicode: false }),
    `Mail to a.example waits: no MX host may be used now.
  - the TLSA lookup of mx.a.example is bogus: \\x1b[2Jexpired

a.example. MX secure, signed by example., for 5 min [M5]
\`- 10 mx.a.example: skip, its TLSA lookup failed [1]
   |- mx.a.example. A secure, signed by example., for 5 min:
   |  192.0.2.1
   |- mx.a.example. AAAA no records, secure, signed by
   |  example., for 5 min
   \`- _25._tcp.mx.a.example. TLSA bogus: the signature
      \\u202eof 99 has expired (Extended DNS Error 6, DNSSEC
      Bogus)
MTA-STS: mode enforce, id 20261101, remembered from
|  2026-11-01 00:00 UTC, until 2026-12-01 12:30 UTC [S8]
|- allows mx.a.example, *.b.example
\`- _mta-sts.a.example. TXT secure, signed by example., for 5
   min: "v=STSv1; id=20261101;"

What to do
  - Sign the zone example. anew.
`,
  )
})

test('colour adds nothing that the words do not say', () => {
  const plain = pageOut((out) => writeExplanation(brokenReport, out))
  const coloured = pageOut((out) => writeExplanation(brokenReport, out), { colour: true })
  assert.notEqual(coloured, plain)
  assert.equal(stripVTControlCharacters(coloured), plain)
})

test('RFC 8914 §6: what a server says of a lookup stands beside it as its own word, escaped', () => {
  const mx = found('a.example.', 'MX', ['10 mx.a.example.'])
  const serverErrors = [{ code: 3, name: 'Stale Answer', text: 'old\u{202e}' }]
  const blocked = { ...mx, status: 'insecure', reason: 'no DS', server: '192.0.2.53', serverErrors } as const
  const text = pageOut((out) => writeExplanation({ ...protectedReport, mx: blocked }, out))
  assert.match(
    text.replaceAll(/\s+/g, ' '),
    /no DS, 192\.0\.2\.53 itself says: │? ?Stale Answer: old\\u202e, for 5 min/,
  )
})
