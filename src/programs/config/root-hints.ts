import { ConfigError } from '../../core/config-error.ts'
import type { ResourceRecord } from '../../core/dns/message.ts'
import { readAddress } from '../../core/dns/rdata/address.ts'
import { readNameRdata } from '../../core/dns/rdata/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import { parseZone, positionOf } from '../../core/dns/zone-text.ts'
import { rootName } from '../../core/name/name.ts'
import type { Endpoint } from '../../io/network.ts'

/**
 * The addresses of the root servers that a file in the form of `named.root` gives: those of the names in the root's NS
 * records. Throws ConfigError, with file and line, when it is no zone text or gives no address.
 */
export function parseRootHints(text: string, path: string): Endpoint[] {
  const zone = parseZone(text, { origin: rootName, ttl: 3600 })
  if (!zone.ok) {
    const { line } = positionOf(text, zone.at)
    throw new ConfigError(`${path}:${line}: no zone text: ${zone.fault.replaceAll('-', ' ')}`)
  }
  const servers = new Set(zone.value.filter(isRootServer).map(targetKey))
  const endpoints = zone.value.filter(({ name }) => servers.has(name.key)).flatMap(endpointOf)
  if (endpoints.length === 0) throw new ConfigError(`"${path}" names no root server with an address`)
  return endpoints
}

function isRootServer({ name, type }: ResourceRecord): boolean {
  return type === TYPE.NS && name.labelCount === 0
}

function targetKey({ rdata }: ResourceRecord): string | undefined {
  const target = readNameRdata(rdata)
  return target.ok ? target.value.key : undefined
}

function endpointOf({ type, rdata }: ResourceRecord): Endpoint[] {
  if (type !== TYPE.A && type !== TYPE.AAAA) return []
  const address = readAddress(type, rdata)
  return address.ok ? [{ address: address.value, port: 53 }] : []
}
