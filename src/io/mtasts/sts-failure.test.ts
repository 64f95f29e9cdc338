import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatStsFailure, parseStsFailure, type StsFailure } from './sts-failure.ts'

test('a failure reads back as it was written', () => {
  const resultType = fc.constantFrom('sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid')
  const fault = fc.constantFrom('http-status', 'certificate-expired', 'policy-invalid')
  const failure: fc.Arbitrary<StsFailure> = fc.record(
    { resultType, fault, reason: fc.string() },
    { noNullPrototype: true },
  )
  fc.assert(fc.property(failure, (value) => assert.deepEqual(parseStsFailure(formatStsFailure(value)), value)))
})

const foreign: [what: string, text: string][] = [
  ['nothing', ''],
  ['no JSON', 'http-status 500'],
  ['no object', 'null'],
  ['an array', '[]'],
  ['no reason', '{"resultType":"sts-policy-fetch-error","fault":"http"}'],
  ['no result type', '{"fault":"http","reason":"status 500"}'],
  ['a result type that there is not', '{"resultType":"sts","fault":"http","reason":"status 500"}'],
  ['a name of every object', '{"resultType":"toString","fault":"http","reason":"status 500"}'],
]
for (const [what, text] of foreign) {
  test(`STS-65: what says ${what} is a failed fetch all the same`, () => {
    const { resultType, fault, reason } = parseStsFailure(text)
    assert.deepEqual([resultType, fault, reason], ['sts-policy-fetch-error', 'http', 'the last fetch failed'])
  })
}
