// RFC 7671 §8.1 over 200 days: renewals at random times, with the same key, with a new one, with the one published ahead;
// secondaries that lag, updates that fail or get lost, runs killed at any point, TTLs that change.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fingerprintOf, type Given } from '../../src/core/publish/rollover/rollover.ts'
import { type Breakage, chances, day, hour, newKey, simulate } from './simulated-host.ts'

interface Lived {
  readonly breakages: readonly Breakage[]
  readonly deployed: number
  readonly left: readonly Given[]
  readonly served: readonly (readonly string[])[]
  readonly wanted: readonly string[]
}

const kindsTogether = [['rsa'], ['ecdsa'], ['rsa', 'ecdsa']] as const

async function live(seed: number, { gate }: { readonly gate: boolean }): Promise<Lived> {
  const chance = chances(seed)
  const kinds = chance.oneOf(kindsTogether)
  const addresses = 1 + Math.floor(chance.below(3))
  const world = simulate({
    ...{ chances: chance, servers: 1 + Math.floor(chance.below(4)), addresses, kinds },
    ttl: chance.oneOf([60, 300, 3600, 86_400]),
    lagMs: chance.oneOf([0, hour / 10, hour, 8 * hour]),
    trouble: chance.oneOf([0, 0.02, 0.1]),
    makesKeys: chance.isHit(0.5),
    isPublished: chance.isHit(0.7),
  })
  const current = [...world.first]
  const staged = new Map<'rsa' | 'ecdsa', Given>()
  /** Addresses that a key goes to one after the other. */
  const toDeploy: { at: number; key: Given; address: number }[] = []
  let deployed = 0

  async function work(): Promise<void> {
    const renewed = [...staged.values()]
    await world.apply({ ...((await world.isNew()) && { current }), renewed })
    for (const key of renewed) {
      const isOpen = gate ? await world.isOpen(key) : true
      if (!isOpen || chance.isHit(0.05)) continue
      staged.delete(key.kind as 'rsa' | 'ecdsa')
      deployed++
      for (let address = 0; address < addresses; address++) {
        toDeploy.push({ at: world.now + chance.below(hour / 2), key, address })
      }
    }
  }

  function deployUntil(until: number): void {
    for (;;) {
      const [due] = toDeploy.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)
      if (due === undefined) return
      toDeploy.splice(toDeploy.indexOf(due), 1)
      world.pass(Math.max(world.now, due.at))
      world.deploy(due.key, due.address)
    }
  }

  async function runUntil(end: number, { renewals }: { readonly renewals: boolean }): Promise<void> {
    const dueIn = () => world.now + chance.below(30 * day) + day
    const renewAt = new Map(kinds.map((kind) => [kind, dueIn()]))
    while (world.now < end) {
      const next = world.now + chance.below(8 * hour)
      deployUntil(next)
      world.pass(Math.max(world.now, next))
      if (renewals && chance.isHit(0.003)) world.changeTtl(chance.oneOf([60, 300, 3600, 86_400]))
      for (const [kind, at] of renewAt) {
        if (!renewals || at > world.now) continue
        renewAt.set(kind, dueIn())
        // A client that waits to deploy does not renew once more meanwhile.
        if (staged.has(kind) || toDeploy.some(({ key }) => key.kind === kind)) continue
        const ahead = await world.next(kind)
        const key = chance.oneOf([world.presents(kind)[0], newKey(kind), ahead ?? newKey(kind)]) as Given
        staged.set(kind, key)
        if (chance.isHit(0.1)) await world.apply({ compromised: world.presents(kind).slice(0, 1).map(fingerprintOf) })
        if (world.presents(kind)[0] === key) staged.delete(kind)
      }
      await work()
    }
  }

  const begin = world.now
  await runUntil(begin + 200 * day, { renewals: true })
  world.quieten()
  await runUntil(world.now + 12 * day, { renewals: false })
  const nexts = (await Promise.all(kinds.map((kind) => world.next(kind)))).flatMap((key) => key ?? [])
  const presented = kinds.flatMap((kind) => world.presents(kind))
  const wanted = [...new Set([...presented, ...nexts].map(world.recordOf))].toSorted()
  return { breakages: world.breakages, deployed, left: [...staged.values()], served: world.served(), wanted }
}

test('DANE-81: through 200 days of renewals every answer that a cache may have holds for every key that is presented', async () => {
  let deployed = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const lived = await live(seed, { gate: true })
      assert.deepEqual(lived.breakages, [])
      assert.deepEqual(lived.left, [], 'a renewed key was never let through')
      for (const records of lived.served) assert.deepEqual(records, lived.wanted)
      deployed += lived.deployed
    }),
    { numRuns: 8, seed: 20260101, includeErrorInReport: true },
  )
  assert.ok(deployed > 30, `${deployed}`)
})

test('DANE-81: the same 200 days without the gate break mail', async () => {
  const lived = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => live(seed, { gate: false })))
  const gated = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => live(seed, { gate: true })))
  assert.ok(lived.filter(({ breakages }) => breakages.length > 0).length >= 5)
  assert.deepEqual(
    gated.flatMap(({ breakages }) => breakages),
    [],
  )
})
