// What `waxseal dns` does beyond one lookup of one name, in a lab.
import assert from 'node:assert/strict'
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
