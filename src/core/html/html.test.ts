import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HtmlValue, html } from './html.ts'

const cases: [claim: string, value: HtmlValue, markup: string][] = [
  ['a script', '<script>alert(1)</script>', '&#60;script&#62;alert(1)&#60;/script&#62;'],
  ['what would end an attribute', `" onclick='x' \``, '&#34; onclick=&#39;x&#39; &#96;'],
  ['an ampersand that looks like an entity', '&lt;', '&#38;lt;'],
  ['escapes of a terminal', '\x1b[31mred\x07', '\\x1b[31mred\\x07'],
  ['what turns text around', 'moc.\u202egro', 'moc.\\u202egro'],
  ['zone text, whose backslashes are its own', 'a\\.b', 'a\\.b'],
  ['lines, whose ends stay', 'one\ntwo\r\n', 'one\ntwo\\x0d\n'],
  ['markup in markup', html`<b>${'<'}</b>`, '<b>&#60;</b>'],
  ['lists, each member by itself', ['<', html`<br>`, 1, undefined], '&#60;<br>1'],
  ['what is not there', [undefined, null, false], ''],
  ['what only looks like markup', { toString: () => '<b>' } as unknown as string[], ''],
]

for (const [claim, value, markup] of cases) {
  test(`a template takes ${claim}`, () => {
    if (markup === '' && !Array.isArray(value)) assert.throws(() => html`${value}`)
    else assert.equal(html`<p title="${value}">${value}</p>`.toString(), `<p title="${markup}">${markup}</p>`)
  })
}
