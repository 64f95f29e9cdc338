import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { rootName } from '../name/name.ts'
import { extendedErrorsOf, formatExtendedError, formatExtendedErrorCode, ourEdns } from './edns.ts'
import { makeQuery } from './encode.ts'
import { TYPE } from './types.ts'

function errorsOf(...datas: readonly Uint8Array[]) {
  const options = datas.map((data) => ({ code: 15, data }))
  const edns = { ...ourEdns, options: [{ code: 10, data: new Uint8Array(8) }, ...options] }
  return extendedErrorsOf(makeQuery(rootName, TYPE.NS, { id: 0, recursionDesired: true, checkingDisabled: true, edns }))
}

function errorOf(code: number, text: string | Uint8Array): string | undefined {
  return errorsOf(Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(text)]))[0]?.text
}

test('WIRE-15: several Extended DNS Errors come in their order', () => {
  const errors = errorsOf(Buffer.from('\0\x06bogus'), Buffer.from('\0\x07'))
  assert.deepEqual(errors, [
    { code: 6, text: 'bogus' },
    { code: 7, text: '' },
  ])
})

test('WIRE-15: an option too short for a code is passed over', () => {
  assert.deepEqual(errorsOf(new Uint8Array(0), Uint8Array.of(6)), [])
})

test('a message without OPT has no Extended DNS Errors', () => {
  const options = { id: 0, recursionDesired: true, checkingDisabled: true, edns: undefined }
  assert.deepEqual(extendedErrorsOf(makeQuery(rootName, TYPE.NS, options)), [])
})

const texts: [why: string, text: string | Uint8Array, shown: string][] = [
  ['as it is', 'signature expired', 'signature expired'],
  ['in other scripts', 'abgelaufen seit März 期限切れ', 'abgelaufen seit März 期限切れ'],
  ['without the zeros that some servers end it with', 'expired\0\0', 'expired'],
  ['with other zeros escaped', 'a\0b', 'a\\u{0}b'],
  ['with line ends and escape sequences escaped', 'a\r\nb\x1b[31m', 'a\\u{d}\\u{a}b\\u{1b}[31m'],
  ['with backslashes escaped, so that nothing can look escaped', 'a\\u{a}', 'a\\u{5c}u{a}'],
  ['with changes of direction escaped', 'a\u202eb\u2066', 'a\\u{202e}b\\u{2066}'],
  ['with separators of lines escaped', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
  ['with what is no UTF-8 replaced', Uint8Array.of(0x61, 0xff, 0xfe), 'a\ufffd\ufffd'],
]
for (const [why, text, shown] of texts) {
  test(`WIRE-15: the text of an Extended DNS Error is shown ${why}`, () => assert.equal(errorOf(6, text), shown))
}

test('WIRE-15: text is cut at 256 characters, between characters and escapes', () => {
  const x = 'x'.repeat(250)
  assert.equal(errorOf(6, x.repeat(9))?.length, limits.dns.extraTextCharacters)
  assert.equal(errorOf(6, `${x}xxxxx😀`), `${x}xxxxx`)
  assert.equal(errorOf(6, `${x}xx\x1b[`), `${x}xx`)
})

test('WIRE-30: a text of 65531 zeros before another character costs one pass', () => {
  assert.equal(errorOf(6, `${'\0'.repeat(65_530)}x`)?.length, 255)
})

test('WIRE-15: text of any octets is printable, well formed and short', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' })), (text) => {
      const shown = errorOf(0, text) ?? ''
      assert.match(shown, /^[^\p{C}\p{Zl}\p{Zp}]*$/u)
      assert.ok(shown.isWellFormed() && shown.length <= limits.dns.extraTextCharacters)
    }),
  )
})

const named: [code: number, text: string][] = [
  [0, 'Other'],
  [6, 'DNSSEC Bogus'],
  [9, 'DNSKEY Missing'],
  [12, 'NSEC Missing'],
  [18, 'Prohibited'],
  [22, 'No Reachable Authority'],
  [27, 'Unsupported NSEC3 Iterations Value'],
  [30, 'Invalid Query Type'],
  [31, 'EDE 31'],
  [65535, 'EDE 65535'],
]
for (const [code, text] of named) {
  test(`RFC 8914 §5.2: code ${code} is "${text}"`, () => assert.equal(formatExtendedErrorCode(code), text))
}

test('formatExtendedError adds what the server said', () => {
  assert.equal(formatExtendedError({ code: 6, text: 'no luck' }), 'DNSSEC Bogus: no luck')
  assert.equal(formatExtendedError({ code: 6, text: '' }), 'DNSSEC Bogus')
})
