import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOfText } from '../../../test/support/records.ts'
import { formatExtendedErrorCode } from '../dns/edns.ts'
import { codeOfInsecureZone, codesOf, failureCodes, tooManyIterations } from './extended-error.ts'
import { problem, problemKinds } from './problem.ts'
import type { ChainLink, Failure } from './resolution.ts'

for (const kind of problemKinds) {
  test(`DNSSEC-80 RFC 8914 §4: a problem of the kind ${kind} has a code of DNSSEC, and a text`, () => {
    const { ede, text } = problem(kind, 'what failed')
    assert.match(formatExtendedErrorCode(ede), /^(?:DNSSEC|Signature|DNSKEY|RRSIGs|NSEC|No Zone Key) /)
    assert.equal(text, 'what failed')
  })
}

for (const [why, code] of Object.entries(failureCodes)) {
  test(`DNSSEC-80 RFC 8914 §4: a failure by ${why} has a code of the registry`, () => {
    assert.doesNotMatch(formatExtendedErrorCode(code), /^EDE/)
  })
}

const zone = { zone: nameOfText('a.test.'), status: 'insecure', key: undefined } as const
const oddDigest = { keyTag: 1, algorithm: 13, digestType: 99 }
const oddAlgorithm = { keyTag: 1, algorithm: 99, digestType: 2 }
const insecure: [by: ChainLink['by'], ds: ChainLink['ds'], code: number | undefined][] = [
  ['unsigned-delegation', [], undefined],
  ['opt-out', [], undefined],
  ['unsupported-algorithm', [oddAlgorithm], 1],
  ['unsupported-algorithm', [oddDigest], 2],
  ['unsupported-algorithm', [oddDigest, oddAlgorithm], 1],
  ['nsec3-iterations', [], tooManyIterations],
  ['no-anchor', [], 5],
  // Whatever else an operator or a policy may make insecure: Other, with the reason as its text.
  ['negative-anchor' as ChainLink['by'], [], 0],
]
for (const [by, ds, code] of insecure) {
  test(`DNSSEC-80 a zone that is insecure by ${by} (${ds.map(({ algorithm }) => algorithm)}) has the code ${code}`, () => {
    assert.equal(codeOfInsecureZone({ ...zone, by, ds }), code)
  })
}

test('RFC 8914 §4.14: a failure from memory says so too, behind what it is', () => {
  const failure: Failure = {
    ...{ kind: 'failure', name: nameOfText('a.test.'), type: 1, why: 'bogus', reason: 'x', ede: 7 },
    ...{ zone: undefined, server: undefined, cached: true, chain: [] },
  }
  assert.deepEqual(codesOf(failure), [7, 13])
  assert.deepEqual(codesOf({ ...failure, cached: false }), [7])
})
