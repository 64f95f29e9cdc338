import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from './command.ts'
import { formatHelp, formatOverview } from './help.ts'
import { formatManPage } from './man-page.ts'
import { findCommand, registry } from './registry.ts'
import { widthOf } from './wrap.ts'

const plain = { columns: 80, heading: (text: string) => text }

for (const { name, summary, load } of registry) {
  test(`${name} is listed under its own name and summary`, async () => {
    const command = await load()
    assert.equal(command.name, name)
    assert.equal(command.summary, summary)
    assert.doesNotMatch(summary, /\.$/)
    assert.ok(command.usage.length > 0 && command.usage.every((form) => form.startsWith(name)))
  })

  test(`the help of ${name} fits 80 columns, and every option is in it`, async () => {
    const command = await load()
    const help = formatHelp(command, plain)
    for (const line of help.split('\n')) assert.ok(widthOf(line) <= 80, line)
    for (const [option, { hidden, description }] of Object.entries(command.options)) {
      assert.equal(help.includes(`--${option}`), hidden !== true, option)
      assert.doesNotMatch(description, /\.$/)
    }
  })

  test(`the manual page of ${name} has no line that its formatter would misread`, async () => {
    const page = formatManPage(await load(), { version: '0.0.0', others: [] })
    const macros = new Set(['.TH', '.SH', '.TP', '.B', '.BR', '.PP', '.br'])
    for (const line of page.split('\n')) {
      const [first = ''] = line.split(' ')
      assert.ok(!/^[.']/.test(line) || macros.has(first), line)
      assert.doesNotMatch(line, /(^|[^\\])-(?!$)/, line)
    }
  })
}

test('the overview fits 80 columns and names every command', () => {
  const overview = formatOverview(registry, plain)
  for (const line of overview.split('\n')) assert.ok(widthOf(line) <= 80, line)
  for (const { name } of registry) assert.ok(overview.includes(`\n  ${name}`))
})

test('findCommand takes two words before one', () => {
  assert.equal(findCommand(['config', 'check', 'x'])?.command.name, 'config check')
  assert.deepEqual(findCommand(['dns', 'check'])?.rest, ['check'])
  assert.equal(findCommand(['config']), undefined)
  assert.equal(findCommand([]), undefined)
})

const command: Command = {
  name: 'try it',
  summary: 'Try things',
  usage: ['try it [--jobs N] DOMAIN', 'try it --file LIST'],
  description: ['What it does.'],
  options: {
    jobs: { type: 'string', short: 'j', value: 'N', description: 'how many at once' },
    'a-very-long-option-name': { type: 'string', value: 'AND-A-LONG-VALUE', description: 'set far away' },
    odd: { type: 'boolean', hidden: true, description: 'not shown' },
    server: { type: 'string', value: 'ADDRESS', description: 'whom to ask', group: 'Options for the network' },
  },
  exitStatuses: [{ status: 75, means: 'not now' }],
  examples: [{ line: 'waxseal try it a.example', does: 'tries' }],
  run: async () => 0,
}

test('help is drawn from the command', () => {
  assert.equal(
    formatHelp(command, plain),
    `Try things.

Usage
  waxseal try it [--jobs N] DOMAIN
  waxseal try it --file LIST

What it does.

Options
  -j, --jobs N                how many at once
      --a-very-long-option-name AND-A-LONG-VALUE
                              set far away
  -h, --help                  show this help

Options for the network
      --server ADDRESS        whom to ask

Exit status
  75  not now
  64  the command line cannot be meant
  70  a bug in waxseal
  78  the configuration is wrong

Examples
  waxseal try it a.example
      tries
`,
  )
})

test('a manual page is drawn from the command', () => {
  const page = formatManPage(command, { version: '1.2.3', others: ['dns', 'config check'] })
  assert.ok(page.startsWith('.TH WAXSEAL\\-TRY\\-IT 1 "" "waxseal 1.2.3" "User Commands"\n.SH NAME\n'))
  assert.ok(page.includes('.SH SYNOPSIS\n.B waxseal try it [\\-\\-jobs N] DOMAIN\n.br\n'))
  assert.ok(page.includes('.SH OPTIONS FOR THE NETWORK\n.TP\n.B \\-\\-server ADDRESS\nwhom to ask.\n'))
  assert.ok(page.endsWith('.BR waxseal\\-dns (1) ,\n.BR waxseal\\-config\\-check (1)\n'))
})
