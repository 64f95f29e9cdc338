// The forms in which `waxseal check` writes its reports, for one domain, for several and for a list.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { tagsIn } from '../support/tags.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8')
let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`${text.slice(0, text.search(/^(?:drop|send|attack|clock) /m))}
zone   swapped.example
zone   swapped.example MX 10 mx.swapped.example
zone   _25._tcp.mx.swapped.example TLSA 3 1 1 {zeros.32}
host   mx.swapped.example
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

const check = (...args: readonly string[]) => commands.run(['check', ...commands.iterate, ...args])

function listOf(text: string): string {
  const list = join(commands.folder, 'domains')
  writeFileSync(list, text)
  return list
}

test('CI reads a suite for each domain, in the order given', async () => {
  const { stdout, status, stderr } = await check('--junit', 'swapped.example', 'clinic.example')
  assert.deepEqual([status, stderr], [4, ''])
  const suites = tagsIn(stdout).filter(({ name }) => name === 'testsuite')
  assert.deepEqual(
    suites.map(({ attributes }) => [attributes.name, attributes.failures === '0']),
    [
      ['swapped.example', false],
      ['clinic.example', true],
    ],
  )
})

const monitored: [domains: string, status: number, line: RegExp][] = [
  ['clinic.example', 0, /^WAXSEAL OK - clinic\.example is protected \| breaks_now=0;;0;0 [^\n]* days_left=\d+\n$/],
  ['bakery.example', 1, /^WAXSEAL WARNING - bakery\.example is protected in part: [^\n]+\n$/],
  ['clinic.example swapped.example', 2, /^WAXSEAL CRITICAL - 1 of 2 domains: swapped\.example is broken: [^\n]+\n$/],
]
for (const [domains, status, line] of monitored) {
  test(`monitoring ends with ${status} for ${domains}`, async () => {
    const ended = await check('--nagios', ...domains.split(' '))
    assert.equal(ended.status, status)
    assert.match(ended.stdout, line)
  })
}

test('monitoring is content with a verdict that is good enough', async () => {
  const ended = await check('--nagios', '--enough', 'protected-partly', 'bakery.example', 'clinic.example')
  assert.equal(ended.status, 0)
  assert.match(ended.stdout, /^WAXSEAL OK - all 2 domains are as well protected as they must be \| /)
})

test('monitoring takes a list with lines that are no domains for unknown, unless something is critical', async () => {
  const unknown = await check('--nagios', '--file', listOf('clinic.example\na b\n'))
  assert.deepEqual(
    [unknown.status, unknown.stdout],
    [3, 'WAXSEAL UNKNOWN - lines of the list that are no domain names: 1\n'],
  )
  const critical = await check('--nagios', '--file', listOf('a b\nswapped.example\n'))
  assert.equal(critical.status, 2)
  assert.match(critical.stdout, /^WAXSEAL CRITICAL - swapped/)
})

test('metrics go to a file in one step', async () => {
  const file = join(commands.folder, 'waxseal.prom')
  const ended = await check('--prometheus', '--output', file, 'clinic.example')
  assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', ''])
  assert.match(readFileSync(file, 'utf8'), /^waxseal_check_verdict\{domain="clinic\.example",verdict="protected"\} 1$/m)
})

test('a file that cannot be written is said to be so', async () => {
  const ended = await check('--markdown', '-o', join(commands.folder, 'nowhere', 'x'), 'clinic.example')
  assert.equal(ended.status, 73)
  assert.match(ended.stderr, /^waxseal: cannot write ".*": no such file\n$/)
})

test('a list becomes one page, in the order of the list, and its faulty lines are warned of', async () => {
  const list = listOf('swapped.example\nnot a domain\n\n# remark\nclinic.example\n')
  const { stdout, stderr, status } = await check('--html', '--file', list)
  assert.deepEqual([status, stderr], [65, 'waxseal: line 2 of the list: "not a domain": bad character\n'])
  const tags = tagsIn(stdout)
  assert.equal(tags.filter(({ attributes }) => attributes.class === 'report').length, 2)
  assert.ok(stdout.indexOf('>swapped.example<') < stdout.indexOf('>clinic.example<'))
})

test('a ticket has the records to publish in a block of their own', async () => {
  const { stdout } = await check('--markdown', 'swapped.example')
  assert.match(stdout, /^# Mail to swapped.example is refused or delayed now/)
  assert.match(stdout, /^```\n_25\._tcp\.mx\.swapped\.example\. IN TLSA 3 1 1 [0-9a-f]{64}\n```$/m)
})

test('several domains are told in the order given, however long each takes', async () => {
  const { stdout } = await check('--json', '--jobs', '3', 'swapped.example', 'nobody.example', 'clinic.example')
  const domains = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { domain: string }).domain)
  assert.deepEqual(domains, ['swapped.example', 'nobody.example', 'clinic.example'])
})

test('a list that is too long for one text is refused before more is asked', async () => {
  const list = listOf('nobody.example\n'.repeat(1001))
  const ended = await check(
    '--prometheus',
    '--only',
    'mail',
    '--jobs',
    '64',
    '--file',
    list,
    '-o',
    join(commands.folder, 'x'),
  )
  assert.equal(ended.status, 66)
  assert.match(ended.stderr, /over 1000 domains: --json takes any number/)
  assert.equal(existsSync(join(commands.folder, 'x')), false)
})

for (const [what, args, message] of [
  [
    'a verdict that is never enough',
    ['--nagios', '--enough', 'cleartext', 'a.example'],
    /"cleartext" is none of protected, /,
  ],
  ['what is enough without who minds', ['--enough', 'protected', 'a.example'], /--enough needs --nagios/],
  ['two forms', ['--html', '--json', 'a.example'], /either --json or --html/],
  ['a file for what is printed as it comes', ['--json', '--output', 'x', 'a.example'], /--output needs one of --junit/],
] as const) {
  test(`the command line is refused for ${what}`, async () => {
    const { status, stderr } = await commands.run(['check', ...args])
    assert.equal(status, 64)
    assert.match(stderr, message)
  })
}
