import { isIP } from 'node:net'

/** Where a service listens: an address and port, or the path of a Unix socket. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Reads `127.0.0.1:8461`, `[::1]:8461`, `/run/waxseal/postfix` or `unix:/run/waxseal/postfix`; port 0 is any free one. */
export function readListenAddress(text: string): ListenAddress | undefined {
  const path = text.replace(/^unix:/, '')
  // The path of a Unix socket has room for 107 octets.
  if (path.startsWith('/'))
    return Buffer.byteLength(path) <= 107 && !path.includes('\0') ? { kind: 'unix', path } : undefined
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  if (parts === null) return undefined
  const [, six, four, portText] = parts
  const address = six ?? four ?? ''
  const port = Number(portText)
  return isIP(address) === (six === undefined ? 4 : 6) && port <= 65_535 ? { kind: 'tcp', address, port } : undefined
}

export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path
  return address.address.includes(':') ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
}

/** As main.cf names the map behind the address. */
export function formatForPostfix(address: ListenAddress): string {
  return address.kind === 'unix' ? `socketmap:unix:${address.path}` : `socketmap:inet:${formatForClients(address)}`
}

/** As clients on this machine find it: nobody can connect to "all addresses". */
export function formatForClients(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path
  const loopback = address.address === '0.0.0.0' ? '127.0.0.1' : address.address.replace(/^[0:]+$/, '::1')
  return formatListenAddress({ ...address, address: loopback })
}
