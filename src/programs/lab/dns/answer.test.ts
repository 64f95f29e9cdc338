import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, parseType } from '../../../core/dns/types.ts'
import { formatRecord } from '../../../core/dns/zone-text.ts'
import { answerQuestion, answerRecursively } from './answer.ts'
import { readOwner, readZoneText } from './text.ts'
import { arrangeZone } from './zone.ts'

const zone = arrangeZone(
  readOwner('org'),
  readZoneText(`
org. SOA ns.org. host.org. 1 7200 900 1209600 300
org. NS ns.org.
org. NSEC a.org. NS SOA NSEC
ns.org. A 198.51.100.1
ns.org. NSEC sub.org. A NSEC
a.org. MX 10 mx.a.org.
a.org. NSEC mx.a.org. MX NSEC
mx.a.org. CNAME b.org.
mx.a.org. NSEC b.org. CNAME NSEC
b.org. A 192.0.2.1
b.org. NSEC old.org. A NSEC
old.org. DNAME a.org.
old.org. NSEC ns.org. DNAME NSEC
sub.org. NS ns.sub.org.
sub.org. NSEC deep.under.org. NS NSEC
ns.sub.org. A 198.51.100.2
deep.under.org. TXT "x"
deep.under.org. NSEC *.w.org. TXT NSEC
*.w.org. TXT "wild"
*.w.org. NSEC org. TXT NSEC
`),
)

const cases: [claim: string, name: string, type: string, rcode: number, answer: string[], authority: string[]][] = [
  ['an address stands there', 'b.org', 'A', 0, ['b.org. A'], []],
  ['an alias is followed within the zone', 'mx.a.org', 'A', 0, ['mx.a.org. CNAME', 'b.org. A'], []],
  ['an alias itself may be asked for', 'mx.a.org', 'CNAME', 0, ['mx.a.org. CNAME'], []],
  [
    'a DNAME makes an alias',
    'mx.old.org',
    'A',
    0,
    ['old.org. DNAME', 'mx.old.org. CNAME', 'mx.a.org. CNAME', 'b.org. A'],
    [],
  ],
  ['a wildcard answers for what is not there', 'x.w.org', 'TXT', 0, ['x.w.org. TXT'], ['*.w.org. NSEC']],
  ['a wildcard without the type denies', 'x.w.org', 'A', 0, [], ['org. SOA', '*.w.org. NSEC']],
  ['a name without the type denies', 'b.org', 'MX', 0, [], ['org. SOA', 'b.org. NSEC']],
  ['a name that only others lie below exists', 'under.org', 'A', 0, [], ['org. SOA', 'sub.org. NSEC']],
  [
    'a name that is not there is denied, and its wildcard',
    'zz.org',
    'A',
    3,
    [],
    ['org. SOA', '*.w.org. NSEC', 'org. NSEC'],
  ],
  ['below a cut the child is named', 'mail.sub.org', 'A', 0, [], ['sub.org. NS', 'sub.org. NSEC']],
  ['DS at a cut is denied by the parent', 'sub.org', 'DS', 0, [], ['org. SOA', 'sub.org. NSEC']],
]
for (const [claim, name, type, rcode, answer, authority] of cases) {
  test(`answerQuestion: ${claim}`, () => {
    const question = { name: readOwner(name), type: parseType(type) ?? 0, class: CLASS.IN }
    const sections = answerQuestion([zone], question, true)
    const shown = (records: typeof sections.answer) =>
      records.map((record) =>
        formatRecord(record)
          .split(/\s+/)
          .filter((word) => word !== 'IN' && !/^\d+$/.test(word))
          .slice(0, 2)
          .join(' '),
      )
    assert.deepEqual([sections.rcode, shown(sections.answer), shown(sections.authority)], [rcode, answer, authority])
  })
}

test('without DO no denial is sent along', () => {
  const question = { name: readOwner('zz.org'), type: 1, class: CLASS.IN }
  assert.equal(answerQuestion([zone], question, false).authority.length, 1)
})

test('a referral brings glue', () => {
  const question = { name: readOwner('x.sub.org'), type: 1, class: CLASS.IN }
  assert.equal(answerQuestion([zone], question, false).additional.length, 1)
})

test('names of other zones are refused', () => {
  const question = { name: readOwner('example.com'), type: 1, class: CLASS.IN }
  assert.equal(answerQuestion([zone], question, false).rcode, 5)
})

test('a recursive answer follows aliases from zone to zone', () => {
  const other = arrangeZone(readOwner('com'), readZoneText('com. SOA ns.org. h.org. 1 1 1 1 1\nx.com. CNAME b.org.'))
  const ask = (question: Parameters<typeof answerRecursively>[1]) => answerQuestion([zone, other], question, false)
  const answer = answerRecursively(ask, { name: readOwner('x.com'), type: 1, class: CLASS.IN })
  assert.deepEqual(
    answer?.answer.map(({ type }) => type),
    [5, 1],
  )
})
