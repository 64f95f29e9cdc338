import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defineCommand, UsageError } from './command.ts'
import { parseArguments } from './parse-arguments.ts'
import { asksForHelp } from './run-command-line.ts'

const command = defineCommand({
  name: 'try',
  summary: 'Try things',
  usage: ['try [--json] DOMAIN'],
  options: {
    json: { type: 'boolean', description: 'as JSON' },
    store: { type: 'string', value: 'FILE', description: 'where' },
    jobs: { type: 'string', short: 'j', value: 'N', description: 'how many' },
    server: { type: 'string', multiple: true, value: 'ADDRESS', description: 'whom to ask' },
    secret: { type: 'boolean', hidden: true, description: 'works all the same' },
  },
  operands: { name: 'DOMAIN', min: 1, max: 2 },
  run: async () => 0,
})

const none = { help: undefined, json: undefined, store: undefined, jobs: undefined, server: [], secret: undefined }

const taken: [what: string, args: string[], values: object, positionals?: string[]][] = [
  ['an operand alone', ['a.example'], {}],
  ['a boolean', ['--json', 'a.example'], { json: true }],
  ['a boolean switched off', ['--no-json', 'a.example'], { json: false }],
  ['the last of a boolean given twice', ['--no-json', '--json', 'a.example'], { json: true }],
  ['a value behind a blank', ['--store', 'x', 'a.example'], { store: 'x' }],
  ['a value behind an equals sign', ['--store=--json', 'a.example'], { store: '--json' }],
  ['a lone dash as a value', ['--store', '-', 'a.example'], { store: '-' }],
  ['a short option', ['-j4', 'a.example'], { jobs: '4' }],
  ['an option given more than once', ['--server', '::1', '--server=::2', 'a.example'], { server: ['::1', '::2'] }],
  ['options behind operands', ['a.example', '--json'], { json: true }],
  ['a hidden option', ['--secret', 'a.example'], { secret: true }],
  ['what stands behind two dashes', ['--', 'a.example', '--json'], {}, ['a.example', '--json']],
]
for (const [what, args, values, positionals = ['a.example']] of taken) {
  test(`parseArguments takes ${what}`, () => {
    assert.deepEqual(parseArguments(command, args), { values: { ...none, ...values }, positionals })
  })
}

const refused: [what: string, args: string[], message: string][] = [
  ['an unknown option', ['--jsn'], 'unknown option "--jsn", did you mean "--json"'],
  ['an unknown option unlike any', ['--frobnicate'], 'unknown option "--frobnicate"'],
  ['an option named after a built-in', ['--constructor'], 'unknown option "--constructor"'],
  ['a negated string', ['--no-store', 'a'], 'unknown option "--no-store", did you mean "--store"'],
  ['escape sequences', ['--\x1b[31m'], 'unknown option "--\\x1b[31m"'],
  ['an unknown letter', ['-x'], 'unknown option "-x"'],
  ['a missing value', ['a', '--store'], 'option --store needs a value: --store FILE'],
  ['an option for a value', ['--store', '--json', 'a'], 'option --store needs a value: --store FILE'],
  ['a value for a boolean', ['--json=yes', 'a'], 'option --json takes no value'],
  ['a string given twice', ['--store', 'a', '--store', 'b'], 'option --store is given twice'],
  ['too few operands', ['--json'], 'missing DOMAIN (usage: waxseal try [--json] DOMAIN)'],
  ['too many operands', ['a', 'b', 'c\n'], 'unexpected argument "c\\x0a"'],
]
for (const [what, args, message] of refused) {
  test(`parseArguments refuses ${what}`, () => {
    assert.throws(() => parseArguments(command, args), { name: 'UsageError', code: 'ERR_USAGE', message })
  })
}

test('parseArguments asks for no operands when help is wanted', () => {
  assert.equal(asksForHelp(['--json', '-h']), true)
  assert.equal(asksForHelp(['--', '-h']), false)
})

test('parseArguments throws UsageError in one line and nothing else', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('--json', '--store', '--no-', '--', '-', '-j', '--=', '--__proto__=1'),
  )
  fc.assert(
    fc.property(fc.array(word), (args) => {
      try {
        parseArguments(command, args)
      } catch (error) {
        assert.ok(error instanceof UsageError)
        assert.doesNotMatch(error.message, /\p{Cc}/u)
      }
    }),
  )
})
