import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseReportRecord, parseReportRecords } from './record.ts'

/** What reports go to, or why there is no record. */
function read(...texts: readonly string[]): string {
  const result = parseReportRecords(texts.map((text) => [text]))
  if (!result.ok) return result.fault
  return result.value.targets.map((target) => (target.kind === 'mailto' ? target.address : target.uri)).join(' ')
}

const cases: [requirement: string, text: string, expected: string][] = [
  ['V-RPTTXT', 'v=TLSRPTv1;rua=mailto:reports@example.com', 'reports@example.com'],
  ['V-RPTTXT, RPT-2', 'v=TLSRPTv1 ; rua=mailto:a@x.example', 'a@x.example'],
  ['V-RPTTXT', 'v=TLSRPTv1; rua=mailto:a@x.example , https://r.example/t;', 'a@x.example https://r.example/t'],
  ['V-RPTTXT, RPT-3', 'v=TLSRPTv1; rua=https://r.example/t?a=b; fut=ure', 'https://r.example/t?a=b'],
  ['V-RPTTXT, RPT-8', 'v=TLSRPTv1; rua=mailto:tls%2Crpt@x.example', '"tls,rpt"@x.example'],
  ['RPT-8: header fields count for nothing', 'v=TLSRPTv1; rua=mailto:a@x.example?subject=x', 'a@x.example'],
  ['V-RPTTXT, RPT-4', 'v=TLSRPTv1; rua=http://r.example/t', 'no-usable-rua'],
  ['V-RPTTXT, RPT-5', 'v=TLSRPTv1; rua=mailto:a@x.example!10m', 'no-usable-rua'],
  ['V-RPTTXT', 'v=TLSRPTv1; rua=mailto:a@x.example,', 'syntax'],
  ['V-RPTTXT', 'v=TLSRPTv1; rua=a@x.example', 'no-usable-rua'],
  ['V-RPTTXT', 'v=TLSRPTv1; rua=', 'syntax'],
  ['V-RPTTXT', 'v=TLSRPTv1; rua=mailto:a@x.example;;', 'syntax'],
  ['V-RPTTXT', 'v=TLSRPTv1; rua=mailto:a@x.example; fut=a=b', 'syntax'],
  ['V-RPTTXT', 'v=TLSRPTv1; RUA=mailto:a@x.example', 'no-rua'],
  ['a record without rua, at which aykevl/mta-sts crashes', 'v=TLSRPTv1', 'no-rua'],
  ['V-RPTTXT, RPT-1', 'v=tlsrptv1; rua=mailto:a@x.example', 'version'],
  ['V-RPTTXT', 'v=TLSRPTv2; rua=mailto:a@x.example', 'version'],
  ['text beyond ASCII, at which aykevl/mta-sts crashes', 'v=TLSRPTv1; rua=mailto:\u00e9@x.example', 'syntax'],
  ['RPT-3: fields before rua, which tlsrpt-reporter refuses', 'v=TLSRPTv1; x=y; rua=mailto:a@x.example', 'a@x.example'],
  ['RPT-4: repeated rua', 'v=TLSRPTv1; rua=mailto:a@x.example; rua=mailto:b@x.example', 'a@x.example b@x.example'],
]
for (const [requirement, text, expected] of cases) {
  test(`${requirement}: ${JSON.stringify(text)} comes to ${expected}`, () => assert.equal(read(text), expected))
}

test('RPT-2: what is no record of this version is passed over, and two records are none', () => {
  const good = 'v=TLSRPTv1; rua=mailto:a@x.example'
  assert.equal(read('v=spf1 -all', good), 'a@x.example')
  assert.equal(read(good, good), 'several')
  assert.equal(read('v=spf1 -all', 'x'), 'none')
  assert.equal(read(), 'none')
})

test('RPT-1: strings of one record are joined', () => {
  const result = parseReportRecords([['v=TLSRPTv1; rua=mail', 'to:a@x.example']])
  assert.ok(result.ok)
})

test('RPT-4: URIs of other schemes are passed over, and told of', () => {
  const result = parseReportRecord('v=TLSRPTv1; rua=ftp://a.example/,mailto:a@x.example; rua=tel:1')
  assert.ok(result.ok)
  assert.deepEqual(result.value.passedOver, ['ftp://a.example/', 'tel:1'])
  assert.deepEqual(result.value.warnings, ['repeated-rua'])
})

test('an https target has a host and a port', () => {
  const result = parseReportRecord('v=TLSRPTv1; rua=https://R.example:8443/t')
  assert.ok(result.ok)
  const [target] = result.value.targets
  assert.ok(target?.kind === 'https')
  assert.deepEqual([target.host, target.port], ['r.example', 8443])
})

const piece = fc.constantFrom(
  'v=TLSRPTv1',
  ';',
  ' ',
  'rua=',
  'mailto:',
  'https://',
  'a@b.example',
  ',',
  '!',
  '%2C',
  '=',
)
test('parseReportRecord never throws, and points into what it refuses', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 20 }).map((pieces) => `v=TLSRPTv1;${pieces.join('')}`),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const result = parseReportRecord(text)
      if (result.ok) assert.ok(result.value.targets.length > 0)
      else assert.ok(result.at >= 0 && result.at <= text.length)
    }),
    { numRuns: 2000 },
  )
})
