import { readAddress } from '../../core/dns/rdata/address.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'
import type { FetchProblem } from './policy-fetch.ts'

/**
 * The addresses of a policy host, IPv6 and IPv4 in turn, as many as are tried. DNSSEC plays no part: the certificate
 * proves the host. RFC 8461 §10
 */
export async function lookupAddresses(
  host: DomainName,
  { resolver, signal }: { readonly resolver: Resolver; readonly signal: StopSignal },
): Promise<readonly string[] | FetchProblem> {
  const name = nameOfDomain(host)
  const [six, four] = await Promise.all([
    resolver.resolve(name, TYPE.AAAA, { signal }),
    resolver.resolve(name, TYPE.A, { signal }),
  ])
  const addresses = alternate(addressesOf(six), addressesOf(four)).slice(0, limits.sts.addresses)
  if (addresses.length > 0) return addresses
  const failure = [four, six].find((resolution) => resolution.kind === 'failure')
  if (failure?.kind === 'failure') return { fault: 'dns', reason: `no address of ${host} found: ${failure.reason}` }
  return { fault: 'no-address', reason: `${host} has no address` }
}

function addressesOf(resolution: Resolution): string[] {
  if (resolution.kind !== 'answer') return []
  return resolution.records.flatMap(({ type, rdata }) => {
    const address = readAddress(type, rdata)
    return address.ok ? [address.value] : []
  })
}

function alternate(one: readonly string[], other: readonly string[]): string[] {
  const both: string[] = []
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    both.push(...one.slice(index, index + 1), ...other.slice(index, index + 1))
  }
  return both
}
