import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { limits } from '../limits.ts'
import { formatMxPattern, formatStsPolicy, listsMx, type MxPattern, parseStsPolicy, type StsPolicy } from './policy.ts'

function patternOf(text: string): MxPattern {
  const wildcard = text.startsWith('*.')
  return { name: domain(wildcard ? text.slice(2) : text), wildcard }
}

const cases: [pattern: string, host: string, lists: boolean][] = [
  ['mail.example.com', 'MAIL.Example.COM.', true],
  ['Mail.Example.COM', 'mail.example.com', true],
  ['*.example.com', 'mail.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'a.b.example.com', false],
  ['*.example.com', 'mail.example.com.evil.net', false],
  ['*.example.com', 'mailexample.com', false],
  ['*.example.com', 'mail.sub-example.com', false],
  ['example.com', 'mail.example.com', false],
  ['mail.example.com', 'example.com', false],
  ['*.xn--bcher-kva.example', 'mx.bücher.example', true],
  ['*.com', 'example.com', true],
  ['*.com', 'com', false],
  ['com', 'com', true],
]

for (const [pattern, host, lists] of cases) {
  test(`V-MX (STS-80): ${pattern} ${lists ? 'lists' : 'does not list'} ${host}`, () => {
    assert.equal(listsMx([patternOf(pattern)], domain(host)), lists)
  })
}

test('STS-80: one pattern of several suffices, and none lists nothing', () => {
  const patterns = ['other.example.com', '*.example.com'].map(patternOf)
  assert.equal(listsMx(patterns, domain('mail.example.com')), true)
  assert.equal(listsMx([], domain('mail.example.com')), false)
})

test('STS-117: what is published has CRLF everywhere, in a fixed order', () => {
  const policy: StsPolicy = {
    ...{ mode: 'enforce', maxAge: 604_800, warnings: [] },
    mx: ['mail.example.com', '*.example.net'].map(patternOf),
  }
  assert.equal(
    formatStsPolicy(policy),
    'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n',
  )
  const none = formatStsPolicy({ mode: 'none', maxAge: 86_400, warnings: [] })
  assert.equal(none, 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n')
})

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/).filter((text) => !/^..--/.test(text))
const pattern: fc.Arbitrary<MxPattern> = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([labels, wildcard]) => ({ name: domain(labels.join('.')), wildcard }))
const maxAge = fc.nat({ max: limits.sts.maxAge })
const warnings: [] = []
const policies: fc.Arbitrary<StsPolicy> = fc.oneof(
  maxAge.map((seconds): StsPolicy => ({ mode: 'none', maxAge: seconds, warnings })),
  fc
    .tuple(fc.constantFrom('testing', 'enforce'), maxAge, fc.array(pattern, { minLength: 1, maxLength: 6 }))
    .map(([mode, seconds, mx]): StsPolicy => ({ mode, maxAge: seconds, mx, warnings })),
)

test('what formatStsPolicy writes is what parseStsPolicy reads', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      assert.deepEqual(parseStsPolicy(formatStsPolicy(policy)), { ok: true, value: policy })
    }),
  )
})

test('a wildcard lists what is one label longer, and nothing else', () => {
  fc.assert(
    fc.property(pattern, fc.array(label, { maxLength: 3 }), ({ name }, more) => {
      const host = domain([...more, name].join('.'))
      assert.equal(listsMx([{ name, wildcard: true }], host), more.length === 1)
      assert.equal(listsMx([{ name, wildcard: false }], host), more.length === 0)
    }),
  )
})

test('formatMxPattern writes what a policy has', () => {
  for (const text of ['mx1.example.com', '*.example.net']) assert.equal(formatMxPattern(patternOf(text)), text)
})
