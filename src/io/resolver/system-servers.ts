import { readFileSync } from 'node:fs'
import { parseAddress } from '../../core/dns/rdata/address.ts'
import type { Endpoint } from '../network.ts'

/**
 * The resolvers in `/etc/resolv.conf`, in its order; a search list is never used, and a link-local address, which means
 * nothing without its interface, is passed over.
 */
export function systemServers(path = '/etc/resolv.conf'): Endpoint[] {
  return parseServers(readIfThere(path))
}

export function parseServers(text: string): Endpoint[] {
  const addresses = [...text.matchAll(/^[ \t]*nameserver[ \t]+([^\s#;]+)/gm)].map(([, address = '']) => address)
  return addresses.filter((address) => parseAddress(address) !== undefined).map((address) => ({ address, port: 53 }))
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
