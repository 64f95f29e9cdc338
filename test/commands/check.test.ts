// What `waxseal check` says in a lab, to people and programs, and with which status it ends.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { CheckReport } from '../../src/core/check/report.ts'
import { createWaxseal } from '../../src/index.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8')
let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`${text.slice(0, text.search(/^(?:drop|send|attack|clock) /m))}
zone   clear.example signed=no
zone   clear.example MX 10 mx.clear.example
host   mx.clear.example starttls=no
zone   swapped.example
zone   swapped.example MX 10 mx.swapped.example
zone   _25._tcp.mx.swapped.example TLSA 3 1 1 {zeros.32}
host   mx.swapped.example
zone   busy.example
zone   busy.example MX 10 mx.busy.example
host   mx.busy.example down
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

const check = (...args: readonly string[]) => commands.run(['check', ...commands.iterate, ...args])

const statuses: [domains: string, status: number, sentence: RegExp][] = [
  ['clinic.example', 0, /^Mail to clinic\.example is protected against interception\.$/m],
  ['bakery.example', 1, /^Mail to bakery\.example is protected only in part/m],
  ['clear.example', 3, /^Mail to clear\.example may pass in clear/m],
  ['swapped.example', 4, /^Mail to swapped\.example is refused or delayed now/m],
  ['busy.example', 75, /^Whether mail to busy\.example is protected could not be told\.$/m],
  ['clinic.example bakery.example', 1, /^Mail to bakery\.example/m],
  ['swapped.example clinic.example clear.example', 4, /^Mail to clinic\.example/m],
  ['busy.example bakery.example', 75, /^Mail to bakery\.example/m],
]
for (const [domains, status, sentence] of statuses) {
  test(`the worst verdict decides about the status: ${domains}: ${status}`, async () => {
    const ended = await check(...domains.split(' '))
    assert.deepEqual([ended.status, ended.stderr], [status, ''])
    assert.match(ended.stdout, sentence)
  })
}

test('people read verdict, protocols, senders, hosts and what to do, in this order, on 80 columns and without colour', async () => {
  const { stdout } = await check('swapped.example')
  const places = [
    'Mail to swapped',
    '  DANE ',
    '  MTA-STS ',
    '  TLSRPT ',
    'What senders do',
    'MX hosts',
    'What to do',
    'Notes',
  ]
  const found = places.map((place) => stdout.indexOf(place))
  assert.ok(
    found.every((at) => at >= 0),
    stdout,
  )
  assert.deepEqual(
    found.toSorted((one, other) => one - other),
    found,
  )
  const wide = stdout.split('\n').filter((line) => line.length > 80 && !/ IN (?:TLSA|TXT) /.test(line))
  assert.deepEqual(wide, [])
  assert.doesNotMatch(stdout, /\x1b/)
  assert.match(stdout, /breaks delivery now: No TLSA record matches/)
  assert.match(stdout, /^ {6}_25\._tcp\.mx\.swapped\.example\. IN TLSA 3 1 1 [0-9a-f]{64}$/m)
  assert.match(stdout, /no match \(!\)/)
})

test('docs/check.md shows what the command prints', async () => {
  const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'check.md'), 'utf8')
  const mask = (text: string) =>
    text
      .trimEnd()
      .replace(/\b[0-9a-f]{64}\b/g, 'DIGEST')
      .replace(/\b20\d\d-\d\d-\d\d\b/g, 'DAY')
      .replace(/\bid=\d{14}Z[0-9a-f]{16}\b/g, 'id=ID')
      .replace(/\b192\.0\.2\.\d+ +/g, 'ADDRESS ')
      .replace(/\b(?:192\.0\.2|198\.51\.100)\.\d+\b/g, 'ADDRESS')
      .replace(/\s+/g, ' ') // an address of another length breaks lines elsewhere
  const shown = /\n\$ waxseal check swapped\.example\n(.*?)\n```/s.exec(docs)?.[1] ?? ''
  const { stdout } = await check('swapped.example')
  assert.equal(mask(shown), mask(stdout))
})

test('a narrow terminal without Unicode shows the same in ASCII', async () => {
  const { stdout } = await commands.run(['check', ...commands.iterate, 'swapped.example'], {
    columns: 40,
    unicode: false,
  })
  assert.doesNotMatch(stdout, /[^\n -~]/)
  const wide = stdout.split('\n').filter((line) => line.length > 40 && !/ IN /.test(line) && line.includes(' '))
  assert.ok(
    wide.every((line) => line.trim().split(' ').length <= 6),
    wide.join('\n'),
  )
})

test('a program reads one line of JSON for each domain', async () => {
  const { stdout } = await check('--json', 'clinic.example', 'swapped.example')
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CheckReport)
  assert.deepEqual(
    reports.map(({ schema, domain, verdict }) => [schema, domain, verdict]),
    [
      ['waxseal.check/1', 'clinic.example', 'protected'],
      ['waxseal.check/1', 'swapped.example', 'broken'],
    ],
  )
  assert.equal(reports[1]?.findings[0]?.id, 'tlsa-mismatch')
  assert.deepEqual(
    reports[1]?.sections.map(({ state }) => state),
    ['done', 'done', 'done', 'done', 'done'],
  )
})

test('a list is checked line by line, and what is no domain is said', async () => {
  const list = join(commands.folder, 'domains')
  writeFileSync(list, 'clinic.example\n# a remark\n\nnot a domain\nuser@bakery.example\n')
  const ended = await check('--file', list)
  assert.equal(ended.status, 65)
  const lines = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number; error?: string; verdict?: string })
  const sorted = lines.toSorted((one, other) => one.line - other.line)
  assert.deepEqual(
    sorted.map(({ line, verdict, error }) => [line, verdict ?? error]),
    [
      [1, 'protected'],
      [4, 'bad-character'],
      [5, 'protected-partly'],
    ],
  )
})

test('what is not asked for is not looked at, and said to be so', async () => {
  lab.reset()
  const { stdout, status } = await check('--json', '--only', 'mta-sts', 'bakery.example')
  const report = JSON.parse(stdout) as CheckReport
  assert.deepEqual([status, report.verdict], [75, 'undetermined'])
  assert.deepEqual(
    report.sections.map(({ name, state }) => `${name} ${state}`),
    ['mail done', 'mta-sts done', 'tlsrpt left-out', 'servers left-out', 'smtp left-out'],
  )
  assert.equal(report.leftOut.length, 3)
})

test('hosts are connected to from an address of this machine', async () => {
  const from = async (address: string) =>
    JSON.parse((await check('--json', '--from', address, 'clinic.example')).stdout) as CheckReport
  assert.equal((await from('127.0.0.2')).verdict, 'protected')
  assert.equal((await from('::1')).verdict, 'undetermined', 'the lab is all IPv4')
})

for (const [what, args, message] of [
  ['no domain', [], /missing DOMAIN/],
  ['a section that there is not', ['--only', 'dane,x', 'a.example'], /option --only: "dane" is none of/],
  ['a domain and a list', ['--file', 'x', 'a.example'], /either DOMAIN or --file/],
  ['what is no domain', ['a b'], /not a domain name: "a b"/],
  ['an address of ours that is none', ['--from', 'here', 'a.example'], /option --from: not an address: "here"/],
  [
    'guidelines that there are not',
    ['--profile', 'strict', 'a.example'],
    /option --profile: "strict" is none of rfc9325, ncsc-nl/,
  ],
  ['a name for EHLO that is none', ['--helo', 'a b', 'a.example'], /option --helo/],
] as const) {
  test(`the command line is refused for ${what}`, async () => {
    const { status, stderr } = await commands.run(['check', ...args])
    assert.equal(status, 64)
    assert.match(stderr, message)
  })
}

test('the library checks as the command does', async () => {
  const waxseal = createWaxseal({
    ...{ engine: 'iterate', network: lab.network, clock: lab.clock, rootHints: lab.rootHints },
    ...{ trustAnchors: lab.trustAnchors, ca: lab.ca },
  })
  try {
    const report = await waxseal.check('clinic.example')
    assert.deepEqual([report.schema, report.verdict], ['waxseal.check/1', 'protected'])
    await assert.rejects(waxseal.check('a b'), TypeError)
    const late = await waxseal.check('clinic.example', { signal: AbortSignal.abort() })
    assert.deepEqual([late.verdict, late.leftOut.length, late.findings], ['undetermined', 5, []])
  } finally {
    await waxseal.close()
  }
})
