// Several services in the lab's world that share policies in a real Redis, which fails in every way that one can.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import type { Attack } from '../../src/programs/lab/world/world.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { type Served, serveIn } from '../support/served.ts'
import { openAuthority } from './certificates.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { openStage, run } from './servers.ts'

const stage = openStage()
const count = 40
const names = Array.from({ length: count }, (_, at) => `d${at}.example`)
/** Domains that no other test asks for. */
const fresh = (function* () {
  for (const name of names) yield name
})()

let lab: Lab
let commands: LabCommands
let redis: TestRedis

before(async () => {
  const lines = names.map(
    (name) =>
      `zone ${name} signed=no\nzone ${name} MX 10 mx.${name}\nhost mx.${name}\npolicy ${name} mx=mx.${name} id=1\n`,
  )
  lab = await startLab(`world Several machines\n${lines.join('')}`)
  commands = commandsIn(lab)
  redis = await startRedis(stage)
})

after(async () => {
  await stage.stop()
  commands.close()
  await lab.close()
})

function next(): string {
  const { value } = fresh.next()
  if (value === undefined) throw new Error('more domains are needed')
  return value
}

interface Running extends Served {
  /** What Postfix is told of a decision that is made anew. */
  decide(name: string): Promise<string>
  isShared(): Promise<string>
}

async function start(where = `unix:${redis.path}`, ...args: readonly string[]): Promise<Running> {
  const served = await serveIn(commands, { args: ['--shared-store', where, ...args] })
  stage.onStop(async () => void (await served.stop()))
  return {
    ...served,
    async decide(name) {
      await served.ask(`/v1/destinations/${name}`, { method: 'DELETE' })
      return served.lookUp(name)
    },
    async isShared() {
      const { json } = await served.ask('/readyz')
      return String((json as { sharedStore?: unknown }).sharedStore)
    },
  }
}

const isProtected = (answer: string, name: string) => assert.match(answer, new RegExp(`^OK secure match=mx\\.${name}`))
const fetchesOf = (name: string) => lab.diary.fetched.filter((fetched) => fetched === name).length
const keyOf = (name: string) => `waxseal:policy:${name}`

/** Waits until it is so; gives up after half a minute. */
async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = AbortSignal.timeout(30_000)
  while (!(await isSo())) {
    if (deadline.aborted) throw new Error(`it never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function suppress(name: string): Promise<void> {
  const attack: Attack = {
    kind: 'suppress-txt',
    target: name,
    how: 'nodata',
    type: undefined,
    certificate: 'untrusted',
  }
  return lab.attack(attack)
}

test('however many machines are asked for a domain at once, its policy host is asked once', async () => {
  const services = [await start(), await start(), await start()]
  const asked = [next(), next(), next(), next()]
  const answers = await Promise.all(
    asked.flatMap((name) => services.map(async ({ lookUp }) => isProtected(await lookUp(name), name))),
  )
  assert.equal(answers.length, 12)
  for (const name of asked) assert.equal(fetchesOf(name), 1, name)
  for (const { heard } of services) assert.match(heard(), /^shared-store-up: /m)
})

test('STS-60: a machine that is new protects what the others know, with the record and the host suppressed', async () => {
  const own = await startRedis(stage)
  const one = await start(`unix:${own.path}`)
  const [name, other] = [next(), next()]
  isProtected(await one.lookUp(name), name)
  isProtected(await one.lookUp(other), other)
  for (const each of [name, other]) await suppress(each)
  const file = join(commands.folder, 'copy.sqlite')
  const two = await start(`unix:${own.path}`, '--store', file)
  isProtected(await two.lookUp(name), name)
  // What it never was asked for it has as well, should Redis be away by then.
  const copied = new DatabaseSync(file, { readOnly: true }).prepare('SELECT count(*) AS count FROM policies')
  await until(() => copied.get()?.count === 2, 'the copy')
  await own.stop()
  isProtected(await two.lookUp(other), other)
  for (const each of [name, other]) assert.equal(fetchesOf(each), 1)
})

test('a machine that is killed in the midst of a fetch is followed by another', async () => {
  const one = await start()
  const name = next()
  const holder = spawn(process.execPath, [join(import.meta.dirname, 'hold-turn.ts'), redis.path, name, '1'])
  const [said] = (await once(holder.stdout, 'data')) as [Buffer] // `data` comes with nothing else
  assert.equal(said.toString(), 'ours\n')
  const answer = one.lookUp(name)
  holder.kill('SIGKILL')
  await once(holder, 'close')
  isProtected(await answer, name)
  assert.equal(fetchesOf(name), 1)
})

test('a Redis that hangs holds no mail up, and gets what was learnt meanwhile', async () => {
  const services = [await start(), await start()]
  const [known, later] = [next(), next()]
  for (const { lookUp } of services) isProtected(await lookUp(known), known)
  await suppress(known)
  redis.hang()
  try {
    for (const { decide, lookUp } of services) {
      isProtected(await decide(known), known)
      isProtected(await lookUp(later), later)
    }
    for (const { isShared } of services) assert.equal(await isShared(), 'away')
    assert.equal(fetchesOf(later), 2, 'each for itself')
  } finally {
    redis.goOn()
  }
  for (const { isShared } of services) await until(async () => (await isShared()) === 'up', 'Redis')
  await until(() => redis.ask('EXISTS', keyOf(later)) === '1', 'what was learnt')
  for (const { heard } of services) {
    assert.equal(heard().match(/^shared-store-away: /gm)?.length, 1)
    assert.equal(heard().match(/^shared-store-up: /gm)?.length, 2)
  }
})

test('a machine starts and stops while its Redis hangs', async () => {
  const running = await start()
  const name = next()
  redis.hang()
  try {
    const one = await start()
    assert.equal(await one.isShared(), 'away')
    isProtected(await one.lookUp(name), name)
    for (const each of [one, running]) assert.equal((await each.stop()).status, 0)
  } finally {
    redis.goOn()
  }
})

test('a configuration that is read again has a connection of its own, and the one before is ended', async () => {
  const own = await startRedis(stage)
  const connections = () => own.ask('CLIENT', 'LIST', 'TYPE', 'normal').split('\n').length - 1 // but the one that asks
  const file = join(commands.folder, 'shared.toml')
  writeFileSync(file, `shared-store = "unix:${own.path}"\nshared-store-prefix = "one:"\n`)
  const served = await serveIn(commands, { args: ['--config', file] })
  stage.onStop(async () => void (await served.stop()))
  const [first, second, third] = [next(), next(), next()]
  isProtected(await served.lookUp(first), first)
  assert.equal(connections(), 1)
  writeFileSync(file, `shared-store = "unix:${own.path}?db=1"\nshared-store-prefix = "two:"\n`)
  served.reload()
  await served.hear('the configuration was read again')
  isProtected(await served.lookUp(second), second)
  await until(() => connections() === 1, 'the end of the connection before')
  assert.equal(own.ask('-n', '0', 'EXISTS', `one:policy:${first}`, `one:policy:${second}`), '1')
  assert.equal(own.ask('-n', '1', 'EXISTS', `two:policy:${second}`), '1')
  writeFileSync(file, 'shared-store = "redis://:secret@localhost"\n')
  served.reload()
  await served.hear('the configuration stays as it was')
  assert.doesNotMatch(served.heard(), /secret@/)
  isProtected(await served.lookUp(third), third)
  assert.equal(own.ask('-n', '1', 'EXISTS', `two:policy:${third}`), '1')
})

test('a Redis that was stopped, and comes back with nothing, gets everything back', async () => {
  const services = [await start(), await start()]
  const [known, later] = [next(), next()]
  for (const { lookUp } of services) isProtected(await lookUp(known), known)
  await redis.stop()
  await suppress(known)
  for (const { decide, lookUp } of services) {
    isProtected(await decide(known), known)
    isProtected(await lookUp(later), later)
  }
  await redis.start()
  assert.equal(redis.ask('DBSIZE'), '0')
  for (const name of [known, later]) await until(() => redis.ask('EXISTS', keyOf(name)) === '1', name)
})

test('a Redis that is emptied while all run gets everything back, and nobody fetches for it', async () => {
  const services = [await start(), await start()]
  const known = [next(), next()]
  for (const name of known) for (const { lookUp } of services) isProtected(await lookUp(name), name)
  for (const name of known) await suppress(name)
  redis.ask('FLUSHALL')
  for (const name of known) for (const { decide } of services) isProtected(await decide(name), name)
  for (const name of known) {
    await until(() => redis.ask('EXISTS', keyOf(name)) === '1', name)
    assert.equal(fetchesOf(name), 1)
  }
})

test('garbage in the place of policies weakens nothing, is warned of and is mended', async () => {
  const services = [await start(), await start()]
  const known = next()
  for (const { lookUp } of services) isProtected(await lookUp(known), known)
  await suppress(known)
  const good = redis.ask('GET', keyOf(known))
  const garbage = ['garbage', good.replace('enforce', 'testing'), good.replace(known, 'd0.example'), good.slice(0, 50)]
  for (const text of garbage) {
    redis.ask('SET', keyOf(known), text)
    for (const { decide } of services) isProtected(await decide(known), known)
    await until(() => redis.ask('GET', keyOf(known)) === good, text)
  }
  redis.ask('DEL', keyOf(known))
  redis.ask('SADD', keyOf(known), 'garbage')
  for (const { decide } of services) isProtected(await decide(known), known)
  const [first] = services
  assert.match(first?.heard() ?? '', new RegExp(`^store-warning: store: shared policies of ${known}: `, 'm'))
})

test('a Redis that is full is read from; machines fetch for themselves, and tell it all when there is room', async () => {
  const full = await startRedis(stage)
  const services = [await start(`unix:${full.path}`), await start(`unix:${full.path}`)]
  const [first, second] = services
  const [known, later] = [next(), next()]
  isProtected((await first?.lookUp(known)) ?? '', known)
  await suppress(known)
  full.ask('CONFIG', 'SET', 'maxmemory', '1')
  for (const { lookUp } of services) isProtected(await lookUp(later), later)
  isProtected((await second?.lookUp(known)) ?? '', known)
  for (const { isShared, heard } of services) {
    assert.equal(await isShared(), 'refusing')
    assert.equal(heard().match(/^shared-store-refuses: .*OOM/gm)?.length, 1)
  }
  assert.equal(full.ask('EXISTS', keyOf(later)), '0')
  full.ask('CONFIG', 'SET', 'maxmemory', '0')
  await until(() => full.ask('EXISTS', keyOf(later)) === '1', later)
  for (const { isShared } of services) await until(async () => (await isShared()) === 'up', 'room')
})

test('a wrong password is in the log, and is not said; the machine goes on by itself', async () => {
  const guarded = await startRedis(stage, '--requirepass', 'correct horse')
  const file = join(commands.folder, 'wrong-password')
  writeFileSync(file, 'battery staple\n', { mode: 0o600 })
  const one = await start(`unix:${guarded.path}`, '--shared-store-password-file', file)
  const name = next()
  isProtected(await one.lookUp(name), name)
  assert.match(one.heard(), /^shared-store-away: .*WRONGPASS/m)
  assert.doesNotMatch(one.heard(), /battery/)
  const { stderr } = await one.stop()
  assert.doesNotMatch(stderr, /battery/)
})

test('a Redis over TLS is asked only where its certificate is good, and is shown ours', async () => {
  const authority = openAuthority(stage)
  const server = authority.issue('localhost')
  const client = authority.issue('client.example')
  const identity = join(stage.folder, 'client-identity.pem')
  writeFileSync(identity, readFileSync(client.certificate, 'utf8') + readFileSync(client.key, 'utf8'), { mode: 0o600 })
  const files = ['--tls-cert-file', server.certificate, '--tls-key-file', server.key]
  await startRedis(stage, '--tls-port', '7443', '--port', '0', ...files, '--tls-ca-cert-file', authority.certificate)
  const authorities = ['--shared-store-ca-file', authority.certificate]
  const good = await start('rediss://localhost:7443/1', ...authorities, '--shared-store-client-file', identity)
  assert.equal(await good.isShared(), 'up')
  const without = await start('rediss://localhost:7443/1', '--shared-store-client-file', identity)
  assert.equal(await without.isShared(), 'away')
  assert.match(without.heard(), /certificate/)
  const other = await start('rediss://127.0.0.1:7443/1', ...authorities, '--shared-store-client-file', identity)
  assert.equal(await other.isShared(), 'away')
  assert.match(other.heard(), /shared-store-away: .*127\.0\.0\.1/)
  const anonymous = await start('rediss://localhost:7443/1', ...authorities)
  assert.equal(await anonymous.isShared(), 'away')
})

test('promtool finds nothing to say about the metrics of a service with a shared store', async () => {
  const one = await start()
  await one.lookUp(next())
  const { text } = await one.ask('/metrics')
  assert.match(text, /^waxseal_shared_store_up 1$/m)
  assert.equal(run('sh', ['-c', 'promtool check metrics 2>&1'], { input: text }), '')
})
