import type { ResourceRecord } from '../dns/message.ts'
import { writeTxt } from '../dns/rdata/write.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { formatStsRecord } from '../mtasts/record.ts'
import { type DomainName, nameOfDomain } from '../name/domain.ts'
import { type Name, prependLabels } from '../name/name.ts'

/** `_mta-sts` below the domain; undefined where no name can be so long. RFC 8461 §3.1 */
export function stsRecordName(domain: DomainName): Name | undefined {
  return prependLabels(['_mta-sts'], nameOfDomain(domain))
}

/** The TXT record that announces the policy with this id. `ttl` is in seconds. RFC 8461 §3.1 */
export function stsRecord(name: Name, id: string, ttl: number): ResourceRecord {
  return { name, type: TYPE.TXT, class: CLASS.IN, ttl, rdata: writeTxt([formatStsRecord(id)]) }
}
