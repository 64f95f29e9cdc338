// The service as a process of its own, against clients that mean it harm, and against being killed.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'programs', 'cli', 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'waxseal-hostile-'))
after(() => rmSync(folder, { recursive: true }))

interface Serving {
  readonly child: ChildProcess
  readonly path: string
  connect(): Promise<Socket>
  /** Megabytes of resident memory. */
  memory(): number
}

/** Every lookup fails at once: nobody answers at the resolver's port. */
const args = [
  '--engine',
  'forward',
  '--server',
  '127.0.0.1:1',
  '--http',
  'off',
  '--store',
  join(folder, 'store.sqlite'),
]

async function serve(t: TestContext, name = 'socket'): Promise<Serving> {
  const path = join(folder, name)
  const child = spawn(process.execPath, [main, 'serve', ...args, '--socketmap', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder },
  })
  t.after(() => child.kill('SIGKILL'))
  let log = ''
  const listening = Promise.withResolvers<void>()
  child.stderr.resume()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (log.length < 10_000) log += text
    if (log.includes('listening')) listening.resolve()
  })
  child.once('exit', () => listening.reject(new Error(`it ended before it listened: ${log}`)))
  await listening.promise
  return {
    ...{ child, path },
    connect: () => connectTo(t, path),
    memory: () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
  }
}

async function connectTo(t: TestContext, path: string): Promise<Socket> {
  for (;;) {
    const socket = connect({ path })
    t.after(() => socket.destroy())
    try {
      await once(socket, 'connect')
      socket.on('error', () => {})
      return socket
    } catch (error) {
      // The backlog is full: a system call for each waits for its turn.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

function question(text: string): string {
  return `${text.length}:${text},`
}

/** Asks and waits for one whole reply. */
async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(question(text))
  let come = ''
  while (!/^(\d+):.*,$/s.test(come)) {
    const [octets] = (await once(socket, 'data')) as [Buffer] // `data` comes with nothing else
    come += octets.toString()
  }
  return come.replace(/^\d+:|,$/g, '')
}

async function assertServed(socket: Socket): Promise<void> {
  assert.equal(await ask(socket, 'QUERY .example'), 'NOTFOUND ')
}

test('ten thousand idle connections are kept, and those who ask are served', async (t) => {
  const serving = await serve(t)
  const idle: Socket[] = []
  for (let batch = 0; batch < 100; batch++) {
    idle.push(...(await Promise.all(Array.from({ length: 100 }, () => serving.connect()))))
    if (batch % 20 === 0) await assertServed(await serving.connect())
  }
  assert.equal(idle.length, 10_000)
  await assertServed(await serving.connect())
  // None was closed to make room, the first ones included.
  for (const socket of [idle[0], idle[5000], idle.at(-1)]) await assertServed(socket as Socket)
})

test('a flood of connections that come and go, or send rubbish, keeps nobody from being served', async (t) => {
  const serving = await serve(t)
  const honest = await serving.connect()
  const rubbish = [
    '',
    'GET / HTTP/1.1\r\n\r\n',
    '99999999999999:',
    '\0'.repeat(5000),
    '9',
    question('x'),
    '10000:QUERY ',
  ]
  for (let batch = 0; batch < 40; batch++) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => serving.connect()))
    for (const [at, socket] of sockets.entries()) {
      socket.write(rubbish[at % rubbish.length] ?? '')
      if (at % 3 === 0) socket.destroy()
      else socket.end()
    }
    await assertServed(honest)
  }
})

test('a question as long as may be is read octet by octet and in one piece; one octet more closes the connection', async (t) => {
  const serving = await serve(t)
  const longest = `QUERY ${'a'.repeat(limits.postfix.queryOctets - 6)}`
  const socket = await serving.connect()
  assert.equal(await ask(socket, longest), 'NOTFOUND ')
  for (const piece of question(longest).match(/.{1,7}/gs) ?? []) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [octets] = (await once(socket, 'data')) as [Buffer] // `data` comes with nothing else
  assert.equal(octets.toString(), question('NOTFOUND '))
  const closed = once(socket, 'end')
  socket.write(question(`${longest}a`))
  await closed
})

test('a flood of names that nobody asked for before takes bounded memory, and others are served', async (t) => {
  const serving = await serve(t)
  const honest = await serving.connect()
  assert.match(await ask(honest, 'QUERY example.org'), /^TEMP /)
  const flood = await Promise.all(Array.from({ length: 50 }, () => serving.connect()))
  const answered = flood.map(async (socket, client) => {
    for (let at = 0; at < 100; at++) assert.match(await ask(socket, `QUERY d${at}.c${client}.example`), /^TEMP /)
  })
  let isOver = false
  const all = Promise.all(answered).finally(() => {
    isOver = true
  })
  while (!isOver) await assertServed(honest)
  await all
  assert.ok(serving.memory() < 400, `${serving.memory()} MB`)
})

test('after kill -9 it takes its socket over, and answers again at once', async (t) => {
  const first = await serve(t)
  const socket = await first.connect()
  socket.write(question('QUERY example.org'))
  const gone = new Promise((resolve) => socket.once('close', resolve)) // with an error before it
  first.child.kill('SIGKILL')
  await gone
  const second = await serve(t)
  assert.equal(second.path, first.path)
  await assertServed(await second.connect())
})

test('a second service does not take the socket of one that runs', async (t) => {
  const first = await serve(t)
  const child = spawn(process.execPath, [main, 'serve', ...args, '--socketmap', first.path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder },
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const [status] = (await once(child, 'close')) as [number | null]
  assert.equal(status, 78, complaint)
  assert.match(complaint, /cannot listen on .*socket/)
  await assertServed(await first.connect())
})
