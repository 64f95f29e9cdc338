import type { EdnsOption, Message } from './message.ts'
import { sameOctets } from './octets.ts'

/** RFC 7873 §4 */
const cookieCode = 10
/** Of what we send. RFC 7873 §4 */
export const clientOctets = 8
const serverOctetsMin = 8
const serverOctetsMax = 32

/** Two proofs of having been met before: what we say to a server and it gives back, and what it once said to us. */
export interface Cookie {
  readonly client: Uint8Array
  /** Undefined as long as the server has given none. */
  readonly server: Uint8Array | undefined
}

/** RFC 7873 §4 */
export function cookieOption({ client, server }: Cookie): EdnsOption {
  return { code: cookieCode, data: server === undefined ? client : Buffer.concat([client, server]) }
}

/**
 * How a reply stands to the cookie that the query had. `missing`: it has none that is well formed. `wrong`: it is not
 * ours that came back. RFC 7873 §5.3
 */
export type ReplyCookie =
  | { readonly kind: 'missing' | 'wrong' }
  | { readonly kind: 'right'; readonly server: Uint8Array | undefined }

/** Of several cookies the first counts. RFC 7873 §4, §5.3 */
export function readReplyCookie(reply: Message, { client }: Cookie): ReplyCookie {
  const data = firstCookie(reply)
  if (data === undefined) return { kind: 'missing' }
  if (!sameOctets(data.subarray(0, clientOctets), client)) return { kind: 'wrong' }
  const isWhole = data.length > clientOctets
  return { kind: 'right', server: isWhole ? Uint8Array.from(data.subarray(clientOctets)) : undefined }
}

/** The client's part of the cookie of a query; undefined when that has none that is well formed. RFC 7873 §5.2 */
export function readClientCookie(query: Message): Uint8Array | undefined {
  return firstCookie(query)?.subarray(0, clientOctets)
}

function firstCookie({ edns }: Message): Uint8Array | undefined {
  const data = edns?.options.find(({ code }) => code === cookieCode)?.data
  return data !== undefined && isWellFormed(data) ? data : undefined
}

function isWellFormed({ length }: Uint8Array): boolean {
  const server = length - clientOctets
  return server === 0 || (server >= serverOctetsMin && server <= serverOctetsMax)
}
