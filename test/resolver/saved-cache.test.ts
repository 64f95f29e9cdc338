import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { hex } from '../../src/core/dns/octets.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import { parseCacheFile, writeCacheFile } from '../../src/io/resolver/cache-file.ts'
import type { TraceEvent } from '../../src/io/resolver/resolver.ts'
import { movedClock } from '../support/moved-clock.ts'
import { memoryResolver, show, start } from './memory-resolver.ts'
import { type Engine, engines, signedWorld, verdictOf } from './signed-world.ts'

const text = `
zone alpha.example
zone mx.alpha.example A 203.0.113.1
zone alias.alpha.example CNAME mx.alpha.example
zone far.alpha.example CNAME mx.beta.example
zone *.wild.alpha.example TXT "any"
zone d.alpha.example DNAME alpha.example
zone beta.example denial=nsec3
zone mx.beta.example A 203.0.113.2
zone plain.example signed=no
zone mx.plain.example A 203.0.113.4
`
const world = signedWorld(text)

const folder = mkdtempSync(join(tmpdir(), 'waxseal-cache-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = () => join(folder, `cache${files++}`)

const secure = [
  'mx.alpha.example. A',
  'mx.alpha.example. AAAA',
  'gone.alpha.example. A',
  'alias.alpha.example. A',
  'far.alpha.example. A',
  'one.wild.alpha.example. TXT',
  'mx.d.alpha.example. A',
  'alpha.example. DS',
  'alpha.example. DNSKEY',
  'gone.beta.example. A',
  'mx.beta.example. MX',
]

/** What a process learns about some questions, and leaves in a file for the next. */
async function savedBy(engine: Engine, questions: readonly string[]): Promise<string> {
  const cacheFile = newFile()
  const { ask, close } = world.resolver(engine, undefined, { cacheFile })
  for (const question of questions) await ask(question)
  await close()
  return cacheFile
}

function dataOf(resolution: Resolution): string[] {
  return resolution.kind === 'answer' ? resolution.records.map(({ rdata }) => hex(rdata)) : []
}

/** The file with its times changed and its messages, under a digest that fits. */
function rewrite(
  path: string,
  change: (message: Buffer) => void,
  { until, savedAt }: { until?: number; savedAt?: number } = {},
): void {
  const read = parseCacheFile(readFileSync(path))
  assert.ok(read.ok)
  const replies = read.value.replies.map((reply) => {
    const message = Buffer.from(reply.message)
    change(message)
    return { ...reply, message, until: until ?? reply.until }
  })
  writeFileSync(path, writeCacheFile({ savedAt: savedAt ?? read.value.savedAt, replies }))
}

for (const engine of engines) {
  test(`RES-48, DNSSEC-65: ${engine}: what was secure is proved again by the next process, which asks nobody`, async () => {
    const cacheFile = newFile()
    const first = world.resolver(engine, undefined, { cacheFile })
    const before = new Map<string, Resolution>()
    for (const question of secure) before.set(question, await first.ask(question))
    await first.close()
    const clock = movedClock(start + 10_000)
    const next = world.resolver(engine, undefined, { cacheFile, clock })
    for (const question of secure) {
      const found = await next.ask(question)
      assert.ok(found.kind !== 'failure' && found.status === 'secure', `${question}: ${verdictOf(found)}`)
      const wanted = before.get(question)
      assert.ok(wanted !== undefined && wanted.kind !== 'failure')
      assert.deepEqual([found.kind, found.ttl], [wanted.kind, wanted.ttl - 10], question)
      assert.deepEqual(dataOf(found), dataOf(wanted), question)
      assert.equal(found.evidence.cached, true, question)
    }
    assert.deepEqual(next.asked, [])
  })

  test(`RES-48: ${engine}: a file that says what was never signed is not believed: the servers are asked`, async () => {
    const cacheFile = await savedBy(engine, ['mx.alpha.example. A', 'gone.alpha.example. A'])
    rewrite(cacheFile, (message) => {
      const at = message.indexOf(Uint8Array.of(203, 0, 113, 1))
      if (at > 0) message[at + 3] = 66
      if (message.includes('gone')) message[3] = ((message[3] ?? 0) & 0xf0) | 0 // NOERROR, and the proof of an absent name
    })
    const { ask, asked } = world.resolver(engine, undefined, { cacheFile })
    assert.match(show(await ask('mx.alpha.example. A')), /^answer secure \d+ mx.alpha.example. \d+ IN A 203.0.113.1$/)
    assert.ok(asked.some((line) => line.includes('mx.alpha.example. A')))
    const gone = await ask('gone.alpha.example. A')
    assert.ok(gone.kind === 'nxdomain' && gone.status === 'secure')
  })

  test(`RES-48: ${engine}: what no trust anchor vouches for is not believed, whoever signed it`, async () => {
    const cacheFile = await savedBy(engine, secure)
    const other = signedWorld(text.replaceAll('203.0.113.', '198.51.100.'))
    const { ask } = other.resolver(engine, undefined, { cacheFile })
    assert.match(show(await ask('mx.alpha.example. A')), /198\.51\.100\.1$/)
    assert.equal(verdictOf(await ask('mx.alpha.example. A')), 'secure')
  })

  test(`RES-48: ${engine}: insecure answers are not saved, as nothing could prove them`, async () => {
    const cacheFile = await savedBy(engine, ['mx.plain.example. A', 'gone.plain.example. A'])
    assert.ok(!readFileSync(cacheFile).includes(Buffer.of(203, 0, 113, 4)))
    const { ask, asked } = world.resolver(engine, undefined, { cacheFile })
    assert.match(show(await ask('mx.plain.example. A')), /^answer insecure/)
    assert.ok(asked.join().includes('mx.plain.example. A'))
    assert.ok(
      asked.every((line) => !line.includes('plain.example. DS')),
      'that it is insecure was proved',
    )
  })

  test(`RES-48: ${engine}: what has ended meanwhile is asked for again`, async () => {
    const cacheFile = await savedBy(engine, secure)
    const { ask, asked } = world.resolver(engine, undefined, { cacheFile, clock: movedClock(start + 3600_000) })
    assert.equal(verdictOf(await ask('mx.alpha.example. A')), 'secure')
    assert.ok(asked.some((line) => line.includes('mx.alpha.example. A')))
  })

  test(`RES-48, DNSSEC-27: ${engine}: a file that gives its records centuries gives them their TTL, and signatures still end`, async () => {
    const cacheFile = await savedBy(engine, ['mx.alpha.example. A'])
    rewrite(cacheFile, () => {}, { until: 2 ** 47 })
    const soon = world.resolver(engine, undefined, { cacheFile, clock: movedClock(start + 1000) })
    assert.equal(
      show(await soon.ask('mx.alpha.example. A')),
      'answer secure 3600 mx.alpha.example. 3600 IN A 203.0.113.1',
    )
    assert.deepEqual(soon.asked, [])
    const clock = movedClock(start + 1000)
    const later = world.resolver(engine, undefined, { cacheFile, clock })
    clock.move(86_400)
    assert.equal(verdictOf(await later.ask('mx.alpha.example. A')), 'secure')
    assert.ok(later.asked.length > 0, 'the cap on every TTL is over')
    const old = world.resolver(engine, undefined, { cacheFile, clock: movedClock(start + 15 * 86_400_000) })
    assert.equal(show(await old.ask('mx.alpha.example. A')), 'failure bogus')
    assert.ok(old.asked.length > 0, 'the signatures have ended')
  })

  test(`RES-48, RES-27: ${engine}: what is renewed is asked for, not read from what was saved`, async () => {
    const cacheFile = await savedBy(engine, ['mx.alpha.example. A'])
    const clock = movedClock(start)
    const { ask, asked } = world.resolver(engine, undefined, { cacheFile, clock, prefetch: true })
    await ask('mx.alpha.example. A')
    assert.equal(asked.length, 0)
    clock.move(3500)
    await ask('mx.alpha.example. A')
    await turn()
    assert.ok(asked.some((line) => line.includes('mx.alpha.example. A')))
    assert.match(show(await ask('mx.alpha.example. A')), /^answer secure 3600 /)
  })
}

test('RES-44, RES-48: the trace says that a saved reply is proved', async () => {
  const cacheFile = await savedBy('forward', ['mx.alpha.example. A'])
  const { ask } = world.resolver('forward', undefined, { cacheFile })
  const events: TraceEvent[] = []
  await ask('mx.alpha.example. A', { trace: (event) => events.push(event) })
  assert.ok(events.length > 0 && events.every(({ kind, transport }) => kind === 'note' && transport === 'cache'))
})

test('RES-48: the file is for its owner alone, and nothing is left beside it', async () => {
  const cacheFile = await savedBy('forward', secure)
  assert.equal(statSync(cacheFile).mode & 0o777, 0o600)
  assert.deepEqual(
    readdirSync(folder).filter((name) => !/^cache\d+$/.test(name)),
    [],
  )
})

/** Cuts off a piece without keeping the digest, or with another that fits. */
const spoilt: [why: string, spoil: (octets: Buffer) => Uint8Array, said: RegExp][] = [
  ['a file of nothing', () => new Uint8Array(), /is no such file/],
  ['half a file', (octets) => octets.subarray(0, octets.length / 2), /is damaged/],
  ['a file of another version', (octets) => octets.fill(9, 11, 12), /is of another version/],
  [
    'a file with a message that is none',
    (octets) => {
      const body = Buffer.concat([octets.subarray(0, 22), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0)])
      return Buffer.concat([body, createHash('sha256').update(body).digest()])
    },
    /./,
  ],
]
for (const [why, spoil, said] of spoilt) {
  test(`RES-48: ${why} is named, passed over, and replaced by a good one`, async () => {
    const cacheFile = await savedBy('forward', ['mx.alpha.example. A'])
    writeFileSync(cacheFile, spoil(readFileSync(cacheFile)))
    const warnings: string[] = []
    const { ask, close } = world.resolver('forward', undefined, { cacheFile, onWarning: (one) => warnings.push(one) })
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', said)
    assert.match(warnings[0] ?? '', /^saved DNS cache "[^\n]+: starting without it$/)
    assert.equal(verdictOf(await ask('mx.alpha.example. A')), 'secure')
    await close()
    const next = world.resolver('forward', undefined, { cacheFile })
    await next.ask('mx.alpha.example. A')
    assert.deepEqual(next.asked, [])
  })
}

test('RES-48: a file saved later than it is now may be of any age: it is passed over', async () => {
  const cacheFile = await savedBy('forward', ['mx.alpha.example. A'])
  const warnings: string[] = []
  const clock = movedClock(start - 3600_000)
  const { ask, asked } = world.resolver('forward', undefined, {
    cacheFile,
    clock,
    onWarning: (one) => warnings.push(one),
  })
  assert.match(warnings.join(), /was saved later than it is now/)
  await ask('mx.alpha.example. A')
  assert.ok(asked.length > 0)
})

test('RES-48: where it cannot be saved closing says so, and is no error', async () => {
  const warnings: string[] = []
  const cacheFile = join(folder, 'no', 'such', 'folder')
  const { close } = world.resolver('forward', undefined, { cacheFile, onWarning: (one) => warnings.push(one) })
  await close()
  assert.match(warnings.join(), /^the DNS cache could not be saved: ENOENT/)
})

test('RES-48: what a server alone says is secure is not saved', async () => {
  const cacheFile = newFile()
  const { ask, close } = memoryResolver(() => ({ flags: 'ad', answer: 'www.example. A 192.0.2.1' }), {
    ...{ engine: 'trust-ad', cacheFile, servers: [{ address: '127.0.0.1', port: 53 }] },
  })
  await ask('www.example. A')
  await close()
  assert.equal(existsSync(cacheFile), false)
})
