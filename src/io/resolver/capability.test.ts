import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Change, signedWorld, verdictOf } from '../../../test/resolver/signed-world.ts'
import { nameOfText } from '../../../test/support/records.ts'
import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { readDs } from '../../core/dns/rdata/records.ts'
import { CLASS, RCODE, TYPE } from '../../core/dns/types.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import { withoutDnssec } from '../../programs/lab/dns/spoil.ts'
import type { ResolverOptions } from './create-resolver.ts'

const world = signedWorld(`
zone alpha.example
zone mx.alpha.example A 203.0.113.1
zone plain.example signed=no
zone mx.plain.example A 203.0.113.2
`)
const signed = 'mx.alpha.example. A'
const unsigned = 'mx.plain.example. A'
const insecure = 'insecure: plain.example. is delegated without DS'
const probe = 'dnssec-probe. DS'
const advice = 'use another with --server, or --engine iterate'

function without(message: Message, isGone: (record: ResourceRecord) => boolean): Message {
  const keep = (record: ResourceRecord) => !isGone(record)
  return { ...message, answer: message.answer.filter(keep), authority: message.authority.filter(keep) }
}

const isProof = ({ type }: ResourceRecord) => type === TYPE.NSEC || type === TYPE.NSEC3
const isSignature = ({ type }: ResourceRecord) => type === TYPE.RRSIG
const stripAll: Change = (message) => ({ ...message, ...withoutDnssec({ ...message }) })
const stripRrsig: Change = (message) => without(message, isSignature)
const isDenial = ({ authority }: Message) => authority.some(isProof)

function forwarding(change?: Change, options: Partial<ResolverOptions> = {}) {
  const warnings: string[] = []
  const resolver = world.resolver('forward', change, { onWarning: (warning) => warnings.push(warning), ...options })
  return { ...resolver, warnings }
}

const strippers: [what: string, change: Change, question: string, missing: string][] = [
  ['all DNSSEC records', stripAll, signed, 'no DNSKEY of .'],
  ['all DNSSEC records of an unsigned name', stripAll, unsigned, 'no DNSKEY of .'],
  ['every RRSIG record', stripRrsig, signed, 'no RRSIG with DNSKEY of .'],
  ['EDNS', (message) => ({ ...without(message, isSignature), edns: undefined }), signed, 'no EDNS with DNSKEY of .'],
  [
    'the records of a denial',
    (message) => (isDenial(message) ? without(message, (one) => isProof(one) || isSignature(one)) : undefined),
    'nobody.alpha.example. A',
    `no NSEC or NSEC3 with the denial of DS of dnssec-probe.`,
  ],
  [
    'the signatures of a denial',
    (message) => (isDenial(message) ? without(message, isSignature) : undefined),
    'nobody.alpha.example. A',
    `no RRSIG with the denial of DS of dnssec-probe.`,
  ],
  [
    'the signatures of DS records',
    (message, { type }) => (type === TYPE.DS && !isDenial(message) ? without(message, isSignature) : undefined),
    signed,
    'no RRSIG with DS of example.',
  ],
  [
    'types that it does not know',
    (message, { type }) =>
      type === TYPE.DNSKEY ? { ...without(message, () => true), rcode: RCODE.NOTIMP } : without(message, isSignature),
    signed,
    'NOTIMP for DNSKEY of .',
  ],
]
for (const [what, change, question, missing] of strippers) {
  test(`RES-10, RES-11: forwarders that strip ${what} are named, each once, and nothing is insecure`, async () => {
    const { ask, warnings } = forwarding(change)
    const resolution = await ask(question)
    assert.ok(resolution.kind === 'failure')
    const { why, reason, ede, isOurs } = resolution
    assert.deepEqual([why, ede, isOurs], ['bogus', 10, true])
    assert.ok(reason.endsWith(` strips DNSSEC records (${missing}), and 1 more of no use: ${advice}`), reason)
    await ask('mx.plain.example. MX')
    await ask('other.example. A')
    assert.deepEqual(
      warnings,
      ['192.0.2.1', '192.0.2.2'].map(
        (server) => `forwarder ${server} strips DNSSEC records (${missing}), and is passed over: ${advice}`,
      ),
    )
  })

  test(`RES-11, RES-14: where the first strips ${what}, the second is asked`, async () => {
    const { ask, asked, warnings, clock } = forwarding((message, one) =>
      one.server === '192.0.2.1' ? change(message, one) : undefined,
    )
    const honest = forwarding()
    assert.equal(verdictOf(await ask(question)), verdictOf(await honest.ask(question)))
    assert.equal(warnings.length, 1)
    const isFirst = (line: string) => line.startsWith('192.0.2.1 ')
    const before = asked.filter(isFirst).length
    assert.equal(verdictOf(await ask('mx.plain.example. AAAA')), insecure)
    assert.equal(asked.filter(isFirst).length, before, 'it is left alone for a while')
    clock.move(61)
    await ask('mx.plain.example. MX')
    assert.ok(asked.filter(isFirst).length > before, 'and then gets another chance')
  })
}

test('RES-10: nothing is asked beside what is needed, while answers are signed', async () => {
  const { ask, asked } = forwarding()
  assert.equal(verdictOf(await ask(signed)), 'secure')
  assert.deepEqual(
    asked.filter((line) => line.includes(probe)),
    [],
  )
})

test('RES-10: no record waits for what the forwarder can do, only denials and the zone do', async () => {
  const { ask, asked } = forwarding()
  await ask(unsigned)
  const at = (text: string) => asked.findIndex((line) => line.includes(text))
  assert.ok(at(probe) > at(unsigned) && at('. DNSKEY') > at(unsigned), asked.join('\n'))
})

test('RES-10: the first answer without signatures has the forwarder show what it can do, for an hour', async () => {
  const { ask, asked, clock, warnings } = forwarding()
  const probes = () => asked.filter((line) => line.includes(probe)).length
  const both = await Promise.all([ask(unsigned), ask('nobody.plain.example. A'), ask('plain.example. MX')])
  assert.deepEqual(both.map(verdictOf), [insecure, insecure, insecure])
  assert.equal(probes(), 1)
  clock.move(3599)
  assert.equal(verdictOf(await ask('a.plain.example. A')), insecure)
  assert.equal(probes(), 1)
  clock.move(2)
  assert.equal(verdictOf(await ask('b.plain.example. A')), insecure)
  assert.deepEqual([probes(), warnings], [2, []])
})

test('RES-10: a forwarder that strips with CD alone is used without it, and no warning given', async () => {
  const { ask, warnings } = forwarding((message, one) => (one.checkingDisabled ? stripAll(message, one) : undefined))
  assert.equal(verdictOf(await ask(signed)), 'secure')
  assert.equal(verdictOf(await ask(unsigned)), insecure)
  assert.deepEqual(warnings, [])
})

/** The DS records of `example.` as anchors, with nothing known above them. */
function anchorsOfExample(): TrustAnchor[] {
  const owner = nameOfText('example.')
  const { answer = [] } = world.zones.answer('.', { name: owner, type: TYPE.DS, class: CLASS.IN }, true) ?? {}
  return answer.flatMap(({ type, rdata }) => {
    const ds = type === TYPE.DS ? readDs(rdata) : undefined
    return ds?.ok === true ? [{ kind: 'ds', owner, ds: ds.value }] : []
  })
}

test('RES-10: with an anchor below the root its keys and denials must come through', async () => {
  const trustAnchors = anchorsOfExample()
  const honest = forwarding(undefined, { trustAnchors })
  assert.equal(verdictOf(await honest.ask(signed)), 'secure')
  assert.equal(verdictOf(await honest.ask(unsigned)), insecure)
  assert.ok(honest.asked.includes('192.0.2.1 dnssec-probe.example. DS cd'))
  assert.ok(!honest.asked.some((line) => line.includes(' . DNSKEY')))
  const { ask, warnings } = forwarding(stripAll, { trustAnchors })
  assert.match(verdictOf(await ask(signed)), /^bogus: .* strips DNSSEC records \(no DNSKEY of example\.\)/)
  assert.equal(warnings.length, 2)
  assert.match(verdictOf(await ask('other.test. A')), /^insecure: no trust anchor is at or above /)
})

test('RES-10: a forwarder with an unsigned zone of its own is not given up for it', async () => {
  const { ask, warnings } = forwarding((message, one) => {
    if (one.question === 'host.corp. A') return { answer: 'host.corp. A 203.0.113.9' }
    return one.question === 'corp. DS' ? stripAll(message, one) : undefined
  })
  assert.match(verdictOf(await ask('host.corp. A')), /^bogus: /)
  assert.equal(verdictOf(await ask(signed)), 'secure')
  assert.deepEqual(warnings, [])
})

for (const silence of ['timeout', 'unreachable'] as const) {
  test(`RES-10: a probe without an answer (${silence}) says nothing, and the answer is judged as it is`, async () => {
    const { ask, warnings } = forwarding((_, { question }) =>
      question === probe || question === '. DNSKEY' ? silence : undefined,
    )
    assert.equal((await ask(unsigned)).kind, 'failure')
    assert.deepEqual(warnings, [])
  })
}

test('RES-10, RES-47: a probe ends with the last question that waits for it, and with the resolver', async () => {
  const hanging: Change = (_, { question }) => (question === probe ? 'hangs' : undefined)
  const one = forwarding(hanging)
  const stop = new AbortController()
  const given = one.ask('nobody.plain.example. A', { signal: stop.signal })
  while (!one.asked.some((line) => line.includes(probe))) await new Promise(setImmediate)
  stop.abort()
  assert.equal(verdictOf(await given).split(':')[0], 'aborted')
  const other = forwarding(hanging)
  const closed = other.ask('nobody.plain.example. A')
  while (!other.asked.some((line) => line.includes(probe))) await new Promise(setImmediate)
  await other.close()
  assert.equal(verdictOf(await closed).split(':')[0], 'aborted')
})
