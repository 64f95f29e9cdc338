// Unbound and we resolve the same Internet: what we say of a name must be what it says.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { parseType } from '../../src/core/dns/types.ts'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import { parseName } from '../../src/core/name/text.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { createResolver, type ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import type { Resolver } from '../../src/io/resolver/resolver.ts'
import { type FoundReport, type LookupReport, resolutionToJson } from '../../src/programs/cli/dns-json.ts'
import { addresses as at } from './addresses.ts'
import { askUnbound, type Verdict, verdictOf } from './oracle.ts'
import {
  forTheCommandLine,
  iteratedDenials,
  lameQuestions,
  type Question,
  questionsByZone,
  sha1Questions,
} from './questions.ts'
import { openStage } from './servers.ts'
import { iterateIn, type Run, waxseal } from './waxseal.ts'
import { buildWorld, type InteropWorld } from './world.ts'

const stage = openStage()
const engines = ['iterate', 'forward', 'trust-ad'] as const
type Engine = (typeof engines)[number]

let world: InteropWorld
const resolvers = new Map<Engine, Resolver>()

before(async () => {
  world = await buildWorld(stage, { mail: false })
  for (const engine of engines) resolvers.set(engine, resolverIn({ engine }))
})

after(async () => {
  for (const resolver of resolvers.values()) await resolver.close()
  await stage.stop()
})

function resolverIn(options: Pick<ResolverOptions, 'engine' | 'allowSha1'>): Resolver {
  const anchors = parseTrustAnchors(readFileSync(world.anchors, 'utf8'))
  assert.ok(anchors.ok)
  return createResolver({
    ...options,
    network: createNetwork({ allowPrivate: true }),
    servers: [{ address: at.unbound, port: 53 }],
    rootHints: [{ address: at.root, port: 53 }],
    trustAnchors: anchors.value,
  })
}

async function askUs(resolver: Resolver, { name, type }: Question): Promise<LookupReport> {
  const parsed = parseName(name)
  const number = parseType(type)
  assert.ok(parsed.ok && number !== undefined, `${name} ${type}`)
  return resolutionToJson(await resolver.resolve(parsed.value, number))
}

/** A line a question: what differs is seen at once. */
function show(answers: Answered<Verdict>): string {
  return answers
    .map(({ name, type, answer: { result, status, records } }) =>
      [`${name} ${type}: ${result}, ${status}`, ...records].join('; '),
    )
    .join('\n')
}

type Answered<Answer> = readonly (Question & { readonly answer: Answer })[]

/** Why each of our failures was one stands in what is shown when something differs. */
function assertSame(reports: Answered<LookupReport>, theirs: Answered<Verdict>): void {
  const ours = show(reports.map((report) => ({ ...report, answer: verdictOf(report.answer) })))
  const reasons = reports.flatMap(({ answer }) => (answer.result === 'failure' ? [answer.reason] : []))
  if (ours !== show(theirs)) assert.equal([ours, ...reasons].join('\n'), show(theirs))
}

/** All answers, no more than eight at a time, in the order of the questions. */
async function askAll<Answer>(
  questions: readonly Question[],
  ask: (question: Question) => Promise<Answer>,
): Promise<Answered<Answer>> {
  const answers: (Question & { readonly answer: Answer })[] = []
  const waiting = questions.entries()
  const worker = async () => {
    for (const [place, question] of waiting) answers[place] = { ...question, answer: await ask(question) }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return answers
}

/** Unbound's verdicts, asked once for all engines. */
const known = new Map<string, Promise<Verdict>>()

function unboundSays({ name, type }: Question): Promise<Verdict> {
  const key = `${name} ${type}`
  const verdict = known.get(key) ?? askUnbound(name, type)
  known.set(key, verdict)
  return verdict
}

/** Trust-ad sees a SERVFAIL and no proof; an extended error is no statement to act on (RFC 8914 §6). */
function expectedOf(engine: Engine, verdict: Verdict): Verdict {
  return engine === 'trust-ad' && verdict.result === 'failure' ? { ...verdict, status: 'indeterminate' } : verdict
}

function engineOf(engine: Engine): Resolver {
  const resolver = resolvers.get(engine)
  assert.ok(resolver)
  return resolver
}

for (const engine of engines) {
  for (const [zone, questions] of questionsByZone) {
    test(`DNSSEC-01 ${engine} says what Unbound says of ${questions.length} questions in ${zone}`, async () => {
      const theirs = await askAll(questions, async (question) => expectedOf(engine, await unboundSays(question)))
      assertSame(await askAll(questions, (question) => askUs(engineOf(engine), question)), theirs)
    })
  }
}

test('the questions meet every status and result that Unbound can give', async () => {
  const answers = await askAll([...questionsByZone.values()].flat(), unboundSays)
  const verdicts = answers.map(({ answer }) => answer)
  const met = new Set(verdicts.map(({ result, status }) => `${result} ${status}`))
  const denied = ['nodata secure', 'nodata insecure', 'nxdomain secure', 'nxdomain insecure']
  assert.deepEqual([...met].sort(), ['answer insecure', 'answer secure', 'failure bogus', ...denied].sort())
  assert.ok(verdicts.length >= 40, String(verdicts.length))
})

for (const engine of ['iterate', 'forward'] as const) {
  test(`DNSSEC-33 ${engine} with SHA-1 allowed says what Unbound says, and takes the zones for unsigned without`, async () => {
    const theirs = await askAll(sha1Questions, unboundSays)
    const resolver = resolverIn({ engine, allowSha1: true })
    const allowed = await askAll(sha1Questions, (question) => askUs(resolver, question))
    await resolver.close()
    assertSame(allowed, theirs)
    const ours = await askAll(sha1Questions, async (question) => verdictOf(await askUs(engineOf(engine), question)))
    const insecure = theirs.map(({ name, type, answer }) => ({
      ...{ name, type },
      answer: type === 'DS' ? answer : { ...answer, status: 'insecure' },
    }))
    assert.deepEqual(ours, insecure)
  })

  // Unbound draws the line at 150 iterations, RFC 9276 §3.2 allows any above 0, and we follow BIND's 50.
  test(`${engine} takes denials of over 50 NSEC3 iterations for insecure, which Unbound believes to 150`, async () => {
    const theirs = await askAll(iteratedDenials, unboundSays)
    assert.ok(theirs.every(({ answer }) => answer.status === 'secure'))
    const ours = await askAll(iteratedDenials, async (question) => verdictOf(await askUs(engineOf(engine), question)))
    assert.deepEqual(
      ours,
      theirs.map(({ answer, ...question }) => ({ ...question, answer: { ...answer, status: 'insecure' } })),
    )
  })
}

// Unbound makes NOERROR without records of it, which for mail would mean "no MX records, use the address".
test('a server that refers to itself for a zone that it has not says nothing, by which mail waits', async () => {
  const ours = await askAll(lameQuestions, async (question) => verdictOf(await askUs(engineOf('iterate'), question)))
  for (const { name, type, answer } of ours) {
    assert.deepEqual(answer, { result: 'failure', status: 'indeterminate', records: [] }, `${name} ${type}`)
  }
})

function optionsFor(engine: Engine): string[] {
  if (engine === 'iterate') return iterateIn(world)
  const server = ['--engine', engine, '--server', at.unbound]
  return engine === 'trust-ad' ? server : [...server, '--trust-anchor', world.anchors]
}

test('RES-19: waxseal dns through Unbound over TLS says what Unbound says, and nothing under another name', async () => {
  const through = (name: string) => [
    ...['--server', `tls://${at.unbound}#${name}`, '--ca-file', world.authority, '--trust-anchor', world.anchors],
  ]
  const theirs = await askAll(forTheCommandLine, unboundSays)
  const ours = await askAll(forTheCommandLine, async ({ name, type }) => {
    return reportOf(await waxseal(['dns', '--json', ...through('resolver.example'), name, type]))
  })
  assertSame(ours, theirs)
  const wrong = await waxseal(['dns', ...through('other.example'), 'example', 'SOA'])
  assert.equal(wrong.status, statusOf.failure)
  assert.match(wrong.stderr, /is not used: the certificate is not for other\.example, but has DNS:resolver\.example/)
})

const statusOf = { answer: 0, nodata: 1, nxdomain: 1, failure: 75 } as const

for (const engine of engines) {
  test(`waxseal dns --json with engine ${engine} says what Unbound says, and exits by it`, async () => {
    const theirs = await askAll(forTheCommandLine, async (question) => expectedOf(engine, await unboundSays(question)))
    const ours = await askAll(forTheCommandLine, async ({ name, type }) => {
      const run = await waxseal(['dns', '--json', ...optionsFor(engine), name, type])
      const report = reportOf(run)
      assert.equal(run.status, statusOf[report.result], `${name} ${type}`)
      assert.equal(run.stderr, '', `${name} ${type}`)
      return report
    })
    assertSame(ours, theirs)
  })
}

function reportOf({ stdout, stderr }: Run): LookupReport {
  assert.match(stdout, /^\{"schema":"waxseal\.dns\/1",.*\}\n$/, stderr)
  return JSON.parse(stdout) as LookupReport
}

async function foundBy(engine: Engine, name: string, type: string): Promise<FoundReport> {
  const report = reportOf(await waxseal(['dns', '--json', ...optionsFor(engine), name, type]))
  assert.ok(report.result !== 'failure')
  return report
}

test('waxseal dns --json shows the chain of trust that leads to the answer', async () => {
  const found = await foundBy('iterate', '_25._tcp.a.dane.example', 'TLSA')
  assert.equal(found.signer, 'dane.example.')
  assert.deepEqual(
    found.chain.map(({ zone, status, by, key }) => [zone, status, by, key?.algorithm]),
    [
      ['.', 'secure', 'anchor', 8],
      ['example.', 'secure', 'ds', 13],
      ['dane.example.', 'secure', 'ds', 13],
    ],
  )
})

test('waxseal dns --json shows where the chain of trust ends, by proof of opt-out', async () => {
  const found = await foundBy('iterate', 'a.unseen.optout.example', 'A')
  const last = found.chain.at(-1)
  assert.deepEqual([last?.zone, last?.status, last?.by], ['unseen.optout.example.', 'insecure', 'opt-out'])
})

test('DANE-25 waxseal dns --json gives each alias the status of its own link', async () => {
  const found = await foundBy('forward', 'far.dane.example', 'A')
  assert.deepEqual(found.aliases, [
    { owner: 'far.dane.example.', target: 'a.unsigned.example.', via: 'CNAME', status: 'secure' },
  ])
  assert.equal(found.canonicalName, 'a.unsigned.example.')
  assert.equal(found.status, 'insecure')
})
