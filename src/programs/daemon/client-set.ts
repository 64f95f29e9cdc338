import type { Socket } from 'node:net'

/** One client of a service, from its connection to its end. */
export interface Client {
  /** Closes it when it has been waited for too long. */
  checkPatience(): void
  /** Takes no more questions, and closes once those under way are answered. */
  drain(): void
  destroy(): void
}

/** All clients of a service. */
export interface ClientSet {
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

interface Serving<Each extends Client> {
  /** How many there may be at once. */
  readonly most: number
  serve(socket: Socket): Each
  /** What is served in place of an accepted socket. */
  takeOver?(socket: Socket): Socket
  /** Lets one go for another to come; false when nobody can be spared, as without it. */
  makeRoom?(open: Iterable<Each>): boolean
}

export function createClientSet<Each extends Client>({ most, serve, takeOver, makeRoom }: Serving<Each>): ClientSet {
  const open = new Map<Socket, Each>()
  let whenEmpty: (() => void) | undefined
  return {
    accept(accepted) {
      if (whenEmpty !== undefined || (open.size >= most && makeRoom?.(open.values()) !== true)) {
        accepted.destroy()
        return
      }
      const socket = takeOver?.(accepted) ?? accepted
      socket.setNoDelay(true)
      open.set(socket, serve(socket))
      socket.once('close', () => {
        open.delete(socket)
        if (open.size === 0) whenEmpty?.()
      })
    },
    tick() {
      for (const client of open.values()) client.checkPatience()
    },
    get connections() {
      return open.size
    },
    drain: () =>
      new Promise((resolve) => {
        whenEmpty = resolve
        if (open.size === 0) resolve()
        for (const client of open.values()) client.drain()
      }),
    destroy() {
      for (const client of open.values()) client.destroy()
    },
  }
}
