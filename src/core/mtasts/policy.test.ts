import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { formatMxPattern, parseStsPolicy, type StsPolicy, type StsPolicyFault, type StsWarning } from './policy.ts'

/** A policy that is in order, and one more line. */
const valid = 'version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 86400\n'
const without = (key: string) => valid.replace(new RegExp(`^${key}:.*\n`, 'm'), '')
const having = (key: string, line: string) => valid.replace(new RegExp(`^${key}:.*$`, 'm'), line)

type Summary = readonly [mode: StsPolicy['mode'], maxAge: number, mx: string[], ...warnings: StsWarning['kind'][]]

function summaryOf(policy: StsPolicy): Summary {
  const mx = policy.mode === 'none' ? [] : policy.mx.map(formatMxPattern)
  return [policy.mode, policy.maxAge, mx, ...policy.warnings.map(({ kind }) => kind)]
}

const plain: Summary = ['enforce', 86400, ['a.example']]

const accepted: [requirement: string, body: string, summary: Summary][] = [
  [
    'V-STSPOL 1',
    'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n',
    ['enforce', 604800, ['mail.example.com', '*.example.net']],
  ],
  [
    'V-STSPOL 2 (STS-40)',
    'version:STSv1\nmode:testing\nmx:a.example\nmax_age:86400',
    ['testing', 86400, ['a.example']],
  ],
  [
    'V-STSPOL 3 (STS-41)',
    'max_age: 1\r\nmx: a.example\r\nmode: enforce\r\nversion: STSv1\n',
    ['enforce', 1, ['a.example']],
  ],
  ['V-STSPOL 4', 'version: STSv1 \t\nmode: none\nmax_age: 86400\n', ['none', 86400, []]],
  [
    'V-STSPOL 5 (STS-42)',
    'version: STSv1\nmode: testing\nmode: enforce\nmx: a.example\nmax_age: 10\nmax_age: x\n',
    ['testing', 10, ['a.example']],
  ],
  [
    'V-STSPOL 6 (STS-43)',
    having('max_age', 'max_age: 99999999'),
    ['enforce', 31_557_600, ['a.example'], 'max-age-clamped'],
  ],
  ['STS-43', having('max_age', 'max_age: 31557600'), ['enforce', 31_557_600, ['a.example']]],
  ['STS-43', having('max_age', 'max_age: 31557601'), ['enforce', 31_557_600, ['a.example'], 'max-age-clamped']],
  ['STS-43', having('max_age', 'max_age: 9999999999'), ['enforce', 31_557_600, ['a.example'], 'max-age-clamped']],
  ['V-STSPOL 7 (STS-43)', having('max_age', 'max_age: 0'), ['enforce', 0, ['a.example']]],
  ['STS-43', having('max_age', 'max_age: 0000000007'), ['enforce', 7, ['a.example']]],
  ['V-STSPOL 13 (STS-46)', having('mx', 'mx: a.example.'), [...plain, 'trailing-dot']],
  ['V-STSPOL 14 (STS-46)', valid.replace('mx:', '\nmx:'), [...plain, 'blank-line']],
  ['V-STSPOL 14 (STS-46)', `${valid}\n\r\n`, [...plain, 'blank-line', 'blank-line']],
  ['STS-46: an empty line at the beginning', `\n${valid}`, [...plain, 'blank-line']],
  ['STS-46: an empty line at the beginning, with CRLF', `\r\n${valid}`, [...plain, 'blank-line']],
  ['STS-46: a line of white space', `${valid} \t\n`, [...plain, 'blank-line']],
  ['V-STSPOL 16', `${valid}x-note: grüße an alle\n`, plain],
  ['V-STSPOL 17 (STS-46)', `${valid}note:\n`, [...plain, 'empty-value']],
  ['STS-40: ends of lines may be mixed', valid.replace('\n', '\r\n'), plain],
  ['STS-40: the last line needs no end', valid.trimEnd(), plain],
  ['STS-40: space behind values', valid.replaceAll('\n', ' \t \r\n'), plain],
  ['STS-40: space before values', valid.replaceAll(': ', ': \t '), plain],
  ['STS-42: unknown keys', `${valid}Mode: none\nMX: b.example\nmx2: c.example\n0_.-: x\n`, plain],
  ['STS-42: repeated versions', `${valid}version: STSv2\n`, plain],
  ['STS-44: upper case', having('mx', 'mx: *.A.Example'), ['enforce', 86400, ['*.a.example']]],
  ['STS-44: A-labels', having('mx', 'mx: xn--bcher-kva.example'), ['enforce', 86400, ['xn--bcher-kva.example']]],
  [
    'STS-44: xn-- before what is no Punycode, which the grammar has',
    having('mx', 'mx: xn--0.example'),
    ['enforce', 86400, ['xn--0.example']],
  ],
  ['STS-44: one label', having('mx', 'mx: localhost'), ['enforce', 86400, ['localhost']]],
  ['STS-45', 'version: STSv1\nmode: none\nmx: a.example\nmax_age: 1\n', ['none', 1, []]],
  ['a value with colons', `${valid}note: a:b: c\n`, plain],
  ['a byte order mark inside an extension value', `${valid}note: a\ufeffb\n`, plain],
]

for (const [requirement, body, summary] of accepted) {
  test(`${requirement}: a policy is ${JSON.stringify(body.slice(-60))}`, () => {
    const result = parseStsPolicy(body)
    assert.ok(result.ok, result.ok ? '' : `${result.fault} at ${result.at}`)
    assert.deepEqual(summaryOf(result.value), summary)
  })
}

const badMx = [
  'a.example, b.example',
  '.example.com',
  '*',
  '*.',
  '*.*.example',
  'mail*.example.com',
  '*mail.example.com',
]
const otherBadMx = ['[192.0.2.1]', '192.0.2.1', 'bücher.example', '*.bücher.example', '', 'a_b.example', 'a..example']
const moreBadMx = ['-a.example', 'a-.example', 'a.example..', 'a example', `${'a'.repeat(64)}.example`]

const refused: [requirement: string, body: string, fault: StsPolicyFault, at?: number][] = [
  ...['12345678901', '-1', '+1', '86400s', '1.5', '', '1e3', '0x10', '1 2', '٣'].map(
    (value): [string, string, StsPolicyFault] => [
      'V-STSPOL 8 (STS-43)',
      having('max_age', `max_age: ${value}`),
      'max_age',
    ],
  ),
  ['STS-43', without('max_age'), 'max_age', 43],
  ['V-STSPOL 9 (STS-45)', without('mx'), 'mx', 44],
  ['V-STSPOL 9 (STS-45)', without('mx').replace('enforce', 'testing'), 'mx', 44],
  ['V-STSPOL 10 (STS-48)', having('version', 'version: STSv2'), 'version', 0],
  ['V-STSPOL 10 (STS-41)', having('version', 'version: stsv1'), 'version', 0],
  ['V-STSPOL 10 (STS-41)', having('version', 'Version: STSv1'), 'version', valid.length],
  ['STS-48', having('version', 'version:'), 'version', 0],
  ['STS-48', without('version'), 'version'],
  ['STS-42: the first version counts', `version: STSv2\n${valid}`, 'version', 0],
  ['V-STSPOL 11 (STS-41)', having('mode', 'mode: Enforce'), 'mode', 15],
  ['V-STSPOL 11', having('mode', 'mode: report'), 'mode', 15],
  ['V-STSPOL 11', without('mode'), 'mode'],
  ['STS-41', having('mode', 'Mode: enforce'), 'mode'],
  ...[...badMx, ...otherBadMx, ...moreBadMx].map((value): [string, string, StsPolicyFault, number] => [
    'V-STSPOL 12 (STS-44, STS-47)',
    having('mx', `mx: b.example\nmx: ${value}`),
    'mx',
    43,
  ]),
  ['STS-47: in mode none as well', `version: STSv1\nmode: none\nmx: *\nmax_age: 1\n`, 'mx', 26],
  ['V-STSPOL 15', valid.replace('version:', 'version :'), 'syntax', 0],
  ['V-STSPOL 15 (STS-40)', valid.replaceAll('\n', '\r'), 'syntax', 0],
  ['V-STSPOL 15 (STS-46)', `\ufeff${valid}`, 'characters', 0],
  ['V-STSPOL 15', '<html><body>Not found</body></html>', 'syntax', 0],
  ['V-STSPOL 15', '', 'version', 0],
  ['STS-40: a bare CR does not end the last line', `${valid.trimEnd()}\r`, 'syntax', 43],
  ['STS-40: nor two before an LF', valid.replace('\n', '\r\r\n'), 'syntax', 0],
  ['STS-48: NUL', `${valid}x: a\0b\n`, 'characters', valid.length + 4],
  ['STS-48: a control octet', `${valid}x: a\u001bb\n`, 'characters', valid.length + 4],
  ['STS-48: DEL', `${valid}x: a\u007fb\n`, 'characters', valid.length + 4],
  ['STS-48: what was no UTF-8', `${valid}x: a\ufffdb\n`, 'characters', valid.length + 4],
  ['space before a key', valid.replace('mode', ' mode'), 'syntax', 15],
  ['a tab in a value', `${valid}x: a\tb\n`, 'syntax', valid.length],
  ['a line without a colon', `${valid}x\n`, 'syntax', valid.length],
  ['a key that begins with a hyphen', `${valid}-x: a\n`, 'syntax', valid.length],
  ['a key of 33 characters', `${valid}${'k'.repeat(33)}: a\n`, 'syntax', valid.length],
  ['no key', `${valid}: a\n`, 'syntax', valid.length],
]

for (const [requirement, body, fault, at] of refused) {
  test(`${requirement}: invalid is ${JSON.stringify(body.slice(0, 75))}`, () => {
    const result = parseStsPolicy(body)
    assert.ok(!result.ok, 'it was accepted')
    assert.equal(result.fault, fault)
    if (at !== undefined) assert.equal(result.at, at)
  })
}

test('V-STSPOL 18 (STS-26): 65536 octets are taken, and one more is not', () => {
  const room = limits.sts.bodyOctets - Buffer.byteLength(`${valid}x: \n`)
  assert.deepEqual(parseStsPolicy(`${valid}x: ${'y'.repeat(room)}\n`).ok, true)
  assert.deepEqual(parseStsPolicy(`${valid}x: ${'y'.repeat(room + 1)}\n`), {
    ok: false,
    fault: 'too-large',
    at: 65_536,
  })
  const wide = 'ü'.repeat(room / 2 + 1)
  assert.equal(parseStsPolicy(`${valid}x: ${wide}\n`).ok, false, 'octets are counted, not characters')
})

test('a long line costs no more than its length', () => {
  const run = ' '.repeat(65_000)
  assert.equal(parseStsPolicy(`${valid}x: a${run}b\n`).ok, true)
  assert.equal(parseStsPolicy(`${valid}x:${run}b\tc\n`).ok, false)
  assert.equal(parseStsPolicy(`${valid}${run}b\n`).ok, false)
  assert.equal(parseStsPolicy(`${valid}${'\n'.repeat(65_000)}`).ok, true)
})

test('a policy in mode none has no patterns to consult by mistake', () => {
  const result = parseStsPolicy('version: STSv1\nmode: none\nmx: a.example\nmax_age: 1\n')
  assert.ok(result.ok && !('mx' in result.value))
})

test('warnings say where', () => {
  const result = parseStsPolicy('version: STSv1\n\nmode: enforce\nmx: a.example.\nmax_age: 99999999\nx:\n')
  assert.deepEqual(result.ok && result.value.warnings, [
    { kind: 'blank-line', at: 15 },
    { kind: 'empty-value', at: 63 },
    { kind: 'max-age-clamped', at: 45 },
    { kind: 'trailing-dot', at: 30 },
  ])
})

const piece = fc.constantFrom(
  ...['version: STSv1', 'mode: enforce', 'mode: none', 'mx: a.example', 'mx: *.', 'max_age: 1', 'max_age:', 'x:'],
  ...['\n', '\r\n', '\r', ' ', '\t', ':', '*', '\0', 'é', '\ufeff', '\ud800'],
)

test('parseStsPolicy never throws, and points into what it refuses', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 8 }).map((pieces) => valid + pieces.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const result = parseStsPolicy(text)
      if (!result.ok) {
        assert.ok(result.at >= 0 && result.at <= text.length)
        return
      }
      const { value } = result
      assert.ok(value.maxAge >= 0 && value.maxAge <= limits.sts.maxAge)
      if (value.mode !== 'none') assert.ok(value.mx.length > 0)
    }),
    { numRuns: 2000 },
  )
})
