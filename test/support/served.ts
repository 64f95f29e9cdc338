// Runs `waxseal serve` in a lab, with its HTTP interface, and asks it over real sockets.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { Clock } from '../../src/io/clock.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type Ended, type LabCommands } from './lab-commands.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Undefined when the body is no JSON. */
  readonly json: unknown
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Served {
  readonly port: number
  /** Of the socketmap. */
  readonly path: string
  /** For the command line of `waxseal query`. */
  readonly options: readonly string[]
  ask(path: string, options?: AskOptions): Promise<Answer>
  /** All that comes back for these octets, until the other side closes; the promise of octets to send goes on sending. */
  say(...pieces: readonly (string | Buffer)[]): Promise<string>
  /** What Postfix is told. */
  lookUp(key: string): Promise<string>
  /** Until this stands in the log. */
  hear(words: string): Promise<void>
  heard(): string
  reload(): void
  stop(): Promise<Ended>
}

let sockets = 0

export interface ServedOptions {
  readonly clock?: Clock
  readonly args?: readonly string[]
  /** The configuration says where the interface is. */
  readonly isFromFile?: boolean
}

export async function serveIn(
  commands: LabCommands,
  { clock, args = [], isFromFile = false }: ServedOptions = {},
): Promise<Served> {
  const path = join(commands.folder, `map${sockets++}`)
  const stopping = new AbortController()
  const reloads: (() => void)[] = []
  const waiting = new Set<() => void>()
  let text = ''
  let isOver = false
  const where = isFromFile || args.includes('--http') ? [] : ['--http', '127.0.0.1:0']
  const store = args.includes('--store') ? [] : ['--store', ':memory:']
  const ended = commands.run(['serve', '--socketmap', path, ...where, ...store, ...commands.iterate, ...args], {
    ...(clock !== undefined && { clock }),
    signal: stopping.signal,
    onReload: (reload) => reloads.push(reload),
    onOutput(words) {
      text += words
      for (const look of waiting) look()
    },
  })
  const over = () => {
    isOver = true
    for (const look of waiting) look()
  }
  ended.then(over, over)
  const hear = (words: string | RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        const isThere = typeof words === 'string' ? text.includes(words) : words.test(text)
        if (isThere) resolve()
        else if (isOver) reject(new Error(`it ended before it said ${words}: ${text}`))
        else return
        waiting.delete(look)
      }
      waiting.add(look)
      look()
    })
  try {
    await hear(/listening on .* for HTTP/)
  } catch (error) {
    throw new Error(`${error}: ${(await ended).stderr}`)
  }
  const [, host = '127.0.0.1', found = '0'] = /listening on ([\d.]+):(\d+) for HTTP/.exec(text) ?? []
  const port = Number(found)
  return {
    ...{ port, path, hear, heard: () => text },
    options: ['--http', `${host}:${port}`],
    ask: (target, options) => ask({ host, port }, target, options),
    async say(...pieces) {
      const socket = connect(port, host)
      const got: Buffer[] = []
      socket.on('data', (octets: Buffer) => got.push(octets))
      socket.on('error', () => {}) // closed on us: what came before counts
      for (const piece of pieces) socket.write(piece)
      await once(socket, 'close')
      return Buffer.concat(got).toString('latin1')
    },
    async lookUp(key) {
      const socket = connect(path)
      const request = `QUERY ${key}`
      socket.write(`${request.length}:${request},`)
      const [octets] = (await once(socket, 'data')) as [Buffer] // `data` comes with nothing else
      socket.destroy()
      return octets.toString().replace(/^\d+:(.*),$/s, '$1')
    },
    reload() {
      for (const reload of reloads) reload()
    },
    async stop() {
      stopping.abort()
      return ended
    },
  }
}

export async function ask(
  where: { readonly host: string; readonly port: number } | { readonly socketPath: string },
  path: string,
  { method = 'GET', headers = {}, body }: AskOptions = {},
): Promise<Answer> {
  const asking = request({ ...where, path, method, headers: { connection: 'close', ...headers } })
  asking.end(body)
  const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece)
  const text = Buffer.concat(pieces).toString()
  assert.notEqual(response.statusCode, undefined)
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface DemoService {
  readonly lab: Lab
  readonly commands: LabCommands
  readonly served: Served
}

/** A service in the world of the demo without its attacks, for the tests of one file. It is there while they run. */
export function serveDemo(): DemoService {
  let made: DemoService | undefined
  const running = () => {
    if (made === undefined) throw new Error('the tests have not begun')
    return made
  }
  before(async () => {
    const demo = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8')
    const lab = await startLab(demo.split(/^drop/m)[0] ?? '')
    const commands = commandsIn(lab)
    made = { lab, commands, served: await serveIn(commands) }
  })
  after(async () => {
    await made?.served.stop()
    made?.commands.close()
    await made?.lab.close()
  })
  return {
    get lab() {
      return running().lab
    },
    get commands() {
      return running().commands
    },
    get served() {
      return running().served
    },
  }
}
