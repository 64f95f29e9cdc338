import type { Clock } from '../../io/clock.ts'
import { type ClientSet, createClientSet } from './client-set.ts'
import { type LineProtocol, serveLineClient } from './line-connection.ts'

/** All clients of one way of asking by lines. */
export type LineServer = ClientSet

export function createLineServer(protocol: LineProtocol, clock: Clock): LineServer {
  return createClientSet({
    most: protocol.connections,
    serve: (socket) => serveLineClient(socket, protocol, clock),
  })
}
