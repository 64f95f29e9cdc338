import type { CheckFacts, PolicyLook, ServerSays } from '../check/check-facts.ts'
import type { ResourceRecord } from '../dns/message.ts'
import { readTxt } from '../dns/rdata/records.ts'
import { writeName } from '../dns/rdata/write.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { parseRecord } from '../dns/zone-text.ts'
import type { Resolution } from '../dnssec/resolution.ts'
import { parseStsPolicy, type StsPolicy } from '../mtasts/policy.ts'
import { parseStsRecords } from '../mtasts/record.ts'
import type { DomainName } from '../name/domain.ts'
import { stsRecordName } from './sts-record.ts'

/** What senders see of a domain's MTA-STS at this moment, wherever they look. */
export interface StsSeen {
  /** At every address of the policy host; empty where it has none. */
  readonly served: readonly ServedAt[]
  /** At every authoritative server, or by the resolver where those were not asked. */
  readonly announced: readonly AnnouncedAt[]
  /** MTA-STS records that are there, as they are to be removed; the alias where there is one. */
  readonly records: readonly ResourceRecord[]
  /** The longest TTL of them in seconds; 0 where there are none. */
  readonly ttl: number
  /** Address records or the alias of the policy host. */
  readonly hostRecords: readonly ResourceRecord[]
  /** Whether the policy host is known to have no address. */
  readonly isHostGone: boolean
  /** The zone that the record stands in; undefined where it was not found out. */
  readonly zone: string | undefined
  /** Whether they stand elsewhere, behind an alias, where they cannot be changed from here. RFC 8461 §8.2 */
  readonly isDelegated: boolean
}

/** What one address of the policy host serves. Texts quote strangers. */
export type ServedAt = { readonly address: string } & (
  | { readonly kind: 'policy'; readonly policy: StsPolicy; readonly body: string }
  /** It serves what counts as no policy. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** It serves nothing, or nobody could tell. */
  | { readonly kind: 'failed'; readonly reason: string }
)

/** What one name server, or the resolver, says of the record. */
export type AnnouncedAt = { readonly server: string } & (
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
)

/** Reads from the facts of a check what is served and announced: all that the order of steps depends on. */
export function seenIn({ domain, sts, servers = [] }: CheckFacts): StsSeen {
  const looks = (sts?.fetches ?? []).filter(({ as }) => as === 'nobody')
  const finding = servers.find(({ topic }) => topic === 'sts')
  const asked = (finding?.servers ?? []).filter(({ says }) => says !== 'no-address')
  const isDelegated = hasAlias(sts?.record) || asked.some(({ says }) => says === 'alias')
  const hearsay = sts?.record === undefined ? [] : [fromLookup(sts.record)]
  const record = sts?.record === undefined ? [] : [sts.record]
  const records = isDelegated ? standingIn(record) : recordsOf(domain, sts?.record, asked)
  return {
    served: looks.map(servedAt),
    announced: isDelegated || asked.length === 0 ? hearsay : asked.map(announcedAt),
    records,
    ttl: Math.max(0, ...records.map(({ ttl }) => ttl)),
    hostRecords: standingIn(sts?.addresses ?? []),
    isHostGone: isGone(sts?.addresses ?? []),
    zone: finding?.zone,
    isDelegated,
  }
}

/** A lookup that fails says nothing, nor does one that was not made. */
function isGone(lookups: readonly Resolution[]): boolean {
  return lookups.length > 0 && lookups.every(({ kind }) => kind === 'nodata' || kind === 'nxdomain')
}

function servedAt({ address, outcome }: PolicyLook): ServedAt {
  if (outcome.kind === 'failed') return { address, kind: 'failed', reason: outcome.reason }
  const body = Buffer.from(outcome.body).toString()
  const policy = parseStsPolicy(body)
  if (policy.ok) return { address, kind: 'policy', policy: policy.value, body }
  return { address, kind: 'invalid', reason: `what it serves is no policy (${policy.fault})` }
}

function announcedAt({ server, says, records, reason }: ServerSays): AnnouncedAt {
  if (says === 'answer') return { server, ...idIn(records.map(stringsOf)) }
  if (says === 'nodata' || says === 'nxdomain') return { server, kind: 'none' }
  return { server, kind: 'failed', reason: reason ?? says }
}

function fromLookup(lookup: Resolution): AnnouncedAt {
  const server = 'the resolver'
  if (lookup.kind === 'failure') return { server, kind: 'failed', reason: lookup.reason }
  if (lookup.kind !== 'answer') return { server, kind: 'none' }
  return { server, ...idIn(lookup.records.map(({ rdata }) => textsIn(rdata))) }
}

function idIn(records: readonly (readonly string[])[]) {
  const record = parseStsRecords(records)
  if (record.ok) return { kind: 'id', id: record.value.id } as const
  if (record.fault === 'none') return { kind: 'none' } as const
  return { kind: 'invalid', reason: `the record counts as none (${record.fault})` } as const
}

/** The strings of a TXT record as zone text has its data. */
function stringsOf(data: string): readonly string[] {
  const record = parseRecord(`x. 0 IN TXT ${data}`)
  return record.ok ? textsIn(record.value.rdata) : []
}

function textsIn(rdata: Uint8Array): readonly string[] {
  const texts = readTxt(rdata)
  return texts.ok ? texts.value : []
}

function hasAlias(lookup: Resolution | undefined): boolean {
  return lookup !== undefined && lookup.kind !== 'failure' && lookup.aliases.length > 0
}

/** Where there is an alias, it is what stands there. RFC 1034 §3.6.2 */
function standingIn(lookups: readonly Resolution[]): ResourceRecord[] {
  const found = lookups.flatMap((lookup): readonly ResourceRecord[] => {
    if (lookup.kind === 'failure') return []
    const [alias] = lookup.aliases
    if (alias === undefined) return lookup.kind === 'answer' ? lookup.records : []
    const { ttl, name } = lookup
    return alias.via === 'CNAME'
      ? [{ name, type: TYPE.CNAME, class: CLASS.IN, ttl, rdata: writeName(alias.target) }]
      : []
  })
  const unique = new Map(found.map((record) => [`${record.type} ${Buffer.from(record.rdata).toString('hex')}`, record]))
  return [...unique.values()]
}

/** Whatever announces a policy, by any server: one that is left beside another makes both count for nothing. */
function recordsOf(
  domain: DomainName,
  lookup: Resolution | undefined,
  servers: readonly ServerSays[],
): ResourceRecord[] {
  const name = stsRecordName(domain)
  if (name === undefined) return []
  const known = lookup?.kind === 'answer' ? lookup.records : []
  const others = servers.flatMap(({ records, ttl = 0 }) =>
    records.flatMap((data) => {
      const record = parseRecord(`x. ${ttl} IN TXT ${data}`)
      return record.ok ? [record.value] : []
    }),
  )
  const found = new Map<string, ResourceRecord>()
  for (const record of [...known, ...others]) {
    if (record.type !== TYPE.TXT || !textsIn(record.rdata).join('').startsWith('v=STSv1')) continue
    const key = Buffer.from(record.rdata).toString('hex')
    const ttl = Math.max(record.ttl, found.get(key)?.ttl ?? 0)
    found.set(key, { ...record, name, ttl })
  }
  return [...found.values()]
}
