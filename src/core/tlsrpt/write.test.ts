import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDomainName } from '../name/domain.ts'
import { parseReportRecord } from './record.ts'
import { reportsToItself, type TargetFault, writeReportRecord } from './write.ts'

const written: [what: string, places: string[], text: string][] = [
  ['one mailbox', ['mailto:tls@example.org'], 'v=TLSRPTv1; rua=mailto:tls@example.org'],
  ['a bare mailbox', ['tls@example.org'], 'v=TLSRPTv1; rua=mailto:tls@example.org'],
  [
    'several places, in their order',
    ['https://reports.example.net/v1?d=example.org', 'mailto:tls@example.org'],
    'v=TLSRPTv1; rua=https://reports.example.net/v1?d=example.org,mailto:tls@example.org',
  ],
  [
    'a place that repeats, once',
    ['tls@example.org', 'mailto:tls@example.org'],
    'v=TLSRPTv1; rua=mailto:tls@example.org',
  ],
  ['a comma that is encoded', ['mailto:a%2Cb@example.org'], 'v=TLSRPTv1; rua=mailto:a%2Cb@example.org'],
]
for (const [what, places, text] of written) {
  test(`RPT-4: a record for ${what}, which its reader reads`, () => {
    const record = writeReportRecord(places)
    assert.ok(record.ok)
    assert.equal(record.value.text, text)
    const read = parseReportRecord(text)
    assert.ok(read.ok && read.value.passedOver.length === 0 && read.value.warnings.length === 0)
    assert.deepEqual(read.value.targets, record.value.targets)
  })
}

const refused: [what: string, places: string[], fault: TargetFault, at: number][] = [
  ['no place at all', [], 'none', 0],
  ['another scheme', ['http://reports.example.net/'], 'scheme', 0],
  ['a name alone', ['reports.example.net'], 'scheme', 0],
  ['RPT-5: a size as of DMARC', ['mailto:tls@example.org!10m'], 'reserved', 0],
  ['a second address', ['tls@example.org', 'mailto:a@example.org,b@example.org'], 'reserved', 1],
  ['what would begin another field', ['mailto:a@example.org;rua=mailto:b@example.net'], 'reserved', 0],
  ['white space', ['mailto:a@example.org b'], 'reserved', 0],
  ['no address', ['mailto:'], 'address', 0],
  ['no domain', ['mailto:tls'], 'address', 0],
  ['no host', ['https://'], 'host', 0],
  ['an address in the place of a host', ['https://192.0.2.1/'], 'host', 0],
]
for (const [what, places, fault, at] of refused) {
  test(`writeReportRecord refuses ${what}`, () => {
    const record = writeReportRecord(places)
    assert.ok(!record.ok)
    assert.equal(record.fault, fault)
    if (at > 0) assert.equal(record.at, at)
  })
}

const loops: [what: string, places: string[], isLoop: boolean][] = [
  ['the domain itself', ['tls@example.org'], true],
  ['a host of the domain', ['tls@in.example.org'], true],
  ['the domain and elsewhere', ['tls@example.org', 'tls@example.net'], false],
  ['HTTPS, whose certificate is another', ['https://reports.example.org/'], false],
  ['a domain that ends alike', ['tls@notexample.org'], false],
]
for (const [what, places, isLoop] of loops) {
  test(`reports to ${what} ${isLoop ? 'lie' : 'do not lie'} behind the TLS that they are about`, () => {
    const record = writeReportRecord(places)
    const domain = parseDomainName('example.org')
    assert.ok(record.ok && domain.ok)
    assert.equal(reportsToItself(record.value.targets, domain.value), isLoop)
  })
}
