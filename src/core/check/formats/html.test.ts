import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type HtmlValue, html, htmlText } from './html.ts'

for (const [what, value, shown] of [
  ['an element', '<b>', '&#60;b&#62;'],
  ['the end of an attribute', `"'\``, '&#34;&#39;&#96;'],
  ['an entity', '&lt;', '&#38;lt;'],
  ['a control and what nobody sees', '\x1b[2J\u202e', '\\x1b[2J\\u202e'],
  ['line ends, which stay', 'a\nb', 'a\nb'],
  ['a number', 7, '7'],
  ['nothing', undefined, ''],
  ['a list', ['a', html`<b>${'&'}</b>`, 1], 'a<b>&#38;</b>1'],
  ['lists of lists', [['a'], [['b']]], 'ab'],
] as const satisfies [string, HtmlValue, string][]) {
  test(`html shows ${what}`, () => assert.equal(htmlText(html`<i>${value}</i>`), `<i>${shown}</i>`))
}

const anything = fc.string({ unit: 'binary' })

test('whatever a text holds, it ends no element and no attribute', () => {
  fc.assert(
    fc.property(anything, anything, (one, other) => {
      const shown = htmlText(html`<p title="${one}">${other}</p>`)
      assert.match(shown, /^<p title="[^<>"'`]*">[^<>"'`]*<\/p>$/)
      assert.doesNotMatch(shown, /&(?!#\d+;)/)
    }),
  )
})

test('different texts are shown differently, unless backslashes pose as our own escapes', () => {
  const plain = anything.filter((value) => !value.includes('\\'))
  fc.assert(
    fc.property(plain, plain, (one, other) =>
      assert.equal(htmlText(html`${one}`) === htmlText(html`${other}`), one === other),
    ),
  )
})

test('what poses as a part of a page is text or nothing, never markup', () => {
  const posing = JSON.parse('{"html":"<script>","text":"<script>"}') as HtmlValue // as JSON of a stranger might
  assert.equal(htmlText(html`${posing}`), '')
})
