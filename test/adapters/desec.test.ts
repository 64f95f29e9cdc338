// share/publish/desec.mjs, the pattern for programs that change a zone, against a provider that behaves as deSEC does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ZoneChange } from '../../src/core/publish/change.ts'
import { commandWriter } from '../../src/io/publish/command-writer.ts'
import type { WriteOutcome } from '../../src/io/publish/zone-writer.ts'
import { recordsFrom, zoneName } from '../support/changes.ts'

const script = join(import.meta.dirname, '..', '..', 'share', 'publish', 'desec.mjs')

interface Rrset {
  readonly subname: string
  readonly type: string
  readonly ttl: number
  readonly records: readonly string[]
}

let rrsets: Rrset[] = []
let requests: string[] = []
let refusal: readonly [status: number, text: string] | undefined

const provider = createServer((request, response) => {
  const url = decodeURIComponent(request.url ?? '')
  requests.push(`${request.method} ${url}`)
  const say = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body))
  if (request.headers.authorization !== 'Token t0ken') return say(401, { detail: 'Invalid token.' })
  if (refusal !== undefined && request.method === 'PATCH') return response.writeHead(refusal[0]).end(refusal[1])
  if (url === '/domains/example.org/') return say(200, { minimum_ttl: 3600 })
  const [, subname, type] = /^\/domains\/example\.org\/rrsets\/([^/]+)\/([A-Z]+)\/$/.exec(url) ?? []
  if (subname !== undefined) {
    const found = rrsets.find((one) => one.subname === subname.replace('@', '') && one.type === type)
    return found === undefined ? say(404, {}) : say(200, found)
  }
  if (request.method !== 'PATCH' || url !== '/domains/example.org/rrsets/') return say(404, {})
  let body = ''
  request.setEncoding('utf8').on('data', (piece: string) => {
    body += piece
  })
  return request.on('end', () => {
    const written = JSON.parse(body) as Rrset[]
    const isOther = (one: Rrset) =>
      !written.some(({ subname: at, type: what }) => at === one.subname && what === one.type)
    rrsets = [...rrsets.filter(isOther), ...written.filter(({ records }) => records.length > 0)]
    say(200, written)
  })
})

let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-desec-'))
  keep('t0ken\n')
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
})
after(() => {
  rmSync(folder, { recursive: true })
  provider.close()
  provider.closeAllConnections()
})

function keep(token: string, mode = 0o600): void {
  writeFileSync(join(folder, 'token'), token)
  chmodSync(join(folder, 'token'), mode)
}

function write(change: Omit<ZoneChange, 'zone'>, zone = 'example.org.'): Promise<WriteOutcome> {
  requests = []
  const { port } = provider.address() as AddressInfo // of TCP
  const environment = { DESEC_API: `http://127.0.0.1:${port}` }
  const words = [process.execPath, script, join(folder, 'token')] as const
  return commandWriter({ words, environment }).write({ zone: zoneName(zone), ...change })
}

const tlsa = (data: string) => `_25._tcp.mx.example.org. 300 TLSA 3 1 1 ${data}`
const [old, next, text, apex] = recordsFrom(
  tlsa('aabb'),
  tlsa('ccdd'),
  '_mta-sts.example.org. 7200 TXT "v=STSv1; id=1;"',
  'example.org. 60 TXT "x"',
)
const there: Rrset = { subname: '_25._tcp.mx', type: 'TLSA', ttl: 3600, records: ['3 1 1 AABB', '3 1 1 0102'] }
const assume = [{ name: old.name, type: old.type, records: [old, ...recordsFrom(tlsa('0102'))] }]

test('a change is made with one request, and nothing else is touched', async () => {
  rrsets = [there, { subname: '', type: 'TXT', ttl: 3600, records: ['"kept"'] }]
  const outcome = await write({ remove: [old], add: [next, text, apex], assume })
  assert.equal(outcome.kind, 'written', outcome.kind === 'failed' ? outcome.reason : '')
  assert.deepEqual(rrsets, [
    { ...there, records: ['3 1 1 0102', '3 1 1 ccdd'] },
    { subname: '_mta-sts', type: 'TXT', ttl: 7200, records: ['"v=STSv1; id=1;"'] },
    { subname: '', type: 'TXT', ttl: 3600, records: ['"kept"', '"x"'] },
  ])
  assert.equal(requests.filter((line) => line.startsWith('PATCH')).length, 1)
})

test('a change that is made already costs no request that writes', async () => {
  const before = structuredClone(rrsets)
  assert.equal((await write({ remove: [old], add: [next, text, apex], assume })).kind, 'written')
  assert.deepEqual([rrsets, requests.filter((line) => line.startsWith('PATCH'))], [before, []])
})

test('the last record of an RRset takes the RRset with it', async () => {
  rrsets = [{ ...there, records: ['3 1 1 aabb'] }]
  assert.equal((await write({ remove: [old], add: [] })).kind, 'written')
  assert.deepEqual(rrsets, [])
})

const failing: [what: string, prepare: () => void, reason: RegExp, zone?: string][] = [
  [
    'the zone has become otherwise',
    () => (rrsets = [{ ...there, records: ['3 1 1 aabb'] }]),
    /are others than when this was planned$/,
  ],
  [
    'the provider refuses',
    () => (refusal = [400, '{"non_field_errors":["\x1bno"]}']),
    /: 400 \{"non_field_errors":\["\\x1bno"\]\}$/,
  ],
  ['the token is not known', () => keep('other'), /: 401 .*Invalid token/],
  ['the token may be read by all', () => keep('t0ken', 0o644), /others may read .*token: chmod 640$/],
  ['the account has no such zone', () => {}, /no zone example\.net in this account$/, 'example.net.'],
]
for (const [what, prepare, reason, zone] of failing) {
  test(`nothing is written where ${what}`, async (t) => {
    rrsets = [there]
    prepare()
    t.after(() => {
      keep('t0ken')
      refusal = undefined
    })
    const before = structuredClone(rrsets)
    const outcome = await write({ remove: [old], add: [next], assume }, zone)
    assert.ok(outcome.kind === 'failed')
    assert.match(outcome.reason, reason)
    assert.deepEqual(rrsets, before)
  })
}
