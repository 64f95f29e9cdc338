// What `waxseal serve` tells Postfix in a lab, calm and under attack.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readPolicyData } from '../../src/core/postfix/policy-grammar.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type Ended, type LabCommands } from '../support/lab-commands.ts'

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

interface Serving {
  readonly path: string
  ask(key: string, map?: string): Promise<string>
  reload(): void
  /** Until this stands in the log. */
  hear(words: string): Promise<void>
  stop(): Promise<Ended>
}

let services = 0

async function serve(...options: readonly string[]): Promise<Serving> {
  const path = join(commands.folder, `socket${services++}`)
  const stopping = new AbortController()
  const reloads: (() => void)[] = []
  const args = ['serve', '--socketmap', path, '--http', 'off', '--store', ':memory:', ...commands.iterate, ...options]
  let heard = ''
  const ended = commands.run(args, {
    signal: stopping.signal,
    onReload: (reload) => reloads.push(reload),
    onOutput: (words) => {
      heard += words
    },
  })
  let isOver = false
  const over = () => {
    isOver = true
  }
  ended.then(over, over)
  while (!existsSync(path) && !isOver) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(!isOver, 'it ended before it listened')
  const socket = connect(path)
  await once(socket, 'connect')
  return {
    path,
    ask: (key, map = 'QUERY') => ask(socket, `${map} ${key}`),
    reload() {
      for (const reload of reloads) reload()
    },
    async hear(words) {
      while (!heard.includes(words)) await new Promise((resolve) => setImmediate(resolve))
    },
    async stop() {
      socket.destroy()
      stopping.abort()
      return ended
    },
  }
}

async function ask(socket: Socket, request: string): Promise<string> {
  const answered = once(socket, 'data')
  socket.write(`${Buffer.byteLength(request)}:${request},`)
  const [octets] = (await answered) as [Buffer] // `data` comes with nothing else
  const parts = /^(\d+):(.*),$/s.exec(octets.toString())
  assert.equal(parts?.[1], String(parts?.[2]?.length))
  return parts?.[2] ?? ''
}

const calm: [key: string, reply: string][] = [
  ['friends.example', 'OK dane-only'],
  ['FRIENDS.example', 'OK dane-only'],
  ['bakery.example', 'OK secure match=mx.bakery.example servername=hostname'],
  ['choir.example', 'OK dane'],
  ['[mx.clinic.example]', 'OK dane-only'],
  ['[mx.clinic.example]:587', 'NOTFOUND '],
  ['.friends.example', 'NOTFOUND '],
  ['nobody.example', 'NOTFOUND '],
]

test('each destination gets the level that protects it, and each decision is logged with its reason', async () => {
  const serving = await serve()
  for (const [key, reply] of calm) assert.equal(await serving.ask(key), reply, key)
  const { status, stdout, stderr } = await serving.stop()
  assert.deepEqual([status, stderr], [0, ''])
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines[0], `listening on ${serving.path}`)
  assert.equal(lines[1], `main.cf: smtp_tls_policy_maps = socketmap:unix:${serving.path}:QUERY`)
  assert.match(stdout, /^bakery\.example: secure\. Mail to bakery\.example goes only to mx\.bakery\.example, /m)
  assert.equal(lines.filter((line) => line.startsWith('friends.example: dane-only. ')).length, 1)
  assert.deepEqual(lines.slice(-2), ['stopping: questions under way are answered first', 'stopped'])
  assert.ok(!existsSync(serving.path), 'the socket is left behind')
})

test('DNSSEC-10 a decision that rests on a negative trust anchor says so in the log', async () => {
  const ends = new Date(lab.clock.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z')
  const why = `friends.example. is not validated until ${ends}, by a negative trust anchor: ticket 4711`
  for (const format of ['text', 'json']) {
    const anchor = `friends.example ${ends} ticket 4711`
    const serving = await serve('--log-format', format, '--negative-trust-anchor', anchor)
    assert.equal(await serving.ask('friends.example'), 'NOTFOUND ')
    assert.equal(await serving.ask('choir.example'), 'OK dane')
    const { stdout, stderr } = await serving.stop()
    assert.equal(stderr, '')
    const [warned, rests, ...others] = stdout.split('\n').filter((line) => line.includes('ticket 4711'))
    assert.match(
      warned ?? '',
      /resolver-warning.*friends\.example\. is not validated until .*: ticket 4711; hosts at and below it have no DANE/,
    )
    assert.deepEqual(others, [])
    if (format === 'text')
      assert.match(rests ?? '', new RegExp(`^friends\\.example: NOTFOUND\\. .* no DANE: ${why}\\. `))
    else assert.deepEqual(JSON.parse(rests ?? '').reasons, [`no DANE: ${why}`])
  }
})

test('Postfix 3.10 and later get what they report by', async () => {
  const serving = await serve('--log-format', 'json')
  const reply = await serving.ask('bakery.example', 'QUERYwithTLSRPT')
  assert.match(reply, /^OK secure match=mx\.bakery\.example .* policy_type=sts policy_domain=bakery\.example /)
  assert.equal(typeof readPolicyData(reply.slice(3), 'tlsrpt'), 'object')
  const { stdout } = await serving.stop()
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; destination?: string; postfix?: string })
  const decision = events.find(({ event }) => event === 'decision')
  assert.deepEqual([decision?.destination, decision?.postfix], ['bakery.example', 'secure'])
})

test('a configuration that is read again counts for the next question; a wrong one changes nothing', async () => {
  const config = join(commands.folder, 'waxseal.toml')
  writeFileSync(config, 'log-format = "text"\n')
  const serving = await serve('--config', config)
  assert.equal(await serving.ask('friends.example'), 'OK dane-only')
  writeFileSync(config, 'colour = "red"\n')
  serving.reload()
  await serving.hear('the configuration stays as it was: ')
  assert.equal(await serving.ask('friends.example'), 'OK dane-only')
  writeFileSync(config, 'log-format = "json"\nmixed-hosts = "secure"\n')
  serving.reload()
  await serving.hear('the configuration was read again')
  assert.equal(await serving.ask('court.example'), 'OK dane-only')
  const { stdout, status } = await serving.stop()
  assert.equal(status, 0)
  assert.match(stdout, /stays as it was: .*waxseal\.toml:1: unknown key "colour"/)
  assert.match(stdout, /^\{"event":"decision","destination":"court\.example",/m)
})

for (const [wrong, why] of [
  [['--socketmap', 'nowhere'], /option --socketmap: "nowhere" is neither address and port nor the path of a socket/],
  [['--mixed-hosts', 'some'], /option --mixed-hosts: "some" is none of dane-only, secure/],
  [['--socketmap', '/nowhere/at/all'], /cannot listen on \/nowhere\/at\/all: /],
] as const) {
  test(`what cannot be used is refused before anything is served: ${wrong.join(' ')}`, async () => {
    const { status, stderr } = await commands.run([
      'serve',
      ...commands.iterate,
      '--http',
      'off',
      '--store',
      ':memory:',
      ...wrong,
    ])
    assert.match(stderr, why)
    assert.ok(status === 64 || status === 78, String(status))
  })
}
