import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { readNameRdata } from '../../core/dns/rdata/records.ts'
import { findPart, soaOf } from '../../core/dns/reply.ts'
import { type Rrset, recordsOf } from '../../core/dns/rrset.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { mapKnown } from '../../core/lists.ts'
import { isAtOrBelow, isBelow, type Name, parentOfName, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { addressOf } from './delegations.ts'
import type { Iterator } from './iterate.ts'
import { type Task, type Trouble, trouble } from './task.ts'
import type { Upstream } from './upstream.ts'

/** A name server of a zone. */
export interface NamedServer {
  readonly server: Name
  /** Who names it; undefined when only one of the two could be looked at. RFC 1034 §4.2.2 */
  readonly namedBy: 'both' | 'parent' | 'zone' | undefined
  /** Addresses that the parent zone gives for it. */
  readonly glue: readonly string[]
  /** Those that stood beside the zone's own word that it serves it: records of these types need not be asked for. */
  readonly beside: readonly ResourceRecord[]
}

export type FoundZone =
  | { readonly kind: 'zone'; readonly zone: Name; readonly servers: readonly NamedServer[] }
  | { readonly kind: 'failed'; readonly trouble: Trouble }

interface Ways {
  readonly upstream: Upstream
  /** When it is the upstream. */
  readonly iterator: Iterator | undefined
  /** One question's means. */
  newTask(): Task
}

/**
 * From the name upward to the zone that it lies in; DS records lie in the zone above. RFC 4035 §3.1.4.1
 *
 * `told` is the zone that an answer about the name was said to be of: no zone begins below it.
 */
export async function findZone(
  { name, type, told }: { readonly name: Name; readonly type: number; readonly told?: Name | undefined },
  { upstream, iterator, newTask }: Ways,
): Promise<FoundZone> {
  let at = told ?? (type === TYPE.DS ? (parentOfName(name) ?? name) : name)
  for (;;) {
    const fetched = await fetchOrFail({ name: at, type: TYPE.NS }, upstream, newTask())
    if (!fetched.ok) {
      const { trouble: found } = fetched
      const delegation = iterator?.delegationTo(at)
      const isKnown = delegation !== undefined && delegation.servers.length > 0
      // Servers that fail are those to look at.
      if (isKnown && found.why !== 'aborted') return zoneOf(delegation.zone, undefined, iterator)
      return { kind: 'failed', trouble: found }
    }
    const part = findPart(fetched.reply, at, TYPE.NS)
    if (part.kind === 'rrset') return zoneOf(at, { ns: part.rrset, message: fetched.reply.message }, iterator)
    const soa = soaOf(fetched.reply)?.name
    const above = soa !== undefined && isBelow(at, soa) ? soa : parentOfName(at)
    if (above === undefined) {
      const reason = `no name servers of a zone around ${formatName(name)} are known`
      return { kind: 'failed', trouble: trouble('malformed', reason) }
    }
    at = above
  }
}

async function fetchOrFail(
  question: { readonly name: Name; readonly type: number },
  upstream: Upstream,
  task: Task,
): ReturnType<Upstream['fetch']> {
  try {
    return await upstream.fetch(question, task, new Set())
  } catch (error) {
    if (!task.signal.aborted) throw error
    return { ok: false, trouble: trouble('aborted', `${formatName(question.name)}: the lookup was given up`) }
  }
}

/** The zone's own word on who serves it, and the message that it came in. */
interface Said {
  readonly ns: Rrset
  readonly message: Message
}

/** Whom the zone and its parent name: the two should be the same, and often are not. RFC 1034 §4.2.2 */
function zoneOf(zone: Name, said: Said | undefined, iterator: Iterator | undefined): FoundZone {
  const own = (said?.ns.rdatas ?? []).flatMap((rdata) => {
    const name = readNameRdata(rdata)
    return name.ok ? [name.value] : []
  })
  const delegation = iterator?.delegationTo(zone)
  const handed = delegation !== undefined && sameName(delegation.zone, zone) ? delegation.servers : []
  const glue = new Map(handed.map(({ name, addresses }) => [name.key, addresses]))
  const both = glue.size > 0 && own.length > 0
  const ownKeys = new Set(own.map(({ key }) => key))
  const others = handed.flatMap(({ name }) => (ownKeys.has(name.key) ? [] : [name]))
  const servers = [
    ...own.map((server) => ({
      ...{ server, glue: glue.get(server.key) ?? [], beside: said === undefined ? [] : besideIn(said, server) },
      namedBy: both ? (glue.has(server.key) ? ('both' as const) : ('zone' as const)) : undefined,
    })),
    ...others.map((server) => ({
      ...{ server, glue: glue.get(server.key) ?? [], beside: [] },
      namedBy: both ? ('parent' as const) : undefined,
    })),
  ]
  return { kind: 'zone', zone, servers }
}

/**
 * The addresses of a name server in the zone itself, as far as they came along. An RRset that stands there is whole, or the
 * reply would have been cut short; one that does not may have been left out. Further down another zone may begin, of which
 * this one has no more than glue. RFC 1034 §4.3.2, RFC 2181 §5, §9
 */
function besideIn({ ns, message }: Said, server: Name): readonly ResourceRecord[] {
  const isOwn = isAtOrBelow(server, ns.name) && server.labelCount <= ns.name.labelCount + 1
  if (!message.isAuthoritative || !isOwn) return []
  return message.additional.filter((record) => sameName(record.name, server) && addressOf(record) !== undefined)
}

/** Every address that is published, and that its parent has as glue. A name server is no alias. RFC 2181 §10.3 */
export async function findAddresses(
  { server, glue, beside }: NamedServer,
  { upstream, task }: { readonly upstream: Upstream; readonly task: Task },
): Promise<string[]> {
  const found = await Promise.all(
    [TYPE.A, TYPE.AAAA].map(async (type) => {
      const known = beside.filter((record) => record.type === type)
      if (known.length > 0) return mapKnown(known, addressOf)
      const fetched = await fetchOrFail({ name: server, type }, upstream, task)
      const part = fetched.ok ? findPart(fetched.reply, server, type) : undefined
      return part?.kind === 'rrset' ? mapKnown(recordsOf(part.rrset), addressOf) : []
    }),
  )
  return [...new Set([...found.flat(), ...glue])].slice(0, limits.resolver.addressesPerServer)
}
