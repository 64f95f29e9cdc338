import type { Socket } from 'node:net'
import { limits } from '../../core/limits.ts'
import { scanNetstring } from '../../core/postfix/netstring.ts'
import type { Clock } from '../../io/clock.ts'
import type { PostfixAnswers } from './postfix-answers.ts'

/** One client of a socketmap: question by question, each answer before the next one, for as long as it likes. */
export interface SocketmapConnection {
  /** When it last did something, in milliseconds since 1970. */
  readonly activeAt: number
  /** Closes it when it left a question unfinished or answers unread for too long, or said nothing. */
  checkPatience(): void
  /** Takes no more questions, and closes once those under way are answered. */
  drain(): void
  destroy(): void
}

const nothing = Buffer.alloc(0)

/** What the socket's `data` events give need last no longer than they do. */
export function serveSocketmap(socket: Socket, answers: PostfixAnswers, clock: Clock): SocketmapConnection {
  let unread: Buffer = nothing
  let isAnswering = false
  let isEnding = false
  let isDraining = false
  let activeAt = clock.now()
  /** Since when a part of a question is there, and no more. */
  let begunAt: number | undefined

  /** Answers all questions that are there, up to the first that takes time. */
  function takeQuestions(): void {
    let at = 0
    let out = ''
    while (!isAnswering && !isEnding) {
      const scan = scanNetstring(unread, at, limits.postfix.queryOctets)
      if (scan.kind === 'part') break
      const text = scan.kind === 'whole' ? answers.ready(unread, scan.start, scan.end) : undefined
      if (text !== undefined) out += text
      else if (!answerInTime(scan.kind === 'whole' ? unread.toString('latin1', scan.start, scan.end) : undefined)) {
        close(out)
        return
      }
      if (scan.kind === 'whole') at = scan.end + 1
    }
    if (at > 0) {
      unread = at === unread.length ? nothing : unread.subarray(at)
      begunAt = undefined
    }
    if (unread.length > 0 && !isAnswering) begunAt ??= clock.now()
    if (out !== '') send(out)
  }

  /** False for what is no question: whatever follows it cannot be told apart any more. */
  function answerInTime(request: string | undefined): boolean {
    const answer = answers.answer(request)
    if (answer === undefined) return false
    isAnswering = true
    answer.then(
      (text) => {
        isAnswering = false
        activeAt = clock.now()
        if (socket.destroyed) return
        send(text)
        if (isDraining) socket.destroySoon()
        else if (isEnding) socket.end()
        else goOn()
      },
      () => socket.destroy(), // Postfix asks again, on a new connection
    )
    return true
  }

  function goOn(): void {
    takeQuestions()
    // A client that asks on and on without reading, or while it waits, is not read itself.
    const isFull = socket.writableLength > limits.postfix.unreadOctets
    if (isFull || (isAnswering && unread.length > limits.postfix.queryOctets)) socket.pause()
    else if (socket.isPaused()) socket.resume()
  }

  function send(text: string): void {
    socket.write(text, 'latin1')
  }

  function close(text: string): void {
    isEnding = true
    unread = nothing
    if (text === '') socket.end()
    else socket.end(text, 'latin1')
  }

  socket.on('data', (octets: Buffer) => {
    activeAt = clock.now()
    if (isEnding) return
    const isLent = unread.length === 0
    unread = isLent ? octets : Buffer.concat([unread, octets])
    goOn()
    if (isLent && unread.length > 0) unread = Buffer.from(unread)
  })
  socket.on('drain', () => {
    activeAt = clock.now()
    goOn()
  })
  socket.on('end', () => {
    if (isAnswering) isEnding = true
    else close('')
  })
  socket.on('error', () => socket.destroy())

  return {
    get activeAt() {
      return activeAt
    },
    checkPatience() {
      if (isAnswering) return
      const now = clock.now()
      // A clock that was set back gives nobody more time than from now on.
      activeAt = Math.min(activeAt, now)
      if (begunAt !== undefined) begunAt = Math.min(begunAt, now)
      const { idleMs, unfinishedMs, unreadMs } = limits.postfix
      const isUnread = socket.writableLength > 0 && now - activeAt > unreadMs
      const isUnfinished = begunAt !== undefined && now - begunAt > unfinishedMs
      if (isUnread || isUnfinished || now - activeAt > idleMs) socket.destroy()
    },
    drain() {
      isEnding = true
      isDraining = true
      // Postfix does not look at a connection before it needs it again: its end of it would stay open.
      if (!isAnswering) socket.destroySoon()
    },
    destroy: () => socket.destroy(),
  }
}
