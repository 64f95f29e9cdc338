// The HTTP interface of `waxseal serve` in a lab: what it answers.
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { read, refusal } from '../support/http-answers.ts'
import { serveDemo, serveIn } from '../support/served.ts'

const demo = serveDemo()

const json = { 'content-type': 'application/json' }

test('a decision is looked for when it is asked for, held, and told with its evidence', async () => {
  const path = '/v1/destinations/bakery.example'
  refusal(await demo.served.ask(`${path}?held=true`), 'not-held')
  refusal(await demo.served.ask(`${path}?held=yes`), 'bad-request')
  const made = read(await demo.served.ask(path), 'Destination')
  assert.equal(made.destination, 'bakery.example')
  assert.equal(made.level, 'secure')
  const answers = made.answers as Record<string, string>
  assert.equal(answers.QUERY, await demo.served.lookUp('bakery.example'))
  assert.match(answers.QUERYwithTLSRPT ?? '', /^OK secure .* policy_type=sts /)
  const held = read(await demo.served.ask(`${path}?held=true`), 'Destination')
  assert.equal(held.madeAt, made.madeAt)
  const answer = await demo.served.ask(`${path}/evidence`)
  const evidence = read(answer, 'Evidence')
  const explained = await demo.commands.run([
    'explain',
    '--json',
    ...demo.commands.iterate,
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
    assert.equal(
      read(await demo.served.ask(`/v1/destinations/${name}`), 'Destination').destination,
      '[mx.clinic.example]',
    )
  for (const name of ['192.0.2.1', '[192.0.2.1]', '.example', '%00', 'a..b', 'x:70000', 'a%2Fb'])
    refusal(await demo.served.ask(`/v1/destinations/${name}`), 'not-a-destination')
})

test('a refresh makes a new decision, and not again at once', async () => {
  const path = '/v1/destinations/friends.example'
  const before = read(await demo.served.ask(path), 'Destination')
  const after = read(
    await demo.served.ask(`${path}/refresh`, { method: 'POST', headers: json, body: '{}' }),
    'Destination',
  )
  assert.ok(Number(after.madeAt) >= Number(before.madeAt))
  assert.equal(after.why, 'asked')
  const again = await demo.served.ask(`${path}/refresh`, { method: 'POST', headers: json })
  refusal(again, 'too-many')
  assert.match(String(again.headers['retry-after']), /^[1-5]$/)
})

test('what is forgotten is not held any more', async () => {
  const path = '/v1/destinations/choir.example'
  read(await demo.served.ask(path), 'Destination')
  assert.deepEqual(read(await demo.served.ask(path, { method: 'DELETE' }), 'Forgotten'), { forgotten: 1 })
  assert.deepEqual(read(await demo.served.ask(path, { method: 'DELETE' }), 'Forgotten'), { forgotten: 0 })
  refusal(await demo.served.ask(`${path}?held=true`), 'not-held')
})

test('the list comes page by page, each decision once', async () => {
  for (const name of ['friends.example', 'bakery.example', 'choir.example', 'nobody.example'])
    read(await demo.served.ask(`/v1/destinations/${name}`), 'Destination')
  const found: string[] = []
  let after = 0
  for (let pages = 0; ; pages++) {
    const { destinations, next } = read(await demo.served.ask(`/v1/destinations?limit=2&after=${after}`), 'List') as {
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
    refusal(await demo.served.ask(`/v1/destinations?${query}`), 'bad-request')
})

test('it is alive and, once the resolver has answered, ready', async () => {
  assert.deepEqual(read(await demo.served.ask('/livez'), 'Live'), { live: true })
  await demo.served.hear('ready: the root is secure')
  assert.deepEqual(read(await demo.served.ask('/readyz'), 'Ready'), { ready: true, why: null, sharedStore: null })
})

test('with a trust anchor that fits nothing it says why it is not ready, and raises an alarm', async () => {
  const anchors = join(demo.commands.folder, 'wrong-anchors')
  writeFileSync(anchors, `. IN DS 12345 13 2 ${'ab'.repeat(32)}\n`)
  const at = demo.commands.iterate.indexOf('--trust-anchor') + 1
  const own = await serveIn({ ...demo.commands, iterate: demo.commands.iterate.with(at, anchors) })
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
  assert.deepEqual((await demo.served.ask('/v1/openapi.json')).json, JSON.parse(file), 'run npm run openapi')
})

test('metrics count what was done', async () => {
  await demo.served.lookUp('pharmacy.example')
  await demo.served.lookUp('pharmacy.example')
  await demo.served.lookUp('.example')
  const { status, headers, text: metrics } = await demo.served.ask('/metrics')
  assert.deepEqual([status, headers['content-type']], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  const value = (series: string) => {
    const line = metrics.split('\n').find((one) => one.startsWith(`${series} `))
    assert.notEqual(line, undefined, series)
    return Number(line?.split(' ').at(-1))
  }
  assert.ok(value('waxseal_questions_total{by="socketmap",result="hit"}') >= 1)
  assert.ok(value('waxseal_questions_total{by="socketmap",result="miss"}') >= 1)
  assert.ok(value('waxseal_questions_total{by="socketmap",result="none"}') >= 1)
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
  const missing = join(demo.commands.folder, 'no-redis')
  const own = await serveIn(demo.commands, { args: ['--shared-store', `unix:${missing}`] })
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
  const file = join(demo.commands.folder, 'shared.toml')
  const password = join(demo.commands.folder, 'redis-password')
  writeFileSync(password, 'hunter2\n', { mode: 0o644 })
  chmodSync(password, 0o644)
  const check = async (text: string) => {
    writeFileSync(file, text)
    return demo.commands.run(['config', 'check', file])
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
