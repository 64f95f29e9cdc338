import { isIP } from 'node:net'
import { parseDomainName } from '../../core/name/domain.ts'
import type { Endpoint } from '../../io/network.ts'
import { formatServer, tlsPort } from '../../io/resolver/ask.ts'

/**
 * Reads `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:53`, and with `#` before the port,
 * as traces and reasons name servers.
 */
export function readEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  if (isIP(text) !== 0) return { address: text, port: defaultPort }
  const parts = /^(?:\[([^\]]+)\]|([^:[\]#]+)|([^[\]#]+)(?=#))(?:[:#](\d{1,5}))?$/.exec(text)
  if (parts === null) return undefined
  const [, bracketed, four, bare, portText] = parts
  const six = bracketed ?? bare
  const address = six ?? four ?? ''
  const port = portText === undefined ? defaultPort : Number(portText)
  if (isIP(address) !== (six === undefined ? 4 : 6) || port < 1 || port > 65_535) return undefined
  return { address, port }
}

/** Reads a name server: an endpoint as above, or `tls://192.0.2.1#dns.example` for one to be asked over TLS. */
export function readServer(text: string): Endpoint | undefined {
  const parts = /^tls:\/\/([^#]*)#(.*)$/s.exec(text)
  if (parts === null) return readEndpoint(text, 53)
  const [, where = '', name = ''] = parts
  const endpoint = readEndpoint(where, tlsPort)
  const tlsName = parseDomainName(name)
  return endpoint && tlsName.ok ? { ...endpoint, tlsName: tlsName.value } : undefined
}

export function formatEndpoint(endpoint: Endpoint): string {
  const { address, port, tlsName } = endpoint
  if (tlsName !== undefined) return formatServer(endpoint)
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
