import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { formatMxPattern, type MxPattern } from '../mtasts/policy.ts'
import { parseMxPattern, patternsFor, patternsWith, warnOfPatterns } from './mx-patterns.ts'

function pattern(text: string): MxPattern {
  const parsed = parseMxPattern(text)
  assert.ok(parsed.ok, text)
  return parsed.value
}

const read: [text: string, pattern: string][] = [
  ['mx1.example.org', 'mx1.example.org'],
  ['MX1.Example.ORG.', 'mx1.example.org'],
  ['*.bücher.example', '*.xn--bcher-kva.example'],
]
for (const [text, expected] of read) {
  test(`STS-44: ${text} becomes ${expected}`, () => assert.equal(formatMxPattern(pattern(text)), expected))
}

for (const text of [
  '',
  '*',
  '*.',
  '*.*.example.org',
  'm*.example.org',
  '.example.org',
  'a_b.example.org',
  '192.0.2.1',
]) {
  test(`STS-44: "${text}" is no pattern`, () => assert.equal(parseMxPattern(text).ok, false))
}

test('STS-114: hosts become no wildcard by themselves', () => {
  const hosts = ['mx1.example.net', 'mx2.example.net', 'mx1.example.net'].map(domain)
  assert.deepEqual(patternsFor(hosts).map(formatMxPattern), ['mx1.example.net', 'mx2.example.net'])
})

test('what patterns list already is not listed twice', () => {
  const hosts = ['a.example.net', 'b.example.org'].map(domain)
  assert.deepEqual(patternsWith([pattern('*.example.net')], hosts).map(formatMxPattern), [
    '*.example.net',
    'b.example.org',
  ])
})

const warned: [patterns: string, hosts: string, kinds: string[]][] = [
  ['mx1.example.org', 'mx1.example.org', []],
  ['mx1.example.org old.example.org', 'mx1.example.org', ['unused']],
  ['*.example.net', 'mx1.example.org', ['unused']],
  ['*.example.org', 'mx1.example.org mx2.example.org', ['broad-wildcard']],
  ['*.org', 'example.org', ['broad-wildcard']],
  ['*.mail.example.org', 'a.mail.example.org b.mail.example.org', []],
  ['*.mail.example.org', 'a.mail.example.org', ['needless-wildcard']],
  ['*.example.net', 'a.example.net b.example.net', []],
]
for (const [patterns, hosts, kinds] of warned) {
  test(`STS-114: ${patterns} for ${hosts}: ${kinds.join(', ') || 'no warning'}`, () => {
    const list = (text: string) => text.split(' ')
    const found = warnOfPatterns(list(patterns).map(pattern), list(hosts).map(domain), domain('example.org'))
    assert.deepEqual(
      found.map(({ kind }) => kind),
      kinds,
    )
  })
}
