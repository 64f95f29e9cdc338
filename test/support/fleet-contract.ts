// What every shared store must do, the one in memory and a real Redis alike.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { formatSharedPolicy } from '../../src/core/mtasts/shared-policy.ts'
import type { Fleet } from '../../src/io/store/shared/fleet.ts'
import { domain } from './domain.ts'

export interface FleetUnderTest {
  readonly fleet: Fleet
  /** Writes what stands there for a domain. */
  write(name: string, text: string): Promise<void>
  flush(): Promise<void>
}

const day = 86_400_000
const maxAge = 864_000
const name = domain('a.example')
const key = { domain: name, id: '1' }

export function sharedPolicyOf(fetchedAt: number, more: { id?: string; name?: string; refreshAt?: number } = {}) {
  const { id = '1', name: of = 'a.example', refreshAt = fetchedAt + day } = more
  const body = `version: STSv1\r\nmode: enforce\r\nmx: mx.${of}\r\nmax_age: ${maxAge}\r\n`
  return { domain: domain(of), id, body, fetchedAt, refreshAt }
}

/** `now` is what the clock of the fleet says. */
export function fleetContract(now: number, open: () => Promise<FleetUnderTest>): void {
  const found = async ({ fleet }: FleetUnderTest) => {
    const finding = await fleet.find(name)
    return finding.kind === 'policy' ? [finding.policy.fetchedAt, finding.policy.refreshAt] : finding.kind
  }

  test('what was put is found, and nothing before', async () => {
    const under = await open()
    assert.equal(await found(under), 'absent')
    assert.equal(await under.fleet.put(sharedPolicyOf(now - day), maxAge), 'put')
    const finding = await under.fleet.find(name)
    assert.equal(finding.kind, 'policy')
    const { policy: _, ...rest } = finding.kind === 'policy' ? finding.policy : { policy: undefined }
    assert.deepEqual(rest, sharedPolicyOf(now - day))
  })

  test('an older policy takes no place from a newer one, and the later refresh counts', async () => {
    const under = await open()
    const { fleet } = under
    await fleet.put(sharedPolicyOf(now - 10), maxAge)
    assert.equal(await fleet.put(sharedPolicyOf(now - 11), maxAge), 'kept')
    assert.equal(await fleet.put(sharedPolicyOf(now - 10), maxAge), 'kept')
    assert.equal(await fleet.put(sharedPolicyOf(now - 10, { refreshAt: now + 2 * day }), maxAge), 'put')
    assert.equal(await fleet.put(sharedPolicyOf(now - 10, { refreshAt: now + day }), maxAge), 'kept')
    assert.deepEqual(await found(under), [now - 10, now + 2 * day])
    assert.equal(await fleet.put(sharedPolicyOf(now), maxAge), 'put')
    assert.deepEqual(await found(under), [now, now + day])
  })

  test('a policy from the future is of no use, and makes way', async () => {
    const under = await open()
    const { fleet } = under
    await under.write('a.example', formatSharedPolicy(sharedPolicyOf(now + limits.shared.clockSkewMs + 1)))
    assert.equal(await found(under), 'unusable')
    assert.equal(await fleet.put(sharedPolicyOf(now - day), maxAge), 'put')
    assert.deepEqual(await found(under), [now - day, now])
  })

  test('a refresh is put off for the policy that was meant, and only to later', async () => {
    const under = await open()
    const { fleet } = under
    await fleet.put(sharedPolicyOf(now - 10), maxAge)
    await fleet.postpone(name, { fetchedAt: now - 11, refreshAt: now + 2 * day })
    await fleet.postpone(name, { fetchedAt: now - 10, refreshAt: now })
    assert.deepEqual(await found(under), [now - 10, now - 10 + day])
    await fleet.postpone(name, { fetchedAt: now - 10, refreshAt: now + 2 * day })
    assert.deepEqual(await found(under), [now - 10, now + 2 * day])
    await fleet.postpone(domain('b.example'), { fetchedAt: now, refreshAt: now })
  })

  test('a value of a newer release is left alone; a damaged one goes when it is told so, and makes way', async () => {
    const under = await open()
    const { fleet } = under
    await under.write('a.example', 'waxseal-policy/2 something else')
    assert.equal(await found(under), 'unusable')
    assert.equal(await fleet.put(sharedPolicyOf(now), maxAge), 'kept')
    await under.write('a.example', formatSharedPolicy(sharedPolicyOf(now)).replace('enforce', 'testing'))
    const finding = await fleet.find(name)
    assert.equal(finding.kind, 'unusable')
    const mark = finding.kind === 'unusable' ? (finding.mark ?? '') : ''
    assert.notEqual(mark, '')
    await under.write('a.example', 'other garbage')
    await fleet.discard(name, mark)
    assert.equal(await found(under), 'unusable')
    assert.equal(await fleet.put(sharedPolicyOf(now), maxAge), 'put')
    await under.write('a.example', formatSharedPolicy(sharedPolicyOf(now)).replace('enforce', 'testing'))
    await fleet.discard(name, mark)
    assert.equal(await found(under), 'absent')
  })

  test('one asker gets the turn, until it is ended by whoever has it', async () => {
    const { fleet } = await open()
    assert.equal((await fleet.askTurn(key, 'one')).isOurs, true)
    assert.equal((await fleet.askTurn(key, 'two')).isOurs, false)
    assert.equal((await fleet.askTurn({ ...key, id: '2' }, 'two')).isOurs, true, 'for another id')
    assert.equal(await fleet.keepTurn(key, 'one'), true)
    assert.equal(await fleet.keepTurn(key, 'two'), false)
    await fleet.endTurn(key, 'two')
    assert.equal((await fleet.askTurn(key, 'two')).isOurs, false)
    await fleet.endTurn(key, 'one')
    assert.equal((await fleet.askTurn(key, 'two')).isOurs, true)
  })

  test('STS-27: who asks for a turn sees what came of the last fetch, for its id', async () => {
    const { fleet } = await open()
    await fleet.putFailure(key, '{"reason":"it was down"}')
    const { attempt } = await fleet.askTurn(key, 'one')
    assert.equal(attempt?.kind === 'failed' ? attempt.failure : attempt, '{"reason":"it was down"}')
    assert.ok(attempt !== undefined && attempt.agoMs >= 0 && attempt.agoMs < limits.sts.fetchPause * 1000)
    assert.equal((await fleet.askTurn({ ...key, id: '2' }, 'one')).attempt, undefined)
    await fleet.put(sharedPolicyOf(now), maxAge, '1')
    const after = await fleet.askTurn(key, 'one')
    assert.equal(after.attempt?.kind, 'stored')
    assert.equal(after.found.kind, 'policy')
  })

  test('changes are told in order, from a place on, page by page; after a loss the epoch is another', async () => {
    const under = await open()
    const { fleet } = under
    const count = limits.shared.followedAtOnce + 5
    for (let at = 0; at < count; at++) await fleet.put(sharedPolicyOf(now, { name: `d${at}.example` }), maxAge)
    const first = await fleet.changes(0)
    assert.equal(first.isAll, false)
    assert.equal(first.changed.length, limits.shared.followedAtOnce)
    assert.deepEqual(first.changed[0], {
      domain: 'd0.example',
      times: { kind: 'policy', fetchedAt: now, refreshAt: now + day },
    })
    const second = await fleet.changes(first.next)
    assert.deepEqual([second.changed.length, second.isAll, second.epoch], [5, true, first.epoch])
    await fleet.put(sharedPolicyOf(now + 1, { name: 'd3.example' }), maxAge)
    const third = await fleet.changes(second.next)
    assert.deepEqual(
      third.changed.map((one) => one.domain),
      ['d3.example'],
    )
    await under.flush()
    const fourth = await fleet.changes(third.next)
    assert.notEqual(fourth.epoch, first.epoch)
    assert.equal((await fleet.changes(0)).epoch, fourth.epoch)
  })

  test('times are told of many at once', async () => {
    const under = await open()
    const { fleet } = under
    await fleet.put(sharedPolicyOf(now), maxAge)
    for (const other of ['b.example', 'c.example']) await fleet.put(sharedPolicyOf(now, { name: other }), maxAge)
    await under.write('b.example', 'garbage')
    await under.write('c.example', 'waxseal-policy/9 x')
    const names = ['a.example', 'b.example', 'c.example', 'd.example'].map(domain)
    assert.deepEqual(
      (await fleet.times(names)).map(({ kind }) => kind),
      ['policy', 'unusable', 'newer-form', 'absent'],
    )
    await fleet.remove(name)
    assert.deepEqual(await fleet.times([name]), [{ kind: 'absent' }])
    assert.deepEqual(await fleet.times([]), [])
  })
}
