// Random signed zones, whole and broken, on NSD, Knot and BIND: we, Unbound and delv must say the same of each question.
//
// WAXSEAL_DIFFERENTIAL_SEED and WAXSEAL_DIFFERENTIAL_ZONES make other worlds, and bigger ones.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseType } from '../../src/core/dns/types.ts'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import { parseName } from '../../src/core/name/text.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { createResolver, type ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import { type LookupReport, resolutionToJson } from '../../src/programs/cli/dns-json.ts'
import { addresses as at } from './addresses.ts'
import { createChance } from './differential/chance.ts'
import { defectNames } from './differential/defects.ts'
import { askDelv, bindAnchors, type DelvVerdict } from './differential/delv.ts'
import { delvExceptions, type Exception, unboundExceptions } from './differential/exceptions.ts'
import { algorithms, denials, servers, signers, type ZonePlan } from './differential/plans.ts'
import { type Asked, buildDifferentialWorld, type DifferentialWorld } from './differential/world.ts'
import { askUnboundMany, type Verdict, verdictOf } from './oracle.ts'
import { openStage } from './servers.ts'

const usual = { seed: 1, zones: 48 }
const seed = Number(process.env.WAXSEAL_DIFFERENTIAL_SEED ?? usual.seed)
const zones = Number(process.env.WAXSEAL_DIFFERENTIAL_ZONES ?? usual.zones)
const isUsual = seed === usual.seed && zones === usual.zones
/** It takes a process for every question, which begins with knowing nothing. */
const delvEvery = isUsual ? 9 : 3

const stage = openStage()
let world: DifferentialWorld
let unbound: readonly Verdict[]
const ours = new Map<string, readonly LookupReport[]>()

before(async () => {
  world = await buildDifferentialWorld(stage, createChance(seed), { zones, questionsPerZone: 24 })
  unbound = await inParts(world.questions, askUnboundMany)
  ours.set('iterate', await askUs({ engine: 'iterate', allowSha1: true }))
  ours.set('forward', await askUs({ engine: 'forward', allowSha1: true }))
  ours.set('without SHA-1', await askUs({ engine: 'iterate' }))
})

after(() => stage.stop())

async function askUs(options: Pick<ResolverOptions, 'engine' | 'allowSha1'>): Promise<LookupReport[]> {
  const anchors = parseTrustAnchors(world.anchors)
  assert.ok(anchors.ok)
  const { rootHints } = world
  const servers = [{ address: at.unbound, port: 53 }]
  const network = createNetwork({ allowPrivate: true })
  const resolver = createResolver({ ...options, network, servers, rootHints, trustAnchors: anchors.value })
  try {
    return await inTurns(world.questions, 8, async ({ name, type }) => {
      const parsed = parseName(name)
      const number = parseType(type)
      assert.ok(parsed.ok && number !== undefined, `${name} ${type}`)
      return resolutionToJson(await resolver.resolve(parsed.value, number))
    })
  } finally {
    await resolver.close()
  }
}

/** In the order of the items, so many at a time. */
async function inTurns<Item, Value>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = []
  const waiting = items.entries()
  const worker = async () => {
    for (const [place, item] of waiting) values[place] = await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return values
}

/** A few parts at once, each by one process. */
async function inParts<Item, Value>(items: readonly Item[], work: (part: readonly Item[]) => Promise<Value[]>) {
  const size = Math.ceil(items.length / 4)
  const parts = [0, 1, 2, 3].map((part) => items.slice(part * size, (part + 1) * size))
  return (await Promise.all(parts.map(work))).flat()
}

function reportsOf(engine: string): readonly LookupReport[] {
  const reports = ours.get(engine)
  assert.ok(reports)
  return reports
}

function describe({ origin, server, signing }: ZonePlan): string {
  if (signing === undefined) return `${origin} unsigned on ${server}`
  const { signer, algorithm, denial, iterations, keys, ds, defect = 'whole' } = signing
  return `${origin} by ${signer} on ${server}: algorithm ${algorithm}, ${denial} ${iterations}, ${keys}, ds ${ds}, ${defect}`
}

interface Difference<Theirs> {
  readonly asked: Asked
  readonly ours: LookupReport
  readonly theirs: Theirs
}

function show({ asked, ours: report, theirs }: Difference<unknown>): string {
  const why = 'reason' in report && report.reason !== null ? ` (${report.reason})` : ''
  return [
    `${asked.name} ${asked.type}, in ${describe(asked.plan)}`,
    `  we:   ${JSON.stringify(verdictOf(report))}${why}`,
    `  they: ${JSON.stringify(theirs)}`,
  ].join('\n')
}

/** Fails for differences that no exception explains, and in the usual world for exceptions that explain none. */
function assertExplained<Theirs>(differences: readonly Difference<Theirs>[], exceptions: readonly Exception<Theirs>[]) {
  const used = new Set<Exception<Theirs>>()
  const unexplained = differences.filter(({ asked, ours: report, theirs }) => {
    const exception = exceptions.find(({ explains }) => explains(asked, report, theirs, planOf))
    if (exception !== undefined) used.add(exception)
    return exception === undefined
  })
  assert.equal(unexplained.map(show).join('\n'), '')
  if (isUsual)
    assert.deepEqual(
      exceptions.filter((one) => !used.has(one) && one.isByChance !== true).map(({ reason }) => reason),
      [],
    )
}

test('DNSSEC-01: what we and Unbound say of random zones differs for known reasons alone', () => {
  const differences = ['iterate', 'forward'].flatMap((engine) =>
    reportsOf(engine).flatMap((report, place) => {
      const [asked, theirs] = [world.questions[place], unbound[place]]
      assert.ok(asked !== undefined && theirs !== undefined)
      return JSON.stringify(verdictOf(report)) === JSON.stringify(theirs) ? [] : [{ asked, ours: report, theirs }]
    }),
  )
  assertExplained(differences, unboundExceptions)
})

test('DNSSEC-01: what we and delv say of random zones differs for known reasons alone', async () => {
  const anchors = join(stage.folder, 'bind.keys')
  writeFileSync(anchors, bindAnchors(world.anchors))
  const places = world.questions.flatMap((asked, place) => (place % delvEvery === 0 ? [{ asked, place }] : []))
  const verdicts = await inTurns(places, 4, ({ asked }) => askDelv(asked, anchors))
  // What it asks comes from Unbound, as what we ask when we forward.
  const differences = places.flatMap(({ asked, place }, index) => {
    const [report, theirs] = [reportsOf('forward')[place], verdicts[index]]
    assert.ok(report !== undefined)
    return theirs === undefined || isSameAs(report, theirs) ? [] : [{ asked, ours: report, theirs }]
  })
  const open = verdicts.filter((verdict) => verdict === undefined).length
  assert.ok(open * 20 < verdicts.length, `delv came to no end for ${open} of ${verdicts.length} questions`)
  assertExplained(differences, delvExceptions)
})

function isSameAs(report: LookupReport, { result, status }: DelvVerdict): boolean {
  return report.result === result && (result === 'failure' || report.status === status)
}

test('DNSSEC-33: without SHA-1 the same is said but of zones signed with it, and those are insecure', () => {
  let differing = 0
  for (const [place, report] of reportsOf('without SHA-1').entries()) {
    const [asked, withIt] = [world.questions[place], reportsOf('iterate')[place]]
    assert.ok(asked !== undefined && withIt !== undefined)
    if (JSON.stringify(verdictOf(report)) === JSON.stringify(verdictOf(withIt))) continue
    differing++
    const isSha1 = unsupportedIn(report).some((zone) => isSignedWithSha1(zone))
    // An alias may lead from one to what fails for itself.
    const isBehindSha1 = withIt.result === 'failure' && report.result === 'failure'
    assert.ok(isSha1 || isBehindSha1, show({ asked, ours: report, theirs: verdictOf(withIt) }))
    if (report.result !== 'failure') assert.equal(report.status, 'insecure', asked.name)
  }
  assert.ok(differing > 0)
})

/** The zones that a result has no keys for, in the way of its aliases or where they end. */
function unsupportedIn(report: LookupReport): string[] {
  const reason = report.result === 'failure' ? '' : (report.reason ?? '')
  const named = /^(\S+) is signed with algorithms/.exec(reason)?.[1]
  const links = report.chain.filter(({ by }) => by === 'unsupported-algorithm')
  return [...(named === undefined ? [] : [named]), ...links.map(({ zone }) => zone)]
}

function isSignedWithSha1(zone: string): boolean {
  const algorithm = planOf(zone)?.signing?.algorithm
  return algorithm === 5 || algorithm === 7
}

function planOf(zone: string): ZonePlan | undefined {
  return allPlans().find(({ origin }) => origin === zone)
}

function allPlans(): ZonePlan[] {
  return [...new Set(world.questions.map(({ plan }) => plan))]
}

test('the zones are of every kind, and every status and result is met many times', { skip: !isUsual }, () => {
  const plans = allPlans()
  const signings = plans.flatMap(({ signing }) => signing ?? [])
  const met = (values: readonly unknown[]) => new Set(values)
  assert.deepEqual(met(plans.map(({ server }) => server)), new Set(servers))
  assert.deepEqual(met(signings.map(({ signer }) => signer)), new Set(signers))
  assert.deepEqual(met(signings.map(({ algorithm }) => algorithm)), new Set(algorithms))
  assert.deepEqual(met(signings.map(({ denial }) => denial)), new Set(denials))
  assert.deepEqual(met(signings.flatMap(({ defect }) => defect ?? [])), new Set(defectNames))
  const counts = new Map<string, number>()
  for (const { result, status } of unbound)
    counts.set(`${result} ${status}`, (counts.get(`${result} ${status}`) ?? 0) + 1)
  const kinds = ['answer secure', 'answer insecure', 'nodata secure', 'nodata insecure', 'nxdomain secure']
  for (const kind of [...kinds, 'nxdomain insecure', 'failure bogus']) {
    assert.ok((counts.get(kind) ?? 0) >= 50, `${kind}: ${counts.get(kind) ?? 0}`)
  }
  assert.ok(world.questions.length >= 1500, String(world.questions.length))
})
