// The HTTP interface of `waxseal serve` in a lab: what it makes of clients that mean no good, and whom it asks for a token.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { read, refusal } from '../support/http-answers.ts'
import { type Answer, ask, type Served, serveDemo, serveIn } from '../support/served.ts'

const demo = serveDemo()

const json = { 'content-type': 'application/json' }

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
    const answer = await demo.served.ask(path, options)
    refusal(answer, code)
    assert.equal(answer.status, status)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })
}

test('localhost and any address may stand in Host', async () => {
  for (const host of ['localhost', 'LOCALHOST:1', '[::1]:8462', '192.0.2.1'])
    assert.equal((await demo.served.ask('/livez', { headers: { host } })).status, 200, host)
})

test('HEAD is answered as GET, without the body', async () => {
  const { status, text: body, headers } = await demo.served.ask('/livez', { method: 'HEAD' })
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
    const said = await demo.served.say(octets)
    assert.match(said, status)
    assert.equal(said.match(/^HTTP\/1\.1 /gm)?.length, 1, 'nothing that follows is answered')
  })
}

test('a body beyond measure is refused by its length, and by its octets when it has none', async () => {
  const start =
    'POST /v1/destinations/a.example/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  const large = limits.http.bodyOctets + 1
  const told = await demo.served.say(`${start}Content-Length: ${large}\r\n\r\n`)
  assert.match(told, /^HTTP\/1\.1 413 .*"code":"too-large"/s)
  const piece = `${large.toString(16)}\r\n${' '.repeat(large)}\r\n`
  assert.match(await demo.served.say(`${start}Transfer-Encoding: chunked\r\n\r\n${piece}`), /^HTTP\/1\.1 413 /)
})

test('clients that are too slow or too many leave mail servers and others unharmed', async () => {
  const idle = Array.from({ length: limits.http.connections + 50 }, () => connect(demo.served.port, '127.0.0.1'))
  for (const socket of idle) {
    socket.on('error', () => {}) // those beyond measure are closed at once
    socket.write('GET /livez HTTP/1.1\r\nHost: local')
  }
  for (let at = 0; at < 20; at++) assert.equal(await demo.served.lookUp('friends.example'), 'OK dane-only')
  for (const socket of idle) socket.destroy()
})

test('a client that asks too fast is told to wait, and mail servers are not', async () => {
  const own = await serveIn(demo.commands)
  const answers = await Promise.all(Array.from({ length: limits.http.burst + 20 }, () => own.ask('/livez')))
  const late = answers.filter(({ status }) => status === 429)
  assert.ok(late.length > 0 && answers.length - late.length >= limits.http.burst, `${late.length} late`)
  for (const answer of late) refusal(answer, 'too-many')
  assert.equal(await own.lookUp('friends.example'), 'OK dane-only')
  assert.equal((await own.stop()).status, 0)
})

test('the end answers what was asked, and waits for nobody who only began or was idle', async () => {
  const own = await serveIn(demo.commands)
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
  const file = join(demo.commands.folder, 'token')
  writeFileSync(file, 'correct.horse-battery_staple\n', { mode: 0o600 })
  const own = await serveIn(demo.commands, { args: ['--http-token-file', file] })
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
  const socketPath = join(demo.commands.folder, 'http')
  const onSocket = await serveIn(demo.commands, { args: ['--http', socketPath, '--http-token-file', file] })
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
    const { status, stderr } = await demo.commands.run([
      'serve',
      ...demo.commands.iterate,
      '--store',
      ':memory:',
      ...args,
    ])
    assert.match(stderr, words)
    assert.equal(status, 78)
  })
}

test('config check finds an address of a network without a token, and shows where HTTP is', async () => {
  const file = join(demo.commands.folder, 'check.toml')
  writeFileSync(file, 'http = ["127.0.0.1:1", "[::]:2"]\n')
  const { status, stderr } = await demo.commands.run(['config', 'check', file])
  assert.equal(status, 78)
  assert.match(stderr, /\[::\]:2 can be reached by others: set http-token-file/)
  writeFileSync(file, 'http = ["127.0.0.1:1", "/run/waxseal/http"]\n')
  assert.match(
    (await demo.commands.run(['config', 'check', file])).stdout,
    /^ {2}http +127\.0\.0\.1:1, \/run\/waxseal\/http /m,
  )
  writeFileSync(file, 'http = "off"\n')
  assert.match((await demo.commands.run(['config', 'check', file])).stdout, /^ {2}http +off /m)
})

test('a token that others may read, or that could be guessed, is refused', async () => {
  const run = async (token: string, mode: number) => {
    const file = join(demo.commands.folder, `token-${mode}-${token.length}`)
    writeFileSync(file, token, { mode })
    return demo.commands.run(['serve', ...demo.commands.iterate, '--store', ':memory:', '--http-token-file', file])
  }
  assert.match((await run('a-token-of-some-length', 0o644)).stderr, /others may use it \(mode 644\): chmod 640/)
  assert.match((await run('short', 0o600)).stderr, /shorter than 16 characters/)
  assert.match((await run('with spaces in its middle', 0o600)).stderr, /characters that none may have/)
})
