import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { limits } from '../../../core/limits.ts'
import type { Credential } from '../certificates/mint.ts'
import { type Diary, note } from '../diary.ts'
import type { HostDeclaration } from '../world/world.ts'
import { answerLine, beginMailSession, greetingOf, type MailSession } from './mail-session.ts'

/** A mail server's service, for a front or for an attacker to put in place. */
export interface MailHostOptions {
  readonly host: HostDeclaration
  readonly credential: Credential
  readonly by: 'recipient' | 'attacker'
  readonly diary: Diary
}

/** Makes the service of one host: what it does with a connection, to its end. */
export function createMailHost(options: MailHostOptions): (socket: Socket) => void {
  const context = createSecureContext({
    key: options.credential.key,
    cert: options.credential.chain,
    minVersion: 'TLSv1',
    maxVersion: options.host.tls,
    ...(options.host.tls === 'TLSv1.1' && { ciphers: 'DEFAULT:@SECLEVEL=0' }),
  })
  return (socket) => {
    note(options.diary.connected, options.host.name)
    const greeting = greetingOf(options.host)
    if (greeting === '') {
      socket.destroy()
      return
    }
    socket.write(`${greeting}\r\n`)
    converse(socket, beginMailSession(options.host), options, context)
  }
}

/** Reads lines and answers them until TLS begins or the peer is gone. */
function converse(stream: Duplex, begun: MailSession, options: MailHostOptions, context: SecureContext): void {
  let session = begun
  let unread = ''
  const onData = (chunk: Buffer) => {
    unread += chunk.toString('latin1')
    for (let end = unread.indexOf('\n'); end >= 0; end = unread.indexOf('\n')) {
      const line = unread.slice(0, end).replace(/\r$/, '')
      unread = unread.slice(end + 1)
      const step = answerLine(session, line)
      session = step.session
      if (step.message !== undefined) note(options.diary.received, { ...arrival(stream, options), ...step.message })
      if (step.reply !== undefined) stream.write(`${step.reply}\r\n`, 'latin1')
      if (step.next === 'close') {
        stream.end()
        return
      }
      if (step.next === 'start-tls') {
        // What was sent in clear behind the command is dropped: RFC 3207 §4.2 forgets all that came before.
        stream.off('data', onData)
        startTls(stream as Socket, options, context)
        return
      }
    }
    if (unread.length > limits.lab.commandOctets) stream.destroy()
  }
  stream.on('data', onData)
}

function arrival(stream: Duplex, { host, by }: MailHostOptions) {
  const tls =
    stream instanceof TLSSocket
      ? { protocol: stream.getProtocol() ?? 'unknown', serverName: serverNameOf(stream) }
      : undefined
  return { host: host.name, by, tls }
}

/** The name that the client asked for (SNI), which Node keeps on the server's socket. */
function serverNameOf(stream: TLSSocket): string | undefined {
  const name: unknown = Reflect.get(stream, 'servername')
  return typeof name === 'string' && name !== '' ? name : undefined
}

function startTls(socket: Socket, options: MailHostOptions, context: SecureContext): void {
  if (options.host.startTls === 'hang') return
  if (options.host.startTls === 'garbage') {
    socket.end('this is not TLS\r\n')
    return
  }
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    SNICallback: (_, done) => done(null),
  })
  secured.on('error', () => secured.destroy())
  converse(secured, beginMailSession(options.host, true), options, context)
}
