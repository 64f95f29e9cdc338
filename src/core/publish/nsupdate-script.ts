import type { ResourceRecord } from '../dns/message.ts'
import { formatRdata } from '../dns/rdata/format.ts'
import { formatClass, formatType } from '../dns/types.ts'
import { formatName } from '../name/text.ts'
import type { ZoneChange } from './change.ts'
import { type Prerequisite, prerequisitesOf } from './change-steps.ts'

/** Where the script sends its update; without it nsupdate asks for the zone's SOA record. */
export interface ScriptServer {
  readonly host: string
  readonly port: number
}

/** A change as input for BIND's `nsupdate`: one update, with the same prerequisites as ours. RFC 2136 §2 */
export function formatNsupdate(change: ZoneChange, server?: ScriptServer): string {
  const { zone, remove, add, assume = [] } = change
  const lines = [
    ...(server === undefined ? [] : [`server ${server.host} ${server.port}`]),
    `zone ${formatName(zone)}`,
    ...prerequisitesOf(change).flatMap(formatPrerequisite),
    ...remove.map((record) => `update delete ${ownerOf(record)} ${dataOf(record)}`),
    ...add.map((record) => `update add ${ownerOf(record)} ${record.ttl} ${dataOf(record)}`),
    'send',
  ]
  const warning =
    '; NXRRSET or YXRRSET: the zone is otherwise than it was when this was planned, or this was sent before'
  return `${[...(assume.length > 0 ? [warning] : []), ...lines].join('\n')}\n`
}

function formatPrerequisite(prerequisite: Prerequisite): string[] {
  if (prerequisite.kind === 'is')
    return prerequisite.rrset.records.map((record) => `prereq yxrrset ${ownerOf(record)} ${dataOf(record)}`)
  return [`prereq nxrrset ${formatName(prerequisite.name)} IN ${formatType(prerequisite.type)}`]
}

function ownerOf({ name }: ResourceRecord): string {
  return formatName(name)
}

function dataOf({ class: klass, type, rdata }: ResourceRecord): string {
  return `${formatClass(klass)} ${formatType(type)} ${formatRdata(type, rdata)}`
}
