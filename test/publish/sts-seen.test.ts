// What of MTA-STS is to be seen of domains of a lab, at every address and every name server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import { seenIn } from '../../src/core/publish/sts-seen.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'

let lab: CheckLab

before(async () => {
  lab = await startCheckLab(`
zone   good.example
policy good.example mode=testing mx=mx.good.example max_age=86400 id=a1
zone   bare.example
zone   odd.example
policy odd.example txt=none body="mode: none"
zone   odd.example TXT "v=spf1 -all"
zone   _mta-sts.odd.example TXT "v=STSv1; id=a-b"
zone   _mta-sts.odd.example TXT "unrelated"
zone   moved.example
zone   _mta-sts.moved.example CNAME _mta-sts.good.example
zone   mta-sts.moved.example CNAME mta-sts.good.example
zone   late.example
policy late.example mode=testing mx=mx.late.example max_age=86400 status=500
`)
})
after(() => lab.close())

const seen = async (name: string) => seenIn(await lab.gather(name, { sections: new Set(['mta-sts', 'servers']) }))

test('STS-110: a policy, the id at every name server, and the record to remove', async () => {
  const found = await seen('good.example')
  assert.deepEqual(
    found.served.map((at) => at.kind === 'policy' && [at.policy.mode, at.policy.maxAge]),
    [['testing', 86_400]],
  )
  assert.ok(found.announced.length > 0 && found.announced.every((at) => at.kind === 'id' && at.id === 'a1'))
  assert.deepEqual(found.records.map(formatRecord), ['_mta-sts.good.example. 3600 IN TXT "v=STSv1; id=a1;"'])
  assert.deepEqual([found.ttl, found.zone, found.isDelegated, found.isHostGone], [3600, 'good.example', false, false])
  assert.match(found.hostRecords.map(formatRecord).join(), /^mta-sts\.good\.example\. 3600 IN A /)
})

test('a domain without anything', async () => {
  const found = await seen('bare.example')
  assert.deepEqual([found.served, found.records, found.ttl, found.isHostGone], [[], [], 0, true])
  assert.ok(found.announced.length > 0 && found.announced.every(({ kind }) => kind === 'none'))
})

test('STS-4: what counts as no record is told from there being none, and only it is removed', async () => {
  const found = await seen('odd.example')
  assert.deepEqual(
    found.announced.map((at) => at.kind === 'invalid' && at.reason),
    ['the record counts as none (id)'],
  )
  assert.equal(found.records.length, 1)
  assert.deepEqual(
    found.served.map((at) => at.kind === 'invalid' && at.reason),
    ['what it serves is no policy (version)'],
  )
})

test('STS-111: a record behind an alias is known for one that is not ours to change', async () => {
  const found = await seen('moved.example')
  assert.deepEqual([found.isDelegated, found.announced], [true, [{ server: 'the resolver', kind: 'id', id: 'a1' }]])
  assert.deepEqual(found.records.map(formatRecord), ['_mta-sts.moved.example. 3600 IN CNAME _mta-sts.good.example.'])
  assert.deepEqual(found.hostRecords.map(formatRecord), ['mta-sts.moved.example. 3600 IN CNAME mta-sts.good.example.'])
})

test('a host that fails serves nothing, and says why', async () => {
  const found = await seen('late.example')
  assert.deepEqual(
    found.served.map((at) => at.kind === 'failed' && /500/.test(at.reason)),
    [true],
  )
})
