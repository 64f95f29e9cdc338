import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { names } from '../../../test/fuzz/arbitrary-names.ts'
import {
  type DomainFault,
  type DomainName,
  domainOfName,
  formatDomain,
  nameOfDomain,
  parentOfDomain,
  parseDomainName,
  parseHostName,
} from './domain.ts'
import { nameFromLabels, rootName } from './name.ts'
import { formatName } from './text.ts'

const x63 = 'x'.repeat(63)
const longest = `${x63}.${x63}.${x63}.${'x'.repeat(61)}`

function domain(text: string): DomainName {
  const parsed = parseDomainName(text)
  assert.ok(parsed.ok, text)
  return parsed.value
}

const accepted: [why: string, text: string, domain: string][] = [
  ['in lower case', 'MX1.Vec.TEST', 'mx1.vec.test'],
  ['without its final dot, which no certificate bears', 'mx.test.', 'mx.test'],
  ['of one label', 'localhost', 'localhost'],
  ['with labels that begin with digits', '3com.1und1.de', '3com.1und1.de'],
  ['with 63 octets in a label', `${x63}.test`, `${x63}.test`],
  ['of 253 octets', longest, longest],
  ['of 253 octets and a dot', `${longest}.`, longest],
  [
    'with hyphens third and fourth in an ASCII label, as RFC 5891 §5.4 bars them from U-labels alone',
    'mx--1.test',
    'mx--1.test',
  ],
  ['with such an ASCII label beside a U-label', 'r3---sn.bücher.example', 'r3---sn.xn--bcher-kva.example'],
  ['with such an ASCII label beside an A-label', 'mx--1.xn--bcher-kva.example', 'mx--1.xn--bcher-kva.example'],
  ['with U-labels, as A-labels', 'bücher.example', 'xn--bcher-kva.example'],
  ['with U-labels in upper case', 'BÜCHER.Example', 'xn--bcher-kva.example'],
  ['with U-labels not composed', 'bu\u0308cher.example', 'xn--bcher-kva.example'],
  ['with A-labels as they are', 'XN--bcher-KVA.example', 'xn--bcher-kva.example'],
  ['with ß kept apart from ss', 'faß.example', 'xn--fa-hia.example'],
  ['with ς kept apart from σ', 'βόλος.com', 'xn--nxasmm1c.com'],
  ['with full-width letters', 'ＭＸ.test', 'mx.test'],
  ['with the Kelvin sign as k', '\u212a.test', 'k.test'],
  ['with ideographic dots', '例え。テスト', 'xn--r8jz45g.xn--zckzah'],
  ['with an ideographic dot at the end', '例え。テスト。', 'xn--r8jz45g.xn--zckzah'],
  ['with the joiner that its script needs', 'क्\u200d.test', 'xn--11b6iy14e.test'],
  ['right to left', 'אבג.test', 'xn--4dbcd.test'],
  ['of digits before a name', '1.2.3.4.example', '1.2.3.4.example'],
]
for (const [why, text, expected] of accepted) {
  test(`RFC 5891 §5: a domain ${why}`, () => assert.deepEqual(parseDomainName(text), { ok: true, value: expected }))
}

const refused: [why: string, text: string, fault: DomainFault][] = [
  ['nothing', '', 'empty'],
  ['the root', '.', 'empty'],
  ['a slash, which a URL parser takes for the end: a/b', 'a/b', 'bad-character'],
  ['a slash beside a U-label', 'é/b', 'bad-idna'],
  ['a percent escape, which a URL parser decodes: a%2eb', 'a%2eb', 'bad-character'],
  ['a percent escape beside a U-label', 'é%2eb', 'bad-idna'],
  ['a full-width percent escape', 'a％2eb', 'bad-character'],
  ['a character that maps to a slash', 'a\u2100b', 'bad-character'],
  ['an empty label: a..b', 'a..b', 'empty-label'],
  ['an empty label beside a U-label', 'é..b', 'bad-idna'],
  ['two dots at the end', 'a..', 'empty-label'],
  ['a dot at the beginning', '.a', 'empty-label'],
  ['a label that is no Punycode: xn--a', 'xn--a', 'bad-idna'],
  ['an A-label of nothing', 'xn--.test', 'bad-idna'],
  ['an A-label of ASCII', 'xn--abc-.test', 'bad-idna'],
  ['an A-label of a label not composed', 'xn--bucher-xyd.test', 'bad-idna'],
  ['an A-label of a character that would be mapped', 'xn--bcher-2pa.test', 'bad-idna'],
  ['a label of 64 octets', `${x63}x.test`, 'label-too-long'],
  ['a U-label whose A-label has 64 octets', `${'x'.repeat(58)}é.test`, 'bad-idna'],
  ['254 octets', `${longest}x`, 'too-long'],
  ['text without end', 'é'.repeat(100_000), 'too-long'],
  ['an address that a URL parser finds: 0x7f.1', '0x7f.1', 'address-literal'],
  ['an address', '192.0.2.1', 'address-literal'],
  ['an address with a final dot', '192.0.2.1.', 'address-literal'],
  ['an address in one number', '2130706433', 'address-literal'],
  ['an address in one hexadecimal number', '0x7f000001', 'address-literal'],
  ['an address in octal', '0177.0.0.1', 'address-literal'],
  ['an address in full-width digits', '１２７.１', 'address-literal'],
  ['an address in brackets', '[192.0.2.1]', 'address-literal'],
  ['an IPv6 address', '2001:db8::1', 'bad-character'],
  ['a number at the end', 'a.12', 'address-literal'],
  ['a port', 'a.test:25', 'bad-character'],
  ['a space', 'a b.test', 'bad-character'],
  ['white space around', ' a.test', 'bad-character'],
  ['a line end', 'a.test\r\nRCPT', 'bad-character'],
  ['a line end beside a U-label', 'é.test\n', 'bad-idna'],
  ['NUL', 'a\0.test', 'bad-character'],
  ['an underscore', '_dmarc.test', 'bad-character'],
  ['a wildcard', '*.test', 'bad-character'],
  ['a user', 'user@a.test', 'bad-character'],
  ['a hyphen at the beginning of a label', 'a.-b.test', 'bad-hyphen'],
  ['a hyphen at the end of a label', 'a-.test', 'bad-hyphen'],
  ['a hyphen at the end of a U-label', 'é-.test', 'bad-idna'],
  ['a hyphen at the beginning of a U-label', '-é.test', 'bad-idna'],
  ['a hyphen at the end of an A-label’s U-label', 'xn----9fa.test', 'bad-idna'],
  ['hyphens third and fourth in a U-label', 'ab--é.test', 'bad-idna'],
  ['hyphens third and fourth in an A-label’s U-label', 'xn--ab---epa.test', 'bad-idna'],
  ['a hyphen at the end of an ASCII label beside a U-label', 'a-.é', 'bad-hyphen'],
  ['a joiner that its script does not need', 'a\u200db.test', 'bad-idna'],
  ['letters of both directions', 'אa.test', 'bad-idna'],
  ['a combining mark at the beginning', '\u0301a.test', 'bad-idna'],
  ['half of a surrogate pair', 'a\ud800.test', 'bad-idna'],
  ['an override of direction', 'a\u202eb.test', 'bad-idna'],
  ['a private character', 'a\ue000.test', 'bad-idna'],
  ['a soft hyphen alone', '\u00ad', 'bad-idna'],
]
for (const [why, text, fault] of refused) {
  test(`parseDomainName refuses ${why}`, () => {
    const parsed = parseDomainName(text)
    assert.equal(parsed.ok ? parsed.value : parsed.fault, fault)
  })
}

const places: [text: string, at: number][] = [
  ['a.b c.d', 3],
  ['a.é.xn--a', 2],
  ['abc.xn--a', 4],
  ['a.-b', 2],
  ['a.b..c', 4],
]
for (const [text, at] of places) {
  test(`parseDomainName says that the fault of ${text} is at ${at}`, () => {
    const parsed = parseDomainName(text)
    assert.equal(parsed.ok ? undefined : parsed.at, at)
  })
}

test('parseHostName takes underscores, and refuses what else is no domain', () => {
  assert.deepEqual(parseHostName('_MX_1.test.'), { ok: true, value: '_mx_1.test' })
  assert.deepEqual(parseHostName('a_b.é'), { ok: true, value: 'a_b.xn--9ca' })
  assert.equal(parseHostName('a b').ok, false)
  assert.equal(parseHostName('é.xn--a').ok, false)
  assert.equal(parseHostName('192.0.2.1').ok, false)
})

const found: [why: string, labels: string[], domain: string | undefined][] = [
  ['in lower case', ['MX1', 'Test'], 'mx1.test'],
  ['with underscores', ['_a', 'test'], '_a.test'],
  ['with A-labels', ['xn--bcher-kva', 'test'], 'xn--bcher-kva.test'],
  ['RFC 5891 §5.3, RES-40: with xn-- and no Punycode behind it', ['XN--a', 'test'], 'xn--a.test'],
  ['with xn-- and an A-label of ASCII', ['xn--abc-', 'test'], undefined],
  ['with xn-- and what would be mapped', ['xn--bcher-2pa', 'test'], 'xn--bcher-2pa.test'],
  ['with hyphens third and fourth', ['r3---sn', 'test'], 'r3---sn.test'],
  ['with such hyphens beside an A-label', ['r3---sn', 'xn--bcher-kva'], 'r3---sn.xn--bcher-kva'],
  ['that is the root, which a null MX names', [], undefined],
  ['with a dot inside a label', ['a.b', 'test'], undefined],
  ['with the octet FC, which is no ü', ['b\xfccher', 'test'], undefined],
  ['with the octet AD, which no mapping may take away', ['a\xadb', 'test'], undefined],
  ['with a space', ['a b', 'test'], undefined],
  ['with NUL', ['a\0', 'test'], undefined],
  ['that looks like an address', ['192', '0', '2', '1'], undefined],
  ['that is a wildcard', ['*', 'test'], undefined],
]
for (const [why, labels, expected] of found) {
  test(`domainOfName ${expected === undefined ? 'refuses' : 'takes'} a name ${why}`, () => {
    const name = nameFromLabels(labels)
    assert.ok(name !== undefined)
    const parsed = domainOfName(name)
    assert.equal(parsed.ok ? parsed.value : undefined, expected)
  })
}

test('nameOfDomain is the name in DNS', () => {
  assert.equal(formatName(nameOfDomain(domain('Bücher.example'))), 'xn--bcher-kva.example.')
  assert.equal(nameOfDomain(domain(longest)).wire.length, 255)
})

test('parentOfDomain takes one label away', () => {
  assert.equal(parentOfDomain(domain('a.b.test')), 'b.test')
  assert.equal(parentOfDomain(domain('test')), undefined)
})

test('formatDomain shows U-labels beside A-labels, never instead', () => {
  assert.equal(formatDomain(domain('bücher.example')), 'xn--bcher-kva.example (bücher.example)')
  assert.equal(formatDomain(domain('r3---sn.bücher')), 'r3---sn.xn--bcher-kva (r3---sn.bücher)')
  assert.equal(formatDomain(domain('mx.example')), 'mx.example')
})

const pieces = fc.constantFrom(
  'xn--',
  'a',
  'É',
  'ß',
  '.',
  '。',
  '-',
  '1',
  '0x',
  '\u200d',
  'א',
  'क्',
  '\ud83d',
  '_',
  '%',
  x63,
)
const texts = fc.oneof(
  fc.array(pieces).map((list) => list.join('')),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...'abz-190') }).map((text) => `xn--${text}`),
)

test('parseDomainName never throws, and what it makes is a fixed point and fits into DNS', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = parseDomainName(text)
      if (!parsed.ok) return
      assert.match(parsed.value, /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/)
      assert.deepEqual(parseDomainName(parsed.value), parsed)
      assert.equal(formatName(nameOfDomain(parsed.value)), `${parsed.value}.`)
      assert.match(formatDomain(parsed.value), /^[^\p{Cc}]+$/u)
    }),
    { numRuns: 1000 },
  )
})

test('domainOfName never makes a name that differs from the one in DNS by more than case', () => {
  const hosts = fc.array(fc.string({ unit: fc.constantFrom(...'aZ-x_n1.', '\xad', '\xdf', '\xfc'), maxLength: 6 }))
  const found = fc.oneof(
    names,
    hosts.map((labels) => nameFromLabels(labels) ?? rootName),
  )
  fc.assert(
    fc.property(found, (name) => {
      const parsed = domainOfName(name)
      if (parsed.ok) assert.equal(nameOfDomain(parsed.value).key, name.key)
    }),
    { numRuns: 1000 },
  )
})
