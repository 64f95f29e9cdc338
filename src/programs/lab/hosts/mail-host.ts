import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import { limits } from '../../../core/limits.ts'
import { type Credential, openMint } from '../certificates/mint.ts'
import { type Diary, note, type ReceivedMessage } from '../diary.ts'
import { describeCertificate } from '../world/certificates.ts'
import type { HostDeclaration } from '../world/world.ts'
import { answerLine, beginMailSession, type MailSession } from './mail-session.ts'
import { createVoice, type Voice } from './voice.ts'

/** A mail server's service, for a front or for an attacker to put in place. */
export interface MailHostOptions {
  readonly host: HostDeclaration
  readonly credential: Credential
  /** Another certificate, with a key of another kind. */
  readonly also?: Credential | undefined
  readonly by: 'recipient' | 'attacker'
  readonly diary: Diary
  /** Has the messages in the diary's place, which then forgets them. */
  readonly take?: (message: ReceivedMessage) => void
  /** Whether there is such a mailbox; without it there are all. */
  readonly accepts?: (mailbox: string) => boolean
  /** What one session may cost, for hosts that strangers reach. */
  readonly bounds?: SessionBounds
}

/** Bounds of one session, over everything in it. */
export interface SessionBounds {
  readonly octets: number
  readonly commands: number
}

/** Makes the service of one host: what it does with a connection, to its end. */
export function createMailHost(options: MailHostOptions): (socket: Socket) => void {
  const { host, diary } = options
  const context = createSecureContext(contextOptions(options))
  let met = 0
  return (socket) => {
    note(diary.connected, host.name)
    met++
    const voice = createVoice(host, met)
    const greeting = voice.greeting()
    if (greeting === '') {
      socket.destroy()
      return
    }
    voice.say(socket, greeting)
    if (greeting.startsWith('421')) socket.end()
    else converse(socket, beginMailSession(host), { ...options, context, voice, spent: { octets: 0, commands: 0 } })
  }
}

function contextOptions({ host, credential, also }: MailHostOptions): SecureContextOptions {
  const isOld = host.tls === 'TLSv1' || host.tls === 'TLSv1.1' || host.oldest === '1.0' || host.oldest === '1.1'
  const all = also === undefined ? [credential] : [credential, also]
  return {
    key: all.map(({ key }) => key),
    cert: all.map(({ chain }) => chain),
    minVersion: host.oldest === undefined || host.oldest === '1.0' ? 'TLSv1' : `TLSv${host.oldest}`,
    maxVersion: host.tls,
    ...(isOld && { ciphers: 'DEFAULT:@SECLEVEL=0' }),
  }
}

interface Stage extends MailHostOptions {
  readonly context: SecureContext
  readonly voice: Voice
  readonly spent: { octets: number; commands: number }
}

/** Counts what a session costs, and says whether it has cost too much. */
function isExhausted({ spent, bounds }: Stage, octets: number, commands: number): boolean {
  spent.octets += octets
  spent.commands += commands
  return bounds !== undefined && (spent.octets > bounds.octets || spent.commands > bounds.commands)
}

const tooMuch = '421 4.7.0 too much for one session\r\n'

/** Reads lines and answers them until TLS begins or the peer is gone. */
function converse(stream: Duplex, begun: MailSession, stage: Stage, before = ''): void {
  let session = begun
  let unread = before
  const onData = (chunk: Buffer) => {
    if (isExhausted(stage, chunk.length, 0)) {
      stream.end(tooMuch)
      stream.destroy()
      return
    }
    unread += chunk.toString('latin1')
    for (let end = unread.indexOf('\n'); end >= 0; end = unread.indexOf('\n')) {
      const line = unread.slice(0, end).replace(/\r$/, '')
      unread = unread.slice(end + 1)
      const step = answerLine(session, line, stage.accepts)
      if (session.lines === undefined && isExhausted(stage, 0, 1)) {
        stream.off('data', onData)
        stream.end(tooMuch)
        return
      }
      session = step.session
      if (step.message !== undefined) {
        const take = stage.take ?? ((message) => note(stage.diary.received, message))
        take({ ...arrival(stream, stage), ...step.message })
      }
      if (step.reply !== undefined) stage.voice.say(stream, step.reply, line)
      if (step.next === 'close') {
        stream.end()
        return
      }
      if (step.next === 'start-tls') {
        // What was sent in clear behind the command is dropped: RFC 3207 §4.2 forgets all that came before.
        stream.off('data', onData)
        startTls(stream as Socket, stage, stage.host.startTls === 'believing' ? unread : '')
        return
      }
    }
    if (unread.length > limits.lab.commandOctets) stream.destroy()
  }
  stream.on('data', onData)
  if (before !== '') onData(Buffer.alloc(0))
}

function arrival(stream: Duplex, { host, by }: MailHostOptions) {
  const tls =
    stream instanceof TLSSocket
      ? {
          protocol: stream.getProtocol() ?? 'unknown',
          cipher: stream.getCipher()?.name,
          serverName: serverNameOf(stream),
        }
      : undefined
  return { host: host.name, by, tls }
}

/** The name that the client asked for (SNI), which Node keeps on the server's socket. */
function serverNameOf(stream: TLSSocket): string | undefined {
  const name: unknown = Reflect.get(stream, 'servername')
  return typeof name === 'string' && name !== '' ? name : undefined
}

function startTls(socket: Socket, stage: Stage, believed: string): void {
  const { host } = stage
  if (host.startTls === 'hang') return
  if (host.startTls === 'garbage') {
    socket.end('this is not TLS\r\n')
    return
  }
  if (host.nameless === 'usual') secure(socket, stage, stage.context, believed)
  else socket.once('data', (hello: Buffer) => void secureByName(socket, hello, stage, believed))
}

/** `unrecognized_name`, fatal. RFC 6066 §3 */
const unrecognizedName = Uint8Array.from([21, 3, 3, 0, 2, 2, 112])

/** A ClientHello comes in one piece on loopback; whether it has the host's name in it is all that we need of it. */
async function secureByName(socket: Socket, hello: Buffer, stage: Stage, believed: string): Promise<void> {
  const { host } = stage
  const isNamed = hello.includes(host.name)
  if (!isNamed && host.nameless === 'refused') {
    socket.end(unrecognizedName)
    return
  }
  socket.pause()
  socket.unshift(hello)
  const other = { ...describeCertificate('default.invalid', { certificate: 'self-signed' }) }
  const credential = isNamed ? stage.credential : await (await openMint()).issue(other)
  const context = isNamed
    ? stage.context
    : createSecureContext(contextOptions({ ...stage, credential, also: undefined }))
  secure(socket, stage, context, believed)
}

function secure(socket: Socket, stage: Stage, context: SecureContext, believed: string): void {
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    SNICallback: (_, done) => done(null),
  })
  secured.on('error', () => secured.destroy())
  if (believed === '') converse(secured, beginMailSession(stage.host, true), stage)
  else secured.once('secure', () => converse(secured, beginMailSession(stage.host, true), stage, believed))
}
