import { parseAddress } from '../../core/dns/rdata/address.ts'
import { readSoa } from '../../core/dns/rdata/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import { type DomainName, domainOfName, parseDomainName } from '../../core/name/domain.ts'
import { type Name, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { lookupAddresses } from '../https/policy-host-addresses.ts'
import type { ChosenBy, Endpoint } from '../network.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'

/** A server that our operator names, by address or by name. */
export interface NamedHost {
  readonly host: string
  readonly port: number
}

/** Where updates of a zone go. */
export type FoundServer =
  | { readonly kind: 'found'; readonly endpoints: readonly Endpoint[]; readonly chosenBy: ChosenBy }
  | { readonly kind: 'none'; readonly reason: string; readonly advice: string }

interface Lookup {
  readonly resolver: Resolver
  readonly signal: StopSignal
}

const dnsPort = 53

/** The server that is named, or else the primary server that the SOA record of the zone names. RFC 2136 §4.3 */
export async function findUpdateServer(zone: Name, named: NamedHost | undefined, lookup: Lookup): Promise<FoundServer> {
  return named === undefined ? await findPrimary(zone, lookup) : await findNamed(named, lookup)
}

async function findNamed({ host, port }: NamedHost, lookup: Lookup): Promise<FoundServer> {
  const advice = 'give the address of the server by --update-server'
  if (parseAddress(host) !== undefined)
    return { kind: 'found', endpoints: [{ address: host, port }], chosenBy: 'operator' }
  const domain = parseDomainName(host)
  if (!domain.ok) return { kind: 'none', reason: `"${escapeText(host)}" is no server`, advice }
  return await atAddressesOf(domain.value, { port, chosenBy: 'operator', advice }, lookup)
}

/** RFC 1035 §3.3.13: MNAME. */
async function findPrimary(zone: Name, lookup: Lookup): Promise<FoundServer> {
  const shown = formatName(zone)
  const none = (reason: string): FoundServer => {
    return { kind: 'none', reason, advice: 'name the server that takes updates by --update-server' }
  }
  const found = await lookup.resolver.resolve(zone, TYPE.SOA, { signal: lookup.signal })
  if (found.kind === 'failure') return none(`the primary server of ${shown} is not known: ${escapeText(found.reason)}`)
  const record = found.kind === 'answer' && sameName(found.canonicalName, zone) ? found.records[0] : undefined
  const soa = record === undefined ? undefined : readSoa(record.rdata)
  if (soa?.ok !== true) return none(`${shown} is no zone: it has no SOA record`)
  const { primary } = soa.value
  const host = primary.labelCount === 0 ? undefined : domainOfName(primary)
  if (host?.ok !== true) return none(`the SOA record of ${shown} names no server`)
  const advice = `name the server that takes updates by --update-server: the SOA record of ${shown} leads to none`
  return await atAddressesOf(host.value, { port: dnsPort, chosenBy: 'stranger', advice }, lookup)
}

async function atAddressesOf(
  host: DomainName,
  { port, chosenBy, advice }: { readonly port: number; readonly chosenBy: ChosenBy; readonly advice: string },
  lookup: Lookup,
): Promise<FoundServer> {
  const addresses = await lookupAddresses(host, lookup)
  if ('reason' in addresses) return { kind: 'none', reason: escapeText(addresses.reason), advice }
  return { kind: 'found', endpoints: addresses.map((address) => ({ address, port })), chosenBy }
}
