import { readFileSync, statSync } from 'node:fs'
import { parseAddress } from '../../core/dns/rdata/address.ts'
import { limits } from '../../core/limits.ts'
import type { Endpoint } from '../network.ts'

/** The recursive servers to ask, which may be others each time. */
export type ServerList = () => readonly Endpoint[]

const resolvConf = '/etc/resolv.conf'

/**
 * The resolvers in `/etc/resolv.conf`, in its order; a search list is never used, and a link-local address, which means
 * nothing without its interface, is passed over.
 */
export function systemServers(path = resolvConf): Endpoint[] {
  return parseServers(readIfThere(path))
}

/**
 * The same, read again when the file has become another: that is looked at when somebody asks, every few seconds at
 * most. A file without any is passed over, as it may be about to be written.
 */
export function watchSystemServers(now: () => number, path = resolvConf): ServerList {
  let stamp = stampOf(path)
  let servers: readonly Endpoint[] = systemServers(path)
  let lookAt = now() + limits.resolver.resolvConfPause * 1000
  return () => {
    if (now() < lookAt) return servers
    lookAt = now() + limits.resolver.resolvConfPause * 1000
    // Taken before the file is read: what changes in between is seen the next time.
    const found = stampOf(path)
    if (found === stamp) return servers
    stamp = found
    const news = systemServers(path)
    if (news.length > 0) servers = news
    return servers
  }
}

/** Another for another file and for other contents. */
function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path)
    return `${ino} ${mtimeMs} ${size}`
  } catch {
    return ''
  }
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
