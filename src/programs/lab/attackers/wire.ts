import type { Socket } from 'node:net'
import { limits } from '../../../core/limits.ts'
import { type Diary, note, type Overheard } from '../diary.ts'

/** What an attacker on the wire does to an SMTP conversation until TLS hides it from him. */
export interface Tampering {
  /** Changes one line that the server sends; its line end is taken off. */
  readonly fromServer?: (line: string) => string
  /** Answers a client's line himself, so that the server never sees it; undefined lets it pass. */
  readonly fromClient?: (line: string) => string | undefined
}

/** Takes STARTTLS out of what the server offers, and refuses it to those who ask all the same. */
export const strippingStartTls: Tampering = {
  fromServer: (line) => line.replace(/^(250[ -])STARTTLS\s*$/i, '$1HELP'),
  fromClient: (line) => (isStartTls(line) ? '502 5.5.1 command not implemented' : undefined),
}

/** Overwrites the keyword in place, as some firewalls do, so that nobody recognises it. */
export const garblingEhlo: Tampering = {
  fromServer: (line) => line.replace(/^(250[ -])STARTTLS\s*$/i, '$1XXXXXXXA'),
  fromClient: (line) => (isStartTls(line) ? '500 5.5.1 unknown command' : undefined),
}

/** Lets the offer pass and refuses the command. */
export const refusingStartTls: Tampering = {
  fromClient: (line) => (isStartTls(line) ? '454 4.7.0 TLS not available now' : undefined),
}

/** Adds a reply behind the one that starts TLS, for the client to read as if it came from inside. CVE-2011-0411 */
export const injectingAfterStartTls: Tampering = {
  fromServer: (line) => (line.startsWith('220 2.0.0') ? `${line}\r\n250 2.0.0 injected` : line),
}

function isStartTls(line: string): boolean {
  return /^STARTTLS\b/i.test(line)
}

export interface WireOptions {
  readonly host: string
  /** Opens a connection to the real host. */
  readonly connect: () => Socket
  readonly tampering: Tampering
  readonly diary: Diary
}

/** Makes the service of an attacker in the middle: he passes on what he does not change, and reads what is in clear. */
export function createWire({ host, connect, tampering, diary }: WireOptions): (socket: Socket) => void {
  return (client) => {
    const server = connect()
    const overheard: Overheard = { host, text: '' }
    note(diary.overheard, overheard)
    const state = { startTls: false, hidden: false }
    readLines(client, state, (line) => {
      if (overheard.text.length < limits.lab.overheardOctets) overheard.text += `${line}\r\n`
      const own = tampering.fromClient?.(line)
      if (own !== undefined) return client.write(`${own}\r\n`, 'latin1')
      if (isStartTls(line)) state.startTls = true
      return server.write(`${line}\r\n`, 'latin1')
    })
    readLines(server, state, (line) => {
      client.write(`${tampering.fromServer?.(line) ?? line}\r\n`, 'latin1')
      if (state.startTls && line.startsWith('220 ')) hide(state, client, server)
    })
    for (const [one, other] of [[client, server] as const, [server, client] as const]) {
      one.on('close', () => other.destroy())
      one.on('error', () => other.destroy())
      one.on('end', () => other.end())
    }
  }
}

interface WireState {
  /** Whether the client asked for TLS and waits for the answer. */
  startTls: boolean
  /** Whether TLS has begun, so that nothing can be read any more. */
  hidden: boolean
}

function readLines(socket: Socket, state: WireState, onLine: (line: string) => unknown): void {
  let unread = ''
  socket.on('data', (chunk) => {
    if (state.hidden) return
    unread += chunk.toString('latin1')
    for (let end = unread.indexOf('\n'); end >= 0 && !state.hidden; end = unread.indexOf('\n')) {
      const line = unread.slice(0, end).replace(/\r$/, '')
      unread = unread.slice(end + 1)
      onLine(line)
    }
    if (unread.length > limits.lab.commandOctets) socket.destroy()
  })
}

function hide(state: WireState, client: Socket, server: Socket): void {
  state.hidden = true
  client.pipe(server)
  server.pipe(client)
}
