import assert from 'node:assert/strict'
import { test } from 'node:test'
import { htmlText } from '../../core/check/formats/html.ts'
import { createHelp } from './help.ts'
import { renderMarkdown } from './markdown.ts'

const cases: [claim: string, text: string, markup: string][] = [
  ['headings', '# One `x`\n### Two', '<h1>One <code>x</code></h1>\n<h3>Two</h3>\n'],
  ['paragraphs over lines', 'one\ntwo\n\nthree', '<p>one two</p>\n<p>three</p>\n'],
  ['lists with lines that go on', '- one\n  more\n- two', '<ul><li>one more</li><li>two</li></ul>\n'],
  ['numbered lists', '1. one\n2. two', '<ol><li>one</li><li>two</li></ol>\n'],
  [
    'code, in which nothing is markup',
    '```\n<b> **x**\n```\nend',
    '<pre tabindex="0">&#60;b&#62; **x**</pre>\n<p>end</p>\n',
  ],
  ['code that is never closed', '```\nx', '<pre tabindex="0">x</pre>\n'],
  [
    'stress, and names with underscores',
    'says _Verified_ of _25._tcp.mx_x',
    '<p>says <em>Verified</em> of _25._tcp.mx_x</p>\n',
  ],
  ['links to other findings', '[more](tlsa-missing.md)', '<p><a href="/help/tlsa-missing">more</a></p>\n'],
  ['links out', '[rfc](https://example.org/)', '<p><a href="https://example.org/" rel="noreferrer">rfc</a></p>\n'],
  ['no link to a script', '[x](javascript:alert)', '<p>x</p>\n'],
  ['no link out of the folder', '[x](../../etc.md)', '<p>x</p>\n'],
  [
    'markup as text',
    '<script>alert(1)</script> **b**',
    '<p>&#60;script&#62;alert(1)&#60;/script&#62; <strong>b</strong></p>\n',
  ],
]
for (const [claim, text, markup] of cases) {
  test(`Markdown has ${claim}`, () => assert.equal(htmlText(renderMarkdown(text)), markup))
}

test('Markdown has tables', () => {
  const markup = htmlText(renderMarkdown('| a | b |\n| --- | --- |\n| `1` | 2 |\n'))
  assert.match(markup, /<th scope="col">a<\/th><th scope="col">b<\/th>/)
  assert.match(markup, /<tbody><tr><td><code>1<\/code><\/td><td>2<\/td><\/tr>/)
})

test('every finding has a page of help that is all understood', () => {
  const help = createHelp()
  for (const { id } of help.findings) {
    const text = help.text(id)
    assert.notEqual(text, undefined, id)
    const markup = htmlText(renderMarkdown(text ?? ''))
    assert.match(markup, /^<h1>/, id)
    // Marks that were left as they stand, outside of code.
    const plain = markup.replace(/<(pre|code)[^>]*>[^<]*<\/\1>/g, '').replace(/<[^>]*>/g, '')
    assert.doesNotMatch(plain, /`|\]\(|\*\*|^#|^\||^> /m, id)
    for (const [, other = ''] of markup.matchAll(/href="\/help\/([^"]*)"/g))
      assert.ok(help.has(other), `${id}: ${other}`)
  }
})
