import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { lookupStsRecord, type StsRecordFinding } from './sts-record.ts'

const signal = new AbortController().signal

function look(world: string, name = 'example.com'): Promise<StsRecordFinding> {
  return lookupStsRecord(domain(name), { resolver: fakeResolver(world), signal })
}

const valid: [what: string, world: string][] = [
  ['one record', 'insecure _mta-sts.example.com. TXT "v=STSv1; id=20260101;"'],
  ['a secure record', 'secure _mta-sts.example.com. TXT "v=STSv1; id=20260101;"'],
  ['strings to be joined', 'insecure _mta-sts.example.com. TXT "v=STSv1; id=2026" "0101;"'],
  [
    'other records beside it',
    'insecure _mta-sts.example.com. TXT "v=spf1 -all"\ninsecure _mta-sts.example.com. TXT "v=STSv1; id=20260101;"',
  ],
  [
    'an alias to its provider',
    'insecure _mta-sts.example.com. CNAME sts.example.net.\ninsecure sts.example.net. TXT "v=STSv1; id=20260101;"',
  ],
]
for (const [what, world] of valid) {
  test(`RFC 8461 §3.1: ${what} yields the id`, async () => {
    const finding = await look(world)
    assert.equal(finding.kind === 'valid' && finding.id, '20260101')
    assert.equal(finding.resolution?.kind, 'answer')
  })
}

const others: [what: string, world: string, kind: StsRecordFinding['kind'], reason?: RegExp][] = [
  ['no such name', '', 'absent'],
  ['a name without TXT', 'insecure _mta-sts.example.com. A 192.0.2.1', 'absent'],
  ['a record at the domain itself', 'insecure example.com. TXT "v=STSv1; id=1;"', 'absent'],
  ['an alias to nothing', 'insecure _mta-sts.example.com. CNAME sts.example.net.', 'absent'],
  ['one record that is another', 'insecure _mta-sts.example.com. TXT "v=spf1 -all"', 'invalid', /^version$/],
  [
    'two records',
    'insecure _mta-sts.example.com. TXT "v=STSv1; id=1;"\ninsecure _mta-sts.example.com. TXT "v=STSv1; id=1;"',
    'invalid',
    /^several$/,
  ],
  ['SERVFAIL', 'servfail _mta-sts.example.com. TXT', 'failed', /servfail/],
  ['a bogus answer', 'bogus _mta-sts.example.com. TXT', 'failed', /bogus/],
  [
    'an alias to a name that fails',
    'insecure _mta-sts.example.com. CNAME sts.example.net.\nservfail sts.example.net. TXT',
    'failed',
    /servfail/,
  ],
]
for (const [what, world, kind, reason] of others) {
  test(`STS-64: ${what} is ${kind}`, async () => {
    const finding = await look(world)
    assert.equal(finding.kind, kind)
    if (reason !== undefined) assert.match('reason' in finding ? finding.reason : '', reason)
  })
}

test('STS-1: the record is asked for below the A-labels', async () => {
  const resolver = fakeResolver('insecure _mta-sts.xn--bcher-kva.example. TXT "v=STSv1; id=1"')
  assert.equal((await lookupStsRecord(domain('bücher.example'), { resolver, signal })).kind, 'valid')
  assert.deepEqual(resolver.asked, ['_mta-sts.xn--bcher-kva.example TXT'])
})

test('a domain too long to have the record has none, and DNS is not asked', async () => {
  const label = 'a'.repeat(61)
  const resolver = fakeResolver('servfail . TXT')
  const finding = await lookupStsRecord(domain(`${label}.${label}.${label}.${label}.com`), { resolver, signal })
  assert.deepEqual(finding, { kind: 'absent', resolution: undefined })
  assert.deepEqual(resolver.asked, [])
})
