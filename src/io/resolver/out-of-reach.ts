import { isIPv6 } from 'node:net'
import type { ServerReport } from './all-servers.ts'

/** A machine without IPv6 cannot tell anything about it: no address of it can be reached. The same of IPv4. */
export function outOfReach(servers: readonly ServerReport[]): Set<ServerReport> {
  const isUnreachable = ({ finding }: ServerReport) => finding.kind === 'silent' && finding.why === 'unreachable'
  const families = [true, false].map((six) =>
    servers.filter(({ address }) => address !== undefined && isIPv6(address) === six),
  )
  // Where neither works it is all that there is to say.
  if (families.every((family) => family.every(isUnreachable))) return new Set()
  return new Set(families.filter((family) => family.every(isUnreachable)).flat())
}
