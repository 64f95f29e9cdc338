import { formatTlsa } from '../../core/dane/tlsa.ts'
import { readNameRdata, readSoa, readTlsa } from '../../core/dns/rdata/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import { type Name, prependLabels, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import type { ServerSays, ZoneSeen } from '../../core/publish/rollover/zone-seen.ts'
import type { ServerFinding, ServerReport, ServerSurvey, Survey } from '../resolver/all-servers.ts'
import { outOfReach } from '../resolver/out-of-reach.ts'
import type { ResolveOptions } from '../resolver/resolver.ts'

export interface ZoneLook {
  readonly host: DomainName
  readonly port: number
  /** Name servers that do not count, by name: those that their operator knows to be of no use to anybody. */
  readonly leaveOut?: readonly Name[] | undefined
}

type Asked = Extract<Survey, { readonly kind: 'asked' }>

/** Asks every authoritative server for the TLSA records of a host, where an alias leads if there is one. Never rejects. */
export async function lookAtZone(
  { host, port, leaveOut = [] }: ZoneLook,
  { survey }: Pick<ServerSurvey, 'survey'>,
  options: ResolveOptions,
): Promise<ZoneSeen> {
  const first = prependLabels([`_${port}`, '_tcp'], nameOfDomain(host))
  if (first === undefined) return nothing(nameOfDomain(host), 'the name is too long for TLSA records')
  let owner = first
  for (let hop = 0; hop <= limits.rollover.aliases; hop++) {
    const asked = await survey({ name: owner, type: TYPE.TLSA }, options)
    if (asked.kind === 'failed') return nothing(owner, `its name servers cannot be found: ${asked.trouble.reason}`)
    const servers = counted(asked, leaveOut)
    const target = aliasOf(servers)
    if (target === undefined) return await zoneSeen(owner, asked, servers, { survey }, options)
    owner = target
  }
  return nothing(owner, 'it is an alias of an alias, too many times')
}

function nothing(owner: Name, fault: string): ZoneSeen {
  return { zone: owner, owner, servers: [], fault }
}

/** Those that count: neither left out, nor without any address, nor in a family that cannot be reached from here at all. */
function counted({ servers }: Asked, leaveOut: readonly Name[]): ServerReport[] {
  const away = outOfReach(servers)
  return servers.filter((server) => {
    const isLeftOut = leaveOut.some((name) => sameName(name, server.server))
    return !isLeftOut && !away.has(server) && server.finding.kind !== 'no-address'
  })
}

/** What all servers say that the name is an alias of, proved; undefined when not. RFC 7671 §7 */
function aliasOf(servers: readonly ServerReport[]): Name | undefined {
  const targets = servers.map(({ finding }) => {
    if (finding.kind !== 'alias' || finding.status !== 'secure') return undefined
    const cname = finding.records.find(({ type }) => type === TYPE.CNAME)
    const target = cname && readNameRdata(cname.rdata)
    return target?.ok === true ? target.value : undefined
  })
  const [first] = targets
  return first !== undefined && targets.every((target) => target?.key === first.key) ? first : undefined
}

async function zoneSeen(
  owner: Name,
  { zone, left }: Asked,
  servers: readonly ServerReport[],
  { survey }: Pick<ServerSurvey, 'survey'>,
  options: ResolveOptions,
): Promise<ZoneSeen> {
  const hasDenial = servers.some(({ finding }) => finding.kind === 'nodata' || finding.kind === 'nxdomain')
  const soa = hasDenial ? await survey({ name: zone, type: TYPE.SOA }, options) : undefined
  const denialTtl = soa?.kind === 'asked' ? negativeTtlOf(soa.servers) : undefined
  const seen = servers.map((server) => ({ place: placeOf(server), says: saysOf(server.finding, denialTtl) }))
  const fault = left > 0 ? `${left} addresses of name servers were too many to be asked` : undefined
  return { zone, owner, servers: seen, fault }
}

/** The longest for which a cache may keep that there are no records. RFC 2308 §5 */
function negativeTtlOf(servers: readonly ServerReport[]): number | undefined {
  const ttls = servers.flatMap(({ finding }) => {
    if (finding.kind !== 'answer') return []
    return finding.records.flatMap(({ ttl, rdata }) => {
      const soa = readSoa(rdata)
      return soa.ok ? [Math.min(ttl, soa.value.minimum)] : []
    })
  })
  return ttls.length === 0 ? undefined : Math.max(...ttls)
}

function saysOf(finding: ServerFinding, denialTtl: number | undefined): ServerSays {
  switch (finding.kind) {
    case 'answer':
    case 'nodata':
    case 'nxdomain': {
      if (finding.status !== 'secure') return { kind: 'insecure' }
      if (finding.kind !== 'answer') {
        // Without an SOA record the longest that resolvers keep a denial.
        return { kind: 'secure', records: [], ttl: denialTtl ?? limits.rollover.denialTtl }
      }
      const texts = finding.records.flatMap(({ rdata }) => {
        const tlsa = readTlsa(rdata)
        return tlsa.ok ? [formatTlsa(tlsa.value)] : []
      })
      const ttl = Math.max(0, ...finding.records.map((record) => record.ttl))
      return { kind: 'secure', records: [...new Set(texts)].toSorted(), ttl }
    }
    case 'alias':
      if (finding.status !== 'secure') return { kind: 'insecure' }
      return { kind: 'alias', reason: 'has an alias there, which others do not have' }
    case 'bogus':
      return { kind: 'bogus', reason: finding.reason }
    case 'indeterminate':
    case 'useless':
      return { kind: 'useless', reason: finding.reason }
    case 'silent':
    case 'no-address':
      return { kind: 'silent', reason: finding.reason }
  }
}

/** `ns1.example.org. (192.0.2.1)` */
function placeOf({ server, address }: ServerReport): string {
  return address === undefined ? formatName(server) : `${formatName(server)} (${address})`
}
