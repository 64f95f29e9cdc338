import { limits } from '../../core/limits.ts'
import type { Result } from '../../core/result.ts'
import type { ChosenBy, Datagrams, DialFault, Endpoint, Network } from '../network.ts'

/** Where a question goes, and whose word that is: what the gate let pass for the operator it may not for a stranger. */
export interface UdpTarget {
  readonly endpoint: Endpoint
  /** The endpoint as text. */
  readonly server: string
  readonly chosenBy: ChosenBy
}

export interface UdpSocket {
  readonly target: UdpTarget
  readonly datagrams: Datagrams
  /** Questions that were put from it. */
  questions: number
}

/**
 * Sockets for questions over UDP, one question at a time each.
 *
 * A port of its own that nobody can guess is what protects a question from forgers (RFC 5452 §9.2), unless the server
 * shows a cookie with every reply: then a forger must guess 64 bits beside the ID, with which ports can be used again
 * (RFC 7873 §3). A new socket costs more than a question and its reply.
 */
export interface UdpSockets {
  /** One that was kept for this server. */
  takeKept(target: UdpTarget): UdpSocket | undefined
  open(target: UdpTarget): Promise<Result<Datagrams, DialFault>>
  /** Keeps it for a moment, or closes it when it was used enough. Only for servers that show our cookie. */
  keep(socket: UdpSocket): void
  close(): void
}

interface Kept {
  readonly socket: UdpSocket
  /** Whether it was there when those that nobody uses were last looked for. */
  isOld: boolean
}

export function createUdpSockets(network: Network): UdpSockets {
  const kept = new Map<string, Kept[]>()
  let count = 0
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function takeKept(target: UdpTarget): UdpSocket | undefined {
    const those = count === 0 ? undefined : kept.get(keyOf(target))
    const last = those?.pop()
    if (last === undefined) return undefined
    count--
    last.socket.datagrams.onMessage = undefined
    return last.socket
  }

  /** What comes while nobody waits is no reply: a forger has found the port, or the server is gone. */
  function drop(one: Kept): void {
    const those = kept.get(keyOf(one.socket.target))
    const at = those?.indexOf(one) ?? -1
    if (at < 0) return
    those?.splice(at, 1)
    count--
    one.socket.datagrams.close()
  }

  function sweep(): void {
    timer = undefined
    for (const [key, those] of kept) {
      for (const one of those.filter(({ isOld }) => isOld)) drop(one)
      for (const one of those) one.isOld = true
      if (those.length === 0) kept.delete(key)
    }
    sweepLater()
  }

  function sweepLater(): void {
    if (timer !== undefined || kept.size === 0) return
    timer = setTimeout(sweep, limits.resolver.udpKeptMs)
    timer.unref()
  }

  return {
    takeKept,
    open: ({ endpoint, chosenBy }) => network.openUdp(endpoint, { chosenBy }),
    keep(socket) {
      const { datagrams, target, questions } = socket
      if (isClosed || questions >= limits.resolver.udpKeptQuestions || count >= limits.resolver.udpKept) {
        datagrams.close()
        return
      }
      const one: Kept = { socket, isOld: false }
      const dropIt = () => drop(one)
      datagrams.onMessage = dropIt
      const key = keyOf(target)
      const those = kept.get(key)
      if (those === undefined) kept.set(key, [one])
      else those.push(one)
      count++
      sweepLater()
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      for (const those of kept.values()) for (const { socket } of those) socket.datagrams.close()
      kept.clear()
      count = 0
    },
  }
}

function keyOf({ server, chosenBy }: UdpTarget): string {
  return `${chosenBy} ${server}`
}
