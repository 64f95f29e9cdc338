import type { ResourceRecord } from '../dns/message.ts'
import { parseAddress } from '../dns/rdata/address.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { type DomainName, nameOfDomain } from '../name/domain.ts'
import { type Name, prependLabels } from '../name/name.ts'
import { cnameRecord, defaultTtl } from './record.ts'
import { stsRecord, stsRecordName } from './sts-record.ts'

/** A policy that is announced: by the label before `_mta-sts` in the host's zone, a profile's name or a domain. */
export interface AnnouncedPolicy {
  readonly label: string
  readonly id: string
}

/** Where a policy's TXT record stands below the name of a policy host; undefined where no name can be so long. */
export function announcementName(label: string, host: DomainName): Name | undefined {
  return prependLabels([...label.split('.'), '_mta-sts'], nameOfDomain(host))
}

/**
 * What the zone of a policy host holds: its addresses, a TXT record for each policy, and an alias for each profile, so that
 * a CNAME of `mta-sts` alone may choose one. Policies for which no name can be so long are left out. RFC 8461 §8.2
 */
export function hostRecords(
  host: DomainName,
  { addresses, policies }: { readonly addresses: readonly string[]; readonly policies: readonly AnnouncedPolicy[] },
): ResourceRecord[] {
  const name = nameOfDomain(host)
  const announced = policies.flatMap(({ label, id }) => {
    const place = announcementName(label, host)
    const alias = label.includes('.') ? undefined : prependLabels([label], name)
    return [
      ...(place === undefined ? [] : [stsRecord(place, id, defaultTtl)]),
      ...(alias === undefined ? [] : [cnameRecord(alias, name)]),
    ]
  })
  return [...addressRecords(name, addresses), ...announced]
}

/** The two aliases by which a domain delegates to a policy host; undefined where no name can be so long. RFC 8461 §8.2 */
export function delegationRecords(domain: DomainName, label: string, host: DomainName): ResourceRecord[] | undefined {
  const [record, own] = [stsRecordName(domain), prependLabels(['mta-sts'], nameOfDomain(domain))]
  const announced = announcementName(label, host)
  if (record === undefined || own === undefined || announced === undefined) return undefined
  return [cnameRecord(record, announced), cnameRecord(own, nameOfDomain(host))]
}

/** What a domain without delegation publishes itself; undefined where no name can be so long. RFC 8461 §3.1, §3.3 */
export function ownRecords(
  domain: DomainName,
  { id, addresses }: { readonly id: string; readonly addresses: readonly string[] },
): ResourceRecord[] | undefined {
  const [record, own] = [stsRecordName(domain), prependLabels(['mta-sts'], nameOfDomain(domain))]
  if (record === undefined || own === undefined) return undefined
  return [stsRecord(record, id, defaultTtl), ...addressRecords(own, addresses)]
}

/** Text that is no address makes no record. */
function addressRecords(name: Name, addresses: readonly string[]): ResourceRecord[] {
  return addresses.flatMap((address) => {
    const rdata = parseAddress(address)
    if (rdata === undefined) return []
    return [{ name, type: rdata.length === 4 ? TYPE.A : TYPE.AAAA, class: CLASS.IN, ttl: defaultTtl, rdata }]
  })
}
