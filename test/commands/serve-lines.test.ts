// What `waxseal serve` tells who asks in lines, in a lab.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text as toText } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8').split(/^drop/m)[0] ?? ''

let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(text)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

/** One question on a connection of its own, to its end. */
async function ask(path: string, question: string): Promise<string> {
  const socket = connect(path)
  socket.end(question)
  let said = ''
  for await (const octets of socket) said += String(octets)
  return said
}

const http = () => join(commands.folder, 'http')

/** What the metrics say of questions and connections of mail servers. */
function metrics(): Promise<string[]> {
  return new Promise((resolve, reject) => {
    get({ socketPath: http(), path: '/metrics' }, (response) => {
      toText(response).then((said) => {
        resolve(said.split('\n').filter((line) => /^waxseal_(questions_total|connections)\{/.test(line)))
      }, reject)
    }).on('error', reject)
  })
}

/** Serves until `use` is done, and resolves to what was printed. */
async function serve(args: readonly string[], wait: readonly string[], use: () => Promise<void>): Promise<string> {
  const stopping = new AbortController()
  const socketmap = join(commands.folder, 'socketmap')
  const ended = commands.run(
    ['serve', '--socketmap', socketmap, '--http', http(), '--store', ':memory:', ...commands.iterate, ...args],
    {
      signal: stopping.signal,
    },
  )
  let isOver = false
  const over = () => {
    isOver = true
  }
  ended.then(over, over)
  while (!wait.every((path) => existsSync(path)) && !isOver) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(!isOver, 'it ended before it listened')
  try {
    await use()
  } finally {
    stopping.abort()
  }
  const { status, stdout, stderr } = await ended
  assert.deepEqual([status, stderr], [0, ''])
  return stdout
}

const lineReplies: [question: string, reply: RegExp][] = [
  ['query friends.example', /^action=deliver hosts="mx\.friends\.example" dane="mx\.friends\.example" pkix="" /],
  ['query bakery.example', /^action=deliver hosts="mx\.bakery\.example" dane="" pkix="mx\.bakery\.example" /],
  ['query library.example', /^action=deliver .* may="mx\.library\.example" reason=""\n$/],
  ['query choir.example in.provider.example', /^action=deliver host="in\.provider\.example" tls=dane reason=""\n$/],
  ['query choir.example mx.bakery.example', /^action=deliver host="mx\.bakery\.example" tls=skip reason=".+"\n$/],
  ['query nobody.example', /^action=bounce hosts="" dane="" pkix="" encrypt="" may="" reason=".+"\n$/],
]

test('STS-134: Exim and a Postfix without socketmap are told the same as the socketmap tells', async () => {
  const lines = join(commands.folder, 'lines')
  const table = join(commands.folder, 'table')
  const stdout = await serve(['--lines', lines, '--tcp-table', table], [lines, table], async () => {
    for (const [question, reply] of lineReplies) assert.match(await ask(lines, `${question}\n`), reply)
    assert.equal(
      await ask(table, 'get friends.example\nget b%61kery.example\nget nobody.example\n'),
      '200 dane-only\n200 secure%20match=mx.bakery.example%20servername=hostname\n500 not%20found\n',
    )
    await ask(lines, 'query [192.0.2.1]\n')
    await ask(lines, 'what?\n')
    await ask(lines, 'x'.repeat(limits.lines.queryOctets + 1))
    await ask(table, 'get .example\nput it\n')
    await ask(table, 'x'.repeat(limits.postfix.tcpTableOctets + 1))
    const expected = [
      'waxseal_questions_total{by="lines",result="hit"} 1', // another host of a domain that was asked for
      'waxseal_questions_total{by="lines",result="miss"} 5',
      'waxseal_questions_total{by="lines",result="none"} 1',
      'waxseal_questions_total{by="lines",result="wrong"} 2',
      'waxseal_questions_total{by="tcp-table",result="hit"} 3',
      'waxseal_questions_total{by="tcp-table",result="miss"} 0',
      'waxseal_questions_total{by="tcp-table",result="none"} 1',
      'waxseal_questions_total{by="tcp-table",result="wrong"} 2',
      'waxseal_questions_total{by="socketmap",result="hit"} 0',
    ]
    const found = await metrics()
    for (const line of expected) assert.ok(found.includes(line), `${line}\n${found.join('\n')}`)
    const protocols = found.flatMap((line) => /protocol="([^"]+)"/.exec(line)?.slice(1) ?? [])
    assert.deepEqual(protocols.sort(), ['http', 'lines', 'socketmap', 'tcp-table'])
  })
  assert.match(stdout, new RegExp(`^listening on ${lines} for questions of one line$`, 'm'))
  assert.match(stdout, new RegExp(`^main\\.cf: smtp_tls_policy_maps = tcp:${table}$`, 'm'))
  assert.ok(!existsSync(lines) && !existsSync(table), 'sockets are left behind')
})

test('an address for lines that cannot be had stops the service before anything is served', async () => {
  const { status, stderr } = await commands.run([
    ...[
      'serve',
      '--http',
      'off',
      '--socketmap',
      join(commands.folder, 'other'),
      '--store',
      ':memory:',
      ...commands.iterate,
    ],
    ...['--lines', '/nowhere/at/all'],
  ])
  assert.equal(status, 78)
  assert.match(stderr, /cannot listen on \/nowhere\/at\/all: /)
  assert.ok(!existsSync(join(commands.folder, 'other')), 'the socket of the socketmap is left behind')
})
