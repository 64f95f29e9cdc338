import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { formatRecord } from '../dns/zone-text.ts'
import { delegationRecords, hostRecords, ownRecords } from './host-records.ts'

const host = domain('sts.host.example')
const addresses = ['192.0.2.1', '2001:db8::1']
const long = domain(Array.from({ length: 4 }, () => 'a'.repeat(62)).join('.'))

test('STS-111: the zone of a policy host has addresses, a record for each policy, and an alias for each profile', () => {
  const policies = [
    { label: 'soft', id: '1' },
    { label: 'a.example', id: '2' },
    { label: long, id: '3' },
  ]
  assert.deepEqual(hostRecords(host, { addresses, policies }).map(formatRecord), [
    'sts.host.example. 3600 IN A 192.0.2.1',
    'sts.host.example. 3600 IN AAAA 2001:db8::1',
    'soft._mta-sts.sts.host.example. 3600 IN TXT "v=STSv1; id=1;"',
    'soft.sts.host.example. 3600 IN CNAME sts.host.example.',
    'a.example._mta-sts.sts.host.example. 3600 IN TXT "v=STSv1; id=2;"',
  ])
})

test('STS-111: a domain delegates by two aliases', () => {
  assert.deepEqual(delegationRecords(domain('b.example'), 'soft', host)?.map(formatRecord), [
    '_mta-sts.b.example. 3600 IN CNAME soft._mta-sts.sts.host.example.',
    'mta-sts.b.example. 3600 IN CNAME sts.host.example.',
  ])
  assert.equal(delegationRecords(long, 'soft', host), undefined)
})

test('STS-1: a domain of its own publishes the record and the addresses', () => {
  assert.deepEqual(ownRecords(domain('b.example'), { id: '1', addresses })?.map(formatRecord), [
    '_mta-sts.b.example. 3600 IN TXT "v=STSv1; id=1;"',
    'mta-sts.b.example. 3600 IN A 192.0.2.1',
    'mta-sts.b.example. 3600 IN AAAA 2001:db8::1',
  ])
  assert.equal(ownRecords(long, { id: '1', addresses }), undefined)
})
