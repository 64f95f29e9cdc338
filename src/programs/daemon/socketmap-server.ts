import type { Socket } from 'node:net'
import { limits } from '../../core/limits.ts'
import type { Clock } from '../../io/clock.ts'
import type { PostfixAnswers } from './postfix-answers.ts'
import { type SocketmapConnection, serveSocketmap } from './socketmap-connection.ts'

/** All clients of the socketmap. */
export interface SocketmapServer {
  /** Takes over an accepted connection, which must allow half-open ends. */
  accept(socket: Socket): void
  /** Closes who has been waited for too long; to be called every few seconds. */
  tick(): void
  readonly connections: number
  /** Answers what was asked, takes no more questions, and resolves when the last connection is closed. */
  drain(): Promise<void>
  /** Closes all connections at once. */
  destroy(): void
}

export function createSocketmapServer(answers: PostfixAnswers, clock: Clock): SocketmapServer {
  const open = new Map<Socket, SocketmapConnection>()
  let whenEmpty: (() => void) | undefined

  /** Room for one more: whoever has said nothing for longest goes, and nobody who has just asked. */
  function makeRoom(): boolean {
    const now = clock.now()
    let oldest: SocketmapConnection | undefined
    for (const connection of open.values()) {
      if (oldest === undefined || connection.activeAt < oldest.activeAt) oldest = connection
    }
    if (oldest === undefined || now - oldest.activeAt < limits.postfix.unreadMs) return false
    oldest.destroy()
    return true
  }

  return {
    accept(socket) {
      if (whenEmpty !== undefined || (open.size >= limits.postfix.connections && !makeRoom())) {
        socket.destroy()
        return
      }
      socket.setNoDelay(true)
      open.set(socket, serveSocketmap(socket, answers, clock))
      socket.once('close', () => {
        open.delete(socket)
        if (open.size === 0) whenEmpty?.()
      })
    },
    tick() {
      for (const connection of open.values()) connection.checkPatience()
    },
    get connections() {
      return open.size
    },
    drain: () =>
      new Promise((resolve) => {
        whenEmpty = resolve
        if (open.size === 0) resolve()
        for (const connection of open.values()) connection.drain()
      }),
    destroy() {
      for (const connection of open.values()) connection.destroy()
    },
  }
}
