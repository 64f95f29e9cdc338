import { parseAddress } from '../../core/dns/rdata/address.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { lookupAddresses } from '../https/policy-host-addresses.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'

/**
 * Looks whether all addresses of a name are ours, before an order is spent on it: an authority may choose any of them. What
 * it finds wrong is one line.
 */
export function createAddressCheck(
  resolver: Resolver,
  addresses: readonly string[],
): (name: DomainName, signal: StopSignal) => Promise<string | undefined> {
  const ours = new Set(addresses.map(octetsOf))
  return async (name, signal) => {
    const found = await lookupAddresses(name, { resolver, signal })
    if ('reason' in found) return found.reason
    const other = found.find((address) => !ours.has(octetsOf(address)))
    return other === undefined ? undefined : `${name} leads to ${other}, which is not an address of ours`
  }
}

/** The same for every way to write an address. */
function octetsOf(address: string): string {
  return Buffer.from(parseAddress(address) ?? []).toString('hex')
}
