// Writes docs/standards.md: which code follows, and which test checks, each section of each RFC that we cite.
// With --check it writes nothing and exits 1 when the file is out of date.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const target = join(root, 'docs', 'standards.md')

/** Titles as a reader would search for them. */
const titles: Readonly<Record<string, string>> = {
  1034: 'Domain names: concepts',
  1035: 'Domain names: implementation',
  1982: 'Serial number arithmetic',
  2034: 'Enhanced status codes in SMTP',
  2136: 'Dynamic updates',
  2181: 'Clarifications to DNS',
  2308: 'Negative caching',
  3207: 'STARTTLS',
  3225: 'The DO bit',
  3463: 'Enhanced status codes',
  3596: 'IPv6 in DNS',
  3597: 'Unknown record types',
  4033: 'DNSSEC: introduction',
  4034: 'DNSSEC: records',
  4035: 'DNSSEC: protocol',
  4343: 'Case insensitivity of names',
  4592: 'Wildcards',
  5155: 'NSEC3',
  5280: 'X.509 certificates',
  5321: 'SMTP',
  5322: 'Message format',
  5452: 'Resilience against forged answers',
  5702: 'RSA with SHA-2 in DNSSEC',
  5890: 'IDNA: definitions',
  5891: 'IDNA: protocol',
  6531: 'SMTPUTF8',
  6605: 'ECDSA in DNSSEC',
  6672: 'DNAME',
  6698: 'DANE: TLSA',
  6840: 'Clarifications to DNSSEC',
  6891: 'EDNS',
  7218: 'Acronyms of DANE',
  7505: 'Null MX',
  7671: 'DANE: operation',
  7672: 'DANE for SMTP',
  7766: 'DNS over TCP',
  7873: 'DNS cookies',
  8080: 'EdDSA in DNSSEC',
  8460: 'TLSRPT',
  8461: 'MTA-STS',
  8689: 'REQUIRETLS',
  8767: 'Serving stale data',
  8914: 'Extended DNS errors',
  8945: 'TSIG',
  8996: 'TLS 1.0 and 1.1 deprecated',
  9156: 'QNAME minimisation',
  9276: 'NSEC3 parameters',
  9325: 'Recommendations for TLS',
  9520: 'Caching of failures',
  9525: 'Service identity in TLS',
  9609: 'Priming queries',
  9718: 'Root trust anchors',
  9824: 'Compact denial of existence',
  9905: 'SHA-1 in DNSSEC deprecated',
}

interface Citation {
  readonly rfc: number
  readonly section: string
}

interface Places {
  readonly code: Set<string>
  readonly tests: Set<string>
}

/** Every `RFC 8461 §3.2`, `RFC 4034 §3.1.8.1, §6` or bare `RFC 2034` of a text. */
function citationsIn(text: string): Citation[] {
  const cited = text.matchAll(/\bRFC (\d{3,5})((?:,? (?:§§?[\d.–]*\d|App\. [A-Z]))*)/g)
  return [...cited].flatMap(([, rfc, tail = '']) => {
    const sections = tail.match(/§§?[\d.–]*\d|App\. [A-Z]/g) ?? ['whole']
    return sections.map((section) => ({ rfc: Number(rfc), section: section.replace('§§', '§') }))
  })
}

/** Ids of our catalogue of requirements, vectors and table rows, as tests name them. */
function requirementsIn(text: string): string[] {
  return text.match(/\b(?:WIRE|DNSSEC|RES|DANE|STS|STLS|DLV|TLS|RPT)-\d+\b|\bV-[A-Z]+\b|\bDV\d+(?:\.\d+)?\b/g) ?? []
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || file.startsWith('test/')
}

function compareNatural(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true })
}

function place(index: Map<string, Places>, key: string, file: string): void {
  const places = index.get(key) ?? { code: new Set(), tests: new Set() }
  index.set(key, places)
  const kind = isTest(file) ? places.tests : places.code
  kind.add(file)
  // What stands beside the code is its test, whether or not it cites the section again.
  const beside = file.replace(/\.ts$/, '.test.ts')
  if (kind === places.code && existsSync(join(root, beside))) places.tests.add(beside)
}

function linkAll(files: ReadonlySet<string>): string {
  return [...files]
    .sort(compareNatural)
    .map((file) => `[${file.replace(/^src\//, '')}](../${file})`)
    .join(', ')
}

function makeDocument(): string {
  const sections = new Map<number, Map<string, Places>>()
  const requirements = new Map<string, Places>()
  const files = globSync(['src/**/*.ts', 'test/**/*.ts', 'test/scenarios/**/*.txt'], { cwd: root }).sort(compareNatural)
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const { rfc, section } of citationsIn(text)) {
      const index = sections.get(rfc) ?? new Map<string, Places>()
      sections.set(rfc, index)
      place(index, section, file)
    }
    if (isTest(file)) for (const id of requirementsIn(text)) place(requirements, id, file)
  }
  return [...header(), ...rfcTables(sections), ...requirementTable(requirements), ''].join('\n')
}

function header(): string[] {
  return [
    '# Standards: which code follows what, and which test checks it',
    '',
    'Made by `npm run standards` from the citations in the sources; do not edit. A section is listed where code or a test',
    'cites it; a test beside code that cites it counts as well. Files are relative to `src/` unless they begin with `test/`.',
    '',
  ]
}

function rfcTables(sections: ReadonlyMap<number, ReadonlyMap<string, Places>>): string[] {
  return [...sections]
    .sort(([one], [other]) => one - other)
    .flatMap(([rfc, index]) => {
      const title = titles[rfc]
      const rows = [...index]
        .sort(([one], [other]) => compareNatural(one, other))
        .map(([section, { code, tests }]) => `| ${section} | ${linkAll(code)} | ${linkAll(tests)} |`)
      return [
        `## RFC ${rfc}${title === undefined ? '' : `: ${title}`}`,
        '',
        '| section | code | tests |',
        '|---|---|---|',
        ...rows,
        '',
      ]
    })
}

function requirementTable(requirements: ReadonlyMap<string, Places>): string[] {
  const rows = [...requirements]
    .sort(([one], [other]) => compareNatural(one, other))
    .map(([id, { tests }]) => `| ${id} | ${linkAll(tests)} |`)
  return [
    '## Requirements by id',
    '',
    'Test names carry the ids of the project’s catalogue of requirements: WIRE, DNSSEC and RES for DNS, DANE, STS for MTA-STS,',
    'STLS for STARTTLS, DLV for delivery, TLS; V- and DV for test vectors.',
    '',
    '| id | tests |',
    '|---|---|',
    ...rows,
  ]
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const document = makeDocument()
if (!values.check) writeFileSync(target, document)
else if (readFileSync(target, 'utf8') !== document) {
  process.stderr.write('docs/standards.md is out of date: run npm run standards\n')
  process.exitCode = 1
}
