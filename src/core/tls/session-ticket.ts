import { readChildren, readElement } from '../x509/der.ts'

/** `[15] EXPLICIT INTEGER` of OpenSSL's SSL_SESSION. */
const maxEarlyData = 0xaf
const INTEGER = 0x02

/**
 * Most octets of early data that the ticket in a session allows: 0 when it allows none (RFC 8446 §4.6.1). Sessions are as
 * OpenSSL writes them; undefined for anything else.
 */
export function earlyDataOf(session: Uint8Array): number | undefined {
  const outer = readElement(session, 0)
  const fields = outer === undefined ? undefined : readChildren(session, outer)
  if (fields === undefined) return undefined
  const field = fields.find(({ tag }) => tag === maxEarlyData)
  if (field === undefined) return 0
  const [number] = readChildren(session, field) ?? []
  if (number?.tag !== INTEGER || number.end - number.content > 6) return undefined
  return session.subarray(number.content, number.end).reduce((value, octet) => value * 256 + octet, 0)
}
