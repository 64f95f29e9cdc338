import type { Question, ResourceRecord } from '../../../core/dns/message.ts'
import { readNameRdata } from '../../../core/dns/rdata/records.ts'
import { writeName } from '../../../core/dns/rdata/write.ts'
import { CLASS, RCODE, TYPE } from '../../../core/dns/types.ts'
import { limits } from '../../../core/limits.ts'
import { isAtOrBelow, type Name, prependLabels, replaceSuffix, withoutLabels } from '../../../core/name/name.ts'
import { proofOf } from './denial.ts'
import { closestEncloser, exists, rrsetOf, type ServedZone, type ZoneNode } from './zone.ts'

/** What a name server says to one question, apart from the header's formalities. */
export interface Sections {
  readonly rcode: number
  readonly isAuthoritative: boolean
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
}

export const refused: Sections = {
  rcode: RCODE.REFUSED,
  isAuthoritative: false,
  answer: [],
  authority: [],
  additional: [],
}

/** A question with what the lookup needs to know besides. */
interface Lookup extends Question {
  readonly dnssecOk: boolean
  /** Aliases that may still be followed within the zone. */
  readonly aliasesLeft: number
}

/** Answers as a server that is authoritative for these zones and knows no others. RFC 1034 §4.3.2 */
export function answerQuestion(zones: readonly ServedZone[], question: Question, dnssecOk: boolean): Sections {
  const zone = zoneFor(zones, question)
  if (zone === undefined || question.class !== CLASS.IN) return refused
  return answerFrom(zone, { ...question, dnssecOk, aliasesLeft: limits.resolver.aliases })
}

/** The zone closest to the name; for DS at a zone's apex the parent's, when it is served here too. RFC 4035 §3.1.4.1 */
function zoneFor(zones: readonly ServedZone[], { name, type }: Question): ServedZone | undefined {
  const around = zones
    .filter(({ origin }) => isAtOrBelow(name, origin))
    .sort((one, other) => other.origin.labelCount - one.origin.labelCount)
  const [closest, above] = around
  return type === TYPE.DS && closest?.origin.key === name.key ? (above ?? closest) : closest
}

function answerFrom(zone: ServedZone, lookup: Lookup): Sections {
  for (let depth = zone.origin.labelCount; depth <= lookup.name.labelCount; depth++) {
    const node = zone.nodes.get(withoutLabels(lookup.name, lookup.name.labelCount - depth).key)
    if (node === undefined) continue
    if (isCut(zone, node, lookup)) return refer(zone, node, lookup)
    if (node.rrsets.has(TYPE.DNAME) && node.name.key !== lookup.name.key) return followDname(zone, node, lookup)
  }
  const node = zone.nodes.get(lookup.name.key)
  if (node !== undefined) return answerAt(zone, node, lookup)
  if (exists(zone, lookup.name)) return deny(zone, lookup, 'no-such-type')
  return answerByWildcard(zone, lookup)
}

/** DS at a cut is the parent's own data; all else there and below belongs to the child. RFC 4035 §3.1.4 */
function isCut(zone: ServedZone, node: ZoneNode, { name, type }: Lookup): boolean {
  if (!node.rrsets.has(TYPE.NS) || node.name.key === zone.origin.key) return false
  return !(type === TYPE.DS && node.name.key === name.key)
}

function refer(zone: ServedZone, cut: ZoneNode, { dnssecOk }: Lookup): Sections {
  const ds = rrsetOf(cut, TYPE.DS, true)
  const security = ds.length > 0 ? ds : proofOf(zone, cut.name, 'no-such-type')
  const nameServers = cut.rrsets.get(TYPE.NS) ?? []
  return {
    rcode: RCODE.NOERROR,
    isAuthoritative: false,
    answer: [],
    authority: [...nameServers, ...(dnssecOk ? security : [])],
    additional: nameServers.flatMap((record) => glueOf(zone, targetOf(record))),
  }
}

function glueOf(zone: ServedZone, name: Name): ResourceRecord[] {
  const node = zone.nodes.get(name.key)
  return node === undefined ? [] : [TYPE.A, TYPE.AAAA].flatMap((type) => rrsetOf(node, type, false))
}

function answerAt(zone: ServedZone, node: ZoneNode, lookup: Lookup): Sections {
  const own = rrsetOf(node, lookup.type, lookup.dnssecOk)
  if (node.rrsets.has(lookup.type)) return { ...found(own), additional: addressesBeside(zone, own) }
  if (node.rrsets.has(TYPE.CNAME)) return followCname(zone, node, lookup, [])
  return deny(zone, lookup, 'no-such-type')
}

/** Those of name servers: whoever asks for them wants to ask them next. RFC 1034 §4.3.2 */
function addressesBeside(zone: ServedZone, answer: readonly ResourceRecord[]): ResourceRecord[] {
  return answer.flatMap((record) => (record.type === TYPE.NS ? glueOf(zone, targetOf(record)) : []))
}

function found(answer: readonly ResourceRecord[], authority: readonly ResourceRecord[] = []): Sections {
  return { rcode: RCODE.NOERROR, isAuthoritative: true, answer, authority, additional: [] }
}

function followCname(zone: ServedZone, node: ZoneNode, lookup: Lookup, proof: readonly ResourceRecord[]): Sections {
  const alias = rrsetOf(node, TYPE.CNAME, lookup.dnssecOk)
  const target = alias[0] === undefined ? undefined : targetOf(alias[0])
  return goOn(zone, lookup, target, alias, proof)
}

/** RFC 6672 §3.2: the DNAME, the CNAME made from it, and whatever the target yields. */
function followDname(zone: ServedZone, node: ZoneNode, lookup: Lookup): Sections {
  const dname = rrsetOf(node, TYPE.DNAME, lookup.dnssecOk)
  const record = dname[0] as ResourceRecord
  const target = replaceSuffix(lookup.name, node.name, targetOf(record))
  if (target === undefined) return { ...found(dname), rcode: RCODE.YXDOMAIN }
  const alias = { ...record, name: lookup.name, type: TYPE.CNAME, rdata: writeName(target) }
  return goOn(zone, lookup, target, [...dname, alias], [])
}

/** Adds what the same zone knows of an alias's target; elsewhere the asker must ask for himself. */
function goOn(
  zone: ServedZone,
  lookup: Lookup,
  target: Name | undefined,
  alias: readonly ResourceRecord[],
  proof: readonly ResourceRecord[],
): Sections {
  const mayFollow = target !== undefined && lookup.aliasesLeft > 0 && isAtOrBelow(target, zone.origin)
  if (!mayFollow || lookup.type === TYPE.CNAME) return found(alias, proof)
  const rest = answerFrom(zone, { ...lookup, name: target, aliasesLeft: lookup.aliasesLeft - 1 })
  if (!rest.isAuthoritative) return found(alias, proof)
  return { ...rest, answer: [...alias, ...rest.answer], authority: [...proof, ...rest.authority] }
}

/** RFC 4592 §3.3, with the proof that no closer name exists. */
function answerByWildcard(zone: ServedZone, lookup: Lookup): Sections {
  const encloser = closestEncloser(zone, lookup.name)
  const wildcard = prependLabels(['*'], encloser)
  if (wildcard === undefined || !exists(zone, wildcard)) return deny(zone, lookup, 'no-such-name')
  const node = zone.nodes.get(wildcard.key)
  if (node === undefined) return deny(zone, lookup, 'wildcard-no-such-type')
  const synthesized = expand(node, lookup.name)
  const proof = lookup.dnssecOk ? proofOf(zone, lookup.name, 'wildcard') : []
  if (node.rrsets.has(lookup.type)) return found(rrsetOf(synthesized, lookup.type, lookup.dnssecOk), proof)
  if (node.rrsets.has(TYPE.CNAME)) return followCname(zone, synthesized, lookup, proof)
  return deny(zone, lookup, 'wildcard-no-such-type')
}

function expand(node: ZoneNode, name: Name): ZoneNode {
  const rename = (sets: ReadonlyMap<number, ResourceRecord[]>) =>
    new Map([...sets].map(([type, records]) => [type, records.map((record) => ({ ...record, name }))]))
  return { name, rrsets: rename(node.rrsets), signatures: rename(node.signatures) }
}

function deny(zone: ServedZone, { name, dnssecOk }: Lookup, claim: Parameters<typeof proofOf>[2]): Sections {
  const apex = zone.nodes.get(zone.origin.key)
  const soa = apex === undefined ? [] : rrsetOf(apex, TYPE.SOA, dnssecOk)
  return {
    rcode: claim === 'no-such-name' ? RCODE.NXDOMAIN : RCODE.NOERROR,
    isAuthoritative: true,
    answer: [],
    authority: [...soa, ...(dnssecOk ? proofOf(zone, name, claim) : [])],
    additional: [],
  }
}

/**
 * What a resolver that asks all these zones' servers in turn would gather, aliases followed from zone to zone. The
 * response is as complete as a recursive server's, DNSSEC records included, and nothing in it is checked.
 */
export function answerRecursively(
  ask: (question: Question) => Sections | undefined,
  question: Question,
): Sections | undefined {
  const answer: ResourceRecord[] = []
  const authority: ResourceRecord[] = []
  let name = question.name
  for (let left = limits.resolver.aliases; left >= 0; left--) {
    const sections = ask({ ...question, name })
    if (sections === undefined) return undefined
    answer.push(...sections.answer)
    authority.push(...sections.authority)
    const target = openAlias(sections, question.type)
    if (target === undefined) return { ...sections, answer, authority }
    name = target
  }
  return { ...refused, rcode: RCODE.SERVFAIL }
}

/** Where the aliases of an answer lead, when it does not say what stands there. */
function openAlias({ answer, authority }: Sections, type: number): Name | undefined {
  if (type === TYPE.CNAME || answer.some((record) => record.type === type)) return undefined
  if (authority.some((record) => record.type === TYPE.SOA)) return undefined
  const last = answer.findLast((record) => record.type === TYPE.CNAME)
  return last === undefined ? undefined : targetOf(last)
}

/** The name that an NS, CNAME or DNAME record bears; ours are made from names, so there is one. */
function targetOf(record: ResourceRecord): Name {
  const target = readNameRdata(record.rdata)
  if (!target.ok) throw new Error('a record of the lab does not hold the name that it was made from')
  return target.value
}
