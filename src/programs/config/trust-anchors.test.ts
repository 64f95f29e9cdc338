import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAnchorFile } from './trust-anchors.ts'

const digest = 'ab'.repeat(32)
const good = `. DS 20326 8 2 ${digest}`
const options = { path: 'root.key', allowSha1: false }

test('parseAnchorFile reads DS and DNSKEY records', () => {
  assert.equal(parseAnchorFile(`; of the root\n${good}\n. DNSKEY 257 3 15 ${'A'.repeat(43)}=`, options).length, 2)
})

const xml = `<TrustAnchor id="a" source="b">
<Zone>.</Zone>
<KeyDigest id="K" validFrom="2017-02-02T00:00:00+00:00">
<KeyTag>20326</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType><Digest>${digest}</Digest>
</KeyDigest>
</TrustAnchor>`

test('DNSSEC-08 parseAnchorFile reads root-anchors.xml', () => {
  const [anchor, ...others] = parseAnchorFile(xml, options)
  assert.deepEqual([anchor?.kind, others.length], ['ds', 0])
})

const refused: [why: string, text: string, message: string][] = [
  ['it is empty', '', '"root.key" holds no DS or DNSKEY record'],
  ['it is no zone text', `${good}\n. DS 1 8`, 'root.key:2: no zone text: missing field'],
  [
    'it holds something else',
    `${good}\n\n. NS a.`,
    'root.key:3: a trust anchor is a DS or DNSKEY record, and this is neither',
  ],
  [
    'DNSSEC-06 all of an owner are of unknown algorithms, so that everything below would be bogus',
    `${good}\ntest. DS 1 99 2 ${digest}`,
    '"root.key" holds for test. no key or digest of a kind that can be used',
  ],
  [
    'DNSSEC-33 it has SHA-1 signatures alone, and those are off',
    `. DS 1 7 2 ${digest}`,
    '"root.key" holds for . no key or digest of a kind that can be used',
  ],
  [
    'DNSSEC-08 it is XML with a DOCTYPE',
    `<?xml version="1.0"?>\n<!DOCTYPE a>\n${xml}`,
    'root.key:2: DOCTYPE, entities, CDATA and processing instructions are not read',
  ],
  [
    'DNSSEC-08 it is XML of another kind',
    '\n<html></html>',
    'root.key:2: its elements are not those of root-anchors.xml',
  ],
  [
    'DNSSEC-08 a value of root-anchors.xml cannot be read',
    xml.replace('20326', '-1'),
    'root.key:3: a number, date, digest or key of it cannot be read',
  ],
  [
    'DNSSEC-06 all in root-anchors.xml are of unknown algorithms',
    xml.replace('<Algorithm>8', '<Algorithm>99'),
    '"root.key" holds for . no key or digest of a kind that can be used',
  ],
]
for (const [why, text, message] of refused) {
  test(`parseAnchorFile refuses a file when ${why}`, () => {
    assert.throws(() => parseAnchorFile(text, options), { name: 'ConfigError', message })
  })
}

test('DNSSEC-33 anchors with SHA-1 signatures are read when those are on', () => {
  assert.equal(parseAnchorFile(`. DS 1 7 2 ${digest}`, { ...options, allowSha1: true }).length, 1)
})
