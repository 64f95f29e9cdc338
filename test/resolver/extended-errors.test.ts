import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ourEdns } from '../../src/core/dns/edns.ts'
import type { Message } from '../../src/core/dns/message.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import { codesOf } from '../../src/core/dnssec/extended-error.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import { limits } from '../../src/core/limits.ts'
import { withLastOctetChanged, withoutDnssec } from '../../src/programs/lab/dns/spoil.ts'
import type { Behaviour, Saying, Server } from './fake-exchange.ts'
import { answer, honest, iterate, question } from './iterating.ts'
import { memoryResolver, start } from './memory-resolver.ts'
import { type Change, engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone a.test
zone host.a.test A 203.0.113.1
zone away.a.test CNAME host.b.test
zone back.a.test CNAME round.a.test
zone round.a.test CNAME back.a.test
zone b.test signed=no
zone host.b.test A 203.0.113.2
zone wrong.test ds=wrong
zone host.wrong.test A 203.0.113.3
zone heavy.test denial=nsec3 iterations=51
zone host.heavy.test A 203.0.113.4
zone odd.test ds=unknown-algorithm
zone host.odd.test A 203.0.113.5
zone digest.test ds=unknown-digest
zone host.digest.test A 203.0.113.6
`)

const year = 365 * 86_400_000
const host = 'host.a.test. A'

function only(target: string, change: (message: Message) => Message): Change {
  return (message, asked) => (asked.question === target ? change(message) : undefined)
}

function without(message: Message, ...types: readonly number[]): Message {
  const keep = ({ type }: { readonly type: number }) => !types.includes(type)
  return { ...message, answer: message.answer.filter(keep), authority: message.authority.filter(keep) }
}

function spoil(message: Message): Message {
  const records = message.answer.map((one) => (one.type === TYPE.RRSIG ? withLastOctetChanged(one) : one))
  return { ...message, answer: records }
}

const strip = (message: Message) => ({ ...message, ...withoutDnssec({ ...message }) })

interface Case {
  readonly asked?: string
  readonly change?: Change
  readonly at?: number
  readonly codes: readonly number[]
  readonly says: RegExp
}

const judged: Readonly<Record<string, Case>> = {
  'no signature': { change: only(host, strip), codes: [10], says: /^bogus: A of host\.a\.test\. has no signature/ },
  'a wrong signature': { change: only(host, spoil), codes: [6], says: /^bogus: signature .* does not verify$/ },
  'signatures that have ended': { at: start + 20 * 86_400_000, codes: [7], says: /^bogus: signature .* ended / },
  'signatures to come': { at: start - 2 * 86_400_000, codes: [8], says: /^bogus: signature .* begins / },
  'a clock that is years off': { at: start + 30 * year, codes: [7], says: /^bogus: the clock says 2056/ },
  'DS records of another key': {
    asked: 'host.wrong.test. A',
    codes: [9],
    says: /^bogus: no key matches the DS records/,
  },
  'no DNSKEY records': {
    change: only('a.test. DNSKEY', (message) => without(message, TYPE.DNSKEY, TYPE.RRSIG)),
    ...{ codes: [9], says: /^bogus: a\.test\. has no DNSKEY records/ },
  },
  'a denial without proof': {
    ...{ asked: 'none.a.test. A', change: only('none.a.test. A', (message) => without(message, TYPE.NSEC)) },
    ...{ codes: [12], says: /^bogus: A of none\.a\.test\. is not denied/ },
  },
  'an unsupported algorithm': { asked: 'host.odd.test. A', codes: [1], says: /^insecure: odd\.test\. is signed with/ },
  'an unsupported digest': {
    asked: 'host.digest.test. A',
    codes: [2],
    says: /^insecure: digest\.test\. is signed with/,
  },
  'a denial of many iterations': {
    asked: 'none.heavy.test. A',
    codes: [27],
    says: /^insecure: .* more NSEC3 iterations/,
  },
  'an unsigned zone, which is no error': {
    asked: 'away.a.test. A',
    codes: [],
    says: /^insecure: b\.test\. is delegated/,
  },
}
for (const engine of engines) {
  for (const [what, { asked = host, change, at = start, codes, says }] of Object.entries(judged)) {
    test(`DNSSEC-80: ${engine}: ${what}: ${codes.join() || 'no code'}`, async () => {
      const { ask } = world.resolver(engine, change, { clock: { now: () => at } })
      const resolution = await ask(asked)
      assert.match(verdictOf(resolution), says)
      assert.deepEqual(codesOf(resolution), codes)
    })

    test(`DNSSEC-80: ${engine}: ${what}, from memory`, async () => {
      const { ask } = world.resolver(engine, change, { clock: { now: () => at } })
      await ask(asked)
      const again = await ask(asked)
      const isCached = again.kind === 'failure' && again.cached
      assert.deepEqual(codesOf(again), isCached ? [...codes, 13] : codes)
      assert.match(verdictOf(again), says)
    })
  }
}

test('DNSSEC-80: where no anchor is, nothing can be told', async () => {
  const { ask } = world.resolver('iterate', undefined, { trustAnchors: [] })
  assert.deepEqual(codesOf(await ask(host)), [5])
})

test('DNSSEC-80: a forwarder that strips signatures', async () => {
  const { ask } = world.resolver('forward', strip)
  assert.deepEqual(codesOf(await ask(host)), [10])
})

const chain = Array.from({ length: 14 }, (_, at) => `c${at}.example.org. CNAME c${at + 1}.example.org.`).join('\n')
const failing: [why: string, behaviour: Behaviour, code: number, says: RegExp][] = [
  ['no answer', 'timeout', 22, /^timeout: .* does not answer$/],
  ['SERVFAIL', { flags: 'servfail' }, 22, /^servfail: .* answers SERVFAIL$/],
  ['REFUSED', { flags: 'refused' }, 22, /^refused: .* answers REFUSED$/],
  [
    'a server that is lame',
    { flags: 'aa', authority: '. NS a.root.' },
    22,
    /^malformed: .* does not serve example\.org\.$/,
  ],
  ['what is no message', 'malformed', 23, /^malformed: .* sent a malformed answer$/],
  ['an unreachable server', 'unreachable', 23, /^unreachable: .* cannot be reached$/],
  ['a closed port', 'refused', 23, /^unreachable: .* takes no DNS queries$/],
  ['a private address', 'forbidden', 22, /^unreachable: .* private or reserved address$/],
  ['no free socket', 'overload', 0, /^overload: .* too many sockets are open$/],
  [
    'an alias to two names',
    { flags: 'aa', answer: 'www.example.org. CNAME a.\nwww.example.org. CNAME b.' },
    23,
    /^malformed: /,
  ],
]
for (const [why, behaviour, code, says] of failing) {
  test(`DNSSEC-80: iterate: ${why}: ${code}`, async () => {
    const server: Server = ({ server: at, question: one }) =>
      at === '192.0.2.2' ? behaviour : (honest[`${at} ${one}`] ?? honest[at] ?? 'timeout')
    const resolution = await iterate(server).ask(question)
    assert.match(verdictOf(resolution), says)
    assert.deepEqual(codesOf(resolution), [code])
  })
}

test('DNSSEC-80: more aliases than are followed, and more referrals: Other, with a text', async () => {
  const aliases = memoryResolver(() => ({ flags: 'ra', answer: chain }))
  const found = await aliases.ask('c0.example.org. A')
  assert.match(verdictOf(found), /^limit: A of c0\.example\.org\.: more than 11 aliases$/)
  assert.deepEqual(codesOf(found), [0])
  const round = await world.resolver('iterate').ask('back.a.test. A')
  assert.match(verdictOf(round), /^alias-loop: .* come back to back\.a\.test\.$/)
  assert.deepEqual(codesOf(round), [0])
  let depth = 0
  const endless = iterate(() => {
    const zone = `${'x.'.repeat(++depth)}`
    return { authority: `${zone} NS ns.${zone}`, additional: `ns.${zone} A 192.0.2.1` }
  })
  const lost = await endless.ask(`${'x.'.repeat(60)} A`)
  assert.match(verdictOf(lost), new RegExp(`more than ${limits.resolver.referrals} referrals$`))
  assert.deepEqual(codesOf(lost), [0])
})

const unasked: [question: string, code: number][] = [
  ['www.example.org. ANY', 30],
  ['www.example.org. RRSIG', 30],
  ['printer.local. A', 21],
]
for (const [what, code] of unasked) {
  test(`DNSSEC-80: ${what} is not asked: ${code}`, async () => {
    const { ask, asked } = memoryResolver(() => 'timeout')
    assert.deepEqual(codesOf(await ask(what)), [code])
    assert.deepEqual(asked, [])
  })
}

test('DNSSEC-80: a lookup that is given up, or comes after close', async () => {
  const { ask, close } = memoryResolver(() => 'hangs')
  assert.deepEqual(codesOf(await ask(question, { signal: AbortSignal.abort() })), [0])
  await close()
  assert.deepEqual(codesOf(await ask(question)), [0])
})

function speaking(code: number, text: string, ...more: readonly number[]): NonNullable<Saying['edns']> {
  const option = (one: number, words: string) => ({
    code: 15,
    data: Buffer.concat([Buffer.of(0, one), Buffer.from(words)]),
  })
  return { ...ourEdns, options: [option(code, text), ...more.map((one) => option(one, ''))] }
}

function saidOf(resolution: Resolution) {
  return (resolution.kind === 'failure' ? resolution : resolution.evidence).said
}

test('WIRE-15, RFC 8914 §6: what a forwarder says of its failure is told as its word, and is not our code', async () => {
  const { ask } = memoryResolver(() => ({ flags: 'servfail', edns: speaking(7, 'it ended\n\x1b[2J', 6, 9, 10, 11) }))
  const resolution = await ask(question)
  assert.deepEqual(codesOf(resolution), [22])
  assert.deepEqual(
    saidOf(resolution)?.map(({ code }) => code),
    [7, 6, 9, 10].slice(0, limits.dns.extendedErrors),
  )
  assert.equal(saidOf(resolution)?.[0]?.text, 'it ended\\u{a}\\u{1b}[2J')
})

for (const code of [0, 3, 6, 15, 29]) {
  test(`WIRE-15, RFC 8914 §6: a forwarder that says ${code} beside an answer changes nothing of it`, async () => {
    const said = speaking(code, 'believe me')
    const change: Change = (message) => ({ ...message, edns: said })
    const told = await world.resolver('forward', change).ask(host)
    assert.equal(verdictOf(told), 'secure')
    assert.deepEqual(saidOf(told), [{ code, text: 'believe me' }])
    const forged = await world
      .resolver('forward', (message, one) => {
        return { ...(one.question === host ? spoil(message) : message), edns: said }
      })
      .ask(host)
    assert.match(verdictOf(forged), /^bogus: signature /)
    assert.deepEqual([codesOf(forged), saidOf(forged)], [[6], [{ code, text: 'believe me' }]])
  })
}

test('WIRE-15: who blocks a name says so, and an insecure denial of it shows that', async () => {
  const authority = 'example.org. SOA a. b. 1 1 1 1 1'
  const { ask } = memoryResolver(() => ({ flags: 'nxdomain ra', authority, edns: speaking(15, 'on a list') }))
  const resolution = await ask(question)
  assert.equal(resolution.kind, 'nxdomain')
  assert.deepEqual(saidOf(resolution), [{ code: 15, text: 'on a list' }])
  assert.deepEqual(saidOf(await ask(question)), [{ code: 15, text: 'on a list' }])
})

test('RES-41: an answer without Extended DNS Errors has none', async () => {
  const { ask } = memoryResolver(() => answer, {})
  assert.equal(saidOf(await ask(question)), undefined)
})
