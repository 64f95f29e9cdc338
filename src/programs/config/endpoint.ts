import { isIP } from 'node:net'
import type { Endpoint } from '../../io/network.ts'

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

export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
