import { isIP } from 'node:net'
import type { RedisClientOptions } from '@redis/client'
import { limits } from '../../../core/limits.ts'
import { FleetError, type FleetState } from './fleet.ts'

/** Where a Redis or Valkey is. */
export type RedisAddress =
  | {
      readonly kind: 'tcp'
      readonly host: string
      readonly port: number
      /** Undefined without TLS. PEM; `ca` undefined for the authorities that Node carries. */
      readonly tls: { readonly ca?: string | undefined; readonly identity?: string | undefined } | undefined
    }
  | { readonly kind: 'unix'; readonly path: string }

export interface RedisPlace {
  readonly address: RedisAddress
  readonly database: number
  readonly user: string | undefined
  readonly password: string | undefined
}

/**
 * One connection to a Redis, which is given up as soon as an answer takes too long, and then fails at once whatever is
 * asked, until it is back: nobody waits for a Redis that hangs but those who asked first.
 */
export interface RedisLink {
  readonly state: FleetState
  /** Resolves, within bounds, when it is known how it is. */
  readonly known: Promise<void>
  /** Sends a command. Rejects with FleetError within `limits.shared.answerMs`. */
  run(command: readonly string[], options?: { readonly isWrite?: boolean }): Promise<unknown>
  close(): void
}

/** `away`: not even sent. `failed`: no answer came. */
export const questionResults = ['answered', 'refused', 'failed', 'away'] as const
export type QuestionResult = (typeof questionResults)[number]

export interface RedisLinkOptions {
  /** Told when it goes, comes, or refuses; and at first, once it is known which. */
  readonly onState: (state: FleetState) => void
  /** What came of each question. */
  readonly onQuestion?: ((result: QuestionResult) => void) | undefined
  /** From 0 to 1, to spread attempts. */
  readonly random: () => number
}

interface Client {
  connect(): Promise<unknown>
  sendCommand(command: string[]): Promise<unknown>
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

export function openRedisLink(place: RedisPlace, { onState, onQuestion, random }: RedisLinkOptions): RedisLink {
  const known = Promise.withResolvers<void>()
  let state: FleetState = { kind: 'away', reason: 'it was not reached yet' }
  let client: Client | undefined
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let isClosed = false

  const change = (next: FleetState) => {
    const isNews = next.kind !== state.kind || (next.kind !== 'up' && failures === 0)
    state = next
    if (isNews && !isClosed) onState(next)
    known.resolve()
  }
  const lose = (lost: Client | undefined, reason: string) => {
    if (lost !== client || isClosed) return
    client = undefined
    lost?.destroy()
    change({ kind: 'away', reason })
    const most = Math.min(limits.shared.retryMs * 2 ** failures, limits.shared.retryMostMs)
    failures = Math.min(failures + 1, 16)
    timer = setTimeout(() => void open(), most * (0.5 + random() / 2))
  }
  const open = async () => {
    let made: Client | undefined
    try {
      made = await createClient(place)
      if (isClosed) return
      client = made
      made.on('error', (error) => lose(made, describe(error)))
      await inTime(made.connect(), limits.shared.connectMs)
      await inTime(made.sendCommand(['PING']), limits.shared.connectMs)
      if (made !== client) return
      failures = 0
      change({ kind: 'up' })
    } catch (error) {
      lose(made, describe(error))
    }
  }
  const judge = (error: unknown, asked: Client): FleetError => {
    const reason = describe(error)
    if (reason === queueIsFull) return new FleetError(reason)
    // Of a reply, the server is there: some say that it is of no use as it is.
    if (!(error instanceof Refused)) lose(asked, reason)
    else if (/^(?:LOADING|NOAUTH|MASTERDOWN|MOVED|CLUSTERDOWN)\b/.test(reason)) lose(asked, reason)
    else if (state.kind === 'up') change({ kind: 'refusing', reason })
    return new FleetError(reason)
  }
  void open()
  return {
    known: known.promise,
    get state() {
      return state
    },
    async run(command, { isWrite = false } = {}) {
      const asked = client
      if (asked === undefined || state.kind === 'away') {
        onQuestion?.('away')
        throw new FleetError('it is away')
      }
      try {
        const reply = await inTime(asked.sendCommand([...command]), limits.shared.answerMs)
        onQuestion?.('answered')
        if (isWrite && state.kind === 'refusing') change({ kind: 'up' })
        return reply
      } catch (error) {
        onQuestion?.(error instanceof Refused ? 'refused' : 'failed')
        throw judge(error, asked)
      }
    },
    close() {
      isClosed = true
      known.resolve()
      clearTimeout(timer)
      client?.destroy()
      client = undefined
      state = { kind: 'away', reason: 'it was closed' }
    },
  }
}

/** An error that the server itself replied with. */
class Refused extends Error {}

const queueIsFull = 'The queue is full'

/** Loaded only where a Redis is set. It connects once, and leaves waiting and trying again to us. */
async function createClient({ address, database, user, password }: RedisPlace): Promise<Client> {
  const { createClient: create, ErrorReply } = await import('@redis/client')
  const client = create({
    RESP: 2, // which every Redis and Valkey speaks
    ...{ socket: socketOf(address), database, commandsQueueMaxLength: limits.shared.questions },
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...{ disableOfflineQueue: true, disableClientInfo: true, maintNotifications: 'disabled', commandOptions: {} },
  })
  const told = <Value>(reply: Promise<Value>) =>
    reply.catch((error: unknown) => {
      throw error instanceof ErrorReply ? new Refused(error.message) : error
    })
  return {
    connect: () => told(client.connect()),
    sendCommand: (command) => told(client.sendCommand(command)),
    destroy: () => client.destroy(),
    on: (event, listener) => client.on(event, listener),
  }
}

function socketOf(address: RedisAddress): NonNullable<RedisClientOptions['socket']> {
  const common = { connectTimeout: limits.shared.connectMs, reconnectStrategy: false } as const
  if (address.kind === 'unix') return { ...common, path: address.path, tls: false }
  const { host, port, tls } = address
  if (tls === undefined) return { ...common, host, port }
  return {
    ...{ ...common, host, port, tls: true, minVersion: 'TLSv1.2' },
    ...(isIP(host) === 0 && { servername: host }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.identity !== undefined && { cert: tls.identity, key: tls.identity }),
  }
}

/** Rejects when it takes longer, but not for what came while this process was busy and is yet to be read. */
async function inTime<Value>(waited: Promise<Value>, milliseconds: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`no answer in ${milliseconds} ms`))
    timer = setTimeout(() => setImmediate(giveUp), milliseconds)
  })
  try {
    return await Promise.race([waited, late])
  } finally {
    clearTimeout(timer)
  }
}

/** One line; of several addresses that were tried, the first. */
function describe(error: unknown): string {
  const one = error instanceof AggregateError ? error.errors[0] : error
  const text = one instanceof Error ? one.message : String(one)
  return text.replace(/\s+/g, ' ').slice(0, 200)
}
