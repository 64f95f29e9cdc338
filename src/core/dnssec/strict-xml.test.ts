import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStrictXml, type XmlElement, type XmlFault } from './strict-xml.ts'

const bounds = { depth: 3, elements: 5 }

/** As `name(attribute=value){text or elements}`. */
function show({ name, attributes, children, text }: XmlElement): string {
  const given = [...attributes].map(([key, value]) => `${key}=${value}`).join(',')
  return `${name}(${given}){${children.map(show).join('')}${text}}`
}

const read: [claim: string, text: string, shown: string][] = [
  ['an element', '<a>x</a>', 'a(){x}'],
  ['elements in elements', '<a><b>1</b><b>2</b></a>', 'a(){b(){1}b(){2}}'],
  ['attributes in either quotes', `<a b="1>" c-d = '"2"'>x</a >`, 'a(b=1>,c-d="2"){x}'],
  ['a declaration', '<?xml version="1.0" encoding="UTF-8"?>\n<a>x</a>\n', 'a(){x}'],
  [
    'a declaration in other words',
    "\ufeff<?xml version='1.0' encoding='us-ascii' standalone='yes' ?><a>x</a>",
    'a(){x}',
  ],
  ['comments anywhere between', '<!-- - <b> & --><a><!----> x <!-- y --></a><!-- z -->', 'a(){x}'],
  ['white space around elements', '<a>\n\t<b> 1 </b>\r\n</a>', 'a(){b(){1}}'],
  ['an element without anything', '<a></a>', 'a(){}'],
]
for (const [claim, text, shown] of read) {
  test(`parseStrictXml reads ${claim}`, () => {
    const parsed = parseStrictXml(text, bounds)
    assert.equal(parsed.ok ? show(parsed.value) : parsed.fault, shown)
  })
}

const refused: [claim: string, text: string, fault: XmlFault, at: number][] = [
  ['nothing', '', 'xml-syntax', 0],
  ['text alone', 'x', 'xml-syntax', 0],
  ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'xml-doctype', 0],
  ['an entity', '<a>&amp;</a>', 'xml-doctype', 3],
  ['a reference to a character', '<a>&#46;</a>', 'xml-doctype', 3],
  ['an entity in an attribute', '<a b="&amp;">x</a>', 'xml-syntax', 0],
  ['CDATA', '<a><![CDATA[x]]></a>', 'xml-doctype', 3],
  ['a processing instruction', '<a><?b c?></a>', 'xml-doctype', 3],
  ['a declaration that is not at the start', ' <?xml version="1.0"?><a>x</a>', 'xml-doctype', 1],
  ['another version', '<?xml version="1.1"?><a>x</a>', 'xml-doctype', 0],
  ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><a>x</a>', 'xml-doctype', 0],
  ['a comment that does not end', '<a>x</a><!-- y', 'xml-doctype', 8],
  ['two hyphens in a comment', '<!-- a -- b --><a>x</a>', 'xml-doctype', 0],
  ['an element that does not end', '<a><b>x</b>', 'xml-syntax', 11],
  ['another end than the start', '<a><b>x</a></b>', 'xml-syntax', 7],
  ['an end too many', '<a>x</a></a>', 'xml-syntax', 8],
  ['two roots', '<a>x</a><b>y</b>', 'xml-syntax', 8],
  ['text behind the root', '<a>x</a>y', 'xml-syntax', 8],
  ['text beside elements', '<a>x<b>y</b></a>', 'xml-syntax', 0],
  ['an attribute twice', '<a b="1" b="2">x</a>', 'xml-syntax', 0],
  ['an attribute without quotes', '<a b=1>x</a>', 'xml-syntax', 0],
  ['attributes without space between', '<a b="1"c="2">x</a>', 'xml-syntax', 0],
  ['an element of another namespace', '<a:b>x</a:b>', 'xml-syntax', 0],
  ['an element that ends itself', '<a/>', 'xml-syntax', 0],
  ['elements too deep', '<a><b><c><d>x</d></c></b></a>', 'xml-too-deep', 9],
  ['too many elements', `<a>${'<b>x</b>'.repeat(5)}</a>`, 'xml-too-large', 35],
  ['a control character', '<a>\0</a>', 'xml-syntax', 3],
  ['what was no UTF-8', '<a>\ufffd</a>', 'xml-syntax', 3],
  ['half of a pair', '<a>\ud800</a>', 'xml-syntax', 3],
]
for (const [claim, text, fault, at] of refused) {
  test(`parseStrictXml refuses ${claim}`, () =>
    assert.deepEqual(parseStrictXml(text, bounds), { ok: false, fault, at }))
}

test('parseStrictXml never throws, and takes no longer than its text is long', () => {
  const pieces = fc.constantFrom('<a', '>', '</a>', '<b>', '</b>', ' x="1"', '<!--', '-->', '&', 'x', ' ', '"', '<?xml')
  fc.assert(fc.property(fc.array(pieces, { maxLength: 60 }), (some) => void parseStrictXml(some.join(''), bounds)))
  for (const long of [
    '<a'.padEnd(200_000, ' x="1"'),
    `<!--${'-'.repeat(200_000)}`,
    '<a>'.padEnd(200_000, ' '),
    '<a x = '.padEnd(200_000),
  ]) {
    assert.equal(parseStrictXml(long, bounds).ok, false)
  }
})
