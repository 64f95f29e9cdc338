import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ourEdns } from '../../src/core/dns/edns.ts'
import { makeQuery } from '../../src/core/dns/encode.ts'
import type { Message } from '../../src/core/dns/message.ts'
import { formatType, parseType, RCODE, TYPE } from '../../src/core/dns/types.ts'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import { movedClock } from '../support/moved-clock.ts'
import { nameOf } from '../support/sign.ts'
import { type Asked, type Behaviour, recordsOfText } from './fake-exchange.ts'
import { memoryResolver } from './memory-resolver.ts'
import { answerFromVectors, proofOwner, without } from './vector-server.ts'

const anchors = parseTrustAnchors(
  'test. DS 35217 15 2 9c51ba44691ac3e1daa0bc25695d70c640170604231370b378291e7504bbcb41',
)
assert.ok(anchors.ok)
const trustAnchors = anchors.value

async function ask(question: string, server: (asked: Asked) => Behaviour = answerFromVectors): Promise<Resolution> {
  const resolver = memoryResolver(server, { trustAnchors })
  try {
    return await resolver.ask(question)
  } finally {
    await resolver.close()
  }
}

/** As `ask`, with a proxy that changes the reply to this question. */
function askThrough(question: string, change: (message: Message) => Behaviour): Promise<Resolution> {
  return ask(question, (asked) => {
    const message = answerFromVectors(asked)
    return asked.question === question ? change(message) : message
  })
}

function show(resolution: Resolution): string {
  return resolution.kind === 'failure' ? resolution.why : `${resolution.status} ${resolution.kind}`
}

const answers: [question: string, expected: string][] = [
  ['vec.test. MX', 'secure answer'],
  ['_25._tcp.mx1.vec.test. TLSA', 'secure answer'],
  ['mx2.vec.test. AAAA', 'secure nodata'],
  ['_tcp.mx1.vec.test. TLSA', 'secure nodata'],
  ['ent.vec.test. A', 'secure nodata'],
  ['b.ent.vec.test. A', 'secure nodata'],
  ['nx.vec.test. A', 'secure nxdomain'],
  ['_25._tcp.mx2.vec.test. TLSA', 'secure nxdomain'],
  ['foo.wild.vec.test. MX', 'secure answer'],
  ['a.b.wild.vec.test. TXT', 'secure answer'],
  ['foo.wild.vec.test. TLSA', 'secure nodata'],
  ['host.wild.vec.test. MX', 'secure nodata'],
  ['x.host.wild.vec.test. MX', 'secure nxdomain'],
  ['alias.vec.test. A', 'secure answer'],
  ['alias.vec.test. TLSA', 'secure nodata'],
  ['walias.vec.test. MX', 'secure answer'],
  ['mx1.dn.vec.test. A', 'secure answer'],
  ['_25._tcp.mx1.dn.vec.test. TLSA', 'secure answer'],
  ['sub.vec.test. DS', 'secure nodata'],
  ['sec.vec.test. DS', 'secure answer'],
  ['mx1.n3.test. AAAA', 'secure nodata'],
  ['_tcp.mx1.n3.test. TLSA', 'secure nodata'],
  ['alias.n3.test. TLSA', 'secure nodata'],
  ['nx.n3.test. A', 'secure nxdomain'],
  ['_25._tcp.nx.n3.test. TLSA', 'secure nxdomain'],
  ['foo.wild.n3.test. TXT', 'secure answer'],
  ['foo.wild.n3.test. TLSA', 'secure nodata'],
  ['host.wild.n3.test. TXT', 'secure nodata'],
  ['wild.n3.test. A', 'secure nodata'],
  ['sub.n3.test. DS', 'secure nodata'],
  ['nx.oo.test. A', 'insecure nxdomain'],
  ['nx.oo.test. DS', 'insecure nxdomain'],
  ['sub.oo.test. DS', 'insecure nodata'],
  ['foo.wild.oo.test. TXT', 'insecure answer'],
  ['foo.wild.oo.test. A', 'insecure nodata'],
  ['wild.oo.test. A', 'secure nodata'],
  ['ns1.oo.test. MX', 'secure nodata'],
  ['sec.oo.test. DS', 'secure answer'],
  ['unsigned.test. DS', 'secure nodata'],
  ['nx.test. A', 'secure nxdomain'],
  ['mail.sha1.test. MX', 'secure answer'],
  ['mail.bad.test. MX', 'bogus'],
  ['mail.mixed.test. MX', 'bogus'],
  ['mail.unalg.test. MX', 'insecure answer'],
  ['mail.undig.test. MX', 'insecure answer'],
  ['mail.unsigned.test. MX', 'insecure answer'],
  ['nx.unsigned.test. MX', 'insecure nxdomain'],
]
for (const [question, expected] of answers) {
  test(`DV9.1 DV9.2 ${question} is ${expected}`, async () => {
    assert.equal(show(await ask(question)), expected)
  })
}

/** What a proxy makes of the reply to the question; the chain of trust comes through as it is. */
type Change = (message: Message) => Behaviour

const drop =
  (...beginnings: string[]): Change =>
  (message) =>
    without(message, ...beginnings)
const say =
  (given: Partial<Message>): Change =>
  (message) => ({ ...message, ...given })
const proofsOf = (question: string) => replyTo(question).authority
const { NOERROR, NXDOMAIN } = RCODE

const usual = { id: 1, recursionDesired: true, checkingDisabled: true }

function replyTo(question: string): Message {
  const [name = '', type = ''] = question.split(' ')
  const query = makeQuery(nameOf(name), parseType(type) ?? 0, { ...usual, edns: ourEdns })
  return answerFromVectors({ name: nameOf(name), type: parseType(type) ?? 0, query })
}

const raiseTtls: Change = (message) => ({ ...message, answer: message.answer.map((one) => ({ ...one, ttl: 432_000 })) })

/** The same records with a signature before theirs that is none. */
const addGarbage: Change = (message) => {
  const signature = message.answer.find(({ type }) => type === TYPE.RRSIG)
  assert.ok(signature)
  const garbage = { ...signature, rdata: signature.rdata.with(-1, (signature.rdata.at(-1) ?? 0) ^ 1) }
  return { ...message, answer: [garbage, ...message.answer] }
}

const below = `evil.vec.test. 3600 A 192.0.2.66
evil.vec.test. 3600 RRSIG A 15 1 3600 20360101000000 20260101000000 3613 vec.test. \
48Tt6BR1XrxKP3McRrsOQjIz/mI0IpTdp4wcCVES3ZfIR3hEJkC0c8mXloyoLSgdcmtwbgKNJeTHolHRsu8fAg==`

const tampered: [vector: string, question: string, change: Change, expected: string][] = [
  ['DV10.1 the RRSIG removed', 'mx2.vec.test. A', drop('mx2.vec.test. RRSIG A'), 'bogus'],
  ['DV10.2 NSEC removed from a wildcard answer', 'w2.wild.vec.test. TXT', drop('host.wild.vec.test. NSEC'), 'bogus'],
  ['DV10.3 NSEC of the wildcard removed', 'nx3.vec.test. A', drop('vec.test. NSEC'), 'bogus'],
  ['DV10.4 NSEC of the name removed', 'nx4.vec.test. A', drop('ns1.vec.test. NSEC'), 'bogus'],
  [
    'DV10.5 the CNAME stripped',
    'alias.vec.test. TLSA',
    say({ answer: [], authority: proofsOf('alias.vec.test. DS') }),
    'bogus',
  ],
  [
    'DV10.6 an ancestor delegation',
    'www.sec.vec.test. A',
    say({ rcode: NXDOMAIN, authority: [...proofsOf('sub.vec.test. DS'), ...proofsOf('vec.test. TXT')] }),
    'bogus',
  ],
  [
    'DV10.7 a DNAME above',
    'www.dn.vec.test. A',
    say({ rcode: NXDOMAIN, answer: [], authority: [...proofsOf('dn.vec.test. TXT'), ...proofsOf('vec.test. TXT')] }),
    'bogus',
  ],
  [
    'DV10.8 a wildcard replayed on a name that is there',
    'host.wild.vec.test. TXT',
    (message) => {
      const { answer, authority } = replyTo('foo.wild.vec.test. TXT')
      return { ...message, authority, answer: answer.map((one) => ({ ...one, name: nameOf('host.wild.vec.test.') })) }
    },
    'bogus',
  ],
  ['DV10.9 DNSSEC-27 TTLs raised', '_mta-sts.vec.test. TXT', raiseTtls, 'secure answer'],
  ['DV10.10 DNSSEC-21 a corrupted RRSIG before the good one', 'ns1.vec.test. A', addGarbage, 'secure answer'],
  [
    'DV10.11 DV12.1 a signature for a wildcard above the zone',
    'evil.vec.test. A',
    say({ rcode: NOERROR, answer: recordsOfText(below), authority: [] }),
    'bogus',
  ],
  [
    'DV10.12 only the SOA left',
    '_25._tcp.mx1.vec.test. TLSA',
    say({ answer: [], authority: proofsOf('nx.vec.test. A').slice(0, 2) }),
    'bogus',
  ],
  ['DV10.13 DNSSEC-48 NXDOMAIN turned into NOERROR', 'nx13.vec.test. A', say({ rcode: NOERROR }), 'bogus'],
  ['DV10.14 DNSSEC-48 NOERROR turned into NXDOMAIN', 'mx1.vec.test. TXT', say({ rcode: NXDOMAIN }), 'secure nodata'],
  ['DV10.15 NSEC3 of the next closer removed', 'nx15.n3.test. A', drop(proofOwner('nx15.n3.test.')), 'bogus'],
  ['DV10.16 NSEC3 of the wildcard removed', 'nx16.n3.test. A', drop(proofOwner('*.n3.test.')), 'bogus'],
  ['DV10.18 RRSIG of the NSEC removed', 'b.ent.vec.test. A', drop('dn.vec.test. RRSIG NSEC'), 'bogus'],
  ['DV10.19 DNSSEC-59 the CNAME of a DNAME changed', 'q19.dn.vec.test. A', pointElsewhere, 'secure nxdomain'],
  ['DV10.20 an unsigned A of another name added', 'mx9.wild.vec.test. MX', addAddress, 'secure answer'],
]

function pointElsewhere(message: Message): Behaviour {
  const target = Buffer.from(nameOf('evil.n3.test.').wire, 'latin1')
  return {
    ...message,
    answer: message.answer.map((one) => (one.type === TYPE.CNAME ? { ...one, rdata: target } : one)),
  }
}

function addAddress(message: Message): Behaviour {
  return { ...message, answer: [...message.answer, ...recordsOfText('mx1.vec.test. A 203.0.113.66')] }
}

for (const [vector, question, change, expected] of tampered) {
  test(`${vector}: ${question} is ${expected}`, async () => {
    const resolution = await askThrough(question, change)
    assert.equal(show(resolution), expected)
    if (resolution.kind === 'failure') return
    assert.ok(resolution.ttl <= 3600)
    if (resolution.kind === 'answer')
      assert.ok(resolution.records.every(({ type }) => formatType(type) === question.split(' ')[1]))
  })
}

const times: [at: string, expected: string, ede: number | undefined][] = [
  ['2025-01-01T00:00:00Z', 'bogus', 8],
  ['2025-12-31T23:30:00Z', 'bogus', 8],
  ['2026-01-01T00:00:00Z', 'secure answer', undefined],
  ['2036-01-01T00:00:00Z', 'secure answer', undefined],
  ['2036-01-01T00:30:00Z', 'bogus', 7],
  ['2037-01-01T00:00:00Z', 'bogus', 7],
]
for (const [at, expected, ede] of times) {
  test(`DNSSEC-25 DV9.4 at ${at} mx1.vec.test. A is ${expected}`, async () => {
    const resolver = memoryResolver(answerFromVectors, { trustAnchors, clock: movedClock(Date.parse(at)) })
    const resolution = await resolver.ask('mx1.vec.test. A')
    await resolver.close()
    assert.equal(show(resolution), expected)
    assert.equal(resolution.kind === 'failure' ? resolution.ede : undefined, ede)
  })
}

const reasons: [question: string, change: Change, ede: number][] = [
  ['mail.bad.test. MX', (message) => message, 9],
  ['mail.mixed.test. MX', (message) => message, 9],
  ['mx2.vec.test. A', drop('mx2.vec.test. RRSIG A'), 10],
  // Unbound says 6, of which 12 is the narrower case.
  ['nx3.vec.test. A', drop('vec.test. NSEC'), 12],
]
for (const [question, change, ede] of reasons) {
  test(`DNSSEC-80 DV9.3 ${question} is bogus for the reason ${ede}`, async () => {
    const resolution = await askThrough(question, change)
    assert.equal(resolution.kind === 'failure' && resolution.ede, ede)
  })
}
