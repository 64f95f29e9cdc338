import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { problem, type Reply } from './reply.ts'

/** Undefined for a request that may go on. */
export type Verdict = Reply | undefined

/**
 * Refuses what a browser sends for a page of somebody else. A name that was made to lead here (DNS rebinding) shows in
 * Host, which is then no address; other pages show by Origin or Sec-Fetch-Site, and get no CORS headers anyway.
 */
export function refuseBrowsers(
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  isLocal: boolean,
): Verdict {
  if (countOf(rawHeaders, 'host') !== 1) return problem('bad-request', 'there must be one Host header') // RFC 9112 §3.2
  if (headers.origin !== undefined) return problem('from-a-browser')
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'none') return problem('from-a-browser')
  if (isLocal && !namesThisMachine(headers.host ?? '')) return problem('wrong-host', 'use an address, or localhost')
  return undefined
}

function countOf(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((text, place) => place % 2 === 0 && text.toLowerCase() === name).length
}

function namesThisMachine(host: string): boolean {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host)
  const [, six, name] = parts ?? []
  if (six !== undefined) return isIP(six) === 6
  return name !== undefined && (isIP(name) === 4 || name.toLowerCase() === 'localhost')
}

/** Compares in the same time whatever is given. RFC 6750 §2.1 */
export function refuseStrangers(authorization: string | undefined, token: string): Verdict {
  const given = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? '')?.[1] ?? ''
  if (timingSafeEqual(digestOf(given), digestOf(token))) return undefined
  return problem('unauthorized', undefined, { 'www-authenticate': 'Bearer realm="waxseal"' }) // RFC 6750 §3
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
