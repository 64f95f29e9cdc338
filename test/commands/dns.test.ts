// What `waxseal dns` does beyond one lookup of one name, in a lab.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`world  names to look up
zone   signed.example
zone   signed.example MX 10 mx.signed.example
zone   mx.signed.example A 192.0.2.25
zone   bogus.example
zone   bogus.example MX 10 mx.bogus.example bogus
zone   lame.example
zone   lame.example MX 10 mx.lame.example
zone   lame.example NS elsewhere.signed.example
zone   elsewhere.signed.example A 198.51.100.1
zone   silent.example
zone   silent.example MX 10 mx.silent.example timeout
zone   plain.example signed=no
zone   plain.example MX 10 mx.plain.example
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

for (const words of [
  ['@198.51.100.253', 'signed.example', 'MX'],
  ['signed.example', '@198.51.100.253:53', 'MX'],
  ['signed.example', 'MX', '@198.51.100.253#53'],
]) {
  test(`dns ${words.join(' ')} asks that resolver, and validates what it says`, async () => {
    const anchors = commands.iterate.slice(commands.iterate.indexOf('--trust-anchor'))
    lab.reset()
    const { status, stdout, stderr } = await commands.run(['dns', '--json', ...anchors, ...words])
    assert.equal(stderr, '')
    assert.equal(status, 0)
    const { result, server, ...found } = JSON.parse(stdout)
    assert.deepEqual([result, found.status, server], ['answer', 'secure', lab.forwarder.address])
    assert.deepEqual(new Set(lab.diary.asked.map((asked) => asked.server)), new Set([lab.forwarder.address]))
  })
}

test('RES-48: dns --cache-file keeps what is secure, and the next run asks nobody for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-dns-'))
  const args = ['dns', '--json', ...commands.iterate, '--cache-file', join(folder, 'cache'), 'signed.example', 'MX']
  try {
    const first = await commands.run(args)
    lab.reset()
    const next = await commands.run(args)
    assert.deepEqual([next.status, next.stderr, lab.diary.asked.length], [0, '', 0])
    const [before, now] = [first, next].map(({ stdout }) => JSON.parse(stdout))
    assert.deepEqual([before.cached, now.cached, now.status], [false, true, 'secure'])
    assert.deepEqual(now.records, before.records)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('dns --file looks up every line, and says of each line which it was', async () => {
  const input = [
    'signed.example MX',
    '',
    '# by the way',
    'bogus.example\tmx',
    'none.signed.example',
    'plain.example MX',
  ]
  const { status, stdout, stderr } = await commands.run(['dns', ...commands.iterate, '--file', '-', '-j', '2'], {
    input: input.join('\n'),
  })
  assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual(summariesOf(stdout), [
    [1, 'waxseal.dns/1', 'signed.example. MX', 'answer', 'secure'],
    [4, 'waxseal.dns/1', 'bogus.example. MX', 'failure', 'bogus'],
    [5, 'waxseal.dns/1', 'none.signed.example. A', 'nxdomain', 'secure'],
    [6, 'waxseal.dns/1', 'plain.example. MX', 'answer', 'insecure'],
  ])
})

function summariesOf(stdout: string) {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  lines.sort((one, other) => one.line - other.line)
  return lines.map(({ line, schema, name, type, result, status }) => [line, schema, `${name} ${type}`, result, status])
}

const faultyLines: [line: string, error: string][] = [
  ['a..example', 'not-a-name'],
  ['192.0.2.1 PTR', 'address'],
  ['a.example MXX', 'unknown-type'],
  ['a.example ANY', 'no-record-type'],
  ['a.example OPT', 'no-record-type'],
  ['a.example MX IN', 'too-many-words'],
  ['\x1b[31m\\', 'not-a-name'],
]
for (const [line, error] of faultyLines) {
  test(`a list may hold ${JSON.stringify(line)}: its line says ${error}, and the next is looked up`, async () => {
    const { status, stdout } = await commands.run(['dns', ...commands.iterate, '--file', '-'], {
      input: `${line}\nsigned.example MX\n`,
    })
    assert.equal(status, 65)
    const lines = stdout
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one))
    const [first, second] = lines.sort((one, other) => one.line - other.line)
    assert.deepEqual(first, { line: 1, schema: 'waxseal.dns/1', input: line, error })
    assert.equal(second.status, 'secure')
  })
}

const compared: [words: string[], status: number, first: RegExp][] = [
  [
    ['signed.example', 'MX'],
    0,
    /^signed\.example\. MX: 1 record, secure, from the only server address of signed\.example\.\n/,
  ],
  [['none.signed.example'], 0, /^none\.signed\.example\. A: no such name, secure, from the only server/],
  [
    ['lame.example', 'MX'],
    65,
    /^lame\.example\. MX: .* differ: 1 of 2 says: 1 record, secure; but elsewhere\.signed\.example\. \(198/,
  ],
  [
    ['bogus.example', 'MX'],
    75,
    /^bogus\.example\. MX: bogus, from the only server address of bogus\.example\.: signature/,
  ],
  [
    ['silent.example', 'MX'],
    75,
    /^silent\.example\. MX: no server of silent\.example\. answers: ns\.silent\.example\. /,
  ],
]
for (const [words, expected, first] of compared) {
  test(`dns --all-servers ${words.join(' ')} ends with ${expected}, and its first line is the verdict`, async () => {
    const args = ['dns', '--all-servers', ...commands.iterate, ...words]
    const { status, stdout, stderr } = await commands.run(args, { columns: 500 })
    assert.deepEqual([status, stderr], [expected, ''])
    assert.match(stdout, first)
  })
}

test('RES-44: dns --trace ends with what all of it cost', async () => {
  lab.reset()
  const { stderr } = await commands.run(['dns', '--trace', ...commands.iterate, 'signed.example', 'MX'])
  const shown = stderr.split('\n').filter((line) => line.startsWith('> ')).length
  const [, count] = /\n# in all: (\d+) queries by udp\n$/.exec(stderr) ?? []
  // What is asked of the root for its own sake is not shown.
  assert.ok(Number(count) >= shown && Number(count) <= lab.diary.asked.length, `${count}, ${shown}:\n${stderr}`)
  const here = await commands.run(['dns', '--trace', ...commands.iterate, 'localhost'])
  assert.equal(here.stderr, '# in all: nothing was sent\n')
})

test('dns --all-servers --trace shows what every server was asked', async () => {
  const { stderr } = await commands.run(['dns', '--all-servers', '--trace', ...commands.iterate, 'lame.example', 'MX'])
  assert.match(stderr, /^> 198\.51\.100\.1 udp lame\.example\. MX \(cd do\)$/m)
})

for (const [name, status, word] of [
  ['signed.example', 0, 'secure'],
  ['plain.example', 0, 'insecure'],
  ['bogus.example', 75, 'bogus'],
] as const) {
  test(`dns --chain-svg of ${name} prints the answer and draws the chain to its ${word} end`, async () => {
    const path = join(commands.folder, 'chain.svg')
    const plain = await commands.run(['dns', ...commands.iterate, name, 'MX'])
    const drawn = await commands.run(['dns', '--chain-svg', path, ...commands.iterate, name, 'MX'])
    assert.deepEqual(drawn, plain)
    assert.equal(drawn.status, status)
    const svg = readFileSync(path, 'utf8')
    assert.match(svg, /^<svg xmlns=/)
    assert.ok(svg.includes(`, then ${name}. MX ${word}</desc>`), svg)
    assert.deepEqual(
      readdirSync(commands.folder).filter((file) => file.startsWith('chain.svg')),
      ['chain.svg'],
    )
  })
}

test('dns --chain-svg to where nothing can be written says so after the answer, and ends with 73', async () => {
  const path = join(commands.folder, 'none', 'chain.svg')
  const { status, stdout, stderr } = await commands.run([
    'dns',
    '--chain-svg',
    path,
    ...commands.iterate,
    'signed.example',
  ])
  assert.equal(status, 73)
  assert.match(stdout, /^signed\.example\. A: no records of this type, secure\n/)
  assert.equal(stderr, `waxseal: cannot write "${path}": no such file\n`)
})
