import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, type Behaviour, noNetwork } from '../../../test/resolver/fake-exchange.ts'
import { signedWorld } from '../../../test/resolver/signed-world.ts'
import { nameOfText } from '../../../test/support/records.ts'
import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { parseType, RCODE, TYPE } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import { limits } from '../../core/limits.ts'
import { formatName } from '../../core/name/text.ts'
import { mapRecords, withLastOctetChanged } from '../../programs/lab/dns/spoil.ts'
import { createServerSurvey, type ServerReport, type Survey } from './all-servers.ts'
import type { ResolverOptions } from './create-resolver.ts'

const world = signedWorld(`
zone alpha.example
zone alpha.example MX 10 mx.alpha.example
zone alpha.example NS ns2.alpha.example
zone alpha.example NS ns3.alpha.example
zone ns2.alpha.example A 203.0.113.52
zone ns2.alpha.example AAAA 2001:db8::52
zone ns3.alpha.example A 203.0.113.53
zone www.alpha.example CNAME mx.alpha.example
zone mx.alpha.example A 203.0.113.1
zone many.example signed=no
${Array.from({ length: 9 }, (_, at) => `zone many.example NS n${at}.many.example`).join('\n')}
${Array.from({ length: 9 }, (_, at) =>
  Array.from({ length: 9 }, (_, host) => `zone n${at}.many.example A 203.0.113.${100 + 9 * at + host}`).join('\n'),
).join('\n')}
`)
const first = world.serverOf('alpha.example')
const [four, six, third] = ['203.0.113.52', '2001:db8::52', '203.0.113.53']

/** What becomes of the right reply at a server. */
type Change = (message: Message, asked: Asked) => Behaviour

interface AskOptions extends Partial<ResolverOptions> {
  /** Whether there is a resolver that looks the question up first. */
  readonly isBeside?: boolean
  /** How often the question is put. */
  readonly times?: number
}

/** Every server has the zone, but for what these addresses make of it. */
async function ask(
  question: string,
  changes: Readonly<Record<string, Change>> = {},
  { isBeside = false, times = 1, ...options }: AskOptions = {},
) {
  const { engine = 'iterate' } = options
  const forAll = changes['*'] ?? ((message) => message)
  const memory = world.resolver(engine === 'forward' ? 'forward' : 'iterate', (message, asked) => {
    if (asked.recursionDesired) return undefined
    const origin = ['alpha.example', 'many.example'].find((zone) => asked.question.includes(`${zone}. `))
    const isTheirs = asked.server.startsWith('203.0.113.') || asked.server === six || asked.server === first
    if (origin === undefined || !isTheirs) return undefined
    const sections = world.zones.answer(origin, { name: asked.name, type: asked.type, class: 1 }, true)
    const reply = { ...message, ...sections, recursionAvailable: false }
    return (changes[asked.server] ?? forAll)(reply, asked)
  })
  const surveyOptions: ResolverOptions = {
    ...{ engine: 'iterate', network: noNetwork, exchange: memory.exchange, clock: memory.clock, random: () => 0 },
    ...{ rootHints: world.rootHints, trustAnchors: world.anchors, ...options },
  }
  const survey = createServerSurvey(surveyOptions, isBeside ? memory.resolver : undefined)
  const [name = '', type = ''] = question.split(' ')
  const put = () => survey.survey({ name: nameOfText(name), type: parseType(type) ?? 0 }, { resolver: memory.resolver })
  for (let before = 1; before < times; before++) await put()
  const found = await put()
  await survey.close()
  await memory.close()
  return { found, asked: memory.asked, lines: linesOf(found) }
}

function linesOf(found: Survey): Record<string, string> {
  if (found.kind === 'failed') return { failed: found.trouble.why }
  return Object.fromEntries(
    found.servers.map((report) => [report.address ?? formatName(report.server), lineOf(report)]),
  )
}

function lineOf({ finding }: ServerReport): string {
  if (!('records' in finding)) return `${finding.kind}: ${finding.reason}`
  return [finding.kind, finding.status, ...finding.records.map(formatRecord)].join(' ')
}

const mx = 'answer secure alpha.example. 3600 IN MX 10 mx.alpha.example.'
const all = (line: string) => Object.fromEntries([first, four, six, third].map((address) => [address, line]))

test('every server of the zone is asked at every address, directly, and each answer is validated', async () => {
  const { found, lines, asked } = await ask('alpha.example. MX')
  assert.deepEqual(lines, all(mx))
  assert.equal(found.kind === 'asked' && formatName(found.zone), 'alpha.example.')
  assert.ok(found.kind === 'asked' && found.servers.every(({ serial }) => serial === 1))
  for (const address of Object.keys(lines)) assert.ok(asked.includes(`${address} alpha.example. MX cd`), address)
})

test('servers that engine forward names lead to the same, and only they are asked for the way', async () => {
  const { lines, asked } = await ask(
    'alpha.example. MX',
    {},
    { engine: 'forward', servers: [{ address: '192.0.2.1', port: 53 }] },
  )
  assert.deepEqual(lines, all(mx))
  assert.deepEqual(new Set(asked.map((line) => line.split(' ')[0])), new Set(['192.0.2.1', ...Object.keys(lines)]))
})

const questions: [question: string, line: string][] = [
  ['alpha.example. TXT', 'nodata secure'],
  ['a.b.alpha.example. MX', 'nxdomain secure'],
  ['www.alpha.example. A', 'alias secure www.alpha.example. 3600 IN CNAME mx.alpha.example.'],
  ['mx.alpha.example. A', 'answer secure mx.alpha.example. 3600 IN A 203.0.113.1'],
]
for (const [question, line] of questions) {
  test(`the zone around ${question} is found, and its servers say ${line}`, async () => {
    assert.deepEqual((await ask(question)).lines, all(line))
  })
}

test('RFC 4035 §3.1.4.1: the servers of the zone above are asked for DS records', async () => {
  const { lines } = await ask('alpha.example. DS')
  assert.deepEqual(Object.keys(lines), [world.serverOf('example')])
  assert.match(Object.values(lines)[0] ?? '', /^answer secure alpha\.example\. 3600 IN DS /)
})

const odd: [what: string, change: Change, line: string][] = [
  ['refuses', (message) => ({ ...message, rcode: RCODE.REFUSED, answer: [] }), 'useless: answers REFUSED'],
  [
    'does not serve the zone',
    (message) => ({ ...message, isAuthoritative: false, answer: [], authority: [] }),
    'useless: does not speak for alpha.example. (no AA)',
  ],
  ['hides the records', (message) => ({ ...message, answer: [] }), 'bogus: '],
  [
    'has other records',
    (message) => ({
      ...message,
      ...mapRecords(message, (one) => (one.type === TYPE.MX ? withLastOctetChanged(one) : one)),
    }),
    'bogus: ',
  ],
  [
    'strips the signatures',
    (message) => ({ ...message, answer: message.answer.filter(({ type }) => type !== TYPE.RRSIG) }),
    'bogus: ',
  ],
  ['sends no DNS', () => 'malformed', 'silent: sent a malformed answer'],
  ['cannot be reached', () => 'unreachable', 'silent: cannot be reached'],
  ['takes no queries', () => 'refused', 'silent: takes no DNS queries'],
  ['does not answer', () => 'timeout', 'silent: does not answer'],
]
for (const [what, change, line] of odd) {
  for (const [at, isBeside] of [[four], [first], [four, true], [first, true]] as const) {
    const beside = isBeside === true ? ', with a resolver that looks the question up first' : ''
    test(`a server at ${at} that ${what} is told from the others${beside}`, async () => {
      const isMeant = (asked: Asked) => asked.question === 'alpha.example. MX'
      const { lines } = await ask(
        'alpha.example. MX',
        { [at]: (message, asked) => (isMeant(asked) ? change(message, asked) : message) },
        { isBeside: isBeside === true },
      )
      const { [at]: odd = '', ...others } = lines
      assert.ok(odd.startsWith(line), odd)
      const { [at]: _, ...expected } = all(mx)
      assert.deepEqual(others, expected)
    })
  }
}

for (const [question, line] of [['alpha.example. MX', mx] as const, ...questions]) {
  test(`of ${question}, no server is asked the same twice beside a resolver that asks it, too`, async () => {
    const { found, lines, asked } = await ask(question, {}, { isBeside: true })
    assert.deepEqual(lines, all(line))
    assert.ok(found.kind === 'asked' && found.servers.every(({ serial }) => serial === 1))
    assert.deepEqual(asked.toSorted(), [...new Set(asked)].sort())
    for (const address of Object.keys(lines)) assert.ok(asked.includes(`${address} ${question} cd`), address)
  })
}

test('RFC 2308 §3: a denial says which version of the zone its server has, which is not asked for then', async () => {
  for (const isBeside of [false, true]) {
    const { found, asked } = await ask('alpha.example. TXT', {}, { isBeside })
    assert.ok(found.kind === 'asked' && found.servers.every(({ serial }) => serial === 1))
    assert.deepEqual(
      asked.filter((line) => line.includes(' SOA ')),
      [],
    )
  }
})

test('RFC 1034 §4.3.2: addresses that come along with the zone’s name servers are not asked for', async () => {
  const { lines, asked } = await ask('alpha.example. MX')
  assert.deepEqual(lines, all(mx))
  const ofServers = asked.flatMap((line) => line.match(/ns\d?\.alpha\.example\. (?:A|AAAA)(?= )/)?.[0] ?? [])
  assert.deepEqual(ofServers.sort(), ['ns.alpha.example. AAAA', 'ns3.alpha.example. AAAA'], 'there may be some')
})

const foreign: [what: string, change: Change][] = [
  ['of another name', (message) => ({ ...message, additional: message.additional.map(elsewhere) })],
  ['left out', (message) => ({ ...message, additional: [] })],
]
for (const [what, change] of foreign) {
  test(`addresses that come along and are ${what} lead nowhere: the name servers are looked up`, async () => {
    const { lines } = await ask('alpha.example. MX', {
      '*': (message, asked) => (asked.question === 'alpha.example. NS' ? change(message, asked) : message),
    })
    assert.deepEqual(lines, all(mx))
  })
}

function elsewhere(record: ResourceRecord): ResourceRecord {
  return { ...record, name: nameOfText('ns.beta.example.'), rdata: new Uint8Array(record.rdata.length).fill(7) }
}

test('who compares again hears what each server says by then, and knows who they are for a while', async () => {
  const { lines, asked } = await ask('alpha.example. MX', {}, { isBeside: true, times: 2 })
  assert.deepEqual(lines, all(mx))
  for (const address of Object.keys(lines)) {
    assert.equal(asked.filter((line) => line === `${address} alpha.example. MX cd`).length, 2, address)
  }
  assert.equal(asked.filter((line) => line.includes(' alpha.example. NS ')).length, 1)
})

test('beside a resolver that asks a recursive server, name servers are found from the root', async () => {
  const memory = world.resolver('forward')
  assert.equal(await memory.resolver.inside?.(), undefined)
  await memory.close()
})

test('a silent server is asked as often as any, the last time over TCP', async () => {
  const { asked } = await ask('alpha.example. MX', { [third]: () => 'timeout' })
  const { retriesPerServer } = limits.resolver
  const tries = asked.filter((line) => line.startsWith(`${third} alpha.example. MX`))
  assert.deepEqual(tries, [
    ...Array.from({ length: retriesPerServer - 1 }, () => tries[0]),
    `${third} alpha.example. MX tcp cd`,
  ])
})

test('a zone of which no server works is named by its parent, and each of its servers is shown', async () => {
  const { found, lines } = await ask('mx.alpha.example. A', { '*': () => 'timeout' })
  assert.equal(found.kind === 'asked' && formatName(found.zone), 'alpha.example.')
  assert.deepEqual(lines, { [first]: 'silent: does not answer' })
})

test('who names a server is told: the zone, its parent or both', async () => {
  const { found } = await ask('alpha.example. MX')
  assert.ok(found.kind === 'asked')
  const named = new Map(found.servers.map(({ server, namedBy }) => [formatName(server), namedBy]))
  assert.deepEqual([...named].sort(), [
    ['ns.alpha.example.', 'both'],
    ['ns2.alpha.example.', 'zone'],
    ['ns3.alpha.example.', 'zone'],
  ])
})

test('no more addresses are asked than the limits allow, and it is said how many are left', async () => {
  const { found, asked } = await ask('many.example. MX')
  const { addressesPerServer, addressesCompared } = limits.resolver
  assert.ok(found.kind === 'asked')
  assert.equal(found.servers.length, addressesCompared)
  assert.equal(found.left, 1 + 9 * addressesPerServer - addressesCompared)
  const servers = new Set(asked.flatMap((line) => (line.includes(' many.example. MX') ? [line.split(' ')[0]] : [])))
  assert.equal(servers.size, addressesCompared)
})

test('a survey that is given up ends at once, and says so of those who were waited for', async () => {
  const stopping = new AbortController()
  const memory = world.resolver('iterate', (_, asked) => {
    if (asked.question !== 'alpha.example. MX') return undefined
    stopping.abort()
    return 'timeout'
  })
  const survey = createServerSurvey({
    ...{ engine: 'iterate', network: noNetwork, exchange: memory.exchange, clock: memory.clock, random: () => 0 },
    ...{ rootHints: world.rootHints, trustAnchors: world.anchors },
  })
  const question = { name: nameOfText('alpha.example.'), type: TYPE.MX }
  const found = await survey.survey(question, { signal: stopping.signal })
  await survey.close()
  assert.equal(linesOf(found)[first], 'silent: was not waited for')
  assert.deepEqual(linesOf(await survey.survey(question)), { failed: 'aborted' })
})
