import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { day, policyBody, startStsWorld } from '../../../test/support/sts-world.ts'
import { openStore } from '../store/open-store.ts'

const a = domain('a.example')
const enforce = policyBody('enforce', 7 * day)

test('STS-20: without a record nothing is fetched, and there is no policy', async (context) => {
  const world = await startStsWorld(context)
  world.serve(enforce)
  for (const [record, row] of [
    ['absent', 'S1'],
    ['invalid', 'S2'],
    ['several', 'S2'],
    ['servfail', 'S3'],
    ['bogus', 'S3'],
  ] as const) {
    world.publish(record)
    const { row: found, policy, lapsed } = await world.service.lookup(a)
    assert.deepEqual([found, policy, lapsed], [row, undefined, false], record)
  }
  assert.equal(world.host.requests.length, 0)
  assert.equal(await world.store.policies.find(a), undefined)
})

test('STS-60: the first policy is on disk, with its id and text, before anybody hears of it', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  const finding = await world.service.lookup(a)
  const other = openStore(world.path) // sees only what is committed
  const stored = await other.policies.find(a)
  await other.close()
  const now = world.clock.now()
  const life = { fetchedAt: now, maxAge: 7 * day, refreshAt: now + day * 1000 }
  assert.deepEqual(stored, { domain: a, id: '1', body: enforce, mode: 'enforce', ...life })
  assert.deepEqual([finding.row, finding.id, finding.failure, finding.lapsed], ['S4', '1', undefined, false])
  const { policy, ...applied } = finding.policy ?? assert.fail('no policy')
  assert.equal(policy.mode, 'enforce')
  const times = { fetchedAt: now, expiresAt: now + 7 * day * 1000 }
  assert.deepEqual(applied, { id: '1', body: enforce, source: 'fetched', ...times })
  assert.deepEqual(world.events, [{ kind: 'policy-stored', domain: a, id: '1', mode: 'enforce' }])
})

test('STS-61: an id that is no news leaves the policy as it is, and needs no fetch', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  const first = await world.service.lookup(a)
  world.serve(policyBody('none', day))
  world.clock.move(day - 0.001)
  const again = await world.service.lookup(a)
  assert.equal(again.row, 'S8')
  assert.deepEqual(again.policy, { ...first.policy, source: 'cache' })
  assert.equal(world.host.requests.length, 1)
  assert.equal(world.lookups(), 2)
})

test('STS-61, STS-92: a new id is fetched and takes the place of the old, also in mode none', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  await world.service.lookup(a)
  for (const mode of ['testing', 'none'] as const) {
    world.publish(mode)
    world.serve(policyBody(mode, day))
    const { row, policy } = await world.service.lookup(a)
    assert.deepEqual([row, policy?.id, policy?.policy.mode], ['S9', mode, mode])
    assert.equal((await world.store.policies.find(a))?.mode, mode)
    assert.equal((await world.service.lookup(a)).row, 'S8')
  }
  assert.equal(world.host.requests.length, 3)
})

for (const [record, reason, lapsedRow] of [
  ['absent', /the TXT record is gone/, 'S1'],
  ['invalid', /the TXT record is invalid: syntax/, 'S2'],
  ['several', /the TXT record is invalid: several/, 'S2'],
  ['servfail', /the TXT lookup failed: .*servfail/, 'S3'],
  ['bogus', /the TXT lookup failed: .*bogus/, 'S3'],
] as const) {
  test(`STS-29, STS-64: a record that becomes ${record} ends no policy in force`, async (context) => {
    const world = await startStsWorld(context)
    world.publish('1')
    world.serve(enforce)
    await world.service.lookup(a)
    world.publish(record)
    world.clock.move(day - 1)
    for (const requests of [1, 2]) {
      const { row, policy, failure } = await world.service.lookup(a)
      assert.deepEqual([row, policy?.id, policy?.policy.mode], ['S11', '1', 'enforce'])
      assert.match(failure?.reason ?? '', reason)
      assert.equal(world.host.requests.length, requests)
      world.serve(undefined)
      world.clock.move(6 * day)
    }
    world.clock.move(1 - 6 * day)
    const { row: after, policy: none, lapsed } = await world.service.lookup(a)
    assert.deepEqual([after, none, lapsed], [lapsedRow, undefined, true])
  })
}

test('STS-61: a fetch that fails keeps the policy and its old id, so that it is tried again', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  await world.service.lookup(a)
  const before = await world.store.policies.find(a)
  world.publish('2')
  world.serve(undefined)
  const { row, id, policy, failure } = await world.service.lookup(a)
  assert.deepEqual([row, id, policy?.id, policy?.policy.mode], ['S10', '2', '1', 'enforce'])
  assert.deepEqual(failure?.resultType, 'sts-policy-fetch-error')
  assert.deepEqual(await world.store.policies.find(a), before)
  world.clock.move(301)
  world.serve(policyBody('testing', day))
  const later = await world.service.lookup(a)
  assert.deepEqual([later.row, later.policy?.id, later.policy?.policy.mode], ['S9', '2', 'testing'])
})

for (const [what, body] of [
  ['without a mode', 'version: STSv1\nmax_age: 86400\n'],
  ['that is not UTF-8', Buffer.from([0x76, 0xff])],
  ['that begins with a byte order mark', `\ufeff${enforce}`],
  ['that is a web page', '<html>'],
] as const) {
  test(`STS-28, STS-48: a body ${what} is no policy, and never stored`, async (context) => {
    const world = await startStsWorld(context)
    world.publish('1')
    world.host.answer = (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(body)
    const { row, policy, failure } = await world.service.lookup(a)
    assert.deepEqual([row, policy, failure?.resultType], ['S7', undefined, 'sts-policy-invalid'])
    assert.equal(await world.store.policies.find(a), undefined)
  })
}

test('STS-28: on first contact a policy host that fails, or that is not who it should be, means no policy', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  const failed = await world.service.lookup(a)
  assert.deepEqual(
    [failed.row, failed.policy, failed.failure?.reason],
    ['S5', undefined, 'the policy host answered with status 500'],
  )
  world.clock.move(400 * 365 * day)
  const expired = await world.service.lookup(a)
  assert.deepEqual([expired.row, expired.failure?.resultType], ['S6', 'sts-webpki-invalid'])
  assert.deepEqual(
    world.events.map(({ kind }) => kind),
    ['fetch-failed', 'fetch-failed'],
  )
})

test('STS-30: a policy is for its domain, and not for what is below', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(enforce)
  await world.service.lookup(a)
  assert.equal((await world.service.lookup(domain('mail.a.example'))).row, 'S1')
})

test('V-STSTXT 17, STS-2, STS-31: an alias lends its id, and the policy is still the domain’s own', async (context) => {
  const world = await startStsWorld(context)
  world.serve(enforce)
  world.resolver.setWorld(`insecure _mta-sts.a.example. CNAME _mta-sts.prov.example.
    insecure _mta-sts.prov.example. TXT "v=STSv1; id=p9"
    insecure mta-sts.a.example. A 192.0.2.1`)
  const { row, policy } = await world.service.lookup(a)
  assert.deepEqual([row, policy?.id], ['S4', 'p9'])
  assert.deepEqual(world.host.serverNames, ['mta-sts.a.example'])
})

test('STS-43: a policy with max_age 0 counts for who fetched it, and for nobody after', async (context) => {
  const world = await startStsWorld(context)
  world.publish('1')
  world.serve(policyBody('enforce', 0))
  for (const fetches of [1, 2]) {
    const { row, policy } = await world.service.lookup(a)
    assert.deepEqual([row, policy?.policy.mode], ['S4', 'enforce'])
    assert.equal(world.host.requests.length, fetches)
  }
})

test('refresh fetches the policy in force whatever the record says, and nothing when none is', async (context) => {
  const world = await startStsWorld(context)
  world.serve(enforce)
  assert.equal(await world.service.refresh(a), undefined)
  world.publish('1')
  await world.service.lookup(a)
  world.publish('absent')
  world.clock.move(day)
  world.serve(policyBody('testing', day))
  const served = await world.service.refresh(a)
  assert.equal(served?.kind === 'policy' && served.policy.mode, 'testing')
  const stored = await world.store.policies.find(a)
  assert.deepEqual([stored?.id, stored?.mode, stored?.fetchedAt], ['1', 'testing', world.clock.now()])
  world.clock.move(day)
  assert.equal(await world.service.refresh(a), undefined)
})
