import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nameOfText, rdataOfText } from '../../../test/support/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Answer, ChainLink, Failure } from '../../core/dnssec/resolution.ts'
import { rootName } from '../../core/name/name.ts'
import { drawChain } from './chain-svg.ts'
import { breakText, svgText } from './svg-text.ts'
import { widthOf } from './wrap.ts'

const now = Date.UTC(2026, 10, 25, 3)
const root: ChainLink = { zone: rootName, status: 'secure', by: 'anchor', ds: [], key: { keyTag: 20326, algorithm: 8 } }
const example: ChainLink = {
  ...{ zone: nameOfText('example.'), status: 'secure', by: 'ds', key: { keyTag: 4711, algorithm: 13 } },
  ds: [{ keyTag: 4711, algorithm: 13, digestType: 2, digest: new Uint8Array(32).fill(0xab) }],
  expiration: Date.UTC(2026, 11, 1, 4) / 1000,
}
const unsigned: ChainLink = {
  ...{ zone: nameOfText('b.example.'), status: 'insecure', by: 'unsigned-delegation', ds: [], key: undefined },
}

function answer(count: number, chain: readonly ChainLink[] = [root, example]): Answer {
  const name = nameOfText('www.example.')
  const texts = Array.from({ length: count }, (_, at) => rdataOfText(TYPE.TXT, `"${at}<script>&"`))
  return {
    ...{ kind: 'answer', name, type: TYPE.TXT, status: 'secure', ttl: 300, canonicalName: name, aliases: [] },
    records: texts.map((rdata) => ({ name, type: TYPE.TXT, class: 1, ttl: 300, rdata })),
    evidence: { chain, signer: nameOfText('example.'), server: '192.0.2.53', cached: false, reason: undefined },
  }
}

function failure(reason: string): Failure {
  return {
    ...{ kind: 'failure', name: nameOfText('x.example.'), type: TYPE.TLSA, why: 'bogus', ede: 7, cached: false },
    ...{ reason, zone: nameOfText('example.'), server: '192.0.2.53', chain: [root, example] },
  }
}

/** What a reader sees, line by line. */
function linesOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) =>
    text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
  )
}

test('a drawing has every zone with its key, the DS between them, and the status of each in words', () => {
  assert.deepEqual(linesOf(drawChain(answer(1), now)), [
    ...['www.example. TXT: 1 record, secure'],
    ...['secure', '. (root)', 'by trust anchor', 'key 20326 RSASHA256'],
    ...['DS 4711 ECDSAP256SHA256 SHA-256 abababababababab...'],
    ...['secure', 'example.', 'key 4711 ECDSAP256SHA256, signed until 2026-12-01 04:00 UTC'],
    ...['signed by example.', 'secure', 'www.example. TXT', 'www.example. 300 IN TXT "0<script>&"'],
    ...['As Waxseal saw it on 2026-11-25 03:00 UTC'],
  ])
})

test('an unsigned zone is drawn below the proof that it is, behind a broken line', () => {
  const svg = drawChain({ ...answer(1, [root, example, unsigned]), status: 'insecure' }, now)
  const lines = linesOf(svg)
  const at = lines.indexOf('its parent proves that it is not signed')
  assert.deepEqual(lines.slice(at + 1, at + 3), ['insecure', 'b.example.'])
  assert.match(svg, /class="arrow cut"/)
})

test('a chain that broke ends with why', () => {
  const lines = linesOf(drawChain(failure('signature expired'), now))
  assert.deepEqual(lines.slice(-5, -1), [
    'bogus',
    'x.example. TLSA',
    'signature expired',
    'Extended DNS Error 7, Signature Expired',
  ])
})

test('a lookup that no zone vouches for is one box', () => {
  const svg = drawChain({ ...failure('no server answers'), why: 'timeout', chain: [] }, now)
  assert.equal(svg.match(/<rect class="box /g)?.length, 1)
  assert.match(svg, /<rect class="box indeterminate"/)
})

test('a drawing loads nothing and runs nothing, and is made for light and dark', () => {
  const svg = drawChain(answer(3), now)
  assert.doesNotMatch(svg, /<script|<image|<foreignObject|<use|<a\b|href|@import|url\(|\bon\w+=/)
  assert.deepEqual(svg.match(/https?:[^"]*/g), ['http://www.w3.org/2000/svg'])
  assert.match(svg, /prefers-color-scheme: dark/)
  assert.match(svg, /role="img" aria-labelledby="title description"/)
})

test('many records are drawn in part, and it is said how many are left', () => {
  const lines = linesOf(drawChain(answer(200), now))
  assert.ok(lines.includes('and 180 more'))
  assert.ok(lines.length < 50)
})

test('whatever strangers say stays text of the drawing, and within its edges', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (reason) => {
      const svg = drawChain(failure(reason), now)
      // Of what XML may hold, and with no markup but that of a drawing without strangers.
      assert.doesNotMatch(svg, /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u)
      const tags = (text: string) => new Set([...text.matchAll(/<\/?([a-z!?]\w*)/gi)].map(([, tag]) => tag))
      assert.deepEqual(tags(svg), tags(drawChain(failure('x'), now)))
      assert.doesNotMatch(svg.replace(/&#\d+;/g, ''), /&/)
      for (const line of linesOf(svg)) assert.ok(widthOf(line) <= 84, line)
    }),
  )
})

test('svgText escapes what XML gives a meaning, and what it cannot hold', () => {
  assert.equal(
    svgText(`<a href="x">&'\0\x1b\u202e\ud800`),
    '&#60;a href=&#34;x&#34;&#62;&#38;&#39;\\x00\\x1b\\u202e\\ud800',
  )
})

const broken: [text: string, lines: string[]][] = [
  ['', []],
  ['one two three', ['one two', 'three']],
  ['one', ['one']],
  ['漢字漢字漢', ['漢字漢字', '漢']],
  ['abcdefg😀', ['abcdefg', '😀']],
  ['abcdefghijklmnopq', ['abcdefgh', 'ijklmnop', 'q']],
  ['a bcdefghijklmnopqrstuvwxyz', ['a bcdefg', 'hijklmno', 'pqrst...']],
]
for (const [text, lines] of broken) {
  test(`breakText of "${text}" has ${lines.length} lines`, () => assert.deepEqual(breakText(text, 8, 3), lines))
}
