import { refuse } from '../../core/result.ts'
import type { ChosenBy, Endpoint, Network } from '../network.ts'
import type { StopSignal } from '../stop.ts'
import { endedBy, type Query } from './exchange-query.ts'
import { TcpConnection, type TcpResult } from './tcp-connection.ts'

/** RFC 7766 §6.2.2 */
const connectionsPerServer = 2

export interface TcpQuestion {
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  readonly writeQuery: (id: number) => Query
  /** Whether an open connection will not do: one has just failed. */
  readonly isRetry: boolean
  readonly signal: StopSignal
}

/** The TCP connections to all servers: reused, shared and few. RFC 7766 §6.2 */
export interface TcpConnections {
  /** Asks once, on a connection of the server; waits for room on one until the signal aborts. */
  ask(question: TcpQuestion): Promise<TcpResult>
  close(): void
}

/** One server's connections, and the questions that found no room on them. */
interface Server {
  readonly connections: Set<TcpConnection>
  readonly waiting: Set<() => void>
}

export function createTcpConnections(network: Network, randomId: () => number): TcpConnections {
  const servers = new Map<string, Server>()

  const open = (server: Server, { endpoint, chosenBy }: TcpQuestion): TcpConnection => {
    const onChange = () => {
      if (connection.isGone) server.connections.delete(connection)
      wakeAll(server)
      dropUnused(servers, keyOf(endpoint, chosenBy))
    }
    const connection = new TcpConnection({ network, endpoint, chosenBy, randomId, onChange })
    server.connections.add(connection)
    return connection
  }

  return {
    async ask(question) {
      const { signal, writeQuery } = question
      while (!signal.aborted) {
        const server = serverOf(servers, keyOf(question.endpoint, question.chosenBy))
        const connection = chooseConnection(server, question.isRetry, () => open(server, question))
        if (connection !== undefined) return await connection.ask(writeQuery, signal)
        await roomOn(server, signal)
      }
      return refuse(endedBy(signal))
    },
    close() {
      for (const { connections } of [...servers.values()]) for (const connection of connections) connection.close()
    },
  }
}

/** What one party chose is not reused at the word of the other: the gate judged it for that party. */
function keyOf({ address, port, tlsName = '' }: Endpoint, chosenBy: ChosenBy): string {
  return `${chosenBy} ${address}#${port} ${tlsName}`
}

function serverOf(servers: Map<string, Server>, key: string): Server {
  const known = servers.get(key)
  if (known !== undefined) return known
  const server = { connections: new Set<TcpConnection>(), waiting: new Set<() => void>() }
  servers.set(key, server)
  return server
}

function dropUnused(servers: Map<string, Server>, key: string): void {
  const server = servers.get(key)
  if (server?.connections.size === 0 && server.waiting.size === 0) servers.delete(key)
}

function chooseConnection(server: Server, isRetry: boolean, open: () => TcpConnection): TcpConnection | undefined {
  const mayOpen = server.connections.size < connectionsPerServer
  if (isRetry && mayOpen) return open()
  return [...server.connections].find(({ hasRoom }) => hasRoom) ?? (mayOpen ? open() : undefined)
}

/** Resolves when there may be room, or the signal aborts. */
function roomOn({ waiting }: Server, signal: StopSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      waiting.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
  })
}

/** All of them look again, in their order: one alone might have been aborted meanwhile. */
function wakeAll({ waiting }: Server): void {
  for (const wake of [...waiting]) wake()
}
