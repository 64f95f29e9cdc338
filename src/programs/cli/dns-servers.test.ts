import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOfText, rdataOfText } from '../../../test/support/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { ServerFinding, ServerReport, Survey } from '../../io/resolver/all-servers.ts'
import { trouble } from '../../io/resolver/task.ts'
import { compareServers } from './dns-servers.ts'
import { writeComparison } from './dns-servers-text.ts'
import { pageOut } from './page-out.ts'

const zone = nameOfText('a.example.')
const question = { name: zone, type: TYPE.MX }

function answer(...hosts: string[]): ServerFinding {
  const records = hosts.map((host, at) => ({
    ...{ name: zone, type: TYPE.MX, class: 1, ttl: 300 + at, rdata: rdataOfText(TYPE.MX, `10 ${host}.a.example.`) },
  }))
  return { kind: 'answer', status: 'secure', records }
}

const silent: ServerFinding = { kind: 'silent', why: 'timeout', reason: 'does not answer' }
const unreachable: ServerFinding = { kind: 'silent', why: 'unreachable', reason: 'cannot be reached' }
const refuses: ServerFinding = { kind: 'useless', reason: 'answers REFUSED' }
const bogus: ServerFinding = { kind: 'bogus', reason: 'signature expired\x1b[31m', ede: 7 }
const none: ServerFinding = { kind: 'nxdomain', status: 'secure', records: [] }

/** The servers ns1, ns2 and so on at 192.0.2.1 and so on, or at addresses of their own. */
function surveyOf(...given: (ServerFinding | Partial<ServerReport>)[]): Survey & { kind: 'asked' } {
  const servers = given.map((one, at): ServerReport => {
    const usual = {
      server: nameOfText(`ns${at + 1}.a.example.`),
      address: `192.0.2.${at + 1}`,
      namedBy: 'both' as const,
    }
    const rest = 'kind' in one ? { finding: one } : one
    return { ...usual, serial: 7, finding: answer('mx'), ...rest }
  })
  return { kind: 'asked', zone, servers, left: 0 }
}

const at = (server: number) => `ns${server}.a.example. (192.0.2.${server})`
const differ = 'the server addresses of a.example. differ'

const verdicts: [what: string, survey: Survey, verdict: string, summary: string][] = [
  ['one server', surveyOf(answer('mx')), 'agree', '1 record, secure, from the only server address of a.example.'],
  [
    'the same records in another order, with other TTLs',
    surveyOf(answer('x', 'y'), answer('y', 'x')),
    'agree',
    'all 2 server addresses of a.example. agree: 2 records, secure',
  ],
  ['one denial', surveyOf(none, none), 'agree', 'all 2 server addresses of a.example. agree: no such name, secure'],
  [
    'a server with other records',
    surveyOf(answer('x', 'y'), answer('x', 'y'), answer('x', 'z')),
    'differ',
    `${differ}: 2 of 3 say: 2 records, secure; but ${at(3)} lacks MX 10 y.a.example. and has MX 10 z.a.example.`,
  ],
  [
    'a server without the name',
    surveyOf(none, answer('x'), answer('x')),
    'differ',
    `${differ}: 2 of 3 say: 1 record, secure; but ${at(1)} says: no such name, secure`,
  ],
  [
    'records that are not secure everywhere',
    surveyOf(answer('x'), answer('x'), { finding: { ...answer('x'), status: 'insecure' } as ServerFinding }),
    'differ',
    `${differ}: 2 of 3 say: 1 record, secure; but ${at(3)} is insecure`,
  ],
  [
    'an expired copy',
    surveyOf(bogus, answer('x')),
    'differ',
    `${differ}: 1 of 2 says: 1 record, secure; but ${at(1)} says: bogus: signature expired\x1b[31m`,
  ],
  [
    'a majority that refuses',
    surveyOf(refuses, refuses, answer('x')),
    'differ',
    `${differ}: 1 of 3 says: 1 record, secure; but ${at(1)}, ${at(2)} answers REFUSED`,
  ],
  [
    'a silent server',
    surveyOf(answer('x'), answer('x'), silent),
    'incomplete',
    `the server addresses of a.example. do not all answer: 2 of 3 say: 1 record, secure; but ${at(3)} does not answer`,
  ],
  [
    'a server without address',
    surveyOf(answer('x'), { address: undefined, finding: { kind: 'no-address', reason: 'has no address' } }),
    'incomplete',
    'the server addresses of a.example. do not all answer: 1 of 2 says: 1 record, secure; but ns2.a.example. has no address',
  ],
  ['nobody', surveyOf(silent, silent), 'failed', `no server of a.example. answers: ${at(1)} does not answer`],
  ['no network', surveyOf(unreachable), 'failed', `no server of a.example. answers: ${at(1)} cannot be reached`],
  [
    'a machine without IPv6',
    surveyOf(answer('x'), { address: '2001:db8::1', finding: unreachable }),
    'agree',
    '1 record, secure, from the only server address of a.example.',
  ],
  [
    'one IPv6 address of two that is not there',
    surveyOf(
      ...[
        { address: '2001:db8::1', finding: answer('x') },
        { address: '2001:db8::2', finding: unreachable },
      ],
      answer('x'),
    ),
    'incomplete',
    'the server addresses of a.example. do not all answer: 2 of 3 say: 1 record, secure; ' +
      'but ns2.a.example. (2001:db8::2) cannot be reached',
  ],
  [
    'no servers',
    { kind: 'failed', trouble: trouble('timeout', 'a.example. NS: 192.0.2.1 does not answer') },
    'failed',
    'its name servers cannot be found: a.example. NS: 192.0.2.1 does not answer',
  ],
]
for (const [what, survey, verdict, summary] of verdicts) {
  test(`compareServers with ${what}: ${verdict}`, () => {
    const comparison = compareServers(question, survey)
    assert.equal(comparison.verdict, verdict)
    assert.equal(comparison.summary, `a.example. MX: ${summary}`)
  })
}

test('compareServers notes what does not touch the answer', () => {
  const { notes } = compareServers(question, {
    ...surveyOf(
      { serial: 8 },
      { namedBy: 'parent' },
      { namedBy: 'zone', serial: undefined },
      { address: '2001:db8::1', finding: unreachable, serial: undefined },
    ),
    left: 2,
  })
  assert.deepEqual(notes, [
    'Nothing can be reached over IPv6 from here: 1 address left out.',
    '2 addresses were too many to be asked.',
    'Named as a server by the parent zone alone: ns2.a.example.',
    'Named as a server by the zone alone, not by its parent: ns3.a.example.',
    `They have different versions of the zone: serial 8 at ${at(1)}; 7 at ${at(2)}.`,
  ])
})

test('a comparison begins with its verdict, and has a table of who says what', () => {
  const survey = surveyOf(
    answer('x'),
    answer('x'),
    { finding: bogus, serial: 6 },
    { finding: silent, serial: undefined },
  )
  assert.equal(
    pageOut((out) => writeComparison(compareServers(question, survey), out)),
    `a.example. MX: the server addresses of a.example. differ: 2 of 4 say: 1 record,
secure; but ns3.a.example. (192.0.2.3) says: bogus: signature expired\\x1b[31m;
ns4.a.example. (192.0.2.4) does not answer

  Server          Address    Serial  Says
  ns1.a.example.  192.0.2.1  7       1 record, secure
  ns2.a.example.  192.0.2.2  7       1 record, secure
  ns3.a.example.  192.0.2.3  6       bogus
  ns4.a.example.  192.0.2.4  -       does not answer

From ns1.a.example. (192.0.2.1), ns2.a.example. (192.0.2.2)
  a.example. 300 IN MX 10 x.a.example.

From ns3.a.example. (192.0.2.3)
  signature expired\\x1b[31m (Extended DNS Error 7, Signature Expired)

They have different versions of the zone: serial 7 at ns1.a.example.
(192.0.2.1), ns2.a.example. (192.0.2.2); 6 at ns3.a.example. (192.0.2.3).
`,
  )
})

test('a table that is too wide has what servers say on lines of their own', () => {
  const text = pageOut((out) => writeComparison(compareServers(question, surveyOf(answer('x'), none)), out), {
    columns: 40,
  })
  assert.match(text, /\n {2}ns1\.a\.example\. {2}192\.0\.2\.1 {2}7\n {6}1 record, secure\n/)
  for (const line of text.split('\n')) assert.ok(line.length <= 40, line)
})
