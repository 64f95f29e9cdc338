// What may be changed over the HTTP interface of `waxseal serve`, by whom, and what comes of it at once.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { schemas } from '../../src/programs/daemon/http/schemas.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { type Answer, type AskOptions, type Served, serveIn } from '../support/served.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8').split(/^drop/m)[0] ?? ''
const token = 'correct.horse-battery_staple'

let lab: Lab
let commands: LabCommands
let served: Served
let store: string
let config: string

before(async () => {
  lab = await startLab(text)
  commands = commandsIn(lab)
  const file = join(commands.folder, 'token')
  writeFileSync(file, token, { mode: 0o600 })
  store = join(commands.folder, 'store')
  config = join(commands.folder, 'waxseal.toml')
  writeFileSync(config, `http-token-file = ${JSON.stringify(file)}\n`)
  served = await serveIn(commands, { args: ['--config', config, '--store', store] })
})

after(async () => {
  await served.stop()
  commands.close()
  await lab.close()
})

const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
const ask = (path: string, options: AskOptions = {}) => served.ask(path, { ...options, headers })
const post = (path: string, body: object) => ask(path, { method: 'POST', body: JSON.stringify(body) })

/** An answer of this status whose body has the shape that the document says. */
function read(answer: Answer, schema: string, status = 200): Record<string, unknown> {
  assert.equal(answer.status, status, answer.text)
  return schemas[schema]?.type.parse(answer.json) as Record<string, unknown> // an object by its schema
}

function refusal(answer: Answer, code: string, detail?: RegExp): void {
  const found = read(answer, 'Problem', answer.status)
  assert.equal(found.code, code, answer.text)
  if (detail !== undefined) assert.match(String(found.detail), detail)
}

const relaxed = { kind: 'relax', level: 'may', until: '3d', author: 'alice', reason: 'lapsed, told them' }

test('an override is in force when it is answered, is shown with its trail, and can be taken back', async () => {
  assert.equal(await served.lookUp('clinic.example'), 'OK dane-only')
  const made = read(await post('/v1/overrides', { domain: 'clinic.example', ...relaxed }), 'Override')
  assert.deepEqual([made.domain, made.kind, made.level, made.ended], ['clinic.example', 'relax', 'may', false])
  assert.equal(Number(made.expiresAt) - Number(made.createdAt), 3 * 86_400_000)
  assert.equal(await served.lookUp('clinic.example'), 'OK may')
  const { overrides } = read(await ask('/v1/overrides'), 'Overrides')
  assert.deepEqual(overrides, [made])
  const listed = await commands.run(['override', 'list', '--json', '--store', store])
  assert.deepEqual(JSON.parse(listed.stdout), { schema: 'waxseal.overrides/1', overrides: [made] })
  const path = '/v1/overrides?domain=clinic.example&author=bob&reason=mended'
  assert.deepEqual(read(await ask(path, { method: 'DELETE' }), 'Forgotten'), { forgotten: 1 })
  assert.equal(await served.lookUp('clinic.example'), 'OK dane-only')
  refusal(await ask(path, { method: 'DELETE' }), 'no-override')
  const { entries, next, whole } = read(await ask('/v1/overrides/audit'), 'Audit') as {
    entries: { author: string; action: string; reason: string }[]
    next: number | null
    whole: boolean
  }
  assert.deepEqual(
    entries.map(({ author, action, reason }) => [author, action, reason]),
    [
      ['bob', 'remove', 'mended'],
      ['alice', 'add', 'lapsed, told them'],
    ],
  )
  assert.deepEqual([next, whole], [null, true])
})

test('requirements name levels and names, and hosts can be barred', async () => {
  const who = { author: 'alice', reason: 'contract' }
  const pkix = { domain: '.bakery.example', kind: 'require', level: 'pkix', names: ['mx.bakery.example'], ...who }
  const made = read(await post('/v1/overrides', pkix), 'Override')
  assert.deepEqual([made.domain, made.names, made.expiresAt], ['.bakery.example', ['mx.bakery.example'], null])
  const barred = { host: 'mx.library.example', kind: 'skip', until: '1d', ...who }
  assert.equal(read(await post('/v1/overrides', barred), 'Override').level, null)
  assert.match(await served.lookUp('library.example'), /^TEMP /)
})

const wrong: [why: string, body: object, detail: RegExp][] = [
  ['no target', relaxed, /^give domain, host or both$/],
  ['a name that is none', { ...relaxed, domain: 'a..b' }, /^domain: not a name$/],
  ['no end', { ...relaxed, domain: 'a.example', until: undefined }, /^until: relax and skip need it/],
  ['an end that is none', { ...relaxed, domain: 'a.example', until: 'soon' }, /^until: no moment/],
  [
    'an end too far away',
    { ...relaxed, domain: 'a.example', until: '400d' },
    /^until: relax and skip may last 90 days/,
  ],
  ['an end that is over', { ...relaxed, domain: 'a.example', until: '2001-01-01' }, /^until: that is over already/],
  ['a level of another kind', { ...relaxed, domain: 'a.example', level: 'dane' }, /^level: relax to may or encrypt/],
  ['names beside relax', { ...relaxed, domain: 'a.example', names: ['b.example'] }, /^names: only with require pkix/],
  ['a host alone to relax', { ...relaxed, host: 'a.example' }, /^domain: relax needs one/],
  ['two lines of reason', { ...relaxed, domain: 'a.example', reason: 'a\nb' }, /^reason: one line/],
  ['nobody who says so', { ...relaxed, domain: 'a.example', author: '' }, /^author: one line/],
  ['a key that is none', { ...relaxed, domain: 'a.example', forever: true }, /forever/],
  ['a kind that is none', { ...relaxed, domain: 'a.example', kind: 'ignore' }, /^kind: /],
  ['a list', [], /^the body: /],
]
for (const [why, body, detail] of wrong) {
  test(`no override is made of ${why}`, async () => {
    const before = await ask('/v1/overrides')
    refusal(await post('/v1/overrides', body), 'bad-request', detail)
    assert.deepEqual((await ask('/v1/overrides')).json, before.json)
  })
}

test('nothing is taken back without a name for it, an author and a reason', async () => {
  const remove = (query: string) => ask(`/v1/overrides?${query}`, { method: 'DELETE' })
  refusal(await remove('author=a&reason=b'), 'bad-request', /^give domain, host or both$/)
  refusal(await remove('domain=a.example&reason=b'), 'bad-request', /^author: /)
  refusal(await remove('domain=a.example&author=b'), 'bad-request', /^reason: /)
  refusal(await ask('/v1/overrides/audit?before=0'), 'bad-request', /^before must be/)
})

test('the configuration is read again, and one that cannot be used is told and leaves all as it was', async () => {
  assert.deepEqual(read(await post('/v1/reload', {}), 'Reloaded'), { restart: false })
  const good = readFileSync(config, 'utf8')
  writeFileSync(config, `${good}tiemout = 5\n`)
  refusal(await post('/v1/reload', {}), 'not-reloaded', /waxseal\.toml:2: unknown key "tiemout"/)
  writeFileSync(config, `${good}lines = "127.0.0.1:0"\n`)
  assert.deepEqual(read(await post('/v1/reload', {}), 'Reloaded'), { restart: true })
  writeFileSync(config, good)
  // Several at once come one after the other, and leave one service behind.
  const all = await Promise.all([1, 2, 3].map(() => post('/v1/reload', {})))
  assert.deepEqual(
    all.map(({ status }) => status),
    [200, 200, 200],
  )
  refusal(await post('/v1/reload', { now: true }), 'bad-request')
  assert.equal(await served.lookUp('clinic.example'), 'OK dane-only')
})

test('whoever happens to be on the machine may look, and change nothing', async () => {
  const open = await serveIn(commands)
  const changes: [path: string, method: string, body?: string][] = [
    ['/v1/overrides', 'POST', JSON.stringify({ domain: 'clinic.example', ...relaxed })],
    ['/v1/overrides?domain=clinic.example&author=a&reason=b', 'DELETE'],
    ['/v1/reload', 'POST', '{}'],
  ]
  for (const [path, method, body] of changes) {
    const given = { method, headers: { 'content-type': 'application/json' }, ...(body !== undefined && { body }) }
    const answer = await open.ask(path, given)
    assert.equal(answer.status, 403)
    refusal(answer, 'unguarded', /set http-token-file/)
  }
  assert.deepEqual(read(await open.ask('/v1/overrides'), 'Overrides').overrides, [])
  assert.equal((await open.stop()).status, 0)
})
