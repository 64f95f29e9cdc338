import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import type { SocketmapReply } from './socketmap.ts'

/** Reads `get KEY`, without its line end: the key has %XX for every octet that could end a word. tcp_table(5) */
export function parseTcpTableRequest(line: string): Result<string, 'no-get' | 'no-key' | 'encoding'> {
  const parts = /^get +(\S.*)$/s.exec(line)
  if (parts === null) return refuse(/^get\b/.test(line) ? 'no-key' : 'no-get')
  const coded = parts[1] ?? ''
  const fault = /%(?![0-9a-f]{2})|[^!-~]/i.exec(coded)
  if (fault !== null) return refuse('encoding', line.length - coded.length + fault.index)
  const octets = coded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return accept(Buffer.from(octets, 'latin1').toString())
}

/**
 * A reply without its line end. Postfix reads up to 4096 octets of one: a policy that is longer cannot be told by this
 * table, and mail waits rather than go without it.
 */
export function formatTcpTableReply(reply: SocketmapReply): string {
  switch (reply.kind) {
    case 'ok': {
      const line = `200 ${encode(reply.data)}`
      return line.length < limits.postfix.tcpTableOctets
        ? line
        : '400 the%20policy%20is%20too%20long%20for%20a%20tcp_table'
    }
    case 'not-found':
      return '500 not%20found'
    case 'temporary':
    case 'permanent':
      return `400 ${encode(reply.reason)
        .slice(0, limits.postfix.tcpTableOctets / 2)
        .replace(/%.?$/, '')}`
  }
}

/** As Postfix does: percent signs, blanks and what cannot be printed. */
function encode(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^!-$&-~]/g, (octet) => `%${octet.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
