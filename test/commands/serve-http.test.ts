// The HTTP interface of `waxseal serve` in a lab: what it answers, and what it makes of clients that mean no good.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { schemas } from '../../src/programs/daemon/http/schemas.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { type Answer, ask, type Served, serveIn } from '../support/served.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8').split(/^drop/m)[0] ?? ''

let lab: Lab
let commands: LabCommands
let served: Served

before(async () => {
  lab = await startLab(text)
  commands = commandsIn(lab)
  served = await serveIn(commands)
})

after(async () => {
  await served.stop()
  commands.close()
  await lab.close()
})

/** An answer of this status whose body has the shape that the document says. */
function read(answer: Answer, schema: string, status = 200): Record<string, unknown> {
  assert.equal(answer.status, status, answer.text)
  return schemas[schema]?.type.parse(answer.json) as Record<string, unknown> // an object by its schema
}

function refusal(answer: Answer, code: string): void {
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const { code: found, status } = read(answer, 'Problem', answer.status)
  assert.deepEqual([found, status], [code, answer.status])
}

const json = { 'content-type': 'application/json' }

test('a decision is looked for when it is asked for, held, and told with its evidence', async () => {
  const path = '/v1/destinations/bakery.example'
  refusal(await served.ask(`${path}?held=true`), 'not-held')
  const made = read(await served.ask(path), 'Destination')
  assert.equal(made.destination, 'bakery.example')
  assert.equal(made.level, 'secure')
  const answers = made.answers as Record<string, string>
  assert.equal(answers.QUERY, await served.lookUp('bakery.example'))
  assert.match(answers.QUERYwithTLSRPT ?? '', /^OK secure .* policy_type=sts /)
  const held = read(await served.ask(`${path}?held=true`), 'Destination')
  assert.equal(held.madeAt, made.madeAt)
  const answer = await served.ask(`${path}/evidence`)
  const evidence = read(answer, 'Evidence')
  const explained = await commands.run([
    'explain',
    '--json',
    ...commands.iterate,
    '--store',
    ':memory:',
    'bakery.example',
  ])
  const expected = JSON.parse(explained.stdout) as Record<string, unknown>
  const found = (answer.json as Record<string, unknown>).explanation as Record<string, unknown>
  assert.deepEqual(Object.keys(found), Object.keys(expected))
  for (const key of ['outcome', 'protection', 'row', 'reasons', 'advice'])
    assert.deepEqual(found[key], expected[key], key)
  assert.deepEqual(evidence.history, [], 'nothing else was ever decided')
})

test('relays and ports are destinations too, in percent escapes or not', async () => {
  for (const name of ['[mx.clinic.example]', '%5Bmx.clinic.example%5D', '[MX.clinic.example]:smtp'])
    assert.equal(read(await served.ask(`/v1/destinations/${name}`), 'Destination').destination, '[mx.clinic.example]')
  for (const name of ['192.0.2.1', '[192.0.2.1]', '.example', '%00', 'a..b', 'x:70000', 'a%2Fb'])
    refusal(await served.ask(`/v1/destinations/${name}`), 'not-a-destination')
})

test('a refresh makes a new decision, and not again at once', async () => {
  const path = '/v1/destinations/friends.example'
  const before = read(await served.ask(path), 'Destination')
  const after = read(await served.ask(`${path}/refresh`, { method: 'POST', headers: json, body: '{}' }), 'Destination')
  assert.ok(Number(after.madeAt) >= Number(before.madeAt))
  assert.equal(after.why, 'asked')
  const again = await served.ask(`${path}/refresh`, { method: 'POST', headers: json })
  refusal(again, 'too-many')
  assert.match(String(again.headers['retry-after']), /^[1-5]$/)
})

test('what is forgotten is not held any more', async () => {
  const path = '/v1/destinations/choir.example'
  read(await served.ask(path), 'Destination')
  assert.deepEqual(read(await served.ask(path, { method: 'DELETE' }), 'Forgotten'), { forgotten: 1 })
  assert.deepEqual(read(await served.ask(path, { method: 'DELETE' }), 'Forgotten'), { forgotten: 0 })
  refusal(await served.ask(`${path}?held=true`), 'not-held')
})

test('the list comes page by page, each decision once', async () => {
  for (const name of ['friends.example', 'bakery.example', 'choir.example', 'nobody.example'])
    read(await served.ask(`/v1/destinations/${name}`), 'Destination')
  const found: string[] = []
  let after = 0
  for (let pages = 0; ; pages++) {
    const { destinations, next } = read(await served.ask(`/v1/destinations?limit=2&after=${after}`), 'List') as {
      destinations: { destination: string }[]
      next: number | null
    }
    assert.ok(destinations.length <= 2 && pages < 20)
    found.push(...destinations.map(({ destination }) => destination))
    if (next === null) break
    after = next
  }
  assert.equal(new Set(found).size, found.length)
  for (const name of ['friends.example', 'bakery.example', 'choir.example', 'nobody.example'])
    assert.ok(found.includes(name), name)
  for (const query of ['limit=0', 'limit=501', 'limit=x', 'after=-1', 'limit=1&limit=2', 'page=2'])
    refusal(await served.ask(`/v1/destinations?${query}`), 'bad-request')
})

test('it is alive and, once the resolver has answered, ready', async () => {
  assert.deepEqual(read(await served.ask('/livez'), 'Live'), { live: true })
  await served.hear('ready: the root is secure')
  assert.deepEqual(read(await served.ask('/readyz'), 'Ready'), { ready: true, why: null, sharedStore: null })
})

test('with a trust anchor that fits nothing it says why it is not ready, and raises an alarm', async () => {
  const anchors = join(commands.folder, 'wrong-anchors')
  writeFileSync(anchors, `. IN DS 12345 13 2 ${'ab'.repeat(32)}\n`)
  const at = commands.iterate.indexOf('--trust-anchor') + 1
  const own = await serveIn({ ...commands, iterate: commands.iterate.with(at, anchors) })
  await own.hear('anchor-trouble: the trust anchor of . does not fit its keys')
  assert.match(await own.lookUp('friends.example'), /^TEMP /)
  const { ready, why } = read(await own.ask('/readyz'), 'Ready', 503)
  assert.equal(ready, false)
  assert.match(String(why), /^the resolver does not answer: .*no key matches the trust anchors of \./)
  assert.equal((await own.ask('/livez')).status, 200)
  assert.match((await own.ask('/metrics')).text, /^waxseal_ready 0$/m)
  await own.stop()
})

test('the document that is served is docs/openapi.json', async () => {
  const file = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'openapi.json'), 'utf8')
  assert.deepEqual((await served.ask('/v1/openapi.json')).json, JSON.parse(file), 'run npm run openapi')
})

test('metrics count what was done', async () => {
  await served.lookUp('pharmacy.example')
  await served.lookUp('pharmacy.example')
  await served.lookUp('.example')
  const { status, headers, text: metrics } = await served.ask('/metrics')
  assert.deepEqual([status, headers['content-type']], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  const value = (series: string) => {
    const line = metrics.split('\n').find((one) => one.startsWith(`${series} `))
    assert.notEqual(line, undefined, series)
    return Number(line?.split(' ').at(-1))
  }
  assert.ok(value('waxseal_postfix_lookups_total{result="hit"}') >= 1)
  assert.ok(value('waxseal_postfix_lookups_total{result="miss"}') >= 1)
  assert.ok(value('waxseal_postfix_lookups_total{result="none"}') >= 1)
  assert.ok(value('waxseal_decisions_total{level="secure",outcome="deliver"}') >= 1)
  assert.ok(value('waxseal_decision_duration_seconds_count{why="asked"}') >= 4)
  assert.ok(value('waxseal_policy_fetches_total{result="stored"}') >= 1)
  assert.ok(value('waxseal_policies_stored') >= 1)
  assert.ok(value('waxseal_resolver_lookups_total{status="secure"}') >= 4)
  assert.ok(value('waxseal_resolver_queries_total{transport="udp"}') >= 4)
  assert.ok(value('waxseal_resolver_cache_hits_total') >= 1)
  assert.equal(value('waxseal_resolver_near_misses_total{mark="id"}'), 0)
  assert.equal(value('waxseal_resolver_bogus_total{ede="7"}'), 0)
  assert.ok(value('waxseal_http_requests_total{route="getDecision",code="2xx"}') >= 1)
  assert.equal(value('waxseal_connections{protocol="http"}'), 1)
  assert.ok(value('process_resident_memory_bytes') > 1e6)
  assert.ok(metrics.split('\n').length < 400, 'labels are bounded')
  assert.ok(!metrics.includes('.example'), 'no destination is a label')
  assert.ok(!metrics.includes('waxseal_shared_store_up'), 'there is none')
})

test('it starts though the shared store is away, says so, and has every metric of docs/service.md', async () => {
  const missing = join(commands.folder, 'no-redis')
  const own = await serveIn(commands, { args: ['--shared-store', `unix:${missing}`] })
  assert.match(own.heard(), /^shared-store-away: the shared store unix:.*no-redis is away, .*: connect ENOENT /m)
  await own.hear('ready: the root is secure')
  assert.deepEqual(read(await own.ask('/readyz'), 'Ready'), { ready: true, why: null, sharedStore: 'away' })
  assert.match(await own.lookUp('friends.example'), /^OK dane-only/)
  assert.match(await own.lookUp('bakery.example'), /^OK secure/)
  const { text: metrics } = await own.ask('/metrics')
  assert.match(metrics, /^waxseal_shared_store_up 0$/m)
  assert.match(metrics, /^waxseal_fetch_turn_wait_seconds_count\{result="free"\} [1-9]/m)
  assert.match(metrics, /^waxseal_shared_store_questions_total\{result="away"\} [1-9]/m)
  assert.match(metrics, /^waxseal_events_total\{event="shared-store-away"\} 1$/m)
  const documented = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'service.md'), 'utf8')
  const listed = [...documented.matchAll(/^\| `(waxseal_\w+)`/gm)].map(([, name]) => name)
  const named = [...metrics.matchAll(/^# TYPE (waxseal_\w+) /gm)].map(([, name]) => name)
  assert.deepEqual(listed.sort(), named.sort(), 'docs/service.md lists every metric, and no other')
  await own.stop()
})

test('config check finds what is wrong with a shared store, and shows no secret', async () => {
  const file = join(commands.folder, 'shared.toml')
  const password = join(commands.folder, 'redis-password')
  writeFileSync(password, 'hunter2\n', { mode: 0o644 })
  chmodSync(password, 0o644)
  const check = async (text: string) => {
    writeFileSync(file, text)
    return commands.run(['config', 'check', file])
  }
  const set = 'shared-store = "redis://localhost:1/0"\nshared-store-password-file = "redis-password"\n'
  const open = await check(set)
  assert.deepEqual([open.status, /others may use it/.test(open.stderr)], [78, true])
  chmodSync(password, 0o600)
  const good = await check(set)
  assert.equal(good.status, 0)
  assert.match(good.stdout, /shared-store +redis:\/\/localhost:1\/0/)
  assert.doesNotMatch(good.stdout, /hunter2/)
  const inside = await check('shared-store = "redis://:hunter2@localhost"')
  assert.equal(inside.status, 78)
  assert.doesNotMatch(inside.stderr, /hunter2/)
})

const refused: [why: string, path: string, options: Parameters<Served['ask']>[1], status: number, code: string][] = [
  [
    'a page of somebody else',
    '/v1/destinations',
    { headers: { origin: 'https://evil.example' } },
    403,
    'from-a-browser',
  ],
  ['a frame on such a page', '/metrics', { headers: { 'sec-fetch-site': 'cross-site' } }, 403, 'from-a-browser'],
  [
    'a name that was made to lead here',
    '/v1/destinations',
    { headers: { host: 'evil.example:8462' } },
    403,
    'wrong-host',
  ],
  ['a name that looks like ours', '/livez', { headers: { host: '127.0.0.1.evil.example' } }, 403, 'wrong-host'],
  ['an unknown path', '/v1', {}, 404, 'not-found'],
  ['dots in a path', '/v1/destinations/../openapi.json', {}, 404, 'not-found'],
  ['a doubled slash', '//v1/destinations', {}, 404, 'not-found'],
  ['a slash at the end', '/v1/destinations/', {}, 404, 'not-found'],
  ['escapes that are no UTF-8', '/v1/destinations/%ff', {}, 400, 'bad-request'],
  ['half an escape', '/v1/destinations/a%2', {}, 400, 'bad-request'],
  ['an unknown parameter', '/v1/destinations/a.example?x=1', {}, 400, 'bad-request'],
  ['a method that is none here', '/v1/destinations', { method: 'PUT', headers: json, body: '{}' }, 405, 'wrong-method'],
  [
    'a form',
    '/v1/destinations/a.example/refresh',
    { method: 'POST', headers: { 'content-type': 'text/plain' } },
    415,
    'wrong-type',
  ],
  [
    'a body where none belongs',
    '/v1/destinations',
    { headers: { ...json, 'content-length': '2' }, body: '{}' },
    400,
    'unwanted-body',
  ],
  [
    'a body that is no JSON',
    '/v1/destinations/a.example/refresh',
    { method: 'POST', headers: json, body: '{' },
    400,
    'not-json',
  ],
  [
    'unknown keys',
    '/v1/destinations/a.example/refresh',
    { method: 'POST', headers: json, body: '{"a":1}' },
    400,
    'bad-request',
  ],
]
for (const [why, path, options, status, code] of refused) {
  test(`refused: ${why}`, async () => {
    const answer = await served.ask(path, options)
    refusal(answer, code)
    assert.equal(answer.status, status)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })
}

test('localhost and any address may stand in Host', async () => {
  for (const host of ['localhost', 'LOCALHOST:1', '[::1]:8462', '192.0.2.1'])
    assert.equal((await served.ask('/livez', { headers: { host } })).status, 200, host)
})

test('HEAD is answered as GET, without the body', async () => {
  const { status, text: body, headers } = await served.ask('/livez', { method: 'HEAD' })
  assert.deepEqual([status, body], [200, ''])
  assert.equal(headers['content-length'], '14')
})

const end = 'Host: localhost\r\nConnection: close\r\n\r\n'
const forms: [what: string, octets: string, status: RegExp][] = [
  [
    'a length and chunks',
    `POST /v1/destinations/a.example/refresh HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n${end}0\r\n\r\nGET /metrics HTTP/1.1\r\n${end}`,
    /^HTTP\/1\.1 400 /,
  ],
  ['two lengths', `POST /livez HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 40\r\n${end}`, /^HTTP\/1\.1 400 /],
  [
    'chunks that are named wrongly',
    `POST /livez HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n${end}`,
    /^HTTP\/1\.1 4\d\d /,
  ],
  ['a space before the colon', `GET /livez HTTP/1.1\r\nContent-Length : 5\r\n${end}`, /^HTTP\/1\.1 400 /],
  ['a line that is folded', `GET /livez HTTP/1.1\r\nX: a\r\n b\r\n${end}`, /^HTTP\/1\.1 400 /],
  ['two hosts', `GET /livez HTTP/1.1\r\nHost: evil.example\r\n${end}`, /^HTTP\/1\.1 400 /],
  ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a whole address as the target', `GET http://localhost/livez HTTP/1.1\r\n${end}`, /^HTTP\/1\.1 400 /],
  ['a star as the target', `OPTIONS * HTTP/1.1\r\n${end}`, /^HTTP\/1\.1 400 /],
  [
    'headers beyond measure',
    `GET /livez HTTP/1.1\r\nX: ${'a'.repeat(limits.http.headerOctets)}\r\n${end}`,
    /^HTTP\/1\.1 431 /,
  ],
  ['what is no HTTP', 'QUERY friends.example\r\n\r\n', /^HTTP\/1\.1 400 /],
]
for (const [what, octets, status] of forms) {
  test(`closed after a refusal: ${what}`, async () => {
    const said = await served.say(octets)
    assert.match(said, status)
    assert.equal(said.match(/^HTTP\/1\.1 /gm)?.length, 1, 'nothing that follows is answered')
  })
}

test('a body beyond measure is refused by its length, and by its octets when it has none', async () => {
  const start =
    'POST /v1/destinations/a.example/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  const large = limits.http.bodyOctets + 1
  const told = await served.say(`${start}Content-Length: ${large}\r\n\r\n`)
  assert.match(told, /^HTTP\/1\.1 413 .*"code":"too-large"/s)
  const piece = `${large.toString(16)}\r\n${' '.repeat(large)}\r\n`
  assert.match(await served.say(`${start}Transfer-Encoding: chunked\r\n\r\n${piece}`), /^HTTP\/1\.1 413 /)
})

test('clients that are too slow or too many leave mail servers and others unharmed', async () => {
  const idle = Array.from({ length: limits.http.connections + 50 }, () => connect(served.port, '127.0.0.1'))
  for (const socket of idle) {
    socket.on('error', () => {}) // those beyond measure are closed at once
    socket.write('GET /livez HTTP/1.1\r\nHost: local')
  }
  for (let at = 0; at < 20; at++) assert.equal(await served.lookUp('friends.example'), 'OK dane-only')
  for (const socket of idle) socket.destroy()
})

test('a client that asks too fast is told to wait, and mail servers are not', async () => {
  const own = await serveIn(commands)
  const answers = await Promise.all(Array.from({ length: limits.http.burst + 20 }, () => own.ask('/livez')))
  const late = answers.filter(({ status }) => status === 429)
  assert.ok(late.length > 0 && answers.length - late.length >= limits.http.burst, `${late.length} late`)
  for (const answer of late) refusal(answer, 'too-many')
  assert.equal(await own.lookUp('friends.example'), 'OK dane-only')
  assert.equal((await own.stop()).status, 0)
})

test('the end answers what was asked, and waits for nobody who only began or was idle', async () => {
  const own = await serveIn(commands)
  const sockets = ['GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n', 'GET /livez HTTP/1.1\r\nHo'].map((octets) => {
    const socket = connect(own.port, '127.0.0.1')
    socket.on('error', () => {}) // it may be reset
    socket.write(octets)
    return socket
  })
  const [idle] = sockets
  assert.ok(idle)
  await once(idle, 'data')
  // Nothing is there to be answered any more after the last of these.
  const asked = own.ask('/v1/destinations/insurer.example')
  await own.hear('insurer.example: secure. ')
  const closed = sockets.map((socket) => once(socket, 'close'))
  const stopped = own.stop()
  const { status } = await asked
  assert.equal(status, 200)
  await Promise.all(closed)
  const ended = await stopped
  assert.equal(ended.status, 0)
  assert.doesNotMatch(ended.stdout, /connections are closed that were not done/)
})

test('with a token nobody gets anything without it, but for health; on a Unix socket it is not asked for', async () => {
  const file = join(commands.folder, 'token')
  writeFileSync(file, 'correct.horse-battery_staple\n', { mode: 0o600 })
  const own = await serveIn(commands, { args: ['--http-token-file', file] })
  const ask = (authorization?: string) =>
    own.ask('/v1/destinations', { headers: authorization === undefined ? {} : { authorization } })
  for (const wrong of [undefined, '', 'Bearer', 'Bearer wrong', 'Basic correct.horse-battery_staple']) {
    const answer = await ask(wrong)
    refusal(answer, 'unauthorized')
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="waxseal"')
  }
  read(await ask('Bearer correct.horse-battery_staple'), 'List')
  refusal(await own.ask('/metrics'), 'unauthorized')
  for (const path of ['/livez', '/readyz']) assert.notEqual((await own.ask(path)).status, 401, path)
  writeFileSync(file, 'another-token-for-all-of-us\n')
  own.reload()
  await own.hear('the configuration was read again')
  refusal(await ask('Bearer correct.horse-battery_staple'), 'unauthorized')
  read(await ask('Bearer another-token-for-all-of-us'), 'List')
  assert.equal((await own.stop()).status, 0)
  const socketPath = join(commands.folder, 'http')
  const onSocket = await serveIn(commands, { args: ['--http', socketPath, '--http-token-file', file] })
  read(await ask2(socketPath), 'List')
  assert.equal((await onSocket.stop()).status, 0)
})

function ask2(socketPath: string): Promise<Answer> {
  return ask({ socketPath }, '/v1/destinations')
}

const unusable: [why: string, args: readonly string[], words: RegExp][] = [
  [
    'an address of a network without a token',
    ['--http', '0.0.0.0:0'],
    /0\.0\.0\.0:0 can be reached by others: set http-token-file/,
  ],
  ['no such file', ['--http-token-file', '/nowhere'], /cannot use the token in "\/nowhere": no such file/],
  ['a folder', ['--http-token-file', '/tmp'], /it is no plain file/],
]
for (const [why, args, words] of unusable) {
  test(`nothing is served with ${why}`, async () => {
    const { status, stderr } = await commands.run(['serve', ...commands.iterate, '--store', ':memory:', ...args])
    assert.match(stderr, words)
    assert.equal(status, 78)
  })
}

test('config check finds an address of a network without a token, and shows where HTTP is', async () => {
  const file = join(commands.folder, 'check.toml')
  writeFileSync(file, 'http = ["127.0.0.1:1", "[::]:2"]\n')
  const { status, stderr } = await commands.run(['config', 'check', file])
  assert.equal(status, 78)
  assert.match(stderr, /\[::\]:2 can be reached by others: set http-token-file/)
  writeFileSync(file, 'http = ["127.0.0.1:1", "/run/waxseal/http"]\n')
  assert.match(
    (await commands.run(['config', 'check', file])).stdout,
    /^ {2}http +127\.0\.0\.1:1, \/run\/waxseal\/http /m,
  )
  writeFileSync(file, 'http = "off"\n')
  assert.match((await commands.run(['config', 'check', file])).stdout, /^ {2}http +off /m)
})

test('a token that others may read, or that could be guessed, is refused', async () => {
  const run = async (token: string, mode: number) => {
    const file = join(commands.folder, `token-${mode}-${token.length}`)
    writeFileSync(file, token, { mode })
    return commands.run(['serve', ...commands.iterate, '--store', ':memory:', '--http-token-file', file])
  }
  assert.match((await run('a-token-of-some-length', 0o644)).stderr, /others may use it \(mode 644\): chmod 640/)
  assert.match((await run('short', 0o600)).stderr, /shorter than 16 characters/)
  assert.match((await run('with spaces in its middle', 0o600)).stderr, /characters that none may have/)
})
