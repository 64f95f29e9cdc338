import { base32hex } from '../../src/core/dns/base32hex.ts'
import type { Message, ResourceRecord } from '../../src/core/dns/message.ts'
import { readNameRdata, readNsec3param } from '../../src/core/dns/rdata/records.ts'
import { RCODE, TYPE } from '../../src/core/dns/types.ts'
import { formatRecord, parseZone } from '../../src/core/dns/zone-text.ts'
import { nsec3Hash } from '../../src/core/dnssec/nsec3.ts'
import {
  compareNames,
  isAtOrBelow,
  isBelow,
  labelsOf,
  type Name,
  prependLabels,
  replaceSuffix,
  rootName,
  sameName,
  withoutLabels,
} from '../../src/core/name/name.ts'
import { formatName } from '../../src/core/name/text.ts'
import { readSections } from '../support/dnssec-vectors.ts'
import { nameOf } from '../support/sign.ts'
import type { Asked, Behaviour } from './fake-exchange.ts'

/** Where nobody signs: the records that the vectors leave to whoever serves them. */
const unsigned = `mail.unalg.test. MX 10 ns1.unalg.test.
mail.undig.test. MX 10 ns1.undig.test.
mail.unsigned.test. MX 10 ns1.unsigned.test.`

interface Zone {
  readonly apex: Name
  readonly records: readonly ResourceRecord[]
}

function recordsOf(text: string): ResourceRecord[] {
  const records = parseZone(text, { ttl: 3600 })
  if (!records.ok) throw new Error(records.fault)
  return records.value
}

/** Zones of DV8.1 to DV8.4, and those below `test.` of which DV8.5 has a few records. */
const zones: readonly Zone[] = [
  ...readSections('dnssec-lab.zone').map(({ text }) => text),
  ...['unalg', 'undig', 'unsigned'].map((label) => `${label}.test. SOA . . 1 2 3 4 300\n${unsigned}`),
].flatMap((text) => {
  const records = recordsOf(text)
  const apexes = records.filter(({ type }) => type === TYPE.SOA || type === TYPE.DNSKEY).map(({ name }) => name.key)
  return [...new Set(apexes)].map((key) => {
    const apex = records.find(({ name }) => name.key === key)?.name ?? rootName
    return { apex, records: records.filter(({ name }) => isAtOrBelow(name, apex)) }
  })
})

/** A recursive resolver that knows the zones of DV8 and nothing else. Its denials have more proofs than they need. */
export function answerFromVectors({ name, type, query }: Pick<Asked, 'name' | 'type' | 'query'>): Message {
  const owner = type === TYPE.DS ? withoutLabels(name, 1) : name
  const zone = zones
    .filter(({ apex }) => isAtOrBelow(owner, apex))
    .sort((one, other) => other.apex.labelCount - one.apex.labelCount)[0]
  const reply = { ...query, isResponse: true, recursionAvailable: true }
  return zone === undefined ? { ...reply, rcode: RCODE.REFUSED } : { ...reply, ...answerFrom(zone, name, type) }
}

function answerFrom(zone: Zone, name: Name, type: number): Pick<Message, 'rcode' | 'answer' | 'authority'> {
  const dname = zone.records.find((one) => one.type === TYPE.DNAME && isBelow(name, one.name))
  if (dname !== undefined) return { rcode: RCODE.NOERROR, answer: expandDname(zone, dname, name), authority: [] }
  const isThere = exists(zone, name)
  const encloser = isThere ? name : closestEncloser(zone, name)
  const source = isThere ? name : (prependLabels(['*'], encloser) ?? name)
  const proofs = isThere ? [] : proofsFor(zone, name)
  const found = [type, TYPE.CNAME].map((wanted) => rrset(zone, source, wanted)).find((records) => records.length > 0)
  if (found !== undefined) {
    return { rcode: RCODE.NOERROR, answer: found.map((record) => ({ ...record, name })), authority: proofs }
  }
  const authority = [...rrset(zone, zone.apex, TYPE.SOA), ...proofsFor(zone, name)]
  const isAbsent = !isThere && !exists(zone, source) && !isUnsignedCut(name)
  return { rcode: isAbsent ? RCODE.NXDOMAIN : RCODE.NOERROR, answer: [], authority }
}

/** In no signed chain, and there all the same. */
function isUnsignedCut(name: Name): boolean {
  return sameName(name, nameOf('sub.oo.test.'))
}

/** RFC 6672 §3.1: with a CNAME that nobody signed. */
function expandDname(zone: Zone, dname: ResourceRecord, name: Name): ResourceRecord[] {
  const target = readNameRdata(dname.rdata)
  const to = target.ok ? replaceSuffix(name, dname.name, target.value) : undefined
  const cname = { ...dname, name, type: TYPE.CNAME, rdata: Buffer.from(to?.wire ?? '\0', 'latin1') }
  return [...rrset(zone, dname.name, TYPE.DNAME), cname]
}

/** Records and the RRSIG records over them; NSEC3 names are there for nobody. */
function rrset(zone: Zone, name: Name, type: number): ResourceRecord[] {
  return zone.records.filter(
    (record) =>
      sameName(record.name, name) &&
      (record.type === type ||
        (record.type === TYPE.RRSIG && record.rdata[0] === type >> 8 && record.rdata[1] === (type & 255))),
  )
}

function exists({ records, apex }: Zone, name: Name): boolean {
  if (sameName(name, apex)) return true
  const nsec3 = nsec3Of(records, name)
  if (nsec3 !== undefined) return nsec3.isMatch
  return records.some((record) => isAtOrBelow(record.name, name))
}

function closestEncloser(zone: Zone, name: Name): Name {
  return ancestorsOf(zone, name).find((one) => exists(zone, one)) ?? zone.apex
}

/** The name and what is above it, up to the apex. */
function ancestorsOf({ apex }: Zone, name: Name): Name[] {
  return Array.from({ length: name.labelCount - apex.labelCount + 1 }, (_, labels) => withoutLabels(name, labels))
}

/** NSEC or NSEC3 RRsets that match or cover the name, its ancestors and the wildcards among them. */
function proofsFor(zone: Zone, name: Name): ResourceRecord[] {
  const encloser = closestEncloser(zone, name)
  const closer = ancestorsOf(zone, name).filter(({ labelCount }) => labelCount > encloser.labelCount)
  const names = [name, encloser, ...closer.slice(-1), prependLabels(['*'], encloser) ?? encloser]
  const owners = new Map(
    names.flatMap((one) => {
      const owner = nsec3Of(zone.records, one)?.owner ?? nsecOwner(zone.records, one)
      return owner === undefined ? [] : [[owner.key, owner] as const]
    }),
  )
  return [...owners.values()].flatMap((owner) => [...rrset(zone, owner, TYPE.NSEC), ...rrset(zone, owner, TYPE.NSEC3)])
}

function nsecOwner(records: readonly ResourceRecord[], name: Name): Name | undefined {
  const owners = records.filter(({ type }) => type === TYPE.NSEC).map((record) => record.name)
  return owners
    .filter((owner) => compareNames(owner, name) <= 0)
    .sort(compareNames)
    .at(-1)
}

/** The NSEC3 record that matches or covers the name; undefined in a zone without. */
function nsec3Of(records: readonly ResourceRecord[], name: Name): { owner: Name; isMatch: boolean } | undefined {
  const param = records.find(({ type }) => type === TYPE.NSEC3PARAM)
  const parameters = param === undefined ? undefined : readNsec3param(param.rdata)
  if (parameters?.ok !== true) return undefined
  const hash = base32hex(nsec3Hash(name, parameters.value))
  const owners = records.filter(({ type }) => type === TYPE.NSEC3).map((record) => record.name)
  const sorted = owners.sort((one, other) => (hashOf(one) < hashOf(other) ? -1 : 1))
  const owner = sorted.findLast((one) => hashOf(one) <= hash) ?? sorted.at(-1)
  return owner === undefined ? undefined : { owner, isMatch: hashOf(owner) === hash }
}

function hashOf(owner: Name): string {
  return (labelsOf(owner)[0] ?? '').toLowerCase()
}

/** Owner, as text, of the NSEC3 record of n3.test. that matches or covers a name. */
export function proofOwner(text: string): string {
  const zone = zones.find(({ apex }) => sameName(apex, nameOf('n3.test.')))
  const found = nsec3Of(zone?.records ?? [], nameOf(text))
  if (found === undefined) throw new Error(`no NSEC3 for ${text}`)
  return formatName(found.owner)
}

/** The message without the records whose text begins so. */
export function without(message: Message, ...beginnings: readonly string[]): Behaviour {
  const keep = (record: ResourceRecord) => {
    const text = formatRecord(record).replace(/ \d+ IN /, ' ')
    return !beginnings.some((beginning) => text.startsWith(beginning))
  }
  return { ...message, answer: message.answer.filter(keep), authority: message.authority.filter(keep) }
}
