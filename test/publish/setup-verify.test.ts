// A bare domain is set up step by step while somebody watches; the lab changes in the pauses, and its clock moves.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CheckFacts } from '../../src/core/check/check-facts.ts'
import { limits } from '../../src/core/limits.ts'
import { planSetup } from '../../src/core/publish/setup/plan.ts'
import type { SetupPlan, SetupStep, StepState } from '../../src/core/publish/setup/report.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import type { Event } from '../../src/programs/lab/world/world.ts'
import { gatherSetup } from '../../src/programs/publish/setup/gather-setup.ts'
import { readWishes } from '../../src/programs/publish/setup/setup-options.ts'
import { type VerifyNews, verifySetup } from '../../src/programs/publish/setup/verify.ts'
import { newsJson, writeNews } from '../../src/programs/publish/setup/verify-text.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'
import { domain } from '../support/domain.ts'

/** What the operator does, in the pauses: each "clock" begins the next one. */
const world = `
clock  2026-06-01T12:00:00Z
zone   shop.example
zone   shop.example MX 10 mx.shop.example
host   mx.shop.example starttls=no
zone   elsewhere.example
zone   elsewhere.example MX 10 mx.elsewhere.example
host   mx.elsewhere.example

clock  +1s
zone   _smtp._tls.shop.example TXT "v=TLSRPTv1; rua=mailto:tls@elsewhere.example"
clock  +1s
host   mx.shop.example also=rsa
clock  +1s
zone   _25._tcp.mx.shop.example TLSA 3 1 1 {mx.shop.example.spki.sha256}
clock  +1s
zone   _25._tcp.mx.shop.example TLSA 3 1 1 {mx.shop.example.spki.sha256}
zone   _25._tcp.mx.shop.example TLSA 3 1 1 {mx.shop.example.also.spki.sha256}
clock  +1s
policy shop.example mode=testing mx=old.shop.example
clock  +1s
policy shop.example mode=testing mx=mx.shop.example
`

let lab: CheckLab
let changes: Event[][]

before(async () => {
  const parsed = parseWorld(world)
  assert.ok(parsed.ok)
  changes = []
  for (const event of parsed.value.events) {
    if (event.kind === 'clock') changes.push([])
    else changes.at(-1)?.push(event)
  }
  lab = await startCheckLab(world)
})
after(() => lab.close())

async function apply(events: readonly Event[]): Promise<void> {
  for (const event of events) {
    assert.ok(event.kind === 'record' || event.kind === 'host' || event.kind === 'policy' || event.kind === 'drop')
    await lab.lab.change(event)
  }
}

const wishes = { ...readWishes({}, 0), rua: ['mailto:tls@elsewhere.example'] }

interface Watched {
  readonly news: Exclude<VerifyNews, { kind: 'waiting' }>[]
  readonly pauses: number[]
}

async function watch(each: (pause: number) => Promise<void>): Promise<Watched & { readonly end: string }> {
  const signal = new AbortController().signal
  const { clock } = lab.lab
  let hosts: CheckFacts['hosts']
  const look = async (withHosts: boolean): Promise<SetupPlan> => {
    const io = { checking: lab.world, resolverOptions: lab.resolverOptions, signal, lookupSignal: signal }
    const { facts, caa } = await gatherSetup(domain('shop.example'), io, withHosts ? undefined : hosts)
    hosts = facts.hosts
    return planSetup(facts, wishes, { now: clock.now(), caa })
  }
  const seen: Watched = { news: [], pauses: [] }
  const end = await verifySetup(await look(true), clock.now() + 86_400_000, {
    ...{ clock, signal, look },
    async pause(milliseconds) {
      seen.pauses.push(milliseconds)
      lab.lab.move({ byMs: milliseconds, to: undefined, stale: false })
      await each(seen.pauses.length)
    },
    tell: (news) => {
      if (news.kind !== 'waiting') seen.news.push(news)
    },
  })
  return { ...seen, end }
}

test('each step is told as it turns live, a half of one as a change, and the end comes with the last', async () => {
  let left = changes
  const { end, news, pauses } = await watch(async () => {
    // Mail servers are asked again only when what they showed is old: several looks may see nothing new.
    const [next, ...rest] = left
    if (next === undefined) return
    left = rest
    await apply(next)
  })
  assert.equal(end, 'live')
  assert.deepEqual(
    news
      .filter(({ kind }) => kind === 'live')
      .map(({ step }) => step.id)
      .toSorted(),
    ['certificates', 'policy', 'policy-host', 'reports', 'starttls', 'sts-record', 'tlsa mx.shop.example'],
  )
  const ids = news.map(({ kind, step }) => `${kind} ${step.id}`)
  const place = (id: string) => ids.indexOf(id)
  assert.ok(
    place('live reports') < place('live starttls') && place('live starttls') < place('live tlsa mx.shop.example'),
    ids.join('\n'),
  )
  assert.ok(place('changed policy') >= 0 && place('changed policy') < place('live policy'), ids.join('\n'))
  const changed = news.find(({ kind, step }) => kind === 'changed' && step.id === 'policy')
  assert.match(changed?.step.seen.join('; ') ?? '', /it does not list mx\.shop\.example/)
  assert.ok(!ids.some((id) => id.startsWith('lost')), ids.join('\n'))
  // The pause begins anew after news, and never passes its bound.
  assert.equal(pauses[0], limits.setup.pauseMs)
  assert.ok(pauses.every((pause) => pause >= limits.setup.pauseMs && pause <= limits.setup.pauseMostMs))
  for (const one of news) {
    const line = JSON.parse(newsJson(one) ?? '') as Record<string, unknown> // our own text
    assert.deepEqual(Object.keys(line), ['schema', 'kind', 'at', 'step', 'seen'])
  }
})

test('what is taken away while somebody watches is told, and the watch goes on until it is back', async () => {
  const [record] = changes[0] ?? assert.fail('no change')
  assert.ok(record?.kind === 'record')
  await lab.lab.change({ kind: 'drop', owner: record.owner, type: record.type })
  const { end, news } = await watch(async (pause) => {
    if (pause === 2) await apply([record])
  })
  assert.equal(end, 'live')
  assert.deepEqual(
    news.map(({ kind, step }) => `${kind} ${step.id}`),
    ['live reports'],
  )
})

function step(id: string, state: StepState, seen = ''): SetupStep {
  return {
    ...{ id, state, title: id, seen: [seen], who: 'you', whoseName: null, after: [], texts: [], notes: [] },
    ...{ wait: null, from: null, see: null },
  }
}

function plan(...steps: SetupStep[]): SetupPlan {
  return { schema: 'waxseal.setup/1', domain: 'example.org', checkedAt: 0, state: 'to-do', steps, leftOut: [] }
}

interface Played {
  readonly end: string
  readonly told: string[]
  readonly pauses: number[]
  readonly withHosts: boolean[]
}

/** Watches plans that come one after the other; the last one stays. */
async function play(
  plans: readonly SetupPlan[],
  { until = 1e9, stopAt = Number.POSITIVE_INFINITY } = {},
): Promise<Played> {
  const stop = new AbortController()
  const played: Played = { end: '', told: [], pauses: [], withHosts: [] }
  let now = 0
  let at = 0
  const end = await verifySetup(plans[0] ?? plan(), until, {
    clock: { now: () => now },
    signal: stop.signal,
    async pause(milliseconds) {
      now += milliseconds
      played.pauses.push(milliseconds)
      if (played.pauses.length >= stopAt) stop.abort()
    },
    async look(withHosts) {
      played.withHosts.push(withHosts)
      at = Math.min(at + 1, plans.length - 1)
      return plans[at] ?? plan()
    },
    tell: (news) => {
      if (news.kind !== 'waiting') played.told.push(`${news.kind} ${news.step.id}`)
    },
  })
  return { ...played, end }
}

test('where everything is live nobody waits', async () => {
  const { end, pauses } = await play([
    plan(step('reports', 'done'), step('outgoing', 'unseen'), step('enforce', 'later')),
  ])
  assert.deepEqual([end, pauses], ['live', []])
})

test('pauses grow while nothing happens, up to their bound, and begin anew after news', async () => {
  const waiting = plan(step('reports', 'to-do'), step('policy', 'to-do'))
  const news = plan(step('reports', 'done'), step('policy', 'to-do'))
  const done = plan(step('reports', 'done'), step('policy', 'done'))
  const { end, pauses, told, withHosts } = await play([...Array<SetupPlan>(12).fill(waiting), news, news, done])
  assert.equal(end, 'live')
  assert.deepEqual(told, ['live reports', 'live policy'])
  assert.deepEqual(pauses.slice(0, 3), [10_000, 15_000, 22_500])
  assert.equal(Math.max(...pauses), limits.setup.pauseMostMs)
  assert.deepEqual(pauses.slice(-2), [10_000, 15_000])
  assert.ok(
    withHosts.every((one) => !one),
    'mail servers decide about none of these',
  )
})

test('the watch ends at its moment, whatever is left', async () => {
  const { end, pauses } = await play([plan(step('starttls', 'to-do'))], { until: 60_000 })
  assert.equal(end, 'given-up')
  assert.equal(
    pauses.reduce((sum, pause) => sum + pause, 0),
    60_000,
  )
})

test('a stop in a pause ends it without another look', async () => {
  const { end, withHosts } = await play([plan(step('reports', 'to-do'))], { stopAt: 2 })
  assert.deepEqual([end, withHosts.length], ['stopped', 1])
})

test('what cannot be told for a moment is not lost, and what is gone is', async () => {
  const first = plan(step('reports', 'done'), step('policy', 'to-do'))
  const untold = plan(step('reports', 'unknown', 'it could not be looked up'), step('policy', 'to-do'))
  const gone = plan(step('reports', 'to-do', 'there is no record'), step('policy', 'to-do'))
  const done = plan(step('reports', 'done'), step('policy', 'done'))
  const { told } = await play([first, untold, first, gone, done])
  assert.deepEqual(told, ['lost reports', 'live reports', 'live policy'])
})

test('an MX host that appears is watched too, and mode enforce only where nothing else is left', async () => {
  const first = plan(step('tlsa mx1', 'to-do'), step('enforce', 'to-do'))
  const second = plan(step('tlsa mx1', 'done'), step('tlsa mx2', 'to-do'), step('enforce', 'to-do'))
  const third = plan(step('tlsa mx1', 'done'), step('tlsa mx2', 'done'), step('enforce', 'to-do'))
  const { end, told, withHosts } = await play([first, second, third])
  assert.deepEqual([end, told], ['live', ['live tlsa mx1', 'live tlsa mx2']])
  assert.ok(withHosts.every((one) => one))
  const begun = plan(step('reports', 'done'), step('enforce', 'to-do'))
  assert.equal((await play([begun], { until: 60_000 })).end, 'given-up')
  assert.deepEqual((await play([begun, plan(step('reports', 'done'), step('enforce', 'done'))])).told, ['live enforce'])
})

test('news about what strangers say reaches a terminal in one line, escaped', () => {
  let text = ''
  const sink = {
    write(more: string) {
      text += more
      return true
    },
    once: () => undefined,
  }
  const out = createOut({ stdout: sink, stderr: sink, environment: { LC_ALL: 'C.UTF-8' } })
  writeNews({ kind: 'changed', at: 0, step: step('policy', 'to-do', 'a\nb\u001b[2J\u202e') }, out)
  assert.equal(text, '1970-01-01 00:00 UTC  changed: policy: a\\x0ab\\x1b[2J\\u202e\n')
})
