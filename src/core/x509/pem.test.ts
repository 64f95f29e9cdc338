import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { type PemFault, parsePem } from './pem.ts'

const block = (label: string, digits: string) => `-----BEGIN ${label}-----\n${digits}\n-----END ${label}-----\n`

const read: [what: string, text: string, found: [label: string, hex: string, line: number][]][] = [
  ['nothing', '', []],
  ['text alone', 'no object\n', []],
  ['one object', block('X', 'AQID'), [['X', '010203', 1]]],
  ['an object of no octets', '-----BEGIN X-----\n-----END X-----', [['X', '', 1]]],
  [
    'several, with text around them',
    `a\n${block('X', 'AQ==')}b\n${block('Y Z', 'Ag==')}`,
    [
      ['X', '01', 2],
      ['Y Z', '02', 6],
    ],
  ],
  ['lines that end in CRLF', block('X', 'AQ\nID').replaceAll('\n', '\r\n'), [['X', '010203', 1]]],
  ['lines that end in CR alone', block('X', 'AQ\nID').replaceAll('\n', '\r'), [['X', '010203', 1]]],
  ['no line end at the end', block('X', 'AQID').trimEnd(), [['X', '010203', 1]]],
  ['a byte order mark', `\xef\xbb\xbf${block('X', 'AQID')}`, [['X', '010203', 1]]],
  ['white space around lines', '  -----BEGIN X-----  \n\t AQ \n ID\n -----END X-----\t', [['X', '010203', 1]]],
  ['dashes that begin nothing', `-----BEGIN\n----BEGIN X-----\n${block('X', 'AQID')}`, [['X', '010203', 3]]],
]
for (const [what, text, found] of read) {
  test(`parsePem reads ${what}`, () => {
    const parsed = parsePem(Buffer.from(text, 'latin1'))
    assert.ok(parsed.ok, JSON.stringify(parsed))
    assert.deepEqual(
      parsed.value.map(({ label, der, line }) => [label, Buffer.from(der).toString('hex'), line]),
      found,
    )
  })
}

test('headers stand apart from the digits', () => {
  const parsed = parsePem(Buffer.from(block('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\nAQID')))
  assert.ok(parsed.ok)
  assert.deepEqual(parsed.value[0]?.headers, ['Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES,00'])
  assert.deepEqual(Buffer.from(parsed.value[0]?.der ?? []), Buffer.of(1, 2, 3))
})

const refused: [what: string, text: string, fault: PemFault, line: number][] = [
  ['no end', 'a\n-----BEGIN X-----\nAQID\n', 'unfinished', 2],
  ['the end of something else', '-----BEGIN X-----\nAQID\n-----END Y-----\n', 'unfinished', 1],
  ['a beginning inside', `-----BEGIN X-----\nAQID\n${block('X', 'AQID')}`, 'unfinished', 1],
  ['other characters', block('X', 'AQI!'), 'base64', 1],
  ['digits that are cut short', block('X', 'AQIDA'), 'base64', 1],
  ['digits behind the padding', block('X', 'AQ==AQ=='), 'base64', 1],
]
for (const [what, text, fault, line] of refused) {
  test(`parsePem refuses ${what}`, () => {
    assert.deepEqual(parsePem(Buffer.from(text, 'latin1')), { ok: false, fault, at: line })
  })
}

test('parsePem refuses more objects than anybody keeps in one file', () => {
  const most = limits.keyFiles.objects
  const several = (count: number) => parsePem(Buffer.from(block('X', 'AQID').repeat(count)))
  assert.ok(several(most).ok)
  assert.deepEqual(several(most + 1), { ok: false, fault: 'too-many', at: most * 3 + 1 })
})

const line = fc.oneof(
  fc.constantFrom('-----BEGIN X-----', '-----END X-----', '-----BEGIN Y-----', 'AQID', '', 'a: b', '\xef\xbb\xbf'),
  fc.string({ maxLength: 20 }),
)

test('no text makes parsePem throw, and what it finds is what stands there', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.constantFrom('\n', '\r\n', '\r'), (lines, lineEnd) => {
      const text = lines.join(lineEnd)
      const parsed = parsePem(Buffer.from(text, 'latin1'))
      if (!parsed.ok) return
      for (const { label } of parsed.value) assert.ok(text.includes(`-----BEGIN ${label}-----`))
    }),
    { numRuns: 2000 },
  )
})

test('what was written as PEM is read as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (all) => {
      const text = all.map((octets) => {
        const digits =
          Buffer.from(octets)
            .toString('base64')
            .match(/.{1,64}/g) ?? []
        return block('X', digits.join('\n'))
      })
      const parsed = parsePem(Buffer.from(text.join('')))
      assert.ok(parsed.ok)
      assert.deepEqual(
        parsed.value.map(({ der }) => Buffer.from(der)),
        all.map((octets) => Buffer.from(octets)),
      )
    }),
  )
})
