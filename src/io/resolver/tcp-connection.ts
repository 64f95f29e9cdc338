import type { Socket } from 'node:net'
import { createFrameReader, frame } from '../../core/dns/frames.ts'
import type { Message } from '../../core/dns/message.ts'
import { readU16 } from '../../core/dns/octets.ts'
import { limits } from '../../core/limits.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import type { ChosenBy, DialFault, Endpoint, Network } from '../network.ts'
import { Stop, type StopSignal } from '../stop.ts'
import { type ExchangeFault, endedBy, matchReply, type Query, readReply } from './exchange-query.ts'

/** `closed`: the connection ended before the reply came, and another may do better. */
export type TcpResult = Result<{ readonly message: Message; readonly octets: Uint8Array }, ExchangeFault | 'closed'>

export interface TcpConnectionOptions {
  readonly network: Network
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  readonly randomId: () => number
  /** Called when the connection can take a question again, and when it is gone. */
  readonly onChange: () => void
}

interface Pending {
  readonly query: Query
  readonly settle: (result: TcpResult) => void
}

/** One connection to a server: being dialled, open or gone. Questions are pipelined. RFC 7766 §6.2.1.1 */
export class TcpConnection {
  readonly #options: TcpConnectionOptions
  readonly #pending = new Map<number, Pending>()
  readonly #dialling = new Stop()
  #socket: Socket | undefined
  #idle: NodeJS.Timeout | undefined
  #takesQuestions = true
  #unasked = 0
  #isGone = false

  constructor(options: TcpConnectionOptions) {
    this.#options = options
    void this.#dial()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get hasRoom(): boolean {
    return this.#takesQuestions && this.#pending.size < limits.resolver.inFlightPerConnection
  }

  /** Asks at once, or as soon as the connection is open. Only while `hasRoom`. */
  ask(writeQuery: (id: number) => Query, signal: StopSignal): Promise<TcpResult> {
    if (signal.aborted) return Promise.resolve(refuse(endedBy(signal)))
    const query = writeQuery(this.#freeId())
    clearTimeout(this.#idle)
    this.#socket?.ref()
    return new Promise((resolve) => {
      const abandon = () => this.#abandon(query.id, endedBy(signal))
      const settle = (result: TcpResult) => {
        signal.removeEventListener('abort', abandon)
        this.#pending.delete(query.id)
        resolve(result)
        this.#rest()
      }
      signal.addEventListener('abort', abandon, { once: true })
      this.#pending.set(query.id, { query, settle })
      this.#socket?.write(frame(query.octets))
    })
  }

  /** Ends the connection; questions that wait on it end as this result. */
  close(result: TcpResult = refuse('closed')): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#takesQuestions = false
    clearTimeout(this.#idle)
    this.#dialling.abort()
    this.#socket?.destroy()
    for (const { settle } of [...this.#pending.values()]) settle(result)
    this.#options.onChange()
  }

  /** IDs tell the questions of one connection apart. RFC 7766 §6.2.1 */
  #freeId(): number {
    let id = this.#options.randomId()
    while (this.#pending.has(id)) id = (id + 1) & 0xffff
    return id
  }

  async #dial(): Promise<void> {
    const { network, endpoint, chosenBy } = this.#options
    const signal = this.#dialling
    const dialled = await network.connectTcp(endpoint, { chosenBy, timeoutMs: limits.resolver.tcpConnectMs, signal })
    if (!dialled.ok) this.close(refuse<DialFault>(dialled.fault))
    else if (this.#isGone) dialled.value.destroy()
    else this.#open(dialled.value)
  }

  #open(socket: Socket): void {
    this.#socket = socket
    const frames = createFrameReader()
    socket.on('data', (chunk) => {
      const messages = frames.push(chunk)
      if (this.#isGone) return
      if (messages.ok) for (const octets of messages.value) this.#receive(octets)
      else this.close(refuse('malformed'))
    })
    socket.on('error', () => this.close())
    socket.on('end', () => this.close())
    socket.on('close', () => this.close())
    for (const { query } of this.#pending.values()) socket.write(frame(query.octets))
  }

  /** Replies come in any order; those to nobody are passed over. RFC 7766 §7 */
  #receive(octets: Uint8Array): void {
    const pending = this.#pending.get(readU16(octets, 0))
    if (pending === undefined) {
      if (++this.#unasked > limits.resolver.unaskedMessages) this.close(refuse('malformed'))
      return
    }
    const match = matchReply(pending.query, octets)
    // Nobody guesses into a connection: there the case shows only what the server makes of it.
    const message = match === 'match' || match === 'wrong-case' ? readReply(octets, pending.query) : undefined
    pending.settle(message === undefined ? refuse('malformed') : accept({ message, octets }))
  }

  /** A connection on which a reply stayed away gets no more questions, and ends with its last. */
  #abandon(id: number, fault: 'timeout' | 'aborted'): void {
    this.#takesQuestions = false
    this.#pending.get(id)?.settle(refuse(fault))
  }

  #rest(): void {
    if (this.#isGone) return
    if (this.#pending.size > 0) {
      this.#options.onChange()
    } else if (this.#takesQuestions) {
      this.#socket?.unref()
      this.#idle = setTimeout(() => this.close(), limits.resolver.tcpIdleMs).unref()
      this.#options.onChange()
    } else {
      this.close()
    }
  }
}
