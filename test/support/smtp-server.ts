import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'

/** What one connection to a test's server saw. */
export interface SeenSession {
  /** Lines in the clear, then `-- tls --`, then lines inside. */
  readonly lines: string[]
  readonly messages: string[]
  /** The server name of the handshake; undefined when none was sent, or none took place. */
  serverName: string | undefined
  /** First octet that followed 220 to STARTTLS. */
  firstTlsOctet: number | undefined
}

/** Text of a reply; several lines as they are on the wire, CRLF added at the end. `''` says nothing. */
export type Answer = string | { readonly raw: string } | 'close' | 'reset'

/** How a test's server answers; what is not given is as of a plain, willing server. */
export interface SmtpScript {
  readonly greeting?: Answer
  /** Keywords of EHLO in the clear, and inside TLS. */
  readonly offers?: readonly string[]
  readonly offersInside?: readonly string[]
  readonly startTls?: Answer
  /** What becomes of commands that came with STARTTLS: dropped unless answered in the clear, or inside TLS. */
  readonly behindStartTls?: 'clear' | 'inside'
  /** Key and chain for TLS. */
  readonly credential?: { readonly key: string; readonly chain: string } | undefined
  readonly tls?: SecureContextOptions
  /** Wants a certificate of the client, who has none. */
  readonly wantsCertificate?: boolean
  /** Answers in the place of those of a willing server: by the verb, in the clear and inside TLS. */
  readonly answer?: (verb: string, line: string, inside: boolean) => Answer | undefined
  /** Answers 552 in the middle of a message, after so many octets of it, and reads no more. */
  readonly tooLargeAt?: number
  /** In the place of that 552. */
  readonly tooLarge?: string
  /** Octets in the place of an answer to the ClientHello, by what it holds; undefined goes on as usual. */
  readonly insteadOfTls?: (clientHello: Buffer) => Uint8Array | undefined
}

export interface SmtpTestServer {
  readonly port: number
  readonly sessions: SeenSession[]
  close(): Promise<void>
}

export async function startSmtpServer(script: SmtpScript, address = '127.0.0.1'): Promise<SmtpTestServer> {
  const sessions: SeenSession[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    const seen: SeenSession = { lines: [], messages: [], serverName: undefined, firstTlsOctet: undefined }
    sessions.push(seen)
    serve(socket, script, seen)
  })
  server.listen(0, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function serve(plain: Socket, script: SmtpScript, seen: SeenSession): void {
  let socket = plain
  let inside = false
  let inData = false
  let text = ''
  let kept = ''

  function say(answer: Answer): void {
    if (answer === 'close') socket.end()
    else if (answer === 'reset') plain.resetAndDestroy()
    else if (typeof answer !== 'string') socket.write(answer.raw)
    else if (answer !== '') socket.write(`${answer}\r\n`)
  }

  function onLine(line: string): void {
    seen.lines.push(line)
    const verb = (line.split(' ')[0] ?? '').toUpperCase()
    const given = script.answer?.(verb, line, inside)
    if (given !== undefined) {
      inData = (typeof given === 'string' ? given : given.raw).startsWith('354')
      say(given)
    } else if (verb === 'EHLO') say(ehloReply((inside ? script.offersInside : script.offers) ?? []))
    else if (verb === 'STARTTLS') startTls()
    else if (verb === 'DATA') {
      inData = true
      say('354 go')
    } else if (verb === 'QUIT') {
      say('221 bye')
      say('close')
    } else say('250 ok')
  }

  function startTls(): void {
    const answer = script.startTls ?? '220 go'
    say(answer)
    if (typeof answer === 'string' && !answer.startsWith('220')) return
    plain.off('data', onData)
    if (script.behindStartTls === 'clear') onData(Buffer.alloc(0))
    else if (script.behindStartTls === 'inside') kept = text
    text = ''
    plain.once('data', (octets: Buffer) => {
      seen.firstTlsOctet = octets[0]
      const instead = script.insteadOfTls?.(octets)
      if (instead !== undefined) {
        plain.end(instead)
        return
      }
      plain.pause()
      plain.unshift(octets)
      if (script.credential !== undefined) secure(script.credential)
    })
  }

  function secure({ key, chain }: { key: string; chain: string }): void {
    const secureContext = createSecureContext({ key, cert: chain, ...script.tls })
    const tls = new TLSSocket(plain, {
      isServer: true,
      secureContext,
      ...(script.wantsCertificate === true ? { requestCert: true, rejectUnauthorized: true } : {}),
      SNICallback: (name, done) => {
        seen.serverName = name
        // A context given here would count for one of several certificates alone.
        done(null)
      },
    })
    tls.on('error', () => plain.destroy())
    tls.on('secure', () => {
      seen.lines.push('-- tls --')
      socket = tls
      inside = true
      text = kept
      onData(Buffer.alloc(0))
    })
    tls.on('data', onData)
  }

  function onData(octets: Buffer): void {
    text += octets.toString('utf8')
    for (;;) {
      if (inData) {
        const end = text.startsWith('.\r\n') ? 0 : text.indexOf('\r\n.\r\n')
        if (script.tooLargeAt !== undefined && text.length > script.tooLargeAt) {
          socket.pause()
          say(script.tooLarge ?? '552 5.3.4 too large')
          return
        }
        if (end < 0) return
        const length = end === 0 ? 0 : end + 2
        seen.messages.push(text.slice(0, length))
        text = text.slice(length + 3)
        inData = false
        say(script.answer?.('.', '.', inside) ?? '250 taken')
        continue
      }
      const end = text.indexOf('\r\n')
      if (end < 0) return
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      onLine(line)
    }
  }

  plain.on('data', onData)
  say(script.greeting ?? '220 mx.test ESMTP')
}

/** A fatal alert as a whole TLS record. RFC 8446 §6 */
export function alertRecord(number: number): Uint8Array {
  return Buffer.from([0x15, 3, 3, 0, 2, 2, number])
}

function ehloReply(keywords: readonly string[]): string {
  const lines = ['mx.test', ...keywords]
  return lines.map((line, place) => `250${place === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n')
}
