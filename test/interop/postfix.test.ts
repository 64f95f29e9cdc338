// A real Postfix sends through `waxseal serve` to a world of destinations: what the map says of each, and what became
// of the mail.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readAsPostfix } from '../support/postfix-policy-parser.ts'
import type { PolicyService } from './policy-service.ts'
import { type Case, type CompleteCase, cases, type Fate, notShown, submissionHosts } from './postfix-cases.ts'
import type { Attempt, Looked, SendingPostfix } from './sending-postfix.ts'
import { openSendingWorld, type SendingWorld } from './sending-world.ts'
import { openStage, waitForPort } from './servers.ts'

const stage = openStage()
const tcp = 'socketmap:inet:127.0.0.1:8461'
const unix = `socketmap:unix:${stage.folder}/policies`

/** What docs/postfix.md has people write into main.cf, but for the authorities, which are the lab's own. */
function documented(): string[] {
  const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'postfix.md'), 'utf8')
  const [, block = ''] = /```\n(smtp_tls_policy_maps = [^`]*)```/.exec(guide) ?? []
  const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('smtp_tls_CAfile'))
  assert.equal(lines.length, 3, block)
  return lines.map((line) => line.replace(' = ', '='))
}

let world: SendingWorld
let postfix: SendingPostfix
let service: PolicyService
/** By map and key. */
const looked = new Map<string, Looked>()

const changes = cases.flatMap(({ next }) => next?.change ?? [])
const text = `
world  Destinations of a sending Postfix
zone   elsewhere.example signed=no
host   mx.elsewhere.example
${cases.map((one) => one.world).join('\n')}
clock  +0s
${changes.join('\n')}
`

before(async () => {
  world = await openSendingWorld(stage, {
    world: text,
    transports: {
      tcp: [`smtp_tls_policy_maps=${tcp}:QUERY`, 'smtp_tls_dane_insecure_mx_policy=dane'],
      unix: [`smtp_tls_policy_maps=${unix}:QUERY`, 'smtp_tls_dane_insecure_mx_policy=dane'],
      proxied: [],
      documented: documented(),
      // As Postfix before 3.7.13 has it, unless smtp_tls_security_level is "dane".
      unset: [`smtp_tls_policy_maps=${tcp}:QUERY`, 'smtp_tls_dane_insecure_mx_policy=may'],
    },
    routes: cases.flatMap(({ domain, nextHop }) => (nextHop === undefined ? [] : [`${domain} = tcp:${nextHop}`])),
    settings: [`smtp_tls_policy_maps = proxy:${unix}:QUERY`],
  })
  postfix = world.postfix
  for (const address of submissionHosts) await openSubmission(address)
  service = await serve()
  await world.serve('mixed.db', '--socketmap', `${stage.folder}/policies`, '--mixed-hosts', 'secure')
  // All at once, as a busy server would.
  for (const { as, domain, mixed } of cases) {
    await postfix.submit('tcp', `tcp@${as}`, `by tcp to ${domain}`)
    if (mixed !== undefined) await postfix.submit('unix', `unix@${as}`, `by unix to ${domain}`)
  }
  await lookUp(
    cases.flatMap(({ key }) => [`${tcp}:QUERY ${key}`, `${unix}:QUERY ${key}`, `${tcp}:QUERYwithTLSRPT ${key}`]),
  )
})

after(() => stage.stop())

function serve(): Promise<PolicyService> {
  return world.serve('policies.db', '--socketmap', '127.0.0.1:8461')
}

/** Lets a host's port 587 lead to its port 25. */
async function openSubmission(host: string): Promise<void> {
  const server = createServer((socket) => {
    const onward = connect({ host, port: 25 })
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => other.destroy())
      one.pipe(other)
    }
  })
  server.listen({ host, port: 587 })
  stage.onStop(() => void server.close())
  await waitForPort(host, 587)
}

/** Asks with postmap, several at once. */
async function lookUp(questions: readonly string[]): Promise<void> {
  const waiting = [...questions]
  const worker = async () => {
    for (let question = waiting.shift(); question !== undefined; question = waiting.shift()) {
      const [map = '', key = ''] = question.split(' ')
      looked.set(question, await postfix.look(key, map))
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

function answerTo(map: string, key: string): Looked {
  const answer = looked.get(`${map} ${key}`)
  assert.ok(answer, `${map} was not asked for ${key}`)
  return answer
}

function assertAnswer({ status, stdout, stderr }: Looked, expected: Case['answer']): void {
  if (expected === 'NOTFOUND') assert.deepEqual({ status, stdout, stderr }, { status: 1, stdout: '', stderr: '' })
  else if (typeof expected === 'string') assert.deepEqual({ stdout, stderr }, { stdout: `${expected}\n`, stderr: '' })
  else {
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' })
    assert.match(stderr, /socketmap server temporary error: /)
    assert.match(stderr, expected)
  }
}

/** By Postfix's log, and by what the servers say, which no sender wrote. */
function assertFate(attempt: Attempt, fate: Fate, mark: string): void {
  const told = JSON.stringify(attempt)
  assert.equal(attempt.status, fate.status, told)
  const arrived = world.lab.received.filter(({ text: message }) => message.includes(`\r\nSubject: ${mark}\r\n`))
  if (fate.status !== 'sent') {
    assert.deepEqual([attempt.dsn, arrived], [fate.dsn, []], told)
    assert.match(attempt.text, fate.text)
    return
  }
  assert.equal(attempt.relay.toLowerCase(), fate.relay, told)
  if (fate.tls === 'encrypted') assert.ok(attempt.tls, told)
  else assert.equal(attempt.tls ?? 'clear', fate.tls, told)
  assert.deepEqual(
    arrived.map(({ by, tls }) => [by, tls !== undefined]),
    [['recipient', fate.tls !== 'clear']],
  )
}

/** MTA-STS has the sender name the host that it means. RFC 8461 §7.1 */
function assertServerName(mark: string, host: string): void {
  const arrived = world.lab.received.find(({ text: message }) => message.includes(`\r\nSubject: ${mark}\r\n`))
  assert.equal(arrived?.tls?.serverName, host)
}

for (const { domain, as, key, rows, why, answer, fate, mixed } of cases) {
  test(`${rows}: ${key}: ${why}`, async () => {
    assertAnswer(answerTo(`${tcp}:QUERY`, key), answer)
    assertAnswer(answerTo(`${unix}:QUERY`, key), mixed?.answer ?? answer)
    assertFate(await postfix.attempt(`tcp@${as}`), fate, `by tcp to ${domain}`)
    const isByPolicy = fate.status === 'sent' && typeof answer === 'string' && answer.startsWith('secure ')
    if (isByPolicy) assertServerName(`by tcp to ${domain}`, fate.relay)
    if (mixed !== undefined) assertFate(await postfix.attempt(`unix@${as}`), mixed.fate, `by unix to ${domain}`)
  })
}

test('what Postfix puts back for want of an answer it logs with the reason that the map gives', async () => {
  const complaints = postfix.complaints()
  for (const { key, answer, fate } of cases) {
    if (typeof answer === 'string' || fate.status !== 'deferred' || fate.dsn !== '4.7.5') continue
    const own = complaints.filter((line) => line.includes('socketmap server temporary error') && answer.test(line))
    assert.ok(own.length > 0, key)
    assert.ok(
      complaints.some((line) => line.includes(`lookup error for "${key}"`)),
      key,
    )
  }
})

for (const { key, answer } of cases) {
  test(`STS-130: QUERYwithTLSRPT for ${key} is what Postfix 3.10 understands, and no weaker than QUERY`, () => {
    const { stdout, stderr } = answerTo(`${tcp}:QUERYwithTLSRPT`, key)
    if (typeof answer !== 'string') {
      // From 3.10.5 on Postfix holds the hosts against the patterns by itself.
      if (stdout === '') assert.match(stderr, answer)
      else assertPolicy(stdout, 'secure', key)
    } else if (answer === 'NOTFOUND') assert.deepEqual([stdout, stderr], ['', ''])
    else assertPolicy(stdout, answer.split(' ')[0] ?? '', key)
  })
}

function assertPolicy(line: string, level: string, key: string): void {
  const read = readAsPostfix(line.trimEnd())
  assert.ok('level' in read, JSON.stringify(read))
  assert.equal(read.level, level)
  if (level !== 'secure') {
    assert.equal(read.attributes.size, 0)
    return
  }
  const one = (name: string) => read.attributes.get(name)?.join()
  assert.equal(one('servername'), 'hostname')
  assert.equal(one('policy_type'), 'sts')
  assert.equal(one('policy_domain'), key.replace(/^\[|\]$/g, ''))
  const lines = read.attributes.get('policy_string') ?? []
  assert.ok(lines.includes('mode: enforce'), line)
  const listed = lines.filter((text) => text.startsWith('mx: ')).map((text) => text.slice(4))
  assert.deepEqual(read.attributes.get('mx_host_pattern'), listed)
}

const forms: [key: string, map: string, answer: Case['answer']][] = [
  ['ee.example', 'QUERY', 'dane-only'],
  ['.ee.example', 'QUERY', 'NOTFOUND'],
  ['EE.EXAMPLE', 'QUERY', 'dane-only'],
  ['ee.example.', 'QUERY', 'dane-only'],
  ['ee.example:25', 'QUERY', 'dane-only'],
  ['ee.example:smtp', 'QUERY', 'dane-only'],
  ['[mx.ee.example]', 'QUERY', 'dane-only'],
  ['[mx.ee.example]:2525', 'QUERY', 'NOTFOUND'],
  ['[192.0.2.25]', 'QUERY', 'NOTFOUND'],
  ['[IPv6:2001:db8::25]:587', 'QUERY', 'NOTFOUND'],
  ['/var/run/lmtp', 'QUERY', 'NOTFOUND'],
  ['\u00fcber-alles.invalid', 'QUERY', 'NOTFOUND'],
  ['xn--bcher-kva.example', 'QUERY', 'dane-only'],
]

for (const [key, map, answer] of forms) {
  test(`STS-132: postmap -q ${key}`, async () => {
    for (const where of [tcp, unix]) assertAnswer(await postfix.look(key, `${where}:${map}`), answer)
  })
}

test('STS-133: a map that there is none of is a mistake of the configuration', async () => {
  const { status, stdout, stderr } = await postfix.look('ee.example', `${tcp}:query`)
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /socketmap server permanent error: there is no such map: write QUERY/)
})

test('through proxymap(8), as from a chroot', async () => {
  for (const [name, tls] of [
    ['ee', 'Verified'],
    ['sts', 'Verified'],
    ['clear', 'clear'],
  ] as const) {
    const mark = `proxied to ${name}`
    await postfix.submit('proxied', `proxied@${name}.example`, mark)
    assertFate(
      await postfix.attempt(`proxied@${name}.example`),
      { status: 'sent', relay: `mx.${name}.example`, tls },
      mark,
    )
  }
  await postfix.submit('proxied', 'proxied@sts-unlisted.example', 'proxied to nobody')
  const held = await postfix.attempt('proxied@sts-unlisted.example')
  assert.deepEqual([held.status, held.dsn], ['deferred', '4.7.5'])
})

const byTheBook: readonly string[] = [
  'ee',
  'hosted',
  'hosted-wrong',
  'unusable',
  'no-tlsa',
  'clear',
  'sts',
  'sts-own',
  'both-own',
]

test('with the settings of docs/postfix.md, where level dane stands behind the map, the same comes of it', async () => {
  const chosen = cases.filter(({ name }) => byTheBook.includes(name))
  assert.equal(chosen.length, byTheBook.length)
  for (const { domain } of chosen)
    await postfix.submit('documented', `documented@${domain}`, `by the book to ${domain}`)
  for (const { domain, fate } of chosen) {
    assertFate(await postfix.attempt(`documented@${domain}`), fate, `by the book to ${domain}`)
  }
})

test('without smtp_tls_dane_insecure_mx_policy = dane, unsigned MX records lead to anybody, as docs/postfix.md says', async () => {
  await postfix.submit('unset', 'unset@hosted-wrong.example', 'unset')
  const fate: Fate = { status: 'sent', relay: 'mx.ee-wrong.example', tls: 'encrypted' }
  assertFate(await postfix.attempt('unset@hosted-wrong.example'), fate, 'unset')
})

test('what was put back is in the queue, all of it and nothing else', async () => {
  const isKept = ({ fate }: Pick<Case, 'fate'>) => fate.status === 'deferred'
  const kept = cases.filter(isKept).map(({ as }) => `tcp@${as}`)
  const mixed = cases.filter((one) => one.mixed !== undefined && isKept(one.mixed)).map(({ as }) => `unix@${as}`)
  const book = cases.filter((one) => byTheBook.includes(one.name) && isKept(one)).map(({ as }) => `documented@${as}`)
  const all = [...kept, ...mixed, ...book, 'proxied@sts-unlisted.example']
  assert.deepEqual((await postfix.queued()).sort(), all.sort())
})

const later = cases.filter((one): one is CompleteCase & Required<Pick<Case, 'later'>> => one.later !== undefined)

test('rows 23 and 26: where nothing asks for TLS, a handshake that fails delays the mail and does not keep it', async () => {
  await Promise.all(
    later.map(async ({ as, domain, later: fate }) => {
      const attempt = await postfix.attemptWithFlushes(`tcp@${as}`, ({ status }) => status === 'sent')
      assertFate(attempt, fate, `by tcp to ${domain}`)
    }),
  )
})

const changed = cases.filter((one): one is CompleteCase & Required<Pick<Case, 'next'>> => one.next !== undefined)

test('policies outlive the service, their hosts and their records', async (t) => {
  assert.equal(await service.stop(), 0)
  for (const event of world.lab.world.events) {
    if (event.kind === 'host' || event.kind === 'policy' || event.kind === 'drop') await world.lab.change(event)
  }
  service = await serve()
  for (const { domain, as, key, next } of changed) {
    await t.test(`${next.rows}: ${key}`, async () => {
      assertAnswer(await postfix.look(key, `${tcp}:QUERY`), next.answer)
      const mark = `later to ${domain}`
      await postfix.submit('tcp', `later@${as}`, mark)
      assertFate(await postfix.attempt(`later@${as}`), next.fate, mark)
    })
  }
  // What waited for the policy that its domain gave up goes too.
  const waited = await postfix.attemptWithFlushes('tcp@ending.example', ({ status }) => status === 'sent')
  assert.equal(waited.relay, 'mx.ending.example')
})

test('every row of tables 1a to 1d is shown here, or it is said why it cannot be', () => {
  const shown = new Set(cases.flatMap(({ rows, next }) => `${rows} ${next?.rows ?? ''}`.trim().split(' ')))
  const all = [
    ...Array.from({ length: 8 }, (_, index) => `1a/M${index + 1}`),
    ...Array.from({ length: 8 }, (_, index) => `1b/H${index + 1}`),
    ...Array.from({ length: 12 }, (_, index) => `1c/S${index + 1}`),
    ...Array.from({ length: 33 }, (_, index) => `1d/${index + 1}`),
    ...Array.from({ length: 10 }, (_, index) => `1e/${index + 1}`),
  ]
  assert.deepEqual(
    all.filter((row) => shown.has(row) === Object.hasOwn(notShown, row)),
    [],
  )
  assert.ok(cases.length >= 40)
})
