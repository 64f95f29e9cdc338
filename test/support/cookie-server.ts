import { createHash } from 'node:crypto'
import type { EdnsOption, Message } from '../../src/core/dns/message.ts'
import { RCODE } from '../../src/core/dns/types.ts'
import { readQuery, replyTo } from './dns-server.ts'

/** The cookie of a query in hexadecimal: 16 digits of ours and, when it has them, the server's; undefined without one. */
export function cookieOf(query: Uint8Array): string | undefined {
  const option = readQuery(query).edns?.options.find(({ code }) => code === 10)
  return option && Buffer.from(option.data).toString('hex')
}

/** What a server gives to whoever shows this cookie of his own. */
export function serverCookie(client: string, secret = 'spring'): string {
  return createHash('sha256').update(`${secret} ${client}`).digest('hex').slice(0, 32)
}

/** A reply with these octets, in hexadecimal, as its cookie; with none for undefined. */
export function replyWithCookie(query: Uint8Array, cookie: string | undefined, change: Partial<Message> = {}) {
  const options: EdnsOption[] = cookie === undefined ? [] : [{ code: 10, data: Buffer.from(cookie, 'hex') }]
  const { edns } = readQuery(query)
  return replyTo(query, { edns: edns && { ...edns, options }, ...change })
}

/** What a server that speaks cookies replies; a strict one answers nobody who does not show its own. RFC 7873 §5.2 */
export function replyOfCookieServer(
  query: Uint8Array,
  { secret, isStrict = false, ...change }: { secret?: string; isStrict?: boolean } & Partial<Message> = {},
): Uint8Array {
  const shown = cookieOf(query)
  const client = shown?.slice(0, 16)
  const whole = client && client + serverCookie(client, secret)
  const isRefused = isStrict && shown !== whole
  return replyWithCookie(query, whole, isRefused ? { rcode: RCODE.BADCOOKIE, answer: [] } : change)
}
