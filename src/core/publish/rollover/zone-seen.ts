import type { Name } from '../../name/name.ts'
import type { Served } from './history.ts'

/** What every authoritative server says of the TLSA records of a host. */
export interface ZoneSeen {
  readonly zone: Name
  /** Where the records stand: the owner name, or what it is an alias of. */
  readonly owner: Name
  readonly servers: readonly ServerSeen[]
  /** Why some or all could not be asked; undefined when each was. */
  readonly fault: string | undefined
}

export interface ServerSeen {
  /** Name and address, fit for a terminal. */
  readonly place: string
  readonly says: ServerSays
}

export type ServerSays =
  /** Proved; without records when it is a denial. */
  | { readonly kind: 'secure'; readonly records: readonly string[]; readonly ttl: number }
  /** What nobody can prove: senders do not look at TLSA records then. */
  | { readonly kind: 'insecure' }
  | { readonly kind: 'alias' | 'bogus' | 'useless' | 'silent'; readonly reason: string }

export function isSecure(server: ServerSeen): server is ServerSeen & { readonly says: { readonly kind: 'secure' } } {
  return server.says.kind === 'secure'
}

/** Why it is not known that all servers have what some have; undefined when it is. */
export function whyNotWhole({ servers, fault }: ZoneSeen): string | undefined {
  if (fault !== undefined) return fault
  if (servers.length === 0) return 'no name server was found'
  const [bad] = servers.filter((server) => !isSecure(server))
  if (bad === undefined) return undefined
  const { place, says } = bad
  if (says.kind === 'insecure') return `${place}: what it says is not signed`
  return says.kind === 'secure' ? undefined : `${place}: ${says.kind === 'bogus' ? 'bogus: ' : ''}${says.reason}`
}

export function isUnsigned({ servers }: ZoneSeen): boolean {
  return servers.some(({ says }) => says.kind === 'insecure')
}

/** What each server has, for the history. */
export function servedBy(zone: ZoneSeen): Served {
  const sets = new Map<string, Served['sets'][number]>()
  for (const { says } of zone.servers) {
    if (says.kind !== 'secure') continue
    sets.set(`${says.ttl} ${says.records.join('\n')}`, { records: says.records, ttl: says.ttl })
  }
  return { sets: [...sets.values()], isWhole: whyNotWhole(zone) === undefined }
}

/** Servers that lack some of these records. */
export function lacking({ servers }: ZoneSeen, records: readonly string[]): ServerSeen[] {
  return servers.filter((server) => isSecure(server) && records.some((record) => !has(server, record)))
}

/** Servers that have some of these records. */
export function having({ servers }: ZoneSeen, records: readonly string[]): ServerSeen[] {
  return servers.filter((server) => isSecure(server) && records.some((record) => has(server, record)))
}

function has({ says }: ServerSeen, record: string): boolean {
  return says.kind === 'secure' && says.records.includes(record)
}

/** All records that some server has. */
export function recordsAnywhere({ servers }: ZoneSeen): string[] {
  const records = servers.flatMap(({ says }) => (says.kind === 'secure' ? says.records : []))
  return [...new Set(records)].toSorted()
}
