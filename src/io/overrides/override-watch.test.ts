import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedClock } from '../../../test/support/moved-clock.ts'
import type { Override } from '../../core/decision/override.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { StoreError } from '../store/store.ts'
import { createOverrideWatch } from './override-watch.ts'

const now = 1_800_000_000_000

function relaxed(name: string, seconds: number): Override {
  const domain = { name: name as DomainName, below: false } // such a name
  return {
    target: { domain, host: undefined },
    rule: { kind: 'relax', level: 'may' },
    ...{ reason: 'why', author: 'alice', createdAt: now, expiresAt: now + seconds * 1000 },
  }
}

function bed(first: readonly Override[] = []) {
  const clock = movedClock(now)
  const state = { all: first, revision: '1', broken: undefined as 'revision' | 'list' | undefined, lists: 0 }
  const troubles: string[] = []
  const check = (what: 'revision' | 'list') => {
    if (state.broken === what) throw new StoreError(`no ${what}`)
  }
  const watch = createOverrideWatch({
    clock,
    table: {
      revision: async () => {
        check('revision')
        return state.revision
      },
      list: async () => {
        check('list')
        state.lists++
        return [...state.all]
      },
    },
    onTrouble: (reason) => troubles.push(reason),
  })
  const refresh = async () => (await watch.refresh()).map(({ domain }) => domain?.name)
  const counts = (name: string) => watch.current.forDomain(name as DomainName, clock.now()) !== undefined
  return { clock, state, troubles, watch, refresh, counts }
}

test('overrides are read when their revision changes, and only then', async () => {
  const { state, refresh, counts } = bed([relaxed('a.example', 60)])
  assert.deepEqual(await refresh(), ['a.example'])
  assert.deepEqual(await refresh(), [])
  assert.equal(state.lists, 1)
  Object.assign(state, { revision: '2', all: [relaxed('b.example', 60)] })
  assert.deepEqual(await refresh(), ['a.example', 'b.example'])
  assert.deepEqual([counts('a.example'), counts('b.example'), state.lists], [false, true, 2])
})

test('what is put anew word for word is no change, and what ends or begins by the clock is one', async () => {
  const { clock, state, refresh, counts } = bed([relaxed('a.example', 60), relaxed('b.example', 120)])
  await refresh()
  Object.assign(state, { revision: '2', all: [relaxed('a.example', 60), relaxed('b.example', 120)] })
  assert.deepEqual(await refresh(), [])
  clock.move(59)
  assert.deepEqual(await refresh(), [])
  clock.move(1)
  assert.deepEqual([await refresh(), counts('a.example'), state.lists], [['a.example'], false, 2])
  clock.move(60)
  assert.deepEqual(await refresh(), ['b.example'])
  clock.move(-100)
  assert.deepEqual(await refresh(), ['a.example', 'b.example'], 'the clock was set back')
})

for (const broken of ['revision', 'list'] as const) {
  test(`nobody knows overrides that could never be read (${broken}), and those known stay where they cannot any more`, async () => {
    const { state, troubles, watch, refresh, counts } = bed([relaxed('a.example', 60)])
    assert.notEqual(watch.current.unreadable, undefined)
    state.broken = broken
    assert.deepEqual([await refresh(), watch.current.unreadable], [[], `no ${broken}`])
    state.broken = undefined
    assert.deepEqual([await refresh(), watch.current.unreadable], [['a.example'], undefined])
    Object.assign(state, { broken, revision: '2', all: [] })
    assert.deepEqual([await refresh(), await refresh(), counts('a.example')], [[], [], true])
    assert.equal(watch.current.unreadable, undefined)
    assert.deepEqual(troubles, [`no ${broken}`, `no ${broken}`], 'told once each time')
    state.broken = undefined
    assert.deepEqual([await refresh(), counts('a.example')], [['a.example'], false])
  })
}
