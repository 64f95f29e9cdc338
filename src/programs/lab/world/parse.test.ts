import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { explainWorldFault, placeOf, type WorldFault } from './fault.ts'
import { parseWorld } from './parse.ts'
import type { World } from './world.ts'

const full = `# A comment
world  A domain with DANE
rows   1b/H5 1d/8
clock  2026-06-01T12:00:00Z

zone   example.org algorithm=ed25519 denial=nsec3
zone   example.org MX 10 mx.example.org.
zone   _25._tcp.mx.example.org. 300 TLSA 3 1 1 {mx.spki.sha256}  bogus
host   mx.example.org certificate=self-signed offers="SIZE 10,8BITMIME" rcpt="450 4.2.1 later"
policy example.org mode=testing mx=mx.example.org,*.example.net id=a7

attack strip-starttls mx.example.org
send   alice@example.org as=opportunistic
expect delivered mx.example.org over clear
expect mx.example.org skip tlsa-lookup-failed
expect not-asked _25._tcp.mx.example.org TLSA
clock  +2d stale
calm
drop   example.org MX`

function parsed(text: string): World {
  const world = parseWorld(text)
  if (!world.ok) assert.fail(explainWorldFault(text, world))
  return world.value
}

test('what stands before the first event is the setting, and the rest happens in its order', () => {
  const world = parsed(full)
  assert.equal(world.title, 'A domain with DANE')
  assert.deepEqual(world.rows, ['1b/H5', '1d/8'])
  assert.equal(world.start, Date.parse('2026-06-01T12:00:00Z'))
  assert.deepEqual(
    world.setting.map(({ kind }) => kind),
    ['zone', 'record', 'record', 'host', 'policy'],
  )
  assert.deepEqual(
    world.events.map(({ kind, line }) => [kind, line]),
    [
      ['attack', 12],
      ['send', 13],
      ['expect', 14],
      ['expect', 15],
      ['expect', 16],
      ['clock', 17],
      ['calm', 18],
      ['drop', 19],
    ],
  )
})

test('a record keeps its zone text and macros, and loses its fate', () => {
  assert.deepEqual(parsed(full).setting[2], {
    kind: 'record',
    owner: '_25._tcp.mx.example.org',
    type: 52,
    text: '_25._tcp.mx.example.org. 300 TLSA 3 1 1 {mx.spki.sha256}',
    fate: 'bogus',
  })
})

test('a policy makes its TXT record and body', () => {
  const policy = parsed(full).setting.find(({ kind }) => kind === 'policy')
  assert.ok(policy?.kind === 'policy')
  assert.equal(policy.txt, 'v=STSv1; id=a7;')
  assert.equal(
    policy.body,
    'version: STSv1\r\nmode: testing\r\nmx: mx.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n',
  )
})

test('a declaration after an event is a change', () => {
  const world = parsed('zone example.org\nattack strip-dnssec example.org\npolicy example.org mode=none')
  assert.deepEqual([world.setting.length, world.events.at(-1)?.kind], [1, 'policy'])
})

const zone = 'zone example.org\n'
const refused: [why: string, text: string, fault: WorldFault, line: number, column: number][] = [
  ['a statement it does not know', 'zne example.org', 'unknown-statement', 1, 1],
  ['a zone without a name', 'zone', 'missing-word', 1, 5],
  ['an option of another statement', 'zone example.org status=200', 'unknown-option', 1, 18],
  ['an option given twice', 'zone example.org signed=no signed=no', 'repeated-option', 1, 28],
  ['a value that no option has', 'zone example.org algorithm=rot13', 'unknown-value', 1, 28],
  ['a name with an empty label', 'zone example..org', 'name', 1, 6],
  ['a quote left open', `${zone}host mx.example.org rcpt="450 no`, 'unclosed-quote', 2, 21],
  ['a record without data', `${zone}zone example.org MX`, 'missing-word', 2, 20],
  ['a record that is no zone text', `${zone}zone example.org MX ten mx.example.org`, 'record', 2, 21],
  ['a record that ends too early', `${zone}zone example.org MX 10`, 'record', 2, 23],
  ['a macro where no octets may stand', `${zone}zone a.example.org TLSA 3 1 {zeros.32} 1`, 'record', 2, 29],
  ['a macro that is none', `${zone}zone example.org TLSA 3 1 1 {mx.sha256}`, 'macro', 2, 29],
  ['a macro of a host that is nowhere', `${zone}zone example.org TLSA 3 1 1 {mx.spki.sha256}`, 'undeclared', 2, 29],
  [
    'a macro that may mean two hosts',
    `${zone}host mx.example.org\nhost mx.a.example.org\nzone example.org TLSA 3 1 1 {mx.spki.sha256}`,
    'ambiguous',
    4,
    29,
  ],
  ['a host in no zone', 'host mx.example.org', 'undeclared', 1, 6],
  ['a record in no zone', 'zone mx.example.org A 192.0.2.1', 'undeclared', 1, 6],
  ['an address that is none', `${zone}host mx.example.org address=192.0.2.256`, 'address', 2, 29],
  ['an expectation before any message', `${zone}expect held`, 'out-of-place', 2, 1],
  ['a row that is in no table', `${zone}rows 1d/34`, 'row', 2, 6],
  ['a duration without a unit', `${zone}attack replay example.org\nclock +10`, 'duration', 3, 8],
  ['an attack that nobody makes', `${zone}attack bribe example.org`, 'unknown-value', 2, 8],
  ['an attack on a host that is nowhere', `${zone}attack strip-starttls mx.exmaple.org`, 'undeclared', 2, 23],
  ['an attack on a host that is a domain', `${zone}attack block-host example.org`, 'undeclared', 2, 19],
  ['an attack on a name of no zone', `${zone}attack spoof-mx exmaple.org`, 'undeclared', 2, 17],
  ['an attack with an option of another', `${zone}attack spoof-mx example.org how=timeout`, 'unknown-option', 2, 29],
  ['a zone declared twice', `${zone}zone example.org ds=wrong`, 'declared-twice', 2, 6],
  ['a host declared twice', `${zone}host a.example.org\nhost A.example.org.`, 'declared-twice', 3, 6],
  ['a policy declared twice', `${zone}policy example.org\npolicy example.org`, 'declared-twice', 3, 8],
  ['a zone behind an event', `${zone}attack spoof-mx example.org\nzone example.net`, 'out-of-place', 3, 1],
  ['a mailbox without a domain', `${zone}send alice`, 'mailbox', 2, 6],
  [
    'an expectation about a domain of no zone',
    `${zone}send a@example.org\nexpect exmaple.org defer`,
    'undeclared',
    3,
    8,
  ],
  ['an expectation about no host', `${zone}send a@example.org\nexpect connected mx.example.org 0`, 'undeclared', 3, 18],
  ['a delivery to no host', `${zone}send a@example.org\nexpect delivered mx.example.org`, 'undeclared', 3, 18],
  ['a question about no zone', `${zone}send a@example.org\nexpect not-asked exmaple.org MX`, 'undeclared', 3, 18],
  [
    'a reason that no sender has',
    `${zone}send a@example.org\nexpect a.example.org skip tlsa-bogus`,
    'unknown-value',
    3,
    27,
  ],
  ['a code that is none', `${zone}send a@example.org\nexpect code 550`, 'unknown-value', 3, 13],
  ['a test of no zone', `${zone}test example.net`, 'undeclared', 2, 6],
  ['a test of a domain twice', `${zone}test example.org\ntest example.org`, 'declared-twice', 3, 6],
  ['a test behind an event', `${zone}attack spoof-mx example.org\ntest example.org`, 'out-of-place', 3, 1],
  ['a test whose second host is not named', `${zone}test example.org dane=second`, 'missing-word', 2, 29],
  ['a test with what cannot be due', `${zone}test example.org dane=held`, 'unknown-value', 2, 23],
  ['a word too many', `${zone}send a@example.org\nexpect held today`, 'unexpected-word', 3, 13],
]
for (const [why, text, fault, line, column] of refused) {
  test(`parseWorld refuses ${why}`, () => {
    const world = parseWorld(text)
    assert.ok(!world.ok)
    assert.deepEqual([world.fault, placeOf(text, world.at)], [fault, { line, column }])
  })
}

test('a fault is explained with its place and its word', () => {
  const text = 'zone example.org\nattack bribe example.org'
  const world = parseWorld(text)
  assert.ok(!world.ok)
  assert.equal(explainWorldFault(text, world), 'line 2, column 8: not a value of this option: "bribe"')
})

test('a test asks of who enforces both the stricter, and of who enforces one the usual in all else', () => {
  const [strict, usual, either] = parsed(
    `${zone}zone a.example.org\nzone b.example.org\n` +
      'test example.org fault="two words" rfc="RFC 7672 §2.2" dane=hold sts=tls\ntest a.example.org\n' +
      'test b.example.org opportunistic=either dane=tls sts=hold both=either',
  ).tests.map(({ opportunistic, dane, sts, both }) => [opportunistic, dane, sts, both].join(' '))
  assert.equal(strict, 'deliver hold tls hold')
  assert.equal(usual, 'deliver deliver deliver deliver')
  assert.equal(either, 'either tls hold either')
})

test('attacks may be against what the lab makes by itself, and expectations about the attacker', () => {
  parsed(
    `${zone}attack strip-dnssec org\nattack replay .\nsend a@example.org\nexpect connected mx.attacker.example 0\n` +
      'expect mx.attacker.example skip\nexpect asked org DNSKEY',
  )
})

test('parseWorld never throws, points into the text, and explains in one line', () => {
  const pieces = fc.constantFrom(...full.split(/(\s+|=|\.)/), '"', '{', '}', '#', '\\', '\0', 'ü', '1d/', '{zeros.999}')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((parts) => parts.join('')),
      ),
      (text) => {
        const world = parseWorld(text)
        if (world.ok) return
        assert.ok(world.at >= 0 && world.at <= text.length)
        assert.match(explainWorldFault(text, world), /^line \d+, column \d+: [^\p{Cc}]+$/u)
      },
    ),
  )
})
