import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readVectors } from '../../../test/support/dnssec-vectors.ts'
import { formatName } from '../name/text.ts'
import { anchorsAt, parseTrustAnchors, rootAnchors, spanOf, type TrustAnchor } from './anchors.ts'
import { parseRootAnchors, type RootAnchorFault } from './root-anchors.ts'

// DV1: the keys of the root themselves.
const keys = readVectors('dnssec-digests.txt')
  .split('\n')
  .filter((line) => line.startsWith('. '))
  .map((line) => line.split(' '))

const digests = [
  ['19036', '49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5'],
  ['20326', 'E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'],
  ['38696', '683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16'],
]

function keyDigest(tag: string, times: string, key = ''): string {
  const digest = digests.find(([known]) => known === tag)?.[1] ?? ''
  return `    <KeyDigest id="K${tag}" ${times}>
        <KeyTag>${tag}</KeyTag>
        <Algorithm>8</Algorithm>
        <DigestType>2</DigestType>
        <Digest>${digest}</Digest>${key}
    </KeyDigest>\n`
}

function keyOf(tag: string): string {
  const key = keys.find((fields) => fields[5] === tag)?.[4] ?? ''
  return `\n        <PublicKey>\n${key.slice(0, 60)}\n${key.slice(60)}\n</PublicKey>\n        <Flags>257</Flags>`
}

/** As IANA has it, of KSK-2010, KSK-2017 and KSK-2024; the times of the last may be others. */
function fileOf(last = 'validFrom="2024-07-18T00:00:00+00:00"'): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<TrustAnchor id="0C05FDD6-422C-4910-8ED6-430ED15E11C2" source="http://data.iana.org/root-anchors/root-anchors.xml">
    <Zone>.</Zone>
${keyDigest('19036', 'validFrom="2010-07-15T00:00:00+00:00" validUntil="2019-01-11T00:00:00+00:00"')}${keyDigest('20326', 'validFrom="2017-02-02T00:00:00+00:00"', keyOf('20326'))}${keyDigest('38696', last, keyOf('38696'))}</TrustAnchor>
`
}

function tagsAt(anchors: readonly TrustAnchor[], time: string): (number | string)[] {
  return anchorsAt(anchors, Date.parse(time)).map((anchor) =>
    anchor.kind === 'ds' ? anchor.ds.keyTag : `${anchor.kind} ${formatName(anchor.owner)}`,
  )
}

test('DNSSEC-08 RFC 9718 §2.2: of root-anchors.xml those digests count whose time it is', () => {
  const parsed = parseTrustAnchors(fileOf())
  assert.ok(parsed.ok)
  for (const [time, tags] of [
    ['2010-07-14T23:59:59Z', ['none .']],
    ['2010-07-15T00:00:00Z', [19036]],
    ['2018-01-01T00:00:00Z', [19036, 20326]],
    ['2019-01-10T23:59:59Z', [19036, 20326]],
    ['2019-01-11T00:00:00Z', [20326]],
    ['2026-11-26T00:00:00Z', [20326, 38696]],
  ] as const) {
    assert.deepEqual(tagsAt(parsed.value, time), tags, time)
  }
})

test('DNSSEC-05 DNSSEC-08 what is read of the file is what is built in', () => {
  const parsed = parseRootAnchors(fileOf())
  assert.ok(parsed.ok)
  const counting = anchorsAt(parsed.value, Date.UTC(2026, 10, 26))
  const plain = counting.map(
    (anchor) => anchor.kind === 'ds' && { ...anchor.ds, digest: Buffer.from(anchor.ds.digest) },
  )
  const builtIn = rootAnchors.map(
    (anchor) => anchor.kind === 'ds' && { ...anchor.ds, digest: Buffer.from(anchor.ds.digest) },
  )
  assert.deepEqual(plain, builtIn)
})

test('DNSSEC-08 the times between which nothing changes stand around the time that is asked of', () => {
  const parsed = parseRootAnchors(fileOf('validFrom="2024-07-18T00:00:00Z" validUntil="2024-07-19T02:00:00.5+02:00"'))
  assert.ok(parsed.ok)
  const around = (time: string) => {
    const { from, until } = spanOf(parsed.value, Date.parse(time))
    return [from, until].map((end) => (Number.isFinite(end) ? new Date(end).toISOString() : String(end)))
  }
  assert.deepEqual(around('2000-01-01'), ['-Infinity', '2010-07-15T00:00:00.000Z'])
  assert.deepEqual(around('2024-07-18'), ['2024-07-18T00:00:00.000Z', '2024-07-19T00:00:00.000Z'])
  assert.deepEqual(around('2025-01-01'), ['2024-07-19T00:00:00.000Z', 'Infinity'])
  assert.deepEqual(spanOf(rootAnchors, 0), { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY })
  assert.equal(anchorsAt(rootAnchors, 0), rootAnchors)
})

const changed: [claim: string, from: string | RegExp, to: string, fault: RootAnchorFault][] = [
  ['a key of another digest', 'AwEAAaz', 'AwEAAbz', 'wrong-key'],
  ['a digest of another key', 'E06D44', 'E06D45', 'wrong-key'],
  ['a tag of another key', '<KeyTag>20326', '<KeyTag>20327', 'wrong-key'],
  ['flags of another key', '<Flags>257', '<Flags>256', 'wrong-key'],
  ['a key that is no base64', 'AwEAAaz', 'AwEAA*z', 'wrong-value'],
  ['a key of nothing', /<PublicKey>[^<]*/, '<PublicKey>', 'wrong-value'],
  ['a tag too large', '<KeyTag>19036', '<KeyTag>65536', 'wrong-value'],
  ['an algorithm too large', '<Algorithm>8', '<Algorithm>256', 'wrong-value'],
  ['a number with a sign', '<DigestType>2', '<DigestType>+2', 'wrong-value'],
  ['half an octet of digest', 'FB5<', 'FB<', 'wrong-value'],
  ['no digest', /49AA[0-9A-F]*/, '', 'wrong-value'],
  ['a digest longer than any', '49AA', 'AB'.repeat(64), 'wrong-value'],
  ['no time', /validFrom="2010[^"]*"/, '', 'wrong-value'],
  ['a day that is none', '2010-07-15', '2011-02-29', 'wrong-value'],
  ['a time of a day alone', '2010-07-15T00:00:00+00:00', '2010-07-15', 'wrong-value'],
  ['an end that is before its beginning', '2019-01-11', '2009-01-11', 'wrong-value'],
  ['an end that cannot be read', '2019-01-11T', '2019-01-11 ', 'wrong-value'],
  ['a zone that is no name', '<Zone>.', '<Zone>a..b.', 'wrong-value'],
  ['no zone', /<Zone>[\s\S]*<\/Zone>/, '', 'not-root-anchors'],
  ['a zone with an attribute', '<Zone>', '<Zone a="b">', 'not-root-anchors'],
  ['two zones', '</Zone>', '</Zone><Zone>.</Zone>', 'not-root-anchors'],
  ['no digests', /<KeyDigest[\s\S]*<\/KeyDigest>/, '', 'not-root-anchors'],
  ['another document', /TrustAnchor/g, 'rss', 'not-root-anchors'],
  ['an attribute that it does not have', 'source=', 'xmlns=', 'not-root-anchors'],
  ['an element that it does not have', /<KeyTag>19036<\/KeyTag>/, '<Tag>19036</Tag>', 'not-root-anchors'],
  ['elements in another order', /(<KeyTag>19036<\/KeyTag>)\s*(<Algorithm>8<\/Algorithm>)/, '$2$1', 'not-root-anchors'],
  ['a key without its flags', '<Flags>257</Flags>', '', 'not-root-anchors'],
  ['an element in a value', '<KeyTag>19036', '<KeyTag><a>1</a>', 'xml-too-deep'],
  ['a DOCTYPE', '<TrustAnchor', '<!DOCTYPE TrustAnchor SYSTEM "file:///etc/passwd"><TrustAnchor', 'xml-doctype'],
  ['an entity', '<KeyTag>19036', '<KeyTag>&#49;9036', 'xml-doctype'],
  [
    'more digests than are read',
    /<\/TrustAnchor>/,
    `${'<KeyDigest></KeyDigest>'.repeat(600)}</TrustAnchor>`,
    'xml-too-large',
  ],
]
for (const [claim, from, to, fault] of changed) {
  test(`DNSSEC-08 root-anchors.xml is refused with ${claim}`, () => {
    const text = fileOf().replace(from, to)
    assert.notEqual(text, fileOf())
    const parsed = parseTrustAnchors(text)
    assert.equal(parsed.ok ? 'read' : parsed.fault, fault)
  })
}

test('DNSSEC-08 another zone may have such a file, and a digest without its key is enough', () => {
  const text = fileOf()
    .replace('<Zone>.', '<Zone>example.')
    .replaceAll(/<PublicKey>[\s\S]*?<\/Flags>/g, '')
  const parsed = parseTrustAnchors(text)
  assert.deepEqual(parsed.ok && parsed.value.map(({ owner }) => formatName(owner)), [
    'example.',
    'example.',
    'example.',
  ])
})
