import type { Socket } from 'node:net'
import { limits } from '../../../core/limits.ts'

/** Lets connections of strangers in, a bounded number of them, each for a bounded time. */
export interface Gatekeeper {
  /** Whether the connection may stay; otherwise it is closed already. */
  admit(socket: Socket): boolean
  readonly connections: number
  /** Closes all that are open. */
  close(): void
}

interface Client {
  open: number
  /** Since when is counted, and how many came since then. */
  since: number
  came: number
}

const minuteMs = 60_000

export function createGatekeeper(now: () => number): Gatekeeper {
  const {
    connections,
    connectionsPerClient,
    connectionsPerMinute,
    clients: most,
    idleMs,
    sessionMs,
  } = limits.senderTest
  const clients = new Map<string, Client>()
  const open = new Set<Socket>()
  const clientOf = (address: string): Client => {
    const known = clients.get(address)
    const client = known ?? { open: 0, since: now(), came: 0 }
    if (now() - client.since >= minuteMs) Object.assign(client, { since: now(), came: 0 })
    // Whoever comes last stays longest, and who has something open always.
    clients.delete(address)
    clients.set(address, client)
    if (clients.size > most) {
      for (const [name, { open: count }] of clients) if (count === 0 && clients.size > most) clients.delete(name)
    }
    return client
  }
  return {
    admit(socket) {
      const client = clientOf(socket.remoteAddress ?? '')
      client.came++
      if (open.size >= connections || client.open >= connectionsPerClient || client.came > connectionsPerMinute) {
        socket.destroy()
        return false
      }
      client.open++
      open.add(socket)
      socket.setTimeout(idleMs, () => socket.destroy())
      const tooLong = setTimeout(() => socket.destroy(), sessionMs)
      socket.once('close', () => {
        clearTimeout(tooLong)
        client.open--
        open.delete(socket)
      })
      return true
    },
    get connections() {
      return open.size
    },
    close() {
      for (const socket of open) socket.destroy()
    },
  }
}
