import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { limits } from '../../src/core/limits.ts'
import { writeStsPolicy } from '../../src/core/publish/sts-policy.ts'
import { newState, publish } from '../../src/core/publish/sts-state.ts'
import { parseTlsReport } from '../../src/core/tlsrpt/report.ts'
import { tallyReports } from '../../src/core/tlsrpt/report-tally.ts'
import { formatStsState, parseStsState } from '../../src/io/publish/sts-state-text.ts'
import { unpackReport } from '../../src/io/tlsrpt/unpack-report.ts'
import { domain } from '../support/domain.ts'
import { reportText } from '../support/tls-report.ts'
import { type Target, textTarget } from './target.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const own = domain('example.org')

const failing = reportText({
  failures: 3,
  details: [
    { 'result-type': 'certificate-expired', 'receiving-mx-hostname': 'mx1.example.org', 'failed-session-count': 3 },
  ],
})

/** What is read adds up, is bounded, and counts once however often it lies there. */
const reportTarget = textTarget(
  'tls-report',
  (text) => {
    const report = parseTlsReport(text)
    if (!report.ok) return assert.equal(report.at, 0)
    const { beginsAt, endsAt, notes, policies } = report.value
    assert.ok(beginsAt <= endsAt && endsAt - beginsAt <= limits.tlsrpt.rangeMs)
    assert.ok(notes.length <= limits.tlsrpt.notes && policies.length <= limits.tlsrpt.policies)
    const tally = tallyReports([report.value, report.value], own)
    assert.equal(tally.repeated, 1)
    const failed = tally.failures.reduce((sum, { sessions }) => sum + sessions, 0)
    const [day] = tally.days
    assert.ok(failed >= (day?.failures ?? 0))
    assert.equal(day === undefined, tally.foreign === 1)
  },
  {
    seeds: [reportText({}), failing, `[${failing}]`, reportText({ type: 'no-policy-found', successes: '7' })],
    words:
      '{ } [ ] , : null "sts" "tlsa" "policies" "policy" "summary" "failure-details" "failed-session-count" "date-range" ' +
      '"2026-11-25" "2026-11-25T00:00:00" 0 -1 1e9 9007199254740993 "__proto__" \ufeff',
  },
)

/** Whatever swells is cut off, and what is unpacked is text. */
const packedTarget: Target = {
  name: 'tls-report-packed',
  run(octets) {
    const text = unpackReport(octets)
    if (text.ok) assert.ok(Buffer.byteLength(text.value) <= limits.tlsrpt.octets)
  },
  seeds: [gzipSync(failing), gzipSync(''), Buffer.concat([gzipSync('{'), gzipSync('}')]), encode(failing)],
  words: [gzipSync('{}'), Uint8Array.of(0x1f, 0x8b, 8), Uint8Array.of(0, 0, 0xff, 0xff)],
}

const state = publish(
  newState(own),
  { mode: 'enforce', maxAge: 86_400, mx: [{ name: domain('mx.example.org'), wildcard: false }] },
  undefined,
  0,
)

/** What is read of a state is written as it was read, and every policy in it can be served. */
const stateTarget = textTarget(
  'sts-state',
  (text) => {
    const read = parseStsState(text)
    if (!read.ok) return
    assert.deepEqual(parseStsState(formatStsState(read.value)), read)
    for (const term of read.value.served) assert.ok(writeStsPolicy(term).ok)
  },
  {
    seeds: [formatStsState(newState(own)), formatStsState({ ...state, stage: 'enforce-day', liveAt: 5 })],
    words: '"waxseal.sts/1" "stage" "none" "testing" "served" "mx" "*.example.org" "id" null 0 -1 1e99 [ ] { } ,',
  },
)

export const reportTargets: readonly Target[] = [reportTarget, packedTarget, stateTarget]
