import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import vectors from '../../../test/vectors/dane-certificates.json' with { type: 'json' }
import { readTlsa } from '../dns/rdata/records.ts'
import { writeTlsa } from '../dns/rdata/write.ts'
import {
  type Digest,
  formatTlsa,
  isUsable,
  parseTlsa,
  selectUsable,
  type Tlsa,
  type TlsaFault,
  whyUnusable,
} from './tlsa.ts'

const leaf = Buffer.from(vectors.certificates.LEAF, 'base64')
const spki = Buffer.from(vectors.digests['LEAF SPKI'], 'hex')

function record(usage: number, selector: number, matchingType: number, data: number | Uint8Array): Tlsa {
  return { usage, selector, matchingType, data: typeof data === 'number' ? new Uint8Array(data) : data }
}

const usable: [why: string, record: Tlsa][] = [
  ['3 1 1 of 32 octets', record(3, 1, 1, 32)],
  ['3 0 1 of 32 octets', record(3, 0, 1, 32)],
  ['2 0 2 of 64 octets', record(2, 0, 2, 64)],
  ['2 1 2 of 64 octets', record(2, 1, 2, 64)],
  ['3 0 0 of a certificate', record(3, 0, 0, leaf)],
  ['2 0 0 of a certificate', record(2, 0, 0, leaf)],
  ['3 1 0 of a key', record(3, 1, 0, spki)],
  ['2 1 0 of a key', record(2, 1, 0, spki)],
]

for (const [why, one] of usable) {
  test(`DANE-11: usable is ${why}`, () => {
    assert.equal(whyUnusable(one), undefined)
    assert.ok(isUsable(one))
  })
}

const unusable: [why: string, record: Tlsa, reason: RegExp][] = [
  ['usage 0 (DANE-12)', record(0, 0, 1, 32), /^usage 0 has no meaning for SMTP$/],
  ['usage 1 (DANE-12)', record(1, 1, 1, 32), /^usage 1 has no meaning for SMTP$/],
  ['usage 4', record(4, 1, 1, 32), /^usage 4 is unknown$/],
  ['usage 255', record(255, 1, 1, 32), /^usage 255 is unknown$/],
  ['9 9 9 00 (DANE-13)', record(9, 9, 9, 1), /^usage 9 is unknown$/],
  ['selector 2', record(3, 2, 1, 32), /^selector 2 is unknown$/],
  ['selector 255', record(3, 255, 1, 32), /^selector 255 is unknown$/],
  ['matching type 3', record(3, 1, 3, 32), /^matching type 3 is unknown$/],
  ['a SHA2-256 of 31 octets', record(3, 1, 1, 31), /^its digest has 31 octets, not 32$/],
  ['a SHA2-256 of 33 octets', record(3, 1, 1, 33), /^its digest has 33 octets, not 32$/],
  ['a SHA2-512 of 63 octets', record(3, 1, 2, 63), /^its digest has 63 octets, not 64$/],
  ['a SHA2-512 of 32 octets', record(2, 0, 2, 32), /^its digest has 32 octets, not 64$/],
  ['a digest of no octets', record(3, 1, 1, 0), /^it has no data$/],
  ['a certificate of no octets', record(3, 0, 0, 0), /^it has no data$/],
  ['3 0 0 00', record(3, 0, 0, 1), /^its data is no certificate$/],
  ['3 0 0 of a key', record(3, 0, 0, spki), /^its data is no certificate$/],
  ['3 1 0 of a certificate', record(3, 1, 0, leaf), /^its data is no public key$/],
  ['2 0 0 with an octet behind it', record(2, 0, 0, Buffer.concat([leaf, Buffer.alloc(1)])), /no certificate$/],
  ['2 1 0 with an octet behind it', record(2, 1, 0, Buffer.concat([spki, Buffer.alloc(1)])), /no public key$/],
  ['2 0 0 as text', record(2, 0, 0, Buffer.from(`-----BEGIN CERTIFICATE-----\n`)), /no certificate$/],
]

for (const [why, one, reason] of unusable) {
  test(`DANE-11: unusable is ${why}`, () => {
    assert.match(whyUnusable(one) ?? '', reason)
    assert.ok(!isUsable(one))
  })
}

const current = record(3, 1, 1, 32)
const agility: [why: string, records: Tlsa[], kept: number[]][] = [
  ['of two digests the stronger is kept', [current, record(3, 1, 2, 64)], [1]],
  ['in the order of the RRset', [record(3, 1, 2, 64), current, record(3, 1, 2, 64)], [0, 2]],
  ['each usage for itself', [current, record(2, 1, 2, 64)], [0, 1]],
  ['each selector for itself', [current, record(3, 0, 2, 64)], [0, 1]],
  ['malformed records are dropped first', [current, record(3, 1, 2, 63)], [0]],
  ['unknown records displace nothing', [current, record(3, 1, 3, 64), record(1, 1, 2, 64)], [0]],
  ['full data is always kept, and displaces nothing', [record(3, 1, 0, spki), current], [0, 1]],
  ['full data beside both digests (RFC 7671 §9)', [record(3, 1, 0, spki), current, record(3, 1, 2, 64)], [0, 2]],
  ['several of the strongest are all kept', [current, record(3, 1, 1, 32), current], [0, 1, 2]],
  ['nothing usable leaves nothing', [record(0, 0, 1, 32), record(3, 1, 1, 31)], []],
  ['nothing leaves nothing', [], []],
]

for (const [why, records, kept] of agility) {
  test(`DANE-14: ${why}`, () => {
    assert.deepEqual(
      selectUsable(records),
      kept.map((place) => records[place]),
    )
  })
}

const preferred: [why: string, preferred: Digest, records: Tlsa[], kept: number[]][] = [
  ['the digest preferred displaces the other', 'sha2-256', [current, record(3, 1, 2, 64)], [0]],
  ['the default named displaces the other', 'sha2-512', [current, record(3, 1, 2, 64)], [1]],
  ['where only the other is there it counts', 'sha2-256', [record(3, 1, 2, 64)], [0]],
  ['malformed records are dropped first', 'sha2-256', [record(3, 1, 1, 31), record(3, 1, 2, 64)], [1]],
  ['full data is always kept', 'sha2-256', [record(3, 1, 0, spki), current, record(3, 1, 2, 64)], [0, 1]],
]
for (const [why, digest, records, kept] of preferred) {
  test(`DANE-14: with ${digest} preferred, ${why}`, () => {
    assert.deepEqual(
      selectUsable(records, digest),
      kept.map((place) => records[place]),
    )
  })
}

const digest = vectors.digests['LEAF k256']
const parsed: [text: string, record: string][] = [
  [`3 1 1 ${digest}`, `3 1 1 ${digest}`],
  ['3 1 1 ( DB9CC2A9 F38039C9C260F664343F2B5C024578A675B232779A0603E5 A12B3CAA )', `3 1 1 ${digest}`],
  ['  3\t1  1(00\n01)', '3 1 1 0001'],
  ['DANE-EE SPKI SHA2-256 00', '3 1 1 00'],
  ['dane-ta cert sha2-512 00', '2 0 2 00'],
  ['PKIX-TA Cert Full 00', '0 0 0 00'],
  ['PKIX-EE 1 FULL 00', '1 1 0 00'],
  ['PrivCert PrivSel PrivMatch fF', '255 255 255 ff'],
  ['255 255 255 00', '255 255 255 00'],
  ['003 001 001 00', '3 1 1 00'],
]

for (const [text, record] of parsed) {
  test(`parseTlsa reads ${JSON.stringify(text.slice(0, 40))}`, () => {
    const result = parseTlsa(text)
    assert.equal(result.ok && formatTlsa(result.value), record)
  })
}

const refused: [text: string, fault: TlsaFault, at: number][] = [
  ['3 1 1 abc', 'hex', 6],
  ['3 1 1 zz', 'hex', 6],
  ['3 1 1 0g', 'hex', 6],
  ['3 1 1 0x00', 'hex', 6],
  ['3 1 256 00', 'number', 4],
  ['3 1 1000 00', 'number', 4],
  ['-1 1 1 00', 'number', 0],
  ['3 +1 1 00', 'number', 2],
  ['3 1.0 1 00', 'number', 2],
  ['3 ٣ 1 00', 'number', 2],
  ['3 full 1 00', 'number', 2],
  ['spki 1 1 00', 'number', 0],
  ['3 constructor 1 00', 'number', 2],
  ['__proto__ 1 1 00', 'number', 0],
  ['3 1', 'missing-field', 3],
  ['', 'missing-field', 0],
  ['()', 'missing-field', 2],
  ['3 1 1', 'no-data', 5],
  ['3 1 1 ()', 'no-data', 8],
]

for (const [text, fault, at] of refused) {
  test(`parseTlsa refuses ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseTlsa(text), { ok: false, fault, at })
  })
}

const octet = fc.nat({ max: 255 })
const anyRecord = fc
  .tuple(octet, octet, octet, fc.uint8Array({ minLength: 1, maxLength: 80 }))
  .map(([usage, selector, matchingType, data]) => record(usage, selector, matchingType, data))

test('what formatTlsa writes is what parseTlsa reads', () => {
  fc.assert(
    fc.property(anyRecord, (one) => {
      const result = parseTlsa(formatTlsa(one))
      assert.deepEqual(result.ok && { ...result.value, data: Uint8Array.from(result.value.data) }, one)
    }),
  )
})

test('parseTlsa never throws, and points into what it refuses', () => {
  const word = fc.constantFrom(
    '3',
    '1',
    '256',
    'spki',
    'toString',
    'valueOf',
    '(',
    ')',
    ' ',
    '\t',
    '0',
    'ab',
    'x',
    '\\#',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word).map((words) => words.join(' ')),
  )
  fc.assert(
    fc.property(text, (one) => {
      const result = parseTlsa(one)
      if (result.ok) assert.ok([result.value.usage, result.value.selector].every(Number.isInteger))
      else assert.ok(result.at >= 0 && result.at <= one.length)
    }),
  )
})

test('whyUnusable and selectUsable never throw', () => {
  const small = fc.record({
    usage: fc.nat({ max: 4 }),
    selector: fc.nat({ max: 2 }),
    matchingType: fc.nat({ max: 3 }),
    data: fc.oneof(
      fc.constantFrom(leaf, spki, new Uint8Array(32), new Uint8Array(64)),
      fc.uint8Array({ maxLength: 70 }),
      fc.nat({ max: leaf.length }).map((length) => leaf.subarray(0, length)),
    ),
  })
  fc.assert(
    fc.property(fc.array(small, { maxLength: 12 }), (records) => {
      const kept = selectUsable(records)
      for (const one of kept) assert.equal(whyUnusable(one), undefined)
      // Who has something usable keeps something, in every group.
      const groups = (all: readonly Tlsa[]) => new Set(all.map(({ usage, selector }) => `${usage} ${selector}`))
      assert.deepEqual(groups(kept), groups(records.filter(isUsable)))
    }),
  )
})

test('V-TLSA: the data of a record in DNS', () => {
  const result = parseTlsa(`3 1 1 ${digest}`)
  assert.ok(result.ok)
  const rdata = writeTlsa(result.value)
  assert.equal(Buffer.from(rdata).toString('hex'), `030101${digest}`)
  assert.equal(rdata.length, 0x23)
  const read = readTlsa(rdata)
  assert.equal(read.ok && formatTlsa(read.value), `3 1 1 ${digest}`)
})
