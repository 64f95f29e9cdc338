import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { labRrset, labZone } from '../../../test/support/dnssec-vectors.ts'
import { expand, nameOf, rrsetOf, rrsetsOf } from '../../../test/support/sign.ts'
import { hex } from '../dns/octets.ts'
import { canonicalRdata } from '../dns/rdata/canonical.ts'
import { readNsec } from '../dns/rdata/records.ts'
import { TYPE } from '../dns/types.ts'
import { compareNames, sameName } from '../name/name.ts'
import { canonicalRdatas, signedData, signedLabelCount } from './canonical.ts'

const published = [
  ...['example.', 'a.example.', 'yljkjljk.a.example.', 'Z.a.example.', 'zABC.a.EXAMPLE.'],
  ...['z.example.', '\\001.z.example.', '*.z.example.', '\\200.z.example.'],
].map(nameOf)

test('DNSSEC-20 DV3 names stand in the order that RFC 4034 §6.1 prints', () => {
  published.forEach((one, left) => {
    published.forEach((other, right) => {
      assert.equal(Math.sign(compareNames(one, other)), Math.sign(left - right), `${left} and ${right}`)
    })
  })
})

test('DNSSEC-20 DV3 the NSEC records of a zone lead through its names in order', () => {
  const chain = labZone('vec.test.').filter(({ type }) => type === TYPE.NSEC)
  const owners = chain.map(({ name }) => name).sort(compareNames)
  assert.equal(owners.length, 14)
  for (const { name, rdatas } of chain) {
    const at = owners.findIndex((owner) => sameName(owner, name))
    const nsec = readNsec(rdatas[0] ?? new Uint8Array())
    assert.ok(nsec.ok)
    assert.equal(nsec.value.next.key, owners[(at + 1) % owners.length]?.key)
  }
})

test('DNSSEC-18 DV5.4 what is signed of two MX records, their names in lower case', () => {
  const rrset = labRrset('vec.test.', 'MX')
  assert.ok(rrset.signatures[0])
  const expected =
    '000f0f0200000e107c245f006955b9000e1d0376656304746573740003766563047465737400000f000100000e100010000a036d783103766563' +
    '04746573740003766563047465737400000f000100000e1000100014036d783203766563047465737400'
  assert.equal(hex(signedData(rrset, rrset.signatures[0])), expected)
  const digest = createHash('sha256').update(Buffer.from(expected, 'hex')).digest('hex')
  assert.equal(digest, '2b24913c6580ee6eda07299d28c9ecbabe521f9a4d8cd7da075ef8facc74c37f')
})

test("DNSSEC-18 DV5.4 what is signed of a wildcard's expansion, under the wildcard", () => {
  const rrset = expand(labRrset('*.wild.vec.test.', 'TXT'), nameOf('a.B.wild.vec.test.'))
  assert.ok(rrset.signatures[0])
  assert.equal(
    hex(signedData(rrset, rrset.signatures[0])),
    '00100f0300000e107c245f006955b9000e1d03766563047465737400012a0477696c64037665630474657374000010000100000e10' +
      '00090877696c6463617264',
  )
})

test('DNSSEC-16 DV12.1 what a signature for fewer labels than its signer has is over', () => {
  const [rrset] = rrsetsOf(`evil.vec.test. A 192.0.2.66
evil.vec.test. RRSIG A 15 1 3600 20360101000000 20260101000000 3613 vec.test. AAAA`)
  assert.ok(rrset?.signatures[0])
  const head = '00010f0100000e107c245f006955b9000e1d03766563047465737400'
  assert.equal(hex(signedData(rrset, rrset.signatures[0])), `${head}012a0474657374000001000100000e100004c0000242`)
})

test('DNSSEC-18 the original TTL is signed, never the one received', () => {
  const rrset = labRrset('vec.test.', 'MX')
  assert.ok(rrset.signatures[0])
  const raised = { ...rrset, ttl: 432_000 }
  assert.deepEqual(signedData(raised, rrset.signatures[0]), signedData(rrset, rrset.signatures[0]))
})

const folded: [record: string, expected: string][] = [
  ['a. NS NS.A.', 'a. NS ns.a.'],
  ['a. CNAME B.A.', 'a. CNAME b.a.'],
  ['a. SOA NS.A. Host.A. 1 2 3 4 5', 'a. SOA ns.a. host.a. 1 2 3 4 5'],
  ['a. PTR B.A.', 'a. PTR b.a.'],
  ['a. MX 10 B.A.', 'a. MX 10 b.a.'],
  ['a. SRV 1 2 25 B.A.', 'a. SRV 1 2 25 b.a.'],
  ['a. DNAME B.A.', 'a. DNAME b.a.'],
  ['a. RP B.A. C.A.', 'a. RP b.a. c.a.'],
  ['a. AFSDB 1 B.A.', 'a. AFSDB 1 b.a.'],
  ['a. KX 1 B.A.', 'a. KX 1 b.a.'],
  ['a. RT 1 B.A.', 'a. RT 1 b.a.'],
  ['a. PX 1 B.A. C.A.', 'a. PX 1 b.a. c.a.'],
  ['a. MINFO B.A. C.A.', 'a. MINFO b.a. c.a.'],
  ...['MB', 'MD', 'MF', 'MG', 'MR'].map((type): [string, string] => [`a. ${type} B.A.`, `a. ${type} b.a.`]),
  ['a. NAPTR 1 2 "U" "E2U" "!X!Y!" B.A.', 'a. NAPTR 1 2 "U" "E2U" "!X!Y!" b.a.'],
]
for (const [record, expected] of folded) {
  test(`DNSSEC-19 names in ${record.split(' ')[1]} data are folded, and nothing else is`, () => {
    const { type, rdatas } = rrsetOf(record)
    assert.deepEqual(canonicalRdatas({ type, rdatas }), rrsetOf(expected).rdatas)
  })
}

const kept = [
  'a. NSEC B.A. A',
  'a. TXT "A"',
  'a. HINFO "A" "B"',
  'a. SVCB 1 B.A.',
  'a. HTTPS 1 B.A.',
  'a. CAA 0 issue "A"',
]
for (const record of kept) {
  test(`DNSSEC-19 ${record.split(' ')[1]} data is taken as it is`, () => {
    const { type, rdatas } = rrsetOf(record)
    assert.deepEqual(canonicalRdatas({ type, rdatas }), rdatas)
  })
}

test('DNSSEC-19 data of a type that nobody knows is taken as it is', () => {
  const rdata = Buffer.from('\x01A\x00', 'latin1')
  assert.equal(canonicalRdata(65_280, rdata), rdata)
})

test('DNSSEC-18 records sort as octets, the shorter first, each once', () => {
  const texts = ['\x80', '\x7f\xff', '\x7f', '', '\x7f\xff', '\x00']
  const rdatas = texts.map((text) => Buffer.from(text, 'latin1'))
  const sorted = canonicalRdatas({ type: 65_280, rdatas }).map((rdata) => Buffer.from(rdata).toString('latin1'))
  assert.deepEqual(sorted, ['', '\x00', '\x7f', '\x7f\xff', '\x80'])
})

test('DNSSEC-16 neither the root nor a leading asterisk counts as a label', () => {
  const counts = ['.', '*.', 'a.', '*.a.', 'a.*.b.', '**.a.'].map((text) => signedLabelCount(nameOf(text)))
  assert.deepEqual(counts, [0, 0, 1, 1, 3, 2])
})
