import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import type { CheckFacts } from '../../core/check/check-facts.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { openStore } from '../../io/store/open-store.ts'
import { type Checks, type ChecksOptions, createChecks } from './checks.ts'

/** Facts of a domain of which nothing was found out. */
function factsOf(name: DomainName): CheckFacts {
  const nothing = { mail: undefined, sts: undefined, reporting: undefined, servers: undefined, hosts: undefined }
  return { domain: name, at: 1_000_000, smtpPort: 25, tlsProfile: 'ncsc-nl', overTcp: [], ...nothing, leftOut: [] }
}

interface Bench {
  readonly checks: Checks
  /** Domains that were looked at, and how to end that. */
  readonly begun: { readonly name: DomainName; end(): void; fail(): void }[]
  readonly errors: unknown[]
  now: number
  again(): Checks
}

function bench(): Bench {
  const store = openStore(':memory:')
  let ids = 0
  const options: ChecksOptions = {
    clock: { now: () => made.now },
    reports: store.reports,
    newId: () => `id-${ids++}`,
    gather: (name, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        made.begun.push({ name, end: () => resolve(factsOf(name)), fail: () => reject(new Error('a bug')) })
      }),
    onError: (error) => made.errors.push(error),
  }
  const made: Bench = {
    checks: createChecks(options),
    begun: [],
    errors: [],
    now: 1_000_000,
    again: () => createChecks(options),
  }
  return made
}

const one = { domain: domain('one.example'), isPrivate: false }

/** Until what was set off has come to rest. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

async function ended(checks: Checks, id: string | undefined): Promise<void> {
  const found = await checks.find(id ?? '')
  if (found?.kind === 'running') await found.run.ended
}

test('who asks for a domain that is being checked waits for the same check', async () => {
  const { checks, begun } = bench()
  const ids = await Promise.all([checks.start(one), checks.start(one)])
  assert.deepEqual(ids, ['id-0', 'id-0'])
  const secret = await checks.start({ ...one, isPrivate: true })
  assert.equal(secret, 'id-1')
  await settled()
  assert.equal(begun.length, 1)
  begun[0]?.end()
  await ended(checks, 'id-0')
  const [open, closed] = [await checks.find('id-0'), await checks.find('id-1')]
  assert.deepEqual([open?.kind, open?.isPrivate, closed?.kind, closed?.isPrivate], ['done', false, 'done', true])
})

test('a result is good for some minutes, for public and private links, and then looked for anew', async () => {
  const made = bench()
  const { checks, begun } = made
  const first = await checks.start(one)
  await settled()
  begun[0]?.end()
  await ended(checks, first)
  assert.equal(checks.wouldBegin(one.domain), false)
  assert.equal(await checks.start(one), first)
  assert.equal((await checks.find(String(await checks.start({ ...one, isPrivate: true }))))?.kind, 'done')
  assert.equal(begun.length, 1)
  made.now += limits.web.reuseMs
  assert.equal(checks.wouldBegin(one.domain), true)
  assert.notEqual(await checks.start(one), first)
  await settled()
  assert.equal(begun.length, 2)
})

test('reports outlive the process, until they are too old', async () => {
  const made = bench()
  const id = String(await made.checks.start(one))
  await settled()
  made.begun[0]?.end()
  await ended(made.checks, id)
  await settled()
  const later = made.again()
  const found = await later.find(id)
  assert.equal(found?.kind === 'done' && found.kept.report.domain, 'one.example')
  assert.equal((await later.latest(one.domain))?.id, id)
  made.now += limits.web.reportKeptMs + 1
  assert.equal(await later.find(id), undefined)
  assert.deepEqual(await later.list(), [])
})

test('so many are checked at once, so many wait, and one more is told to come back', async () => {
  const { checks, begun } = bench()
  const { checksAtOnce, checksWaiting } = limits.web
  const names = Array.from({ length: checksAtOnce + checksWaiting }, (_, at) => domain(`d${at}.example`))
  for (const name of names) assert.notEqual(await checks.start({ domain: name, isPrivate: false }), undefined)
  assert.equal(await checks.start(one), undefined)
  await settled()
  assert.equal(begun.length, checksAtOnce)
  const last = await checks.find(`id-${names.length - 1}`)
  assert.equal(last?.kind === 'running' && last.run.state, 'waiting')
  begun[0]?.end()
  await settled()
  await settled()
  assert.equal(begun.length, checksAtOnce + 1)
  assert.notEqual(await checks.start(one), undefined)
})

test('what is given up says nothing: it is not kept, and its watchers are told', async () => {
  const made = bench()
  const id = String(await made.checks.start(one))
  await settled()
  const found = await made.checks.find(id)
  assert.equal(found?.kind, 'running')
  let news = 0
  if (found?.kind === 'running') found.run.watch(() => news++)
  await made.checks.close()
  assert.equal(found?.kind === 'running' && found.run.state, 'ended')
  assert.equal(news, 1)
  assert.equal(await made.again().find(id), undefined)
  assert.deepEqual(made.errors, [])
})

test('a bug in one check is told of, and the next begins anew', async () => {
  const { checks, begun, errors } = bench()
  const id = await checks.start(one)
  await settled()
  begun[0]?.fail()
  await ended(checks, id)
  assert.equal(errors.length, 1)
  assert.notEqual(await checks.start(one), id)
  await settled()
  assert.equal(begun.length, 2)
})

test('reports of who does not want them any more go', async () => {
  const { checks, begun, again } = bench()
  const id = String(await checks.start(one))
  await settled()
  begun[0]?.end()
  await ended(checks, id)
  await settled()
  await checks.tidy((name) => name === 'other.example')
  assert.equal((await checks.list()).length, 1)
  await checks.tidy((name) => name === 'one.example')
  assert.deepEqual(await checks.list(), [])
  assert.deepEqual([await checks.find(id), await again().find(id)], [undefined, undefined])
})
