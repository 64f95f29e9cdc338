import type { ResourceRecord } from '../../../core/dns/message.ts'
import { TYPE } from '../../../core/dns/types.ts'
import { compareNames, isBelow, labelsOf, type Name, parentOfName } from '../../../core/name/name.ts'

/** What a zone holds at one name. */
export interface ZoneNode {
  readonly name: Name
  readonly rrsets: Map<number, ResourceRecord[]>
  /** Signatures by the type that they cover. */
  readonly signatures: Map<number, ResourceRecord[]>
}

/** A zone as its name server has it: records found by name, and the chain of its denials in order. */
export interface ServedZone {
  readonly origin: Name
  readonly nodes: ReadonlyMap<string, ZoneNode>
  /** Keys of names that exist only because others lie below them. RFC 4592 §2.2.2 */
  readonly emptyNonTerminals: ReadonlySet<string>
  /** Owners of NSEC in canonical order. */
  readonly nsec: readonly ZoneNode[]
  /** Owners of NSEC3 in the order of their hashes, which is that of their first labels. */
  readonly nsec3: readonly ZoneNode[]
  /** The first label of a name's NSEC3 owner, in lower case; undefined in a zone without NSEC3. */
  readonly hash: ((name: Name) => string) | undefined
}

/** Puts a zone's records, signed or not, in order. NSEC3 owners are no names of the zone. RFC 5155 §7.2.8 */
export function arrangeZone(
  origin: Name,
  records: readonly ResourceRecord[],
  hash: ServedZone['hash'] = undefined,
): ServedZone {
  const nodes = new Map<string, ZoneNode>()
  const hashed = new Map<string, ZoneNode>()
  const ownersOfNsec3 = new Set(records.filter(({ type }) => type === TYPE.NSEC3).map(({ name }) => name.key))
  for (const record of records) addRecord(ownersOfNsec3.has(record.name.key) ? hashed : nodes, record)
  return {
    origin,
    nodes,
    emptyNonTerminals: findEmptyNonTerminals(origin, nodes),
    nsec: [...nodes.values()]
      .filter(({ rrsets }) => rrsets.has(TYPE.NSEC))
      .sort((one, other) => compareNames(one.name, other.name)),
    nsec3: [...hashed.values()].sort((one, other) => (one.name.key < other.name.key ? -1 : 1)),
    hash,
  }
}

function addRecord(nodes: Map<string, ZoneNode>, record: ResourceRecord): void {
  const node = nodes.get(record.name.key) ?? { name: record.name, rrsets: new Map(), signatures: new Map() }
  nodes.set(record.name.key, node)
  const covered = ((record.rdata[0] ?? 0) << 8) | (record.rdata[1] ?? 0)
  const [map, type] = record.type === TYPE.RRSIG ? [node.signatures, covered] : [node.rrsets, record.type]
  map.set(type, [...(map.get(type) ?? []), record])
}

function findEmptyNonTerminals(origin: Name, nodes: ReadonlyMap<string, ZoneNode>): Set<string> {
  const found = new Set<string>()
  for (const { name } of nodes.values()) {
    for (let above = parentOfName(name); above !== undefined && isBelow(above, origin); above = parentOfName(above)) {
      if (!nodes.has(above.key)) found.add(above.key)
    }
  }
  return found
}

export function exists(zone: ServedZone, name: Name): boolean {
  return zone.nodes.has(name.key) || zone.emptyNonTerminals.has(name.key)
}

/** The longest existing ancestor of a name that does not exist. RFC 4592 §3.3.1 */
export function closestEncloser(zone: ServedZone, name: Name): Name {
  let above = parentOfName(name)
  while (above !== undefined && above.labelCount > zone.origin.labelCount && !exists(zone, above)) {
    above = parentOfName(above)
  }
  return above ?? zone.origin
}

/** An RRset with the signatures over it when they are wanted. */
export function rrsetOf(node: ZoneNode, type: number, dnssecOk: boolean): ResourceRecord[] {
  const signatures = dnssecOk ? (node.signatures.get(type) ?? []) : []
  return [...(node.rrsets.get(type) ?? []), ...signatures]
}

/** The first label as zone text has it: for the owner of an NSEC3 record, its hash. */
export function firstLabel(name: Name): string {
  return labelsOf({ ...name, wire: name.key })[0] ?? ''
}
