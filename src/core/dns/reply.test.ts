import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOf } from '../../../test/support/sign.ts'
import { formatName } from '../name/text.ts'
import { makeQuery } from './encode.ts'
import type { Message } from './message.ts'
import { findPart, proofsOf, type ReplyPart, soaOf, sortReply } from './reply.ts'
import { formatType, parseType, RCODE, TYPE } from './types.ts'
import { parseZone } from './zone-text.ts'

interface Given {
  readonly rcode?: number
  readonly answer?: string
  readonly authority?: string
}

function records(text: string) {
  const zone = parseZone(text, { ttl: 300 })
  assert.ok(zone.ok, JSON.stringify(zone))
  return zone.value
}

function reply({ rcode = RCODE.NOERROR, answer = '', authority = '' }: Given, damaged: Message['damaged'] = []) {
  const query = makeQuery(nameOf('.'), TYPE.A, {
    ...{ id: 1, recursionDesired: true, checkingDisabled: true, edns: undefined },
  })
  return sortReply({ ...query, rcode, damaged, answer: records(answer), authority: records(authority) })
}

function show(part: ReplyPart): string {
  switch (part.kind) {
    case 'rrset':
      return `${part.rrset.rdatas.length} ${formatType(part.rrset.type)}`
    case 'alias':
      return `${part.via} ${formatName(part.target)}`
    case 'denial':
      return part.isNameError ? 'name error' : 'no data'
    case 'broken':
      return part.reason
    case 'none':
      return 'none'
  }
}

const soa = 'test. SOA . . 1 2 3 4 5'
const nsec3 = `${'0'.repeat(32)}.test. NSEC3 1 0 0 - ${'1'.repeat(32)}`
const long = `${'x'.repeat(63)}.`.repeat(3)
const { NXDOMAIN, SERVFAIL, YXDOMAIN } = RCODE

const parts: [claim: string, question: string, given: Given, expected: string][] = [
  ['what was asked for', 'A.test. MX', { answer: 'a.test. MX 1 b.\na.test. MX 2 c.' }, '2 MX'],
  ['what was asked for beside an alias', 'a.test. A', { answer: 'a.test. CNAME b.\na.test. A 192.0.2.1' }, '1 A'],
  ['records of another name', 'a.test. A', { answer: 'b.test. A 192.0.2.1' }, 'none'],
  ['records of another type', 'a.test. A', { answer: 'a.test. AAAA ::1' }, 'none'],
  ['what was asked for in the authority alone', 'a.test. NS', { authority: 'a.test. NS b.' }, 'none'],
  ['WIRE-19 an alias', 'a.test. A', { answer: 'a.test. CNAME b.\nb. A 192.0.2.1' }, 'CNAME b.'],
  ['WIRE-19 an alias that was asked for', 'a.test. CNAME', { answer: 'a.test. CNAME b.' }, '1 CNAME'],
  [
    'WIRE-19 two aliases, of which none is picked',
    'a.test. A',
    { answer: 'a.test. CNAME b.\na.test. CNAME c.' },
    'an alias has no single target',
  ],
  ['DNSSEC-59 a DNAME above', 'a.b.test. A', { answer: 'b.test. DNAME c.' }, 'DNAME a.c.'],
  ['DNSSEC-59 a DNAME of the name itself', 'b.test. A', { answer: 'b.test. DNAME c.' }, 'none'],
  ['DNSSEC-59 a DNAME that was asked for', 'b.test. DNAME', { answer: 'b.test. DNAME c.' }, '1 DNAME'],
  [
    'DNSSEC-59 a DNAME whose CNAME leads elsewhere',
    'a.b.test. A',
    { answer: 'a.b.test. CNAME evil.\nb.test. DNAME c.' },
    'DNAME a.c.',
  ],
  [
    'DNSSEC-59 two DNAMEs',
    'a.b.test. A',
    { answer: 'b.test. DNAME c.\nb.test. DNAME d.' },
    'a DNAME has no single target',
  ],
  [
    'DNSSEC-59 a DNAME that makes the name too long',
    `${'x'.repeat(63)}.b.test. A`,
    { rcode: YXDOMAIN, answer: `b.test. DNAME ${long}` },
    'what a DNAME makes of the name is too long',
  ],
  ['a name error', 'a.test. A', { rcode: NXDOMAIN, authority: soa }, 'name error'],
  ['an alias whose target is not there', 'a.test. A', { rcode: NXDOMAIN, answer: 'a.test. CNAME b.' }, 'CNAME b.'],
  ['the target of that alias', 'b. A', { rcode: NXDOMAIN, answer: 'a.test. CNAME b.' }, 'name error'],
  ['no data', 'a.test. A', { authority: soa }, 'no data'],
  ['no data, by proofs alone', 'a.test. A', { authority: nsec3 }, 'no data'],
  ['nothing at all', 'a.test. A', {}, 'no data'],
  ['a referral', 'a.test. A', { authority: 'test. NS ns.test.' }, 'none'],
  ['a referral with proofs', 'a.test. A', { authority: `test. NS ns.test.\n${nsec3}` }, 'no data'],
  ['WIRE-40 a failure', 'a.test. A', { rcode: SERVFAIL, authority: soa }, 'none'],
]
for (const [claim, question, given, expected] of parts) {
  test(`findPart in a reply with ${claim} for ${question.slice(-60)}: ${expected}`, () => {
    const [name = '', type = ''] = question.split(' ')
    assert.equal(show(findPart(reply(given), nameOf(name), parseType(type) ?? 0)), expected)
  })
}

const rrsig = (owner: string, covered: string) =>
  `${owner} RRSIG ${covered} 15 1 300 20360101000000 20260101000000 1 test. AAAA`

test('signatures may stand in the other section than what they sign', () => {
  const { answer, authority } = reply({
    answer: `a.test. A 192.0.2.1\n${rrsig('test.', 'SOA')}`,
    authority: `${soa}\n${rrsig('a.test.', 'A')}`,
  })
  const counts = [...answer, ...authority].map(({ type, signatures }) => `${formatType(type)} ${signatures.length}`)
  assert.deepEqual(counts, ['A 1', 'SOA 1'])
})

test('WIRE-33 records of one RRset in two sections are not merged', () => {
  const { answer, authority } = reply({ answer: 'a.test. A 192.0.2.1', authority: 'a.test. A 192.0.2.2' })
  assert.deepEqual([answer.length, authority.length, answer[0]?.rdatas.length], [1, 1, 1])
})

test('WIRE-32 what was dropped damages its RRset in either section', () => {
  const damaged = [{ name: nameOf('A.test.'), type: TYPE.DS }]
  const { answer, authority } = reply({ answer: 'a.test. DS 1 15 2 ab', authority: 'a.test. DS 1 15 2 ab' }, damaged)
  assert.deepEqual([answer[0]?.damaged, authority[0]?.damaged], [true, true])
})

test('proofs count wherever they stand, and the SOA of the authority alone', () => {
  const nsec = 'a.test. NSEC b.test. A'
  const sorted = reply({ answer: `${nsec}\n${soa}`, authority: nsec3 })
  assert.deepEqual(
    proofsOf(sorted).map(({ type }) => formatType(type)),
    ['NSEC3', 'NSEC'],
  )
  assert.equal(soaOf(sorted), undefined)
  assert.equal(soaOf(reply({ authority: `${nsec}\n${soa}` }))?.type, TYPE.SOA)
})
