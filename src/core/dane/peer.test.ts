import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import vectors from '../../../test/vectors/dane-certificates.json' with { type: 'json' }
import { hex } from '../dns/octets.ts'
import { spkiOf } from '../x509/certificate.ts'
import { demandOf } from './match.ts'
import { daneEvidence, findAnchors } from './peer.ts'
import { parseTlsa, selectUsable } from './tlsa.ts'

const { digests } = vectors
const ta = certificateOf(vectors.certificates.TA)
const leaf = certificateOf(vectors.certificates.LEAF)
const old = certificateOf(vectors.certificates.OLD)
const z32 = '00'.repeat(32)
const z64 = '00'.repeat(64)
const then = Date.UTC(2026, 0, 15)

function certificateOf(base64: string): X509Certificate {
  return new X509Certificate(Buffer.from(base64, 'base64'))
}

/** What the records say of a server after both handshakes, where OpenSSL has nothing against the path. */
function judge(records: readonly string[], chain: readonly X509Certificate[], name: string, now: number): string {
  const parsed = records.map((text) => {
    const record = parseTlsa(text)
    return record.ok ? record.value : assert.fail(text)
  })
  const usable = selectUsable(parsed)
  if (usable.length === 0) return 'unusable'
  const demand = { ...demandOf(usable), names: [domain(name)] }
  const [protocol, cipher] = ['TLSv1.3', 'TLS_AES_128_GCM_SHA256']
  const facts = { ...{ protocol, cipher, keyExchange: undefined, serverName: name }, chain, chainError: undefined }
  const evidence = daneEvidence(demand, facts, findAnchors(demand, chain, now), now)
  return evidence.kind === 'matched' ? evidence.usage : evidence.why
}

const both = [leaf, ta]
const leafKey = `3 1 1 ${digests['LEAF k256']}`
const leafKey512 = `3 1 2 ${digests['LEAF k512']}`
const leafCert = `3 0 1 ${digests['LEAF c256']}`
const wholeKey = `3 1 0 ${digests['LEAF SPKI']}`
const anchor = `2 0 1 ${digests['TA c256']}`
const anchorKey = `2 1 1 ${digests['TA k256']}`
const wholeAnchor = `2 0 0 ${hex(ta.raw)}`
const wholeAnchorKey = `2 1 0 ${hex(spkiOf(ta.raw) ?? new Uint8Array())}`
const host = 'mx1.example.com'
const late = Date.UTC(2050, 1, 1)
const early = Date.UTC(2023, 0, 1)

const cases: [
  vector: string,
  chain: readonly X509Certificate[],
  records: readonly string[],
  name: string,
  expected: string,
  now?: number,
][] = [
  ['V-TLSA 1', both, [leafKey], 'x.example', 'dane-ee'],
  ['V-TLSA 2: by certificate', [leaf], [leafCert], 'x.example', 'dane-ee'],
  ['V-TLSA 2: by SHA2-512', [leaf], [leafKey512], 'x.example', 'dane-ee'],
  ['V-TLSA 2: by the whole key', [leaf], [wholeKey], 'x.example', 'dane-ee'],
  ['V-TLSA 3: expired', [old], [`3 1 1 ${digests['OLD k256']}`], 'x.example', 'dane-ee'],
  ['V-TLSA 3: expired, by SHA2-512', [old], [`3 0 2 ${digests['OLD c512']}`], 'x.example', 'dane-ee'],
  ['V-TLSA 4: an anchor', both, [anchor], host, 'dane-ta'],
  ['V-TLSA 4: by key', both, [anchorKey], host, 'dane-ta'],
  ['V-TLSA 5: a wildcard', both, [anchor], 'h7.pool.example.com', 'dane-ta'],
  ['V-TLSA 6: a wildcard is one label', both, [anchor], 'a.b.pool.example.com', 'names'],
  ['V-TLSA 6: and not none', both, [anchor], 'pool.example.com', 'names'],
  ['V-TLSA 6: a common name beside DNS-IDs', both, [anchor], 'ignored.example.org', 'names'],
  ['V-TLSA 7: the anchor was not sent', [leaf], [anchor], host, 'anchor-not-in-chain'],
  ['V-TLSA 7: nor by key', [leaf], [anchorKey], host, 'anchor-not-in-chain'],
  ['V-TLSA 8: it stands whole in DNS', [leaf], [wholeAnchor], host, 'dane-ta'],
  ['V-TLSA 9: its key does', [leaf], [wholeAnchorKey], host, 'dane-ta'],
  ['V-TLSA 10, DANE-58: the leaf is no anchor', both, [`2 0 1 ${digests['LEAF c256']}`], host, 'anchor-not-in-chain'],
  ['V-TLSA 11: the issuer is no leaf', both, [`3 1 1 ${digests['TA k256']}`], host, 'no-match'],
  [
    'V-TLSA 12, DANE-58: a self-signed leaf is no anchor',
    [old],
    [`2 0 1 ${digests['OLD c256']}`],
    'old.example.net',
    'anchor-not-in-chain',
  ],
  ['V-TLSA 13: agility', both, [leafKey, `3 1 2 ${z64}`], host, 'no-match'],
  ['V-TLSA 14: malformed', both, [leafKey, `3 1 2 ${'00'.repeat(63)}`], host, 'dane-ee'],
  ['V-TLSA 15: another group', both, [leafKey, `2 0 2 ${z64}`], host, 'dane-ee'],
  ['V-TLSA 16: full data', both, [wholeKey, `3 1 1 ${z32}`], host, 'dane-ee'],
  ['V-TLSA 17: PKIX-EE alone', both, [`1 1 1 ${digests['LEAF k256']}`], host, 'unusable'],
  ['V-TLSA 18: PKIX-EE beside another', both, [`1 1 1 ${digests['LEAF k256']}`, `3 1 1 ${z32}`], host, 'no-match'],
  ['V-TLSA 19, DANE-63: usage 3 is good whatever usage 2 is', both, [anchor, leafKey], 'nomatch.example', 'dane-ee'],
  ['V-TLSA 20: out of date', both, [anchor], host, 'dates', late],
  ['V-TLSA 20: which usage 3 does not look at', both, [leafKey], host, 'dane-ee', late],
  ['DANE-54: not yet in date', both, [anchor], host, 'dates', early],
  [
    'DANE-55: a key vouches for no certificate out of date',
    [leaf],
    [wholeAnchorKey],
    host,
    'anchor-not-in-chain',
    late,
  ],
  ['DANE-58: the order of what was sent does not matter', [leaf, old, ta], [anchor], host, 'dane-ta'],
]
for (const [vector, chain, records, name, expected, now = then] of cases) {
  test(`${vector}: ${expected}`, () => assert.equal(judge(records, chain, name, now), expected))
}

test('DANE-61: a common name counts where there is no DNS-ID', () => {
  const demand = { ...demandOf([]), hasAnchors: true, names: [domain('old.example.net')] }
  const facts = { protocol: '', cipher: '', keyExchange: undefined, serverName: undefined, chain: [old] }
  const evidence = daneEvidence(demand, { ...facts, chainError: undefined }, [ta], Date.UTC(2019, 5, 1))
  assert.deepEqual(evidence, { kind: 'matched', usage: 'dane-ta' })
})
