import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { brokenReport, goodReport, mismatch } from '../../../../test/support/sample-report.ts'
import type { CheckReport } from '../../../core/check/report.ts'
import type { Notice } from '../../../core/check/watch/watch.ts'
import { createOut } from '../../cli/out.ts'
import { runWatch, type WatchRound } from './run-watch.ts'
import type { Target } from './targets.ts'
import { freshState, type StateFile, type WatchState } from './watch-state.ts'

const plan: WatchRound = { everyMs: 6 * 3_600_000, isOnce: false, warnDays: [14], untoldAfter: 3, isPartial: false }
const hour = 3_600_000

const good: CheckReport = { ...goodReport, grid: [] }
const broken: CheckReport = { ...good, verdict: 'broken', findings: [mismatch] }
const untold: CheckReport = { ...good, verdict: 'undetermined' }

interface World {
  /** Results in turn; the last stays. */
  readonly results: readonly CheckReport[]
  /** What deliveries come to, in turn; the last stays. */
  readonly deliveries?: readonly (string | undefined)[]
  /** Ends the watch after so many pauses. */
  readonly pauses?: number
  readonly state?: WatchState
  readonly once?: boolean
  readonly random?: number
  readonly targets?: readonly Target['name'][]
}

/** Runs a watch in a world where time passes only in its pauses. */
async function watch({ results, deliveries = [undefined], pauses = results.length, random = 0.5, ...more }: World) {
  const stop = new AbortController()
  const written: string[] = []
  const sink = { write: (text: string) => written.push(text) > 0, once: () => undefined }
  const out = createOut({ stdout: sink, stderr: sink, environment: {} })
  const told: string[] = []
  const checkedAt: number[] = []
  let now = more.state === undefined ? 0 : 1_000_000
  const from = now
  let state = more.state ?? freshState
  const file: StateFile = {
    read: async () => state,
    write: async (next) => {
      // As a file has it.
      state = { ...next, pending: JSON.parse(JSON.stringify(next.pending)) as WatchState['pending'] }
    },
  }
  let tries = 0
  const target = (name: Target['name']): Target => ({
    name,
    async deliver(notice: Notice) {
      assert.ok(
        state.pending.some((one) => one.notice.id === notice.id && one.to === name),
        'it is remembered before it is told',
      )
      const why = deliveries[Math.min(tries, deliveries.length - 1)]
      tries += 1
      told.push(`${(now - from) / hour} ${name} ${notice.verdict}${why === undefined ? '' : ` (${why})`}`)
      return why
    },
  })
  let left = pauses
  const status = await runWatch(
    [domain(good.domain)],
    { ...plan, isOnce: more.once === true },
    {
      work: {
        ...{ out, signal: stop.signal, jobs: 1 },
        checkOne: async () => {
          const result = results[Math.min(checkedAt.length, results.length - 1)] ?? good
          checkedAt.push((now - from) / hour)
          return { ...result, checkedAt: now }
        },
      },
      ...{ clock: { now: () => now }, state: file, json: false, random: () => random },
      targets: (more.targets ?? ['command']).map(target),
      pause: async (milliseconds) => {
        assert.ok(milliseconds > 0, 'it never spins')
        now += milliseconds
        left -= 1
        if (left <= 0) stop.abort()
      },
    },
  )
  return { status, told, checkedAt, state, output: written.join('') }
}

test('it checks again and again, and tells of a change once', async () => {
  const { status, told, checkedAt } = await watch({ results: [good, broken, broken, good, good] })
  assert.deepEqual(checkedAt, [0, 6, 12, 18, 24])
  assert.deepEqual(told, ['6 command broken', '18 command protected'])
  assert.equal(status, 0)
})

for (const [random, second] of [
  [0, 5.4],
  [1, 6.6],
] as const) {
  test(`rounds are apart by a tenth less or more, as chance has it: ${second} hours`, async () => {
    const { checkedAt } = await watch({ results: [good, good], random })
    assert.deepEqual(checkedAt, [0, second])
  })
}

test('a notice that fails is tried again, ever later, and no check is left out for it', async () => {
  const { told, checkedAt } = await watch({ results: [good, broken], deliveries: ['x'], pauses: 12 })
  const minutes = told.map((line) => Math.round((Number(line.split(' ')[0]) - 6) * 60))
  assert.deepEqual(minutes, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303])
  assert.deepEqual(checkedAt, [0, 6])
})

test('notices for one target arrive in the order in which they happened', async () => {
  const deliveries = [...Array.from({ length: 14 }, () => 'x'), undefined]
  const { told } = await watch({ results: [good, broken, good], deliveries, pauses: 24 })
  const arrived = told.filter((line) => !line.endsWith('(x)')).map((line) => line.replace(/^\S+ /, ''))
  assert.deepEqual(arrived, ['command broken', 'command protected'])
})

test('one target that fails keeps no other waiting', async () => {
  const { told } = await watch({
    results: [good, broken],
    deliveries: ['x', undefined],
    targets: ['command', 'webhook'],
  })
  assert.deepEqual(told, ['6 command broken (x)', '6 webhook broken'])
})

test('a notice that nobody took is told after a restart', async () => {
  const before = await watch({ results: [good, broken], deliveries: ['x'] })
  assert.equal(before.state.pending.length, 1)
  const pending = before.state.pending.map((one) => ({ ...one, nextAt: 0 }))
  const { told, checkedAt } = await watch({
    results: [broken],
    state: { ...before.state, pending, nextAt: 2_000_000 },
    pauses: 1,
  })
  assert.deepEqual(told, ['0 command broken'])
  assert.deepEqual(checkedAt, [], 'its round is not due yet')
})

test('a notice that is not taken for a week is given up, and that is warned of', async () => {
  const before = await watch({ results: [good, broken], deliveries: ['x'] })
  const pending = before.state.pending.map((one) => ({ ...one, madeAt: 1_000_000 - 8 * 24 * hour, nextAt: 0 }))
  const { state, output } = await watch({
    results: [broken],
    deliveries: ['x'],
    state: { ...before.state, pending },
    pauses: 1,
  })
  assert.deepEqual(state.pending, [])
  assert.match(output, /command was not told ".*broken.*": x; that was tried for a week, and is given up/)
})

test('a notice for a target that is not given any more waits, and keeps nothing busy', async () => {
  const before = await watch({ results: [good, broken], deliveries: ['x'] })
  const { told, state } = await watch({ results: [broken], state: before.state, targets: [], pauses: 2 })
  assert.deepEqual(told, [])
  assert.equal(state.pending.length, 1)
})

test('a domain that is new is checked at once, one that is not watched any more is forgotten', async () => {
  const before = await watch({ results: [good] })
  const domains = new Map([['other.example', before.state.domains.get(good.domain) ?? assert.fail()]])
  const { checkedAt, state } = await watch({
    results: [good],
    state: { ...before.state, domains, nextAt: 9e12 },
    pauses: 1,
  })
  assert.deepEqual(checkedAt, [0])
  assert.deepEqual([...state.domains.keys()], [good.domain])
})

test('a round that lies further ahead than can be meant is due: a clock was wrong', async () => {
  const before = await watch({ results: [good] })
  const { checkedAt } = await watch({ results: [good], state: { ...before.state, nextAt: 9e12 }, pauses: 1 })
  assert.deepEqual(checkedAt, [0])
})

test('no more notices wait than may, and the oldest are given up with a warning', async () => {
  const before = await watch({ results: [good, broken], deliveries: ['x'] })
  const [entry] = before.state.pending
  assert.ok(entry !== undefined)
  const many = Array.from({ length: 1000 }, (_, at) => ({ ...entry, madeAt: at }))
  const run = (pending: WatchState['pending']) =>
    watch({ results: [good], deliveries: ['x'], state: { ...before.state, nextAt: 0, pending }, pauses: 1 })
  const { state, output } = await run(many)
  assert.equal(state.pending.length, 1000)
  assert.deepEqual([state.pending[0]?.madeAt, state.pending.at(-1)?.notice.verdict], [1, 'protected'])
  assert.match(output, /too many notices wait to be delivered: the oldest are given up, 1 of them/)
  const large = {
    ...entry,
    notice: { ...entry.notice, report: { ...entry.notice.report, leftOut: ['x'.repeat(20_000_000)] } },
  }
  const kept = (await run([large, large])).state.pending
  assert.equal(kept.length, 2, 'the new one, and what fits before it')
})

test('once is one round, with one try for each notice; what was not taken is said by the status', async () => {
  const first = await watch({ results: [good], once: true })
  assert.deepEqual([first.status, first.checkedAt], [0, [0]])
  const failing = await watch({ results: [broken], once: true, state: first.state, deliveries: ['x'] })
  assert.deepEqual([failing.status, failing.told], [75, ['0 command broken (x)']])
  const later = await watch({ results: [broken], once: true, state: failing.state })
  assert.deepEqual([later.status, later.told, later.state.pending], [0, ['0 command broken'], []])
})

test('results that could not be told are not told until the third', async () => {
  const { told, output } = await watch({ results: [good, untold, untold, untold, untold, good] })
  assert.deepEqual(told, ['18 command undetermined', '30 command protected'])
  assert.match(output, /clinic\.example: undetermined\n/)
})

test('a state that cannot be written ends the watch, with the reason', async () => {
  const out = createOut({
    stdout: { write: () => true, once: () => undefined },
    stderr: { write: (text) => warned.push(text) > 0, once: () => undefined },
    environment: {},
  })
  const warned: string[] = []
  const status = await runWatch([domain(good.domain)], plan, {
    work: { out, signal: new AbortController().signal, jobs: 1, checkOne: async () => good },
    ...{ clock: { now: () => 0 }, json: false, targets: [], random: () => 0, pause: () => assert.fail() },
    state: {
      read: async () => freshState,
      write: async () => Promise.reject(new Error('ENOSPC: no space left on device, write')),
    },
  })
  assert.equal(status, 73)
  assert.match(warned.join(''), /the watch ends: no space left on device/)
})

test('told to end in the middle of a round, it begins that round anew the next time', async () => {
  const stop = new AbortController()
  let kept = freshState
  const out = createOut({
    stdout: { write: () => true, once: () => undefined },
    stderr: { write: () => true, once: () => undefined },
    environment: {},
  })
  const status = await runWatch([domain('a.example'), domain('b.example')], plan, {
    work: {
      ...{ out, signal: stop.signal, jobs: 1 },
      checkOne: async (name) => {
        if (name === 'b.example') stop.abort()
        return { ...brokenReport, domain: name }
      },
    },
    ...{ clock: { now: () => 5 }, json: false, targets: [], random: () => 0, pause: async () => {} },
    state: {
      read: async () => freshState,
      write: async (state) => {
        kept = state
      },
    },
  })
  assert.equal(status, 0)
  assert.deepEqual([kept.nextAt, [...kept.domains.keys()]], [0, ['a.example']])
})
