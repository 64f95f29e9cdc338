import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answered, factsOf, failed } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { decide } from '../../core/decision/decide.ts'
import type { StsFinding } from '../../core/decision/facts.ts'
import { parseStsPolicy, type StsPolicy } from '../../core/mtasts/policy.ts'
import { type CachedPolicy, readStored, storedPolicy } from './policy-cache.ts'
import type { ServedPolicy } from './policy-source.ts'
import type { StsFailure } from './sts-failure.ts'
import { findingOf, type StsParts } from './sts-finding.ts'
import type { StsRecordFinding } from './sts-record.ts'

const now = 1_800_000_000_000
const hour = 3_600_000

function policyOf(mode: StsPolicy['mode']): { policy: StsPolicy; body: string } {
  const mx = mode === 'none' ? '' : 'mx: mx.example.org\n'
  const body = `version: STSv1\nmode: ${mode}\n${mx}max_age: 86400\n`
  const parsed = parseStsPolicy(body)
  if (!parsed.ok) throw new Error(parsed.fault)
  return { policy: parsed.value, body }
}

/** Under id "old", fetched an hour ago. */
function cached(mode: StsPolicy['mode']): CachedPolicy {
  const served = { ...policyOf(mode), id: 'old', now: now - hour }
  return readStored(storedPolicy(domain('example.org'), served)) ?? assert.fail('the policy cannot be read')
}

const evidence = { url: 'https://mta-sts.example.org/.well-known/mta-sts.txt', milliseconds: 1 }

function served(mode: StsPolicy['mode']): ServedPolicy {
  return { kind: 'policy', ...policyOf(mode), evidence }
}

function unserved(resultType: StsFailure['resultType'], fault: StsFailure['fault']): ServedPolicy {
  return { kind: 'failed', failure: { resultType, fault, reason: `${fault}, in words` }, evidence }
}

const absent: StsRecordFinding = { kind: 'absent', resolution: answered() }
const several: StsRecordFinding = { kind: 'invalid', reason: 'several', resolution: answered() }
const broken: StsRecordFinding = { kind: 'failed', reason: 'servfail', resolution: failed() }

function record(id: string): StsRecordFinding {
  return { kind: 'valid', id, resolution: answered() }
}

const down = unserved('sts-policy-fetch-error', 'connect')
const untrusted = unserved('sts-webpki-invalid', 'certificate-not-trusted')
const garbled = unserved('sts-policy-invalid', 'policy-invalid')

/** The row; mode, id and source of the policy in force; and what a report would say. */
type Outcome = readonly [row: StsFinding['row'], policy: string, ...reports: string[]]
type Parts = Pick<StsParts, 'record'> & Partial<StsParts>

type Row = [name: string, parts: Parts, outcome: Outcome]

const rows: Row[] = [
  ['row 1c/S1: no record', { record: absent }, ['S1', 'no policy']],
  [
    'row 1c/S1: no record can be of such a name',
    { record: { kind: 'absent', resolution: undefined } },
    ['S1', 'no policy'],
  ],
  ['row 1c/S2: several records, or an invalid one', { record: several }, ['S2', 'no policy']],
  ['row 1c/S3: the TXT lookup fails', { record: broken }, ['S3', 'no policy', 'sts-policy-fetch-error (txt-lookup)']],
  [
    'row 1c/S4: a policy is fetched',
    { record: record('new'), served: served('enforce') },
    ['S4', 'enforce new fetched'],
  ],
  [
    'row 1c/S5: the fetch fails',
    { record: record('new'), served: down },
    ['S5', 'no policy', 'sts-policy-fetch-error (connect, in words)'],
  ],
  [
    'row 1c/S6: the certificate of the policy host fails',
    { record: record('new'), served: untrusted },
    ['S6', 'no policy', 'sts-webpki-invalid (certificate-not-trusted, in words)'],
  ],
  [
    'row 1c/S7: the body is invalid',
    { record: record('new'), served: garbled },
    ['S7', 'no policy', 'sts-policy-invalid (policy-invalid, in words)'],
  ],
  ['row 1c/S8: the id is the same', { record: record('old'), cached: cached('enforce') }, ['S8', 'enforce old cache']],
  ['row 1c/S8: also of mode none', { record: record('old'), cached: cached('none') }, ['S8', 'none old cache']],
  [
    'row 1c/S9: the id is new, and the policy',
    { record: record('new'), cached: cached('enforce'), served: served('testing') },
    ['S9', 'testing new fetched'],
  ],
  [
    'row 1c/S9: which may be mode none',
    { record: record('new'), cached: cached('enforce'), served: served('none') },
    ['S9', 'none new fetched'],
  ],
  ...[down, untrusted, garbled].map((failure): Row => {
    const { resultType, reason } = failure.kind === 'failed' ? failure.failure : assert.fail()
    return [
      `row 1c/S10: the id is new, and the fetch ends with ${resultType}: the old policy under its old id`,
      { record: record('new'), cached: cached('enforce'), served: failure },
      ['S10', 'enforce old cache', `${resultType} (${reason})`],
    ]
  }),
  [
    'row 1c/S10: nobody minds for mode none',
    { record: record('new'), cached: cached('none'), served: down },
    ['S10', 'none old cache'],
  ],
  [
    'row 1c/S11: the record is gone',
    { record: absent, cached: cached('enforce') },
    ['S11', 'enforce old cache', 'sts-policy-fetch-error (the TXT record is gone)'],
  ],
  [
    'row 1c/S11: the record has become invalid',
    { record: several, cached: cached('testing') },
    ['S11', 'testing old cache', 'sts-policy-fetch-error (the TXT record is invalid: several)'],
  ],
  [
    'row 1c/S11: the TXT lookup fails',
    { record: broken, cached: cached('enforce') },
    ['S11', 'enforce old cache', 'sts-policy-fetch-error (the TXT lookup failed: servfail)'],
  ],
  ['row 1c/S11: nobody minds for mode none', { record: absent, cached: cached('none') }, ['S11', 'none old cache']],
]

for (const [name, parts, outcome] of rows) {
  test(name, () => assert.deepEqual(outcomeOf(find(parts)), outcome))
}

const lapsedRows: [parts: Parts, row: StsFinding['row']][] = [
  [{ record: absent }, 'S1'],
  [{ record: several }, 'S2'],
  [{ record: broken }, 'S3'],
  [{ record: record('old'), served: served('enforce') }, 'S4'],
  [{ record: record('old'), served: down }, 'S5'],
  [{ record: record('old'), served: untrusted }, 'S6'],
  [{ record: record('old'), served: garbled }, 'S7'],
]

for (const [parts, row] of lapsedRows) {
  test(`row 1c/S12: of a policy whose time is over only that is left, as ${row}`, () => {
    const found = find({ ...parts, lapsed: true })
    assert.deepEqual([found.row, found.lapsed, found.policy?.source], [row, true, row === 'S4' ? 'fetched' : undefined])
    assert.deepEqual(outcomeOf(found), outcomeOf(find(parts)))
  })
}

test('a policy lives from its fetch, not from a look at the record (STS-60)', () => {
  const old = find({ record: record('old'), cached: cached('enforce') })
  assert.deepEqual([old.policy?.fetchedAt, old.policy?.expiresAt], [now - hour, now - hour + 86_400_000])
  const fresh = find({ record: record('new'), cached: cached('enforce'), served: served('enforce') })
  assert.deepEqual([fresh.policy?.fetchedAt, fresh.policy?.expiresAt], [now, now + 86_400_000])
})

test('the id is what the record says now, whatever policy is in force (STS-61)', () => {
  const found = find({ record: record('new'), cached: cached('enforce'), served: down })
  assert.deepEqual([found.id, found.policy?.id], ['new', 'old'])
  assert.equal(find({ record: absent, cached: cached('enforce') }).id, undefined)
})

function find(parts: Parts): StsFinding {
  return findingOf({ cached: undefined, lapsed: false, now, ...parts })
}

function outcomeOf(found: StsFinding): Outcome {
  const { policy } = found
  const { reports } = decide(factsOf({ sts: found }), { now })
  return [
    found.row,
    policy === undefined ? 'no policy' : `${policy.policy.mode} ${policy.id} ${policy.source}`,
    ...reports.map(({ policyType, resultType, reason }) => {
      assert.equal(policyType, 'sts')
      return `${resultType} (${reason})`
    }),
  ]
}
