import { limits } from '../../core/limits.ts'
import type { Clock } from '../../io/clock.ts'
import { type ClientSet, createClientSet } from './client-set.ts'
import { readIntoOneBuffer } from './one-buffer.ts'
import type { PostfixAnswers } from './postfix-answers.ts'
import { type SocketmapConnection, serveSocketmap } from './socketmap-connection.ts'

/** All clients of the socketmap. */
export type SocketmapServer = ClientSet

export function createSocketmapServer(answers: PostfixAnswers, clock: Clock): SocketmapServer {
  return createClientSet<SocketmapConnection>({
    most: limits.postfix.connections,
    takeOver: readIntoOneBuffer,
    serve: (socket) => serveSocketmap(socket, answers, clock),
    makeRoom: (open) => letIdlestGo(open, clock.now()),
  })
}

/** Whoever has said nothing for longest, and nobody who has just asked. */
function letIdlestGo(open: Iterable<SocketmapConnection>, now: number): boolean {
  let oldest: SocketmapConnection | undefined
  for (const connection of open) {
    if (oldest === undefined || connection.activeAt < oldest.activeAt) oldest = connection
  }
  if (oldest === undefined || now - oldest.activeAt < limits.postfix.unreadMs) return false
  oldest.destroy()
  return true
}
