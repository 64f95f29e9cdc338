import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reportText } from '../../../test/support/tls-report.ts'
import { limits } from '../limits.ts'
import { parseTlsReport, type TlsReport, type TlsReportFault } from './report.ts'

/** Written after the example of RFC 8460, Appendix B; `mx-host` is a list, by EID 6241. */
const example = {
  'organization-name': 'Company-X',
  'date-range': { 'start-datetime': '2016-04-01T00:00:00Z', 'end-datetime': '2016-04-01T23:59:59Z' },
  'contact-info': 'sts-reporting@company-x.example',
  'report-id': '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
  policies: [
    {
      policy: {
        'policy-type': 'sts',
        'policy-string': ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
        'policy-domain': 'company-y.example',
        'mx-host': ['*.mail.company-y.example'],
      },
      summary: { 'total-successful-session-count': 5326, 'total-failure-session-count': 303 },
      'failure-details': [
        {
          'result-type': 'certificate-expired',
          'sending-mta-ip': '2001:db8:abcd:0012::1',
          'receiving-mx-hostname': 'mx1.mail.company-y.example',
          'failed-session-count': 100,
        },
        {
          'result-type': 'starttls-not-supported',
          'sending-mta-ip': '2001:db8:abcd:0013::1',
          'receiving-mx-hostname': 'mx2.mail.company-y.example',
          'receiving-ip': '203.0.113.56',
          'failed-session-count': 200,
          'additional-information': 'https://reports.company-x.example/report_info?id=5065427c',
        },
        {
          'result-type': 'validation-failure',
          'sending-mta-ip': '198.51.100.62',
          'receiving-ip': '203.0.113.58',
          'receiving-mx-hostname': 'mx-backup.mail.company-y.example',
          'failed-session-count': 3,
          'failure-reason-code': 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
        },
      ],
    },
  ],
}

function read(value: unknown): TlsReport {
  const report = parseTlsReport(typeof value === 'string' ? value : JSON.stringify(value))
  assert.ok(report.ok, report.ok ? '' : report.fault)
  return report.value
}

/** The example with one thing otherwise, by a path of keys. */
function having(path: readonly (string | number)[], value: unknown): typeof example {
  const copy = structuredClone(example)
  let at: Record<string | number, unknown> = copy as unknown as Record<string, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>
  const last = path.at(-1) as string
  if (value === undefined) delete at[last]
  else at[last] = value
  return copy
}

test('RPT-40: a report as the RFC has it is read whole, with nothing to note', () => {
  const report = read(example)
  assert.deepEqual(report.notes, [])
  assert.deepEqual(
    [report.organization, report.contact, report.reportId],
    ['Company-X', 'sts-reporting@company-x.example', '5065427c-23d3-47ca-b6e0-946ea0e8c4be'],
  )
  assert.deepEqual([report.beginsAt, report.endsAt], [Date.UTC(2016, 3, 1), Date.UTC(2016, 3, 1, 23, 59, 59)])
  const [policy] = report.policies
  assert.ok(policy)
  const { details, ...rest } = policy
  assert.deepEqual(rest, {
    ...{ type: 'sts', domain: 'company-y.example', successes: 5326, failures: 303 },
    policyStrings: ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
    mxHosts: ['*.mail.company-y.example'],
  })
  assert.deepEqual(details[1], {
    ...{ resultType: 'starttls-not-supported', sessions: 200, sendingIp: '2001:db8:abcd:0013::1' },
    ...{ receivingHost: 'mx2.mail.company-y.example', receivingHelo: undefined, receivingIp: '203.0.113.56' },
    ...{ information: 'https://reports.company-x.example/report_info?id=5065427c', reason: undefined },
  })
})

const policy0 = ['policies', 0, 'policy'] as const
const summary0 = ['policies', 0, 'summary'] as const
const detail0 = ['policies', 0, 'failure-details', 0] as const

type Look = (report: TlsReport) => unknown

const tolerated: [what: string, text: unknown, note: string, look: Look, value: unknown][] = [
  [
    'mx-host as one text (EID 6241)',
    having([...policy0, 'mx-host'], 'mx.example.org'),
    'text-for-list policies[0].policy.mx-host',
    ({ policies }) => policies[0]?.mxHosts,
    ['mx.example.org'],
  ],
  [
    'policy-string as one text',
    having([...policy0, 'policy-string'], 'version: STSv1'),
    'text-for-list policies[0].policy.policy-string',
    ({ policies }) => policies[0]?.policyStrings,
    ['version: STSv1'],
  ],
  [
    'policy-string null',
    having([...policy0, 'policy-string'], null),
    'null policies[0].policy.policy-string',
    ({ policies }) => policies[0]?.policyStrings,
    [],
  ],
  [
    'failure-details null',
    having(['policies', 0], {
      ...example.policies[0],
      summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
      'failure-details': null,
    }),
    'null policies[0].failure-details',
    ({ policies }) => policies[0]?.details,
    [],
  ],
  [
    'a moment without zone',
    having(['date-range', 'start-datetime'], '2016-04-01T00:00:00'),
    'without-zone date-range.start-datetime',
    ({ beginsAt }) => beginsAt,
    Date.UTC(2016, 3, 1),
  ],
  [
    'a day without time',
    having(['date-range', 'end-datetime'], '2016-04-01'),
    'without-time date-range.end-datetime',
    ({ endsAt }) => endsAt,
    Date.UTC(2016, 3, 1, 23, 59, 59),
  ],
  ['contact-info null', having(['contact-info'], null), 'missing contact-info', ({ contact }) => contact, undefined],
  [
    'no policy-domain',
    having([...policy0, 'policy-domain'], undefined),
    'missing policies[0].policy.policy-domain',
    ({ policies }) => policies[0]?.domain,
    undefined,
  ],
  [
    'a policy-domain that is none',
    having([...policy0, 'policy-domain'], 'not a domain'),
    'no-domain policies[0].policy.policy-domain',
    ({ policies }) => policies[0]?.domain,
    undefined,
  ],
  [
    'a count in quotes',
    having([...summary0, 'total-successful-session-count'], '17'),
    'text-for-number policies[0].summary.total-successful-session-count',
    ({ policies }) => policies[0]?.successes,
    17,
  ],
  [
    'no total of failures: they are added up',
    having([...summary0, 'total-failure-session-count'], undefined),
    'missing policies[0].summary.total-failure-session-count',
    ({ policies }) => policies[0]?.failures,
    303,
  ],
  [
    'fewer details than failures',
    having([...summary0, 'total-failure-session-count'], 400),
    'fewer-details policies[0].failure-details',
    ({ policies }) => policies[0]?.failures,
    400,
  ],
  [
    'a result type in another spelling',
    having([...detail0, 'result-type'], 'Certificate_Expired'),
    'other-spelling policies[0].failure-details[0].result-type',
    ({ policies }) => policies[0]?.details[0]?.resultType,
    'certificate-expired',
  ],
  [
    'a result type that is not known (RPT-36)',
    having([...detail0, 'result-type'], 'quantum-failure'),
    'unknown-word policies[0].failure-details[0].result-type',
    ({ policies }) => policies[0]?.details[0]?.resultType,
    'quantum-failure',
  ],
  ['a list of one report', [example], 'list-of-one ', ({ policies }) => policies.length, 1],
  [
    'one policy that is no list',
    having(['policies'], example.policies[0]),
    'object-for-list policies',
    ({ policies }) => policies.length,
    1,
  ],
  [
    'a byte order mark',
    `\ufeff${JSON.stringify(example)}`,
    'byte-order-mark ',
    ({ organization }) => organization,
    'Company-X',
  ],
]
for (const [what, value, note, look, expected] of tolerated) {
  test(`RPT-73: ${what} is understood, and noted`, () => {
    const report = read(value)
    assert.deepEqual(
      report.notes.map(({ kind, path }) => `${kind} ${path}`),
      [note],
    )
    assert.deepEqual(look(report), expected)
  })
}

const unnoted: [what: string, value: unknown][] = [
  ['more details than failures (RPT-31)', having([...summary0, 'total-failure-session-count'], 200)],
  ['an end at midnight', having(['date-range', 'end-datetime'], '2016-04-02T00:00:00Z')],
  ['another zone', having(['date-range', 'start-datetime'], '2016-04-01T02:00:00+02:00')],
  ['members that are not known', having(['x-more'], { deep: [1] })],
  ['no sending-mta-ip', having([...detail0, 'sending-mta-ip'], undefined)],
]
for (const [what, value] of unnoted) {
  test(`RPT-31, RPT-73: ${what} is nothing to note`, () => assert.deepEqual(read(value).notes, []))
}

const refused: [why: string, text: string, fault: TlsReportFault][] = [
  ['what is no JSON', '{"policies":', 'json'],
  ['an empty text', '', 'json'],
  ['a number', '7', 'shape'],
  ['two reports in a list', JSON.stringify([example, example]), 'shape'],
  ['no policies', JSON.stringify(having(['policies'], undefined)), 'shape'],
  ['policies that are texts', JSON.stringify(having(['policies'], ['sts'])), 'shape'],
  ['failure-details that are texts', JSON.stringify(having(['policies', 0, 'failure-details'], ['x'])), 'shape'],
  ['no date-range', JSON.stringify(having(['date-range'], undefined)), 'date-range'],
  ['a day that there is not', JSON.stringify(having(['date-range', 'end-datetime'], '2026-02-30')), 'date-range'],
  ['an end before the beginning', JSON.stringify(having(['date-range', 'end-datetime'], '2016-03-01')), 'date-range'],
  ['ten years', JSON.stringify(having(['date-range', 'end-datetime'], '2026-04-01')), 'date-range'],
  ['a negative count', JSON.stringify(having([...summary0, 'total-failure-session-count'], -1)), 'count'],
  ['half a session', JSON.stringify(having([...detail0, 'failed-session-count'], 0.5)), 'count'],
  ['a count beyond what is exact', JSON.stringify(having([...detail0, 'failed-session-count'], 2 ** 60)), 'count'],
  ['a count that is a word', JSON.stringify(having([...detail0, 'failed-session-count'], 'many')), 'count'],
  ['deep nesting', `${'['.repeat(limits.tlsrpt.depth + 1)}${']'.repeat(limits.tlsrpt.depth + 1)}`, 'depth'],
  ['nesting that nothing closes', '{"a":'.repeat(1_000_000), 'depth'],
  [
    'too many policies',
    JSON.stringify(having(['policies'], Array(limits.tlsrpt.policies + 1).fill({ policy: {}, summary: {} }))),
    'too-many',
  ],
  [
    'too many details',
    JSON.stringify(having(['policies', 0, 'failure-details'], Array(limits.tlsrpt.details + 1).fill({}))),
    'too-many',
  ],
]
for (const [why, text, fault] of refused) {
  test(`RPT-72: parseTlsReport refuses ${why}`, () => {
    assert.deepEqual(parseTlsReport(text), { ok: false, fault, at: 0 })
  })
}

test('brackets in texts are no nesting', () => {
  const name = '[{'.repeat(100)
  assert.equal(read(having(['organization-name'], name)).organization, name)
  const quoted = `\\"${'['.repeat(100)}`
  assert.equal(read(having(['organization-name'], quoted)).organization, quoted)
})

test('a text is cut where it is longer than anyone needs', () => {
  const report = read(having(['organization-name'], 'x'.repeat(100_000)))
  assert.equal(report.organization?.length, limits.tlsrpt.textCharacters)
  assert.deepEqual(report.notes, [{ kind: 'cut', path: 'organization-name' }])
})

test('no more is noted of a report than anyone reads', () => {
  const policies = Array(1000).fill({ policy: { 'policy-type': 'x' }, summary: {} })
  assert.equal(read(having(['policies'], policies)).notes.length, limits.tlsrpt.notes)
})

test('a member called __proto__ is a member like any other', () => {
  const text = reportText({}).replace('{', '{"__proto__":{"policies":[]},')
  assert.equal(read(text).policies.length, 1)
})

test('whatever a report holds, reading it ends with a value or a named fault', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), fc.array(fc.string()), (text, path) => {
      parseTlsReport(text)
      const odd = parseTlsReport(JSON.stringify(having([...policy0, path[0] ?? 'policy-type'], JSON.parse(text))))
      if (odd.ok) for (const { successes, failures } of odd.value.policies) assert.ok(successes >= 0 && failures >= 0)
    }),
  )
})
