import { readSoa } from '../../core/dns/rdata/records.ts'
import { type SortedReply, soaOf } from '../../core/dns/reply.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, type Name } from '../../core/name/name.ts'

/** RFC 2308 §5, RFC 9077 §3. Without the SOA record of a zone that the name lies in, a denial is not for keeping. */
export function negativeTtl(reply: SortedReply, name: Name): number {
  const rrset = soaOf(reply)
  const [rdata] = rrset?.rdatas ?? []
  const soa = rdata === undefined ? undefined : readSoa(rdata)
  if (rrset === undefined || soa?.ok !== true || !isAtOrBelow(name, rrset.name)) return limits.resolver.failureTtl
  return Math.min(rrset.ttl, soa.value.minimum, limits.resolver.negativeTtl)
}
