import type { Socket } from 'node:net'
import type { Clock } from '../../io/clock.ts'

/** A way of asking by lines. */
export interface LineProtocol {
  /** Of a question, with its line end. */
  readonly questionOctets: number
  /** Whether a connection is closed after its first answer, and the end of what a client sends ends a line. */
  readonly isOneShot: boolean
  readonly connections: number
  /** How long a client may say nothing, leave a question unfinished, and leave answers unread. */
  readonly patienceMs: { readonly idle: number; readonly unfinished: number; readonly unread: number }
  /** Answers a question, both without line ends. Never rejects for what was asked. */
  answer(question: string): Promise<string> | string
  /** Answers a line that is too long, after which nothing can be believed. */
  answerTooLong(): string
}

/** One client: question by question, each answer before the next question is read. */
export interface LineConnection {
  /** Closes it when the client took too long. */
  checkPatience(): void
  /** Takes no more questions, and closes once that under way is answered. */
  drain(): void
  destroy(): void
}

const lineFeed = 0x0a
const nothing = Buffer.alloc(0)

export function serveLineClient(socket: Socket, protocol: LineProtocol, clock: Clock): LineConnection {
  let unread: Buffer = nothing
  let isAnswering = false
  let isEnding = false
  let hasEnded = false
  let activeAt = clock.now()
  let begunAt: number | undefined

  /** Answers what is there, and reads on only when nothing is left to answer and the client reads as well. */
  function goOn(): void {
    while (!isAnswering && !isEnding && socket.writableLength === 0) {
      const question = takeLine()
      if (question === undefined) break
      answer(question)
    }
    if (isEnding) return
    if (hasEnded && !isAnswering && unread.length === 0) close('')
    else if (isAnswering || socket.writableLength > 0) socket.pause()
    else if (socket.isPaused()) socket.resume()
  }

  function takeLine(): string | undefined {
    const at = unread.indexOf(lineFeed)
    const length = at < 0 ? unread.length : at + 1
    if (length > protocol.questionOctets) {
      close(`${protocol.answerTooLong()}\n`)
      return undefined
    }
    const isWhole = at >= 0 || (hasEnded && protocol.isOneShot && length > 0)
    if (!isWhole) {
      if (hasEnded) unread = nothing
      begunAt = length === 0 ? undefined : (begunAt ?? clock.now())
      return undefined
    }
    const line = unread.toString('utf8', 0, length).replace(/\r?\n$/, '')
    unread = length === unread.length ? nothing : unread.subarray(length)
    begunAt = undefined
    return line
  }

  function answer(question: string): void {
    const found = protocol.answer(question)
    if (typeof found === 'string') {
      send(found)
      return
    }
    isAnswering = true
    found.then(
      (text) => {
        isAnswering = false
        if (socket.destroyed) return
        send(text)
        goOn()
      },
      () => socket.destroy(), // the client takes that for a failure, and asks again
    )
  }

  function send(text: string): void {
    activeAt = clock.now()
    if (protocol.isOneShot || isEnding) close(`${text}\n`)
    else socket.write(`${text}\n`)
  }

  /** What a client says after that is read and thrown away: closing upon unread octets would reset the connection. */
  function close(text: string): void {
    isEnding = true
    unread = nothing
    socket.resume()
    if (text === '') socket.end()
    else socket.end(text)
  }

  socket.on('data', (octets: Buffer) => {
    if (isEnding) return
    activeAt = clock.now()
    unread = unread.length === 0 ? octets : Buffer.concat([unread, octets])
    goOn()
  })
  socket.on('drain', () => {
    activeAt = clock.now()
    goOn()
  })
  socket.on('end', () => {
    hasEnded = true
    goOn()
  })
  socket.on('error', () => socket.destroy())

  return {
    checkPatience() {
      if (isAnswering) return
      const now = clock.now()
      const { idle, unfinished, unread: unreadMs } = protocol.patienceMs
      const isUnread = (isEnding || socket.writableLength > 0) && now - activeAt > unreadMs
      const isUnfinished = begunAt !== undefined && now - begunAt > unfinished
      if (isUnread || isUnfinished || now - activeAt > idle) socket.destroy()
    },
    drain() {
      if (isAnswering) isEnding = true
      else if (!isEnding) close('')
    },
    destroy: () => socket.destroy(),
  }
}
