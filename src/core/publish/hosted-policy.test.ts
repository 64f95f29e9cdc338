import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStsPolicy } from '../mtasts/policy.ts'
import { composeHostedPolicy, type HostedPolicyFault, type PolicyWords, readHostedPolicy } from './hosted-policy.ts'

const lines = ['version: STSv1', 'mode: enforce', 'mx: mx.a.example', 'max_age: 86400']
const crlf = `${lines.join('\r\n')}\r\n`

const ends: [what: string, text: string][] = [
  ['LF', `${lines.join('\n')}\n`],
  ['CRLF', crlf],
  ['no end of the last line', lines.join('\n')],
  ['both', `${lines.slice(0, 2).join('\r\n')}\n${lines.slice(2).join('\n')}`],
]
for (const [what, text] of ends) {
  test(`STS-117: a file with ${what} is served with CRLF`, () => {
    const read = readHostedPolicy(text)
    assert.equal(read.ok && read.value.body, crlf)
  })
}

test('RFC 8461 §3.2: extensions, order and repeated fields stay as they stand', () => {
  const text = `max_age: 86400\r\nx-note: grüße  \r\nmode: testing\r\nmode: none\r\nversion: STSv1\r\nmx: *.a.example\r\n`
  const read = readHostedPolicy(text)
  assert.equal(read.ok && read.value.body, text)
  assert.equal(read.ok && read.value.policy.mode, 'testing')
})

const refused: [what: string, text: string, fault: HostedPolicyFault, at?: number][] = [
  ['nothing', '', 'version'],
  ['half a file', crlf.slice(0, 40), 'max_age'],
  ['an empty line', crlf.replace('mode', '\r\nmode'), 'lax', 16],
  ['a final dot', crlf.replace('mx.a.example', 'mx.a.example.'), 'lax'],
  ['a max_age beyond a year', crlf.replace('86400', '99999999'), 'lax'],
  ['a page', '<html></html>', 'syntax'],
]
for (const [what, text, fault, at] of refused) {
  test(`readHostedPolicy refuses ${what}`, () => {
    const read = readHostedPolicy(text)
    assert.ok(!read.ok)
    assert.equal(read.fault, fault)
    if (at !== undefined) assert.equal(read.at, at)
  })
}

test('STS-117: words of a configuration become a policy in one form', () => {
  const made = composeHostedPolicy({ mode: 'enforce', mx: ['MX.A.example', '*.b.example'], maxAge: 86_400 })
  const body = 'version: STSv1\r\nmode: enforce\r\nmx: mx.a.example\r\nmx: *.b.example\r\nmax_age: 86400\r\n'
  assert.equal(made.ok && made.value.body, body)
})

const words: PolicyWords = { mode: 'enforce', mx: ['a.example'], maxAge: 1 }
const refusedWords: [what: string, words: PolicyWords, fault: HostedPolicyFault][] = [
  ['a mode that is none', { ...words, mode: 'strict' }, 'mode'],
  ['a mode that smuggles a line', { ...words, mode: 'none\nmode: enforce' }, 'mode'],
  ['an mx that smuggles a line', { ...words, mx: ['a.example\r\nmax_age: 1'] }, 'mx'],
  ['no mx', { ...words, mx: [] }, 'mx'],
  ['an address', { ...words, mx: ['192.0.2.1'] }, 'mx'],
  ['half a second', { ...words, maxAge: 0.5 }, 'max_age'],
  ['less than nothing', { ...words, maxAge: -1 }, 'max_age'],
  ['more than a year', { ...words, maxAge: 31_557_601 }, 'max_age'],
]
for (const [what, given, fault] of refusedWords) {
  test(`composeHostedPolicy refuses ${what}`, () => {
    const made = composeHostedPolicy(given)
    assert.equal(made.ok ? undefined : made.fault, fault)
  })
}

test('whatever is served is read back as the same policy, without a warning', () => {
  const piece = fc.constantFrom(...lines, 'mx: *.b.example', 'x: y', 'mode: none', '', ' ', 'max_age: 1 ')
  const texts = fc.array(fc.tuple(piece, fc.constantFrom('\n', '\r\n', '\r', '')), { maxLength: 9 })
  fc.assert(
    fc.property(texts, (pieces) => {
      const read = readHostedPolicy(pieces.flat().join(''))
      if (!read.ok) return
      assert.match(read.value.body, /\r\n$/)
      assert.deepEqual(parseStsPolicy(read.value.body), { ok: true, value: read.value.policy })
    }),
    { numRuns: 2000 },
  )
})
