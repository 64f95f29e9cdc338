import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'

/** A question of Postfix to a socketmap: the map's name, and the key word for word. */
export interface SocketmapRequest {
  readonly map: string
  readonly key: string
}

/** What a socketmap may answer. Of `ok`, the data is what the table holds; reasons are one line. */
export type SocketmapReply =
  | { readonly kind: 'ok'; readonly data: string }
  | { readonly kind: 'not-found' }
  /** Postfix keeps the mail and tries again. */
  | { readonly kind: 'temporary'; readonly reason: string }
  /** The same, and Postfix logs a configuration error. */
  | { readonly kind: 'permanent'; readonly reason: string }

/** Reads `NAME key`: the first blank parts them, and the key may have more of them. */
export function parseSocketmapRequest(text: string): Result<SocketmapRequest, 'no-key' | 'no-map'> {
  const blank = text.indexOf(' ')
  if (blank < 0) return refuse('no-key', text.length)
  if (blank === 0) return refuse('no-map')
  return accept({ map: text.slice(0, blank), key: text.slice(blank + 1) })
}

/** The words of a reply, without the netstring around them. `NOTFOUND` is nothing without the blank behind it. */
export function formatSocketmapReply(reply: SocketmapReply): string {
  switch (reply.kind) {
    case 'ok':
      return `OK ${reply.data}`
    case 'not-found':
      return 'NOTFOUND '
    case 'temporary':
      return `TEMP ${oneLine(reply.reason)}`
    case 'permanent':
      return `PERM ${oneLine(reply.reason)}`
  }
}

/** What a reply says, as `formatSocketmapReply` wrote it. */
export function readSocketmapReply(text: string): SocketmapReply {
  const blank = text.indexOf(' ')
  const rest = text.slice(blank + 1)
  switch (text.slice(0, blank)) {
    case 'OK':
      return { kind: 'ok', data: rest }
    case 'NOTFOUND':
      return { kind: 'not-found' }
    case 'TEMP':
      return { kind: 'temporary', reason: rest }
    default:
      return { kind: 'permanent', reason: rest }
  }
}

/** Reasons may quote what strangers wrote; they go into a log as they are. */
function oneLine(reason: string): string {
  const plain = reason.replace(/[^ -~]+/g, '?')
  return plain.length > limits.postfix.reasonOctets ? `${plain.slice(0, limits.postfix.reasonOctets - 3)}...` : plain
}
