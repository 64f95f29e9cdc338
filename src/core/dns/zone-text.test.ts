import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plain, rdataOf, records } from '../../../test/fuzz/arbitrary-records.ts'
import vectors from '../../../test/vectors/dns-wire.json' with { type: 'json' }
import { limits } from '../limits.ts'
import { nameFromLabels, rootName } from '../name/name.ts'
import { hex } from './octets.ts'
import { formatRdata } from './rdata/format.ts'
import { TYPE } from './types.ts'
import {
  formatRecord,
  parseRecord,
  parseTtl,
  parseZone,
  positionOf,
  type ZoneFault,
  type ZoneTextOptions,
} from './zone-text.ts'

const origin = nameFromLabels(['vec', 'test']) ?? rootName

function lines(text: string, options: ZoneTextOptions = { origin, ttl: 300 }): string[] {
  const records = parseZone(text, options)
  assert.ok(records.ok, JSON.stringify(records))
  return records.value.map(formatRecord)
}

test('WIRE-37, RFC 1035 §5.1: a zone with all that zone text allows', () => {
  const text = `; a comment
$ORIGIN Vec.test.
$TTL 1h30m ; for all below
@ IN SOA ns1 host\\.master ( 2026010100
\t7200 3600 1209600 300 ) ; ends here
 IN NS ns1
\tNS ns2.other.

ns1 60 IN A 192.0.2.1
ns1 IN 61 A 192.0.2.2
\tAAAA 2001:db8::1\r
$ORIGIN sub
a TXT ( one
  "two; (three)" ; not here
  "four" )`
  assert.deepEqual(lines(text, {}), [
    'Vec.test. 5400 IN SOA ns1.Vec.test. host\\.master.Vec.test. 2026010100 7200 3600 1209600 300',
    'Vec.test. 5400 IN NS ns1.Vec.test.',
    'Vec.test. 5400 IN NS ns2.other.',
    'ns1.Vec.test. 60 IN A 192.0.2.1',
    'ns1.Vec.test. 61 IN A 192.0.2.2',
    'ns1.Vec.test. 5400 IN AAAA 2001:db8::1',
    'a.sub.Vec.test. 5400 IN TXT "one" "two; (three)" "four"',
  ])
})

const read: [why: string, text: string, line: string][] = [
  ['class and TTL in either order', 'a CH 60 TXT x', 'a.vec.test. 60 CH TXT "x"'],
  ['types and classes in lower case', 'a in mx 10 b', 'a.vec.test. 300 IN MX 10 b.vec.test.'],
  ['types and classes by number', 'a CLASS3 TYPE16 x', 'a.vec.test. 300 CH TXT "x"'],
  ['owners that look like types', 'MX MX 10 A', 'MX.vec.test. 300 IN MX 10 A.vec.test.'],
  ['owners that look like TTLs', '60 60 A 192.0.2.1', '60.vec.test. 60 IN A 192.0.2.1'],
  ['a directive with an escape, which is a name', '\\$TTL A 192.0.2.1', '\\$TTL.vec.test. 300 IN A 192.0.2.1'],
  ['wildcards and underscores', '*._tcp TXT x', '*._tcp.vec.test. 300 IN TXT "x"'],
  ['an entry that begins with a parenthesis', '( a A\n192.0.2.1 )', 'a.vec.test. 300 IN A 192.0.2.1'],
  ['the null MX', '@ MX 0 .', 'vec.test. 300 IN MX 0 .'],
  ['a TTL of 32 bits', 'a 4294967295 A 192.0.2.1', 'a.vec.test. 4294967295 IN A 192.0.2.1'],
  ['escapes in strings', 'a TXT "\\"\\\\\\065\\255" \\;\\"', 'a.vec.test. 300 IN TXT "\\"\\\\A\\255" ";\\""'],
  ['UTF-8 in strings, octet by octet', 'a TXT é', 'a.vec.test. 300 IN TXT "\\195\\169"'],
  ['empty strings', 'a TXT ""', 'a.vec.test. 300 IN TXT ""'],
  ['WIRE-29: unknown types', 'a TYPE65280 \\# 3 c0 0C01', 'a.vec.test. 300 IN TYPE65280 \\# 3 c00c01'],
  ['WIRE-29: unknown types without data', 'a TYPE65280 \\# 0', 'a.vec.test. 300 IN TYPE65280 \\# 0'],
  ['WIRE-29: known types in the generic form', 'a A \\# 4 c0000201', 'a.vec.test. 300 IN A 192.0.2.1'],
  ['WIRE-23: hexadecimal with white space', 'a TLSA 3 1 1 AA bb\tCC', 'a.vec.test. 300 IN TLSA 3 1 1 aabbcc'],
  [
    'WIRE-23: a TLSA record without data, which has only the generic form',
    'a TLSA \\# 3 030101',
    'a.vec.test. 300 IN TLSA \\# 3 030101',
  ],
  ['WIRE-24: base64 with white space', 'a DNSKEY 257 3 15 AA AA', 'a.vec.test. 300 IN DNSKEY 257 3 15 AAAA'],
  [
    'WIRE-26: times in seconds',
    'a RRSIG A 15 1 1 1 2 3 . AA==',
    'a.vec.test. 300 IN RRSIG A 15 1 1 19700101000001 19700101000002 3 . AA==',
  ],
  ['WIRE-27: NSEC without types', 'a NSEC b', 'a.vec.test. 300 IN NSEC b.vec.test.'],
  ['WIRE-28: salts', 'a NSEC3PARAM 1 0 0 AABB', 'a.vec.test. 300 IN NSEC3PARAM 1 0 0 aabb'],
  ['WIRE-28: hashes in upper case', 'a NSEC3 1 0 0 - C0 A', 'a.vec.test. 300 IN NSEC3 1 0 0 - c0 A'],
  [
    'SVCB parameters, which are put in order',
    'a HTTPS 1 . key3=a no-default-alpn key1="\\002h2"',
    'a.vec.test. 300 IN HTTPS 1 . alpn=h2 no-default-alpn key3=a',
  ],
  [
    'SVCB parameters by name',
    'a HTTPS 1 . port=443 ipv6hint=2001:DB8::1,::2 alpn="h2,h3" ipv4hint=192.0.2.1,192.0.2.2 mandatory=ipv4hint,alpn ech=AAE=',
    'a.vec.test. 300 IN HTTPS 1 . mandatory=alpn,ipv4hint alpn=h2,h3 port=443 ipv4hint=192.0.2.1,192.0.2.2 ech=AAE= ipv6hint=2001:db8::1,::2',
  ],
  [
    'RFC 9460 §D.2: protocols with commas and backslashes, escaped twice',
    'a SVCB 16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    'a.vec.test. 300 IN SVCB 16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
  ['CAA', 'a CAA 0 issue "ca.example; x=y"', 'a.vec.test. 300 IN CAA 0 issue "ca.example; x=y"'],
  [
    'CAA whose tag is no word (RFC 8659 §4.1.1)',
    'a CAA 0 "is sue" "x"',
    'a.vec.test. 300 IN CAA \\# 9 000669732073756578',
  ],
  ['NAPTR', 'a NAPTR 1 2 "u" "sip" "" .', 'a.vec.test. 300 IN NAPTR 1 2 "u" "sip" "" .'],
]
for (const [why, text, line] of read) {
  test(`WIRE-37: zone text with ${why}`, () => assert.deepEqual(lines(text), [line]))
}

const refused: [why: string, text: string, fault: ZoneFault, at: number][] = [
  ['an include', '$INCLUDE /etc/passwd', 'unknown-directive', 0],
  ['an unknown directive', 'a A 192.0.2.1\n$GENERATE 1-2 a A 192.0.2.1', 'unknown-directive', 14],
  ['an origin without a name', '$ORIGIN', 'bad-directive', 0],
  ['an origin and something', '$ORIGIN a b', 'bad-directive', 0],
  ['an origin that is no name', '$ORIGIN a..b', 'bad-directive', 8],
  ['a $TTL that is none', '$TTL soon', 'bad-directive', 5],
  ['an owner left out at the beginning', ' A 192.0.2.1', 'no-owner', 0],
  ['an owner that is no name', 'a..b A 192.0.2.1', 'bad-owner', 2],
  ['an owner alone', 'a', 'no-type', 0],
  ['a type that is none', 'a WHAT 1', 'no-type', 2],
  ['a type that no zone has: OPT', 'a OPT \\# 0', 'no-type', 2],
  ['a type that no zone has: TSIG', 'a TSIG \\# 0', 'no-type', 2],
  ['a type that no zone has: ANY', 'a ANY \\# 0', 'no-type', 2],
  ['a type that no zone has: TYPE0', 'a TYPE0 \\# 0', 'no-type', 2],
  ['two TTLs', 'a 60 60 A 192.0.2.1', 'no-type', 5],
  ['data left out', 'a A', 'missing-field', 2],
  ['data half left out', 'a MX 10', 'missing-field', 7],
  ['data too much', 'a A 192.0.2.1 192.0.2.2', 'surplus-field', 14],
  ['an address of the other family', 'a A ::1', 'bad-field', 4],
  ['a number over 16 bits', 'a MX 65536 b', 'bad-field', 5],
  ['a number with a sign', 'a MX -1 b', 'bad-field', 5],
  ['half an octet', 'a TLSA 3 1 1 abc', 'bad-field', 13],
  ['base64 without its padding', 'a DNSKEY 257 3 15 AAA', 'bad-field', 18],
  ['a TLSA record without data', 'a TLSA 3 1 1', 'missing-field', 12],
  ['a string over 255 octets', `a TXT ${'x'.repeat(256)}`, 'bad-field', 6],
  ['an escape over 255', 'a TXT \\256', 'bad-field', 6],
  ['half an escape', 'a TXT \\25', 'bad-field', 6],
  ['an escape of what is no octet', 'a TXT \\€', 'bad-field', 6],
  ['more words than octets fit', `a TXT ${'x '.repeat(65536)}`, 'malformed-rdata', 6],
  ['a parameter twice', 'a SVCB 1 . key1=a key1=b', 'bad-field', 11],
  ['a parameter that nobody knows by name', 'a SVCB 1 . dohpath=/q', 'bad-field', 11],
  ['a parameter twice, by name and by number', 'a SVCB 1 . port=1 key3=ab', 'bad-field', 11],
  ['protocols without a name', 'a SVCB 1 . alpn=h2,', 'bad-field', 11],
  ['no protocols', 'a SVCB 1 . alpn', 'bad-field', 11],
  ['a protocol over 255 octets', `a SVCB 1 . alpn=${'x'.repeat(256)}`, 'bad-field', 11],
  ['a value where none may be', 'a SVCB 1 . no-default-alpn=x', 'bad-field', 11],
  ['a port over 16 bits', 'a SVCB 1 . port=65536', 'bad-field', 11],
  ['a hint of the other family', 'a SVCB 1 . ipv4hint=::1', 'bad-field', 11],
  ['a hint without addresses', 'a SVCB 1 . ipv6hint=', 'bad-field', 11],
  ['a list of mandatory keys that has itself', 'a SVCB 1 . mandatory=mandatory', 'bad-field', 11],
  ['a list of mandatory keys that has one twice', 'a SVCB 1 . mandatory=alpn,key1', 'bad-field', 11],
  ['a list of mandatory keys that has what is none', 'a SVCB 1 . mandatory=x', 'bad-field', 11],
  ['ech that is no base64', 'a SVCB 1 . ech=A', 'bad-field', 11],
  ['an unknown type without the generic form', 'a TYPE65280 x', 'unknown-type', 12],
  ['generic data of another length', 'a TYPE65280 \\# 2 c00c01', 'bad-field', 15],
  ['generic data that is malformed', 'a A \\# 3 c00002', 'malformed-rdata', 7],
  ['WIRE-06: generic data with a pointer', 'a MINFO \\# 16 0c00000000000000000000000000c00c', 'malformed-rdata', 11],
  ['generic data over 65535 octets', `a TYPE65280 \\# 65536 ${'00'.repeat(65536)}`, 'malformed-rdata', 15],
  ['a parenthesis never closed', 'a A ( 192.0.2.1', 'unbalanced-parenthesis', 15],
  ['a parenthesis never opened', 'a A 192.0.2.1 )', 'unbalanced-parenthesis', 14],
  ['parentheses in parentheses', 'a A (( 192.0.2.1 ))', 'unbalanced-parenthesis', 5],
  ['a quote never closed', 'a TXT "x', 'unclosed-quote', 6],
  ['a string over two lines', 'a TXT "x\ny"', 'unclosed-quote', 6],
]
for (const [why, text, fault, at] of refused) {
  test(`WIRE-37: zone text is refused with ${why}`, () => {
    assert.deepEqual(parseZone(text, { origin, ttl: 300 }), { ok: false, fault, at })
  })
}

test('WIRE-37: without an origin, relative names are refused; without a TTL, records are', () => {
  assert.deepEqual(parseZone('a A 192.0.2.1', { ttl: 1 }), { ok: false, fault: 'bad-owner', at: 1 })
  assert.deepEqual(parseZone('@ A 192.0.2.1', { ttl: 1 }), { ok: false, fault: 'bad-owner', at: 0 })
  assert.deepEqual(parseZone('a. MX 1 b', { ttl: 1 }), { ok: false, fault: 'bad-field', at: 8 })
  assert.deepEqual(parseZone('a. A 192.0.2.1'), { ok: false, fault: 'no-ttl', at: 3 })
  assert.deepEqual(parseZone('$ORIGIN a', { ttl: 1 }), { ok: false, fault: 'bad-directive', at: 8 })
})

test('RFC 1035 §5.1: a TTL or class left out is the last one stated', () => {
  const text = 'a. 60 CH TXT x\n  TXT y\nb. TXT z\nb. 30 IN TXT z\nb. TXT y'
  const expected = ['a. 60 CH TXT "x"', 'a. 60 CH TXT "y"', 'b. 60 CH TXT "z"', 'b. 30 IN TXT "z"', 'b. 30 IN TXT "y"']
  assert.deepEqual(lines(text, {}), expected)
})

test('RFC 2308 §4: a $TTL, or the TTL that was given for all, comes before one stated', () => {
  assert.deepEqual(lines('$TTL 10\na. 60 TXT x\na. TXT y', {}), ['a. 60 IN TXT "x"', 'a. 10 IN TXT "y"'])
  assert.deepEqual(lines('a. 60 TXT x\na. TXT y', { ttl: 20 }), ['a. 60 IN TXT "x"', 'a. 20 IN TXT "y"'])
})

test('parseZone refuses text over its limit', () => {
  const text = ';'.repeat(limits.dns.zoneTextOctets + 1)
  assert.deepEqual(parseZone(text), { ok: false, fault: 'too-long', at: limits.dns.zoneTextOctets })
  assert.deepEqual(parseZone(text.slice(1)), { ok: true, value: [] })
})

test('parseRecord takes exactly one record', () => {
  assert.equal(parseRecord('a. 1 A 192.0.2.1').ok, true)
  assert.deepEqual(parseRecord('; nothing'), { ok: false, fault: 'no-owner', at: 0 })
  assert.deepEqual(parseRecord('a. 1 A 192.0.2.1\nb. 1 A 192.0.2.1'), { ok: false, fault: 'surplus-field', at: 16 })
})

const ttls: [text: string, seconds: number | undefined][] = [
  ['0', 0],
  ['3600', 3600],
  ['1h30m', 5400],
  ['1W2D3H4M5S', 788_645],
  ['4294967295', 4_294_967_295],
  ['4294967296', undefined],
  ['1s'.repeat(28), undefined],
  ['0000000001s'.repeat(5), 5],
  ['7102w', undefined],
  ['1h30', undefined],
  ['h', undefined],
  ['', undefined],
  ['-1', undefined],
  ['1y', undefined],
  ['1.5h', undefined],
  ['0x10', undefined],
]
for (const [text, seconds] of ttls) {
  test(`WIRE-34: the TTL "${text}" is ${seconds ?? 'none'}`, () => assert.equal(parseTtl(text), seconds))
}

test('positionOf counts lines and columns from 1', () => {
  assert.deepEqual(positionOf('ab\ncd', 0), { line: 1, column: 1 })
  assert.deepEqual(positionOf('ab\ncd', 4), { line: 2, column: 2 })
})

for (const { type, text, hex: octets } of vectors.rdata) {
  test(`DV5.3, DV5.5: ${type} ${text.slice(0, 40)} is ${octets.slice(0, 20)}…, and back`, () => {
    const record = parseRecord(`x. 1 IN ${type} ${text}`)
    assert.ok(record.ok, JSON.stringify(record))
    assert.equal(hex(record.value.rdata), octets)
    assert.equal(formatRdata(record.value.type, record.value.rdata), text)
  })
}

test('malformed data is shown in the generic form', () => {
  assert.equal(formatRdata(TYPE.A, Uint8Array.of(1, 2, 3)), '\\# 3 010203')
  assert.equal(formatRdata(TYPE.TXT, new Uint8Array()), '\\# 0')
})

test('WIRE-38: records of every type come back from their text', () => {
  fc.assert(
    fc.property(records, (record) => {
      const text = formatRecord(record)
      assert.match(text, /^[ -~]+$/)
      const parsed = parseRecord(text)
      assert.ok(parsed.ok, `${text}: ${JSON.stringify(parsed)}`)
      assert.deepEqual(plain(parsed.value), plain(record))
    }),
    { numRuns: 1000 },
  )
})

test('WIRE-29: records of every type come back from the generic form', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(TYPE)), fc.gen(), (type, gen) => {
      const rdata = gen(rdataOf, type)
      const words = `\\# ${rdata.length} ${hex(rdata)}`
      const parsed = parseRecord(`x. 1 IN TYPE${type} ${words}`)
      if (type === TYPE.OPT || type === TYPE.TSIG || type === TYPE.ANY) return assert.equal(parsed.ok, false)
      assert.deepEqual(parsed.ok && plain(parsed.value.rdata), rdata)
    }),
  )
})

test('a whole zone comes back from its text', () => {
  fc.assert(
    fc.property(fc.array(records, { maxLength: 8 }), (zone) => {
      const parsed = parseZone(zone.map(formatRecord).join('\n'))
      assert.ok(parsed.ok)
      assert.deepEqual(plain(parsed.value), plain(zone))
    }),
  )
})

test('data of any octets has a text of printable ASCII', () => {
  fc.assert(
    fc.property(fc.nat({ max: 300 }), fc.uint8Array(), (type, rdata) => {
      assert.match(formatRdata(type, rdata), /^[ -~]*$/)
    }),
    { numRuns: 1000 },
  )
})

const words = [
  'a',
  '@',
  '.',
  ' ',
  '\t',
  '\n',
  '\r\n',
  ';',
  '(',
  ')',
  '"',
  '\\',
  '\\#',
  '1',
  '60',
  '1h',
  'IN',
  '$TTL ',
  '$ORIGIN ',
]
const types = [
  'A',
  'MX',
  'TXT',
  'SOA',
  'NSEC3',
  'SVCB',
  'TYPE1',
  'RRSIG',
  'CAA',
  'key1=',
  '192.0.2.1',
  '::',
  'é',
  '\ud800',
  '\0',
]
const zoneText = fc.oneof(
  fc.array(fc.constantFrom(...words, ...types)).map((list) => list.join('')),
  fc.array(fc.constantFrom(...words, ...types)).map((list) => list.join(' ')),
  fc.string({ unit: 'binary' }),
)

test('WIRE-38: parseZone never throws, and what it takes has a text again', () => {
  fc.assert(
    fc.property(zoneText, fc.boolean(), (text, bare) => {
      const zone = parseZone(text, bare ? {} : { origin, ttl: 300 })
      if (!zone.ok) return assert.ok(zone.at >= 0 && zone.at <= text.length)
      const again = parseZone(zone.value.map(formatRecord).join('\n'))
      assert.deepEqual(again.ok && plain(again.value), plain(zone.value))
    }),
    { numRuns: 3000 },
  )
})
