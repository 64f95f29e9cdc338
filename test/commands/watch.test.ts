// `waxseal check --watch` in a lab: what it prints and tells, and that it ends well.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8')
let lab: Lab
let commands: LabCommands
let state: string
let script: string
let told: string

before(async () => {
  lab = await startLab(text.slice(0, text.search(/^(?:drop|send|attack|clock) /m)))
  commands = commandsIn(lab)
  state = join(commands.folder, 'state.json')
  told = join(commands.folder, 'told')
  script = join(commands.folder, 'tell')
  writeFileSync(script, `#!/bin/sh\nprintf '%s %s\\n' "$1" "$WAXSEAL_SUMMARY" >>'${told}'\n`)
  chmodSync(script, 0o755)
})

after(async () => {
  commands.close()
  await lab.close()
})

const watch = (...args: readonly string[]) => commands.run(['check', ...commands.iterate, '--watch', ...args])

test('a round for cron remembers, tells of nothing new, and tells of what changed since the state was written', async () => {
  const args = [
    '--once',
    '--state',
    state,
    '--warn-days',
    '0',
    '--run',
    `${script} please`,
    'clinic.example',
    'bakery.example',
  ]
  const first = await watch(...args)
  assert.deepEqual([first.status, first.stderr], [0, ''])
  assert.match(
    first.stdout,
    /^\S+ \S+ UTC clinic\.example: protected\n\S+ \S+ UTC bakery\.example: protected-partly\n$/,
  )
  await watch(...args)
  assert.equal(existsSync(told), false)
  // As it was before somebody mended the domain.
  writeFileSync(state, readFileSync(state, 'utf8').replace('"verdict":"protected"', '"verdict":"broken"'))
  const third = await watch(...args)
  assert.match(third.stdout, /clinic\.example is better: verdict: broken -> protected\n/)
  assert.equal(readFileSync(told, 'utf8'), 'please clinic.example is better: verdict: broken -> protected\n')
  assert.equal(third.status, 0)
})

test('who could not be told is told by the next round, and the status says so', async () => {
  const other = join(commands.folder, 'other.json')
  await watch('--once', '--state', other, '--warn-days', '0', 'clinic.example')
  writeFileSync(other, readFileSync(other, 'utf8').replace('"verdict":"protected"', '"verdict":"broken"'))
  const args = ['--once', '--state', other, '--warn-days', '0', 'clinic.example', '--run']
  const failed = await watch(...args, join(commands.folder, 'nowhere'))
  assert.equal(failed.status, 75)
  assert.match(
    failed.stderr,
    /command was not told "clinic\.example is better: .*": cannot run ".*nowhere": no such file; it is tried again/,
  )
  const again = await watch(...args, `${script} again`)
  assert.deepEqual([again.status, again.stderr], [0, ''])
  assert.match(readFileSync(told, 'utf8'), /^again clinic\.example is better/m)
})

test('it goes on until it is told to end, and that is a good end', async () => {
  const stop = new AbortController()
  const ended = await commands.run(['check', ...commands.iterate, '--watch', 'clinic.example'], {
    signal: stop.signal,
    onOutput: () => stop.abort(),
  })
  assert.equal(ended.status, 0)
  assert.equal(ended.stderr, 'waxseal: without --state all that was told is forgotten when this ends\n')
})

test('a damaged state is warned of, and put aside', async () => {
  const damaged = join(commands.folder, 'damaged.json')
  writeFileSync(damaged, '{"schema":"waxseal.wat')
  const { status, stderr } = await watch('--once', '--state', damaged, 'clinic.example')
  assert.equal(status, 0)
  assert.match(stderr, /is damaged, and now lies in ".*damaged\.json\.damaged": this begins afresh/)
})

test('a list with lines that are no domains is not watched', async () => {
  const list = join(commands.folder, 'list')
  writeFileSync(list, 'clinic.example\na b\n')
  const { status, stderr } = await watch('--once', '--state', state, '--file', list)
  assert.equal(status, 66)
  assert.match(stderr, /the list has lines that are no domain names: 1/)
})

test('SIGTERM ends a watch that waits for its next round, at once and with status 0', async () => {
  const main = join(import.meta.dirname, '..', '..', 'src', 'programs', 'cli', 'main.ts')
  const nobody = ['--engine', 'forward', '--server', '127.0.0.1:1', '--store', ':memory:', '--timeout', '5']
  const args = [main, 'check', '--watch', '--only', 'mail', ...nobody, 'clinic.example']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  assert.match(line.toString(), /clinic\.example: undetermined\n$/)
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'close'), [0, null])
})

const refused: [what: string, args: readonly string[], message: RegExp][] = [
  ['once without a state', ['--watch', '--once'], /--once needs --state/],
  ['its options without it', ['--every', '6h'], /option --every needs --watch/],
  ['a time that is too short', ['--watch', '--every', '1m'], /"1m" is no time from 15m to 30d/],
  ['a time without its unit', ['--watch', '--every', '6'], /"6" is no time/],
  ['days that are none', ['--watch', '--warn-days', '14,x'], /"14,x" is no list/],
  ['a count that is none', ['--watch', '--untold-after', '0'], /"0" is no number from 1/],
  ['an address of the Web that is none', ['--watch', '--webhook', 'ftp://a.example/'], /is no https address/],
  ['a webhook in clear', ['--watch', '--webhook', 'http://a.example/'], /http needs --allow-private/],
  [
    'a password in an address',
    ['--watch', '--webhook', 'https://a:b@a.example/'],
    /user names and passwords are not sent/,
  ],
  ['a program that is none', ['--watch', '--run', ' '], /there is no program/],
  ['a report in another form', ['--watch', '--html'], /either --watch or --html/],
]
for (const [what, args, message] of refused) {
  test(`a watch is refused for ${what}`, async () => {
    const { status, stderr } = await commands.run(['check', ...args, 'clinic.example'])
    assert.equal(status, 64)
    assert.match(stderr, message)
  })
}
