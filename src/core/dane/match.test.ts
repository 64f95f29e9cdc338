import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createAuthority } from '../../../test/support/certificates.ts'
import vectors from '../../../test/vectors/dane-certificates.json' with { type: 'json' }
import keys from '../../../test/vectors/dane-keys.json' with { type: 'json' }
import { spkiOf } from '../x509/certificate.ts'
import { associationOf, createMatcher, demandOf, matches, type RecordsDemand } from './match.ts'
import { isUsable, parseTlsa, selectUsable, type Tlsa, type UsableTlsa } from './tlsa.ts'

const { digests } = vectors
const ta = certificateOf(vectors.certificates.TA)
const leaf = certificateOf(vectors.certificates.LEAF)
const old = certificateOf(vectors.certificates.OLD)
const z32 = '00'.repeat(32)
const z64 = '00'.repeat(64)
const taDer = ta.raw.toString('hex')
const taKey = Buffer.from(spkiOf(ta.raw) ?? []).toString('hex')

function certificateOf(base64: string): X509Certificate {
  return new X509Certificate(Buffer.from(base64, 'base64'))
}

function recordOf(text: string): Tlsa {
  const parsed = parseTlsa(text)
  return parsed.ok ? parsed.value : assert.fail(`no record: ${text}`)
}

function usableOf(text: string): UsableTlsa {
  const record = recordOf(text)
  return isUsable(record) ? record : assert.fail(`not usable: ${text}`)
}

test('the digests published with the certificates are those of OpenSSL', () => {
  const named = { TA: ta, LEAF: leaf, OLD: old }
  for (const [name, certificate] of Object.entries(named)) {
    for (const [what, expected] of Object.entries(digests)) {
      const [of, kind = ''] = what.split(' ')
      if (of !== name || kind === 'SPKI') continue
      const selector = kind.startsWith('c') ? 0 : 1
      const matchingType = kind.endsWith('256') ? 1 : 2
      const found = associationOf(certificate, { selector, matchingType })
      assert.equal(Buffer.from(found ?? []).toString('hex'), expected, what)
    }
  }
})

const one: [record: string, certificate: X509Certificate, matched: boolean][] = [
  [`3 1 1 ${digests['LEAF k256']}`, leaf, true],
  [`3 0 1 ${digests['LEAF c256']}`, leaf, true],
  [`3 1 2 ${digests['LEAF k512']}`, leaf, true],
  [`3 1 0 ${digests['LEAF SPKI']}`, leaf, true],
  [`3 0 0 ${leaf.raw.toString('hex')}`, leaf, true],
  [`2 0 0 ${taDer}`, ta, true],
  [`2 1 0 ${taKey}`, ta, true],
  [`3 0 2 ${digests['OLD c512']}`, old, true],
  [`3 1 1 ${digests['TA k256']}`, leaf, false],
  [`3 0 1 ${digests['LEAF k256']}`, leaf, false],
  [`3 1 1 ${digests['LEAF c256']}`, leaf, false],
  [`3 0 0 ${taDer}`, leaf, false],
  [`3 1 0 ${digests['LEAF SPKI']}`, ta, false],
  [`3 1 1 ${z32}`, leaf, false],
  [`3 1 2 ${z64}`, leaf, false],
]

for (const [record, certificate, matched] of one) {
  const { subject } = certificate
  test(`${record.slice(0, 12)}… is ${matched ? '' : 'not '}of ${subject}`, () => {
    assert.equal(matches(usableOf(record), certificate), matched)
  })
}

/** What usable records, after digest agility, say of certificates. */
function demand(...records: string[]): RecordsDemand {
  return demandOf(selectUsable(records.map(recordOf)))
}

const leafKey = `3 1 1 ${digests['LEAF k256']}`
const anchor = `2 0 1 ${digests['TA c256']}`

const ends: [vector: string, records: string[], certificate: X509Certificate, is: boolean][] = [
  ['V-TLSA 1', [leafKey], leaf, true],
  ['V-TLSA 2', [`3 0 1 ${digests['LEAF c256']}`], leaf, true],
  ['V-TLSA 3: although it has expired', [`3 1 1 ${digests['OLD k256']}`], old, true],
  ['V-TLSA 10: a DANE-TA record is of no end entity', [`2 0 1 ${digests['LEAF c256']}`], leaf, false],
  ['V-TLSA 11: not the leaf', [`3 1 1 ${digests['TA k256']}`], leaf, false],
  ['V-TLSA 13: agility', [leafKey, `3 1 2 ${z64}`], leaf, false],
  ['V-TLSA 14: malformed records are dropped first', [leafKey, `3 1 2 ${'00'.repeat(63)}`], leaf, true],
  ['V-TLSA 15: another group', [leafKey, `2 0 2 ${z64}`], leaf, true],
  ['V-TLSA 16: full data is always kept', [`3 1 0 ${digests['LEAF SPKI']}`, `3 1 1 ${z32}`], leaf, true],
  ['V-TLSA 17: nothing usable', [`1 1 1 ${digests['LEAF k256']}`], leaf, false],
  ['V-TLSA 18: PKIX-EE does not count', [`1 1 1 ${digests['LEAF k256']}`, `3 1 1 ${z32}`], leaf, false],
  ['V-TLSA 19', [anchor, leafKey], leaf, true],
  ['DANE-15: one of several suffices', [`3 1 1 ${z32}`, leafKey, `3 0 1 ${z32}`], leaf, true],
]

for (const [vector, records, certificate, is] of ends) {
  test(`${vector}: the records are ${is ? '' : 'not '}of the end entity`, () => {
    assert.equal(demand(...records).isEndEntity(certificate), is)
  })
}

test('V-TLSA 4: an anchor by certificate or by key', () => {
  for (const record of [anchor, `2 1 1 ${digests['TA k256']}`]) {
    const { isAnchor, isEndEntity, hasAnchors, wholeAnchors, signedByAnchor } = demand(record)
    assert.deepEqual([isAnchor(ta), isAnchor(leaf), isEndEntity(ta), hasAnchors], [true, false, false, true])
    assert.deepEqual([wholeAnchors, signedByAnchor(leaf)], [[], false])
  }
})

test('V-TLSA 8: an anchor that stands whole in its record is had without the server', () => {
  const { wholeAnchors, isAnchor, signedByAnchor } = demand(`2 0 0 ${taDer}`)
  assert.deepEqual(
    wholeAnchors.map(({ fingerprint256 }) => fingerprint256),
    [ta.fingerprint256],
  )
  assert.deepEqual([isAnchor(ta), signedByAnchor(leaf)], [true, false])
})

test('V-TLSA 9: a key that stands whole in its record vouches for what it signed', () => {
  const { signedByAnchor, isAnchor, wholeAnchors } = demand(`2 1 0 ${taKey}`)
  assert.deepEqual([signedByAnchor(leaf), signedByAnchor(old), isAnchor(ta), wholeAnchors], [true, false, true, []])
})

test('records without anchors have none', () => {
  const { hasAnchors, isAnchor, signedByAnchor } = demand(leafKey)
  assert.deepEqual([hasAnchors, isAnchor(ta), signedByAnchor(leaf)], [false, false, false])
})

test('a key of any kind vouches for no certificate of another, and nothing throws', () => {
  for (const { name, key } of keys.certificates) {
    const { signedByAnchor } = demand(`2 1 0 ${Buffer.from(key, 'base64').toString('hex')}`)
    for (const other of keys.certificates) {
      const isOwn = name === other.name || [name, other.name].every((one) => shared.includes(one))
      assert.equal(signedByAnchor(certificateOf(other.certificate)), isOwn, `${name} of ${other.name}`)
    }
  }
})

/** Three certificates have one key, written in two ways. */
const shared = ['p256', 'p256-compressed', 'v1']

test('certificates made now: an issuer is the anchor of what it issued, and of nothing else', async () => {
  const authority = await createAuthority()
  const root = new X509Certificate(authority.pem)
  const issued = new X509Certificate((await authority.issue({ names: ['mx.example.org'] })).cert)
  const digest = createHash('sha256').update(root.raw).digest('hex')
  const records = demand(`2 0 1 ${digest}`, `2 1 0 ${Buffer.from(spkiOf(root.raw) ?? []).toString('hex')}`)
  assert.deepEqual([records.isAnchor(root), records.signedByAnchor(issued)], [true, true])
  assert.deepEqual(
    [records.isAnchor(issued), records.signedByAnchor(leaf), records.isAnchor(ta)],
    [false, false, false],
  )
})

test('RFC 7671 §9: the published example of digest agility', () => {
  const { spki, 'sha2-256': short, 'sha2-512': long } = vectors.agility
  assert.equal(createHash('sha256').update(Buffer.from(spki, 'hex')).digest('hex'), short)
  assert.equal(createHash('sha512').update(Buffer.from(spki, 'hex')).digest('hex'), long)
  const kept = selectUsable([`3 1 0 ${spki}`, `3 1 1 ${short}`, `3 1 2 ${long}`].map(recordOf))
  assert.deepEqual(
    kept.map(({ matchingType }) => matchingType),
    [0, 2],
  )
})

test('octets that are no certificate have no key to match', () => {
  const raw = Buffer.from('3000', 'hex')
  assert.equal(matches(usableOf(leafKey), { raw }), false)
  assert.equal(associationOf({ raw }, { selector: 1, matchingType: 1 }), undefined)
})

test('a matcher says the same as `matches`, of each certificate and whatever it was asked before', () => {
  const isOf = createMatcher()
  const records = [ta, leaf, old].flatMap(({ raw }) => {
    const key = spkiOf(raw) ?? assert.fail('no key')
    const data = (octets: Uint8Array, type: string) => createHash(type).update(octets).digest('hex')
    const whole = ([0, 1] as const).map((selector) => Buffer.from(selector === 0 ? raw : key).toString('hex'))
    return [
      ...[`3 0 0 ${whole[0]}`, `3 0 1 ${data(raw, 'sha256')}`, `3 0 2 ${data(raw, 'sha512')}`],
      ...[`3 1 0 ${whole[1]}`, `3 1 1 ${data(key, 'sha256')}`, `3 1 2 ${data(key, 'sha512')}`],
    ].map(usableOf)
  })
  for (const _ of [1, 2]) {
    for (const certificate of [ta, leaf, old, { raw: Buffer.from('3000', 'hex') }]) {
      for (const record of records) assert.equal(isOf(record, certificate), matches(record, certificate))
    }
  }
})

test('a matcher reads a certificate once for each way of holding it', () => {
  let reads = 0
  const certificate = {
    get raw() {
      reads++
      return leaf.raw
    },
  }
  const isOf = createMatcher()
  for (const record of [`3 1 1 ${z32}`, `3 1 1 ${z32}`, `2 1 1 ${z32}`, `3 1 2 ${z64}`]) {
    assert.equal(isOf(usableOf(record), certificate), false)
  }
  assert.equal(reads, 2)
})
