// What is made of reports: each form as it is printed, and what strangers' texts can do to it.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatHtml } from '../../src/core/check/formats/html-page.ts'
import { formatJunit } from '../../src/core/check/formats/junit.ts'
import { formatMarkdown, markdownCode, markdownText } from '../../src/core/check/formats/markdown.ts'
import { formatNagios } from '../../src/core/check/formats/nagios.ts'
import { formatPrometheus } from '../../src/core/check/formats/prometheus.ts'
import type { CheckReport } from '../../src/core/check/report.ts'
import { brokenReport, ending, goodReport, mismatch, saying } from '../support/sample-report.ts'
import { tagsIn } from '../support/tags.ts'

const now = Date.UTC(2026, 10, 24, 16)
const both = [brokenReport, goodReport]

/** A sample is what a form looks like: `WAXSEAL_SAMPLES=write` writes them anew, to be read before they are kept. */
for (const [file, text] of [
  ['report.xml', formatJunit(both)],
  ['report.prom', formatPrometheus(both)],
  ['report.md', formatMarkdown([brokenReport])],
] as const) {
  test(`a report is printed as in ${file}`, () => {
    const path = join(import.meta.dirname, 'samples', file)
    if (process.env.WAXSEAL_SAMPLES === 'write') writeFileSync(path, text)
    assert.equal(text, readFileSync(path, 'utf8'))
  })
}

const undetermined: CheckReport = { ...goodReport, verdict: 'undetermined', why: ['it does not answer'] }

const lines: [what: string, reports: readonly CheckReport[], state: string, text: string][] = [
  [
    ...(['a protected domain', [goodReport], 'OK'] as const),
    'WAXSEAL OK - clinic.example is protected | breaks_now=0;;0;0 will_break=0;0;;0 weakens=0;;;0 notes=0;;;0 days_left=96\n',
  ],
  [
    ...(['a broken domain', [brokenReport], 'CRITICAL'] as const),
    'WAXSEAL CRITICAL - bakery.example is broken: No TLSA record matches the certificate that the host presents: ' +
      'mx.bakery.example | breaks_now=1;;0;0 will_break=1;0;;0 weakens=0;;;0 notes=1;;;0 days_left=6\n',
  ],
  [
    ...(['several', [brokenReport, goodReport], 'CRITICAL'] as const),
    'WAXSEAL CRITICAL - 1 of 2 domains: bakery.example is broken: No TLSA record matches the certificate that the host ' +
      'presents: mx.bakery.example | broken=1;;;0 cleartext=0;;;0 undetermined=0;;;0 opportunistic=0;;;0 ' +
      'protected-partly=0;;;0 protected=1;;;0 breaks_now=1;;0;0 will_break=1;0;;0 weakens=0;;;0 notes=1;;;0 days_left=6\n',
  ],
  [
    ...(['what could not be told', [undetermined], 'UNKNOWN'] as const),
    'WAXSEAL UNKNOWN - clinic.example is undetermined: it does not answer | ' +
      'breaks_now=0;;0;0 will_break=0;0;;0 weakens=0;;;0 notes=0;;;0 days_left=96\n',
  ],
]
for (const [what, reports, state, text] of lines) {
  test(`monitoring reads one line of ${what}`, () => {
    assert.deepEqual(formatNagios(reports, now), { state, text })
  })
}

test('monitoring takes a verdict that is good enough for OK, and nothing that is urgent, worse or untold', () => {
  const stateOf = (report: CheckReport) => formatNagios([report], now, 'protected-partly').state
  assert.deepEqual(
    [
      stateOf(goodReport),
      stateOf({ ...goodReport, verdict: 'protected-partly' }),
      stateOf({ ...goodReport, verdict: 'protected-partly', findings: [ending] }),
      stateOf({ ...goodReport, verdict: 'opportunistic' }),
      stateOf(undetermined),
      stateOf(brokenReport),
    ],
    ['OK', 'OK', 'WARNING', 'WARNING', 'UNKNOWN', 'CRITICAL'],
  )
})

const states: [what: string, reports: readonly CheckReport[], state: string][] = [
  ['protected in part', [{ ...goodReport, verdict: 'protected-partly' }], 'WARNING'],
  ['opportunistic', [{ ...goodReport, verdict: 'opportunistic' }], 'WARNING'],
  ['cleartext', [{ ...goodReport, verdict: 'cleartext' }], 'CRITICAL'],
  ['protected, with a date on which it breaks', [{ ...goodReport, findings: [ending] }], 'WARNING'],
  ['protected, with a host that senders pass over', [{ ...goodReport, findings: [mismatch] }], 'WARNING'],
  ['protected, and another undetermined', [goodReport, undetermined], 'UNKNOWN'],
  ['broken, and another undetermined', [undetermined, brokenReport], 'CRITICAL'],
  ['nothing at all', [], 'UNKNOWN'],
]
for (const [what, reports, state] of states) {
  test(`monitoring takes ${what} for ${state}`, () => assert.equal(formatNagios(reports, now).state, state))
}

test('JUnit counts its tests, and each is told once in its suite', () => {
  const tags = tagsIn(formatJunit(both))
  const suites = tags.filter(({ name }) => name === 'testsuite').map(({ attributes }) => attributes)
  const counts = suites.map(({ name, tests, failures, errors, skipped }) => [name, tests, failures, errors, skipped])
  assert.deepEqual(counts, [
    ['bakery.example', '8', '5', '1', '1'],
    ['clinic.example', '5', '0', '0', '1'],
  ])
  const count = (name: string) => tags.filter((tag) => tag.name === name).length
  assert.deepEqual(['testcase', 'failure', 'error', 'skipped'].map(count), [13, 5, 1, 2])
  const names = tags.filter(({ name }) => name === 'testcase').map(({ attributes }) => Object.values(attributes).join())
  assert.equal(new Set(names).size, names.length)
})

test('the page asks for nothing else, runs nothing, and can be read aloud', () => {
  for (const reports of [[brokenReport], both, []]) {
    const tags = tagsIn(formatHtml(reports))
    assert.deepEqual(
      tags.filter(({ name }) => ['script', 'link', 'img', 'iframe', 'object', 'form', 'base'].includes(name)),
      [],
    )
    const policy = tags.find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy')
    assert.match(policy?.attributes.content ?? '', /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='/)
    for (const { attributes } of tags) {
      for (const [name, value] of Object.entries(attributes)) {
        assert.doesNotMatch(name, /^on|^style$|^src$/)
        if (name === 'href') assert.match(value, /^#/)
      }
    }
    assert.equal(tags.find(({ name }) => name === 'html')?.attributes.lang, 'en')
    const ids = tags.flatMap(({ attributes: { id } }) => (id === undefined ? [] : [id]))
    assert.equal(new Set(ids).size, ids.length)
    const wanted = tags.flatMap(({ attributes }) => [attributes['aria-labelledby'], attributes.href?.slice(1)])
    assert.deepEqual(
      wanted.filter((id) => id !== undefined && !ids.includes(id)),
      [],
    )
    const levels = tags.flatMap(({ name }) => (/^h[1-6]$/.test(name) ? [Number(name[1])] : []))
    assert.equal(levels[0], 1)
    assert.equal(levels.filter((level) => level === 1).length, 1)
    assert.ok(
      levels.every((level, place) => place === 0 || level <= (levels[place - 1] ?? 0) + 1),
      levels.join(),
    )
    const bare = tags.filter(({ name, attributes }) => name === 'th' && attributes.scope === undefined)
    assert.deepEqual(bare, [])
  }
})

test('every row of the grid has a cell for every column', () => {
  const tags = tagsIn(formatHtml([brokenReport]))
  const columns = tags.filter(({ name, inside }) => name === 'th' && inside.includes('thead')).length
  assert.ok(columns > 9)
  const page = formatHtml([brokenReport])
  const grid = page.slice(page.indexOf('<table class="grid">'), page.indexOf('</table>', page.indexOf('class="grid"')))
  const rows = grid.split('<tr').slice(2)
  const widths = rows.map((row) =>
    [...row.matchAll(/<t[hd]\b([^>]*)>/g)]
      .map(([, attributes = '']) => Number(/colspan="(\d+)"/.exec(attributes)?.[1] ?? 1))
      .reduce((sum, width) => sum + width, 0),
  )
  assert.deepEqual(widths, [9, 9, 9, 9])
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    ...['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\x1b]0;x\x07', '\u202egnp.exe', ']]>', '-->'],
    ...['```\n# heading', '` `` ```', '| a | b |', '[a](javascript:b)', '\n\nHTTP/1.1', '\0', '\ud800', '\ufffe'],
    ...['x"} 1\nwaxseal_check_verdict{domain="y', '| broken=0', '@everyone https://a.example', '&amp;&#0;'],
  ),
)

test('whatever servers say, JUnit stays XML, and with the same tests', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const written = formatJunit([saying(text)])
      assert.doesNotMatch(written, /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u)
      assert.equal(tagsIn(written).filter(({ name }) => name === 'testcase').length, 8)
    }),
  )
})

test('whatever servers say, the page has the same elements and attributes', () => {
  const shape = (text: string) =>
    tagsIn(formatHtml([saying(text)])).map(({ name, attributes }) => [name, ...Object.keys(attributes)].join(' '))
  const usual = shape('x')
  fc.assert(fc.property(hostile, (text) => assert.deepEqual(shape(text), usual)))
})

test('whatever servers say, monitoring reads one line with one bar', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const { text: line } = formatNagios([saying(text), saying(text)], now)
      assert.match(line, /^WAXSEAL CRITICAL - [^|\n\p{Cc}]* \| [a-z0-9_=; -]+\n$/u)
      assert.ok(line.length < 1300)
    }),
  )
})

test('whatever servers say, Prometheus is told none of it', () => {
  fc.assert(
    fc.property(hostile, (text) => assert.equal(formatPrometheus([saying(text)]), formatPrometheus([brokenReport]))),
  )
})

test('a domain that was checked twice is told once, as it was last', () => {
  const text = formatPrometheus([brokenReport, { ...brokenReport, verdict: 'protected' }])
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(new Set(series.map((line) => line.replace(/ \S+$/, ''))).size, series.length)
  assert.match(text, /verdict="protected"\} 1/)
})

test('whatever servers say, Markdown has the same headings, tables and lists', () => {
  const shape = (text: string) =>
    formatMarkdown([saying(text)])
      .replace(/^(`{3,})\n[\s\S]*?\n\1$/gm, 'block')
      .split('\n')
      .map((line) => /^(?:#+ |- |\| |block$)/.exec(line)?.[0] ?? (line === '' ? '' : 'text'))
  const plain = shape('x')
  const words = hostile.filter((text) => text.trim() !== '')
  fc.assert(fc.property(words, (text) => assert.deepEqual(shape(text), plain)))
})

const marked: [text: string, shown: string][] = [
  ['mx.example.org: a - b, 10.5 (x)', 'mx.example.org: a - b, 10.5 (x)'],
  ['<b>&amp;', '\\<b\\>\\&amp;'],
  ['[a](javascript:b) *c* `d` ~e~ #1', '\\[a\\](javascript:b) \\*c\\* \\`d\\` \\~e\\~ \\#1'],
  ['see https://a.example or www.a.example', 'see https\\://a.example or www\\.a.example'],
  ['to mailto:a@b.example, @team', 'to `mailto:a@b.example,` `@team`'],
  ['- 1', '\\- 1'],
  ['12. x', '&#49;2. x'],
  ['a | b', 'a \\| b'],
  ['line\nend', 'line\\\\x0aend'],
]
for (const [text, shown] of marked) {
  test(`Markdown shows ${JSON.stringify(text)} as it is`, () => assert.equal(markdownText(text), shown))
}

test('no mark of a text means anything in Markdown', () => {
  fc.assert(
    fc.property(
      hostile.filter((text) => !text.includes('@')),
      (text) => {
        const rest = markdownText(text).replace(/\\[!-/:-@[-`{-~]|^\s*&#\d+;/g, 'x')
        assert.doesNotMatch(rest, /[\\`*_{}[\]<>#|~&!\n]|:\/\/|^\s*(?:[-+=]|\d+[.)])/)
      },
    ),
  )
})

test('code in Markdown ends where it was begun', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = markdownCode(text)
      if (shown === '') return
      const fence = /^`+/.exec(shown)?.[0] ?? ''
      const inside = shown.slice(fence.length, -fence.length)
      assert.ok(!inside.split(/[^`]+/).includes(fence), shown)
      assert.ok(shown.endsWith(fence) && !inside.startsWith('`') && !inside.endsWith('`'))
      assert.doesNotMatch(inside, /(?<!\\)\||\n/)
    }),
  )
})
