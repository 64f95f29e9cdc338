import type { Socket } from 'node:net'
import type { Clock } from '../../io/clock.ts'
import { type LineConnection, type LineProtocol, serveLineClient } from './line-connection.ts'

/** All clients of one way of asking by lines. */
export interface LineServer {
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

export function createLineServer(protocol: LineProtocol, clock: Clock): LineServer {
  const open = new Map<Socket, LineConnection>()
  let whenEmpty: (() => void) | undefined
  return {
    accept(socket) {
      if (whenEmpty !== undefined || open.size >= protocol.connections) {
        socket.destroy()
        return
      }
      socket.setNoDelay(true)
      open.set(socket, serveLineClient(socket, protocol, clock))
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
