// ZoneMTA's sender with the plugin of share/zonemta as it is, in the lab's world on real ports, calm and under attack. Its
// queue is played: ZoneMTA keeps its own in a MongoDB, which Debian does not have.
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  assertOutcome,
  inCalm,
  openPluginWorld,
  type PluginWorld,
  peer,
  type Tried,
  testPlugin,
  testReuse,
} from './plugin-world.ts'
import { openStage } from './servers.ts'

const root = join(import.meta.dirname, '..', '..')
const queuePort = 12_081

const stage = openStage()
let world: PluginWorld
let zoneMta: ZoneMta

before(async () => {
  world = await openPluginWorld(stage)
  zoneMta = await startZoneMta('zone-mta', world.options)
})

after(() => stage.stop())

interface Delivery {
  readonly domain: string
  readonly mark: string
  readonly more: object
}

interface ZoneMta extends Tried {
  send(domain: string, mark: string, more?: object): ReturnType<Tried['send']>
  log(): string
  stop(): Promise<void>
}

/** A copy of ZoneMTA with the plugin in it, as an operator lays it out. */
function layOut(name: string, options: object): string {
  const folder = join(stage.folder, name)
  const modules = join(folder, 'node_modules')
  const source = peer('zone-mta')
  cpSync(source, folder, { recursive: true })
  mkdirSync(modules, { recursive: true })
  const present = new Set(readdirSync(modules))
  for (const other of readdirSync(dirname(source))) {
    if (!present.has(other)) symlinkSync(join(dirname(source), other), join(modules, other))
  }
  mkdirSync(join(modules, 'waxseal'))
  writeFileSync(
    join(modules, 'waxseal', 'package.json'),
    '{ "name": "waxseal", "type": "module", "exports": "./index.js" }',
  )
  writeFileSync(
    join(modules, 'waxseal', 'index.js'),
    `export * from ${JSON.stringify(join(root, 'src', 'index.ts'))}\n`,
  )
  cpSync(join(root, 'share', 'zonemta', 'waxseal.js'), join(folder, 'plugins', 'waxseal.js'))
  const configuration = {
    queueServer: { port: queuePort, hostname: '127.0.0.1' },
    log: { level: 'silly' },
    dns: { caching: false },
    plugins: { waxseal: { enabled: ['sender'], ordering: 1, ...options } },
    zones: {
      // A connection that was good before an attack is good under it.
      default: { connections: 1, connectionCache: { reuseCount: 1 } },
      reusing: { connections: 1 },
      relayed: { connections: 1, host: 'mx.plain.example' },
    },
  }
  writeFileSync(join(folder, 'config', 'development.json'), JSON.stringify(configuration))
  // Where messages come from; all else of ZoneMTA's sender is its own.
  writeFileSync(
    join(folder, 'played-queue.cjs'),
    `const { Readable } = require('node:stream')
    class RemoteQueue {
      init(sendCommand, callback) { setImmediate(callback, null, true) }
      retrieve(id) { return Readable.from([Buffer.from(id + '\\r\\n')]) }
    }
    require.cache[require.resolve('./lib/remote-queue.js')] = { exports: RemoteQueue, loaded: true }
    `,
  )
  return folder
}

interface Client {
  send(data: object): void
  onData: (data: Command, next: () => void) => void
}

interface Command {
  readonly req?: number
  readonly cmd: string
  readonly status?: { readonly delivered: boolean; readonly response: string }
  readonly response?: string
}

/** Starts the sender of one zone, and a queue that gives it one message after another. */
async function startZoneMta(name: string, options: object, zone = 'default'): Promise<ZoneMta> {
  const folder = layOut(name, options)
  const Server = createRequire(join(folder, 'lib', 'package.json'))('./transport/server') as new () => {
    on(event: 'client', take: (client: Client) => void): void
    listen(port: number, address: string, done: () => void): void
    close(done: () => void): void
  }
  const server = new Server()
  const queue: Delivery[] = []
  let asking: (() => void) | undefined
  let settle: ((command: Command) => void) | undefined
  server.on('client', (client) => {
    client.onData = (command, next) => {
      setImmediate(next)
      const answer = (response: unknown) => client.send({ req: command.req, response })
      if (command.cmd === 'GET') {
        asking = () => {
          const delivery = queue.shift()
          if (delivery === undefined) return
          asking = undefined
          answer(deliveryOf(delivery, zone))
        }
        asking()
      } else {
        if (command.cmd === 'RELEASE' || command.cmd === 'DEFER') settle?.(command)
        if (command.req !== undefined) answer(command.cmd !== 'GETCACHE')
      }
    }
  })
  await new Promise<void>((resolve) => server.listen(queuePort, '127.0.0.1', resolve))
  let said = ''
  const child: ChildProcess = fork(join(folder, 'services', 'sender.js'), [`--senderName=${zone}`, '--senderId=1'], {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: world.authority },
    execArgv: ['--require', join(folder, 'played-queue.cjs')],
    silent: true,
  })
  for (const output of [child.stdout, child.stderr]) output?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close')
  let isRunning = true
  const stop = async () => {
    if (!isRunning) return
    isRunning = false
    child.kill('SIGTERM')
    await ended
    await new Promise<void>((resolve) => server.close(resolve))
  }
  stage.onStop(stop)
  return {
    stop,
    log: () => said,
    async send(domain, mark, more = {}) {
      const { length } = said
      const settled = new Promise<Command>((resolve) => {
        settle = resolve
      })
      queue.push({ domain, mark, more })
      asking?.()
      const command = await Promise.race([settled, ended.then(() => assert.fail(`ZoneMTA ended: ${said}`))])
      const outcome =
        command.cmd === 'DEFER' ? 'deferred' : command.status?.delivered === true ? 'delivered' : 'bounced'
      return { outcome, line: `${command.response ?? command.status?.response}\n${said.slice(length)}` }
    },
  }
}

let sequence = 0

/** A message as ZoneMTA's queue gives it out. */
function deliveryOf({ domain, mark, more }: Delivery, sendingZone: string): object {
  sequence++
  const id = `message${sequence}`
  return {
    ...{ id, seq: '001', sessionId: id, domain, recipient: `user@${domain}`, from: 'me@client.example' },
    ...{ sendingZone, interface: 'feeder', origin: '127.0.0.1', transtype: 'ESMTP', dnsOptions: {}, bodySize: 20 },
    ...{ created: Date.now(), queued: Date.now(), _lock: id, logger: true },
    headers: [
      { key: 'from', line: 'From: me@client.example' },
      { key: 'subject', line: `Subject: ${mark}` },
    ],
    ...more,
  }
}

test('mail that is there before the plugin is ready waits for it', async () => {
  const { outcome, line } = await zoneMta.send('mismatch.example', 'the first of all')
  assert.equal(outcome, 'deferred', line)
  assert.match(line, /451 4\.7\.5 mx\.mismatch\.example: its certificate matches none of its DANE-EE records/)
})

testPlugin(
  () => world,
  () => zoneMta,
  inCalm.map((expected) =>
    // It builds no chain to an anchor, and gives an attempt up at the first host that does not show what it must.
    ['anchored.example', 'second.example'].includes(expected.domain)
      ? { domain: expected.domain, outcome: 'deferred' }
      : expected,
  ),
)
testReuse(
  () => world,
  () => zoneMta,
)

test('a host that did not show what it must comes last at the next attempt', async () => {
  const expected = { domain: 'second.example', outcome: 'delivered', host: 'mx.second.example', tls: true } as const
  await assertOutcome(world.lab, zoneMta, expected, 'the second attempt')
})

test('a connection that is used again is judged again, by the certificate that it began with', async () => {
  await zoneMta.stop()
  const reusing = await startZoneMta('reusing', world.options, 'reusing')
  const first = await reusing.send('dane.example', 'the first')
  const second = await reusing.send('dane.example', 'the second')
  assert.deepEqual([first.outcome, second.outcome], ['delivered', 'delivered'], second.line)
  assert.match(second.line, /CONNREUSE/)
  await reusing.stop()
})

test('mail for a zone with a host of its own, and mail that goes by HTTP, is left alone', async () => {
  const relay = await startZoneMta('relay', world.options, 'relayed')
  const { outcome, line } = await relay.send('mismatch.example', 'by a relay')
  assert.equal(outcome, 'delivered', line)
  assert.deepEqual(
    world.lab.received.filter(({ text }) => text.includes('Subject: by a relay\r\n')).map(({ host }) => host),
    ['mx.plain.example'],
  )
  // Nobody is there: what counts is that it was tried.
  const posted = await relay.send('mismatch.example', 'by HTTP', { http: true, targetUrl: 'http://127.0.0.1:1/' })
  assert.match(posted.line, /ECONNREFUSED/)
  await relay.stop()
})

test('a plugin that cannot start holds mail back, and says why', async () => {
  const broken = await startZoneMta('broken', { ...world.options, engine: 'levitate' })
  const { outcome, line } = await broken.send('plain.example', 'without a plugin')
  assert.equal(outcome, 'deferred', line)
  assert.match(line, /plain\.example cannot be looked up: .*levitate/)
  assert.match(broken.log(), /Failed loading plugin Waxseal/)
  await broken.stop()
})
