// Signed zones made wrong, or odd and still right, each in one way: what servers then serve is for validators to judge.
import type { ResourceRecord } from '../../../src/core/dns/message.ts'
import { TYPE } from '../../../src/core/dns/types.ts'
import { isWildcard, type Name } from '../../../src/core/name/name.ts'
import type { Chance } from './chance.ts'

interface Spoilt {
  readonly records: readonly ResourceRecord[]
  /** Names to ask about: the spoilt ones. */
  readonly touched: readonly Name[]
}

type Spoil = (records: readonly ResourceRecord[], chance: Chance, origin: Name) => Spoilt

const proofTypes: readonly number[] = [TYPE.NSEC, TYPE.NSEC3]

function coveredBy({ type, rdata }: ResourceRecord): number | undefined {
  return type === TYPE.RRSIG ? ((rdata[0] ?? 0) << 8) | (rdata[1] ?? 0) : undefined
}

interface Place {
  readonly name: Name
  readonly type: number
}

const isAt = ({ name, type }: Place, record: ResourceRecord) => record.type === type && record.name.key === name.key
const isSignatureAt = ({ name, type }: Place, record: ResourceRecord) =>
  coveredBy(record) === type && record.name.key === name.key

/** Without its address Knot may crash, and there would be no glue. */
const isNameServer = ({ key }: Name) => key.startsWith('\x02ns')

/** RRsets below the apex that have a signature, denials not among them. */
function signedPlaces(records: readonly ResourceRecord[], origin: Name): Place[] {
  const places = records.flatMap((record) => {
    const type = coveredBy(record)
    const isOutside = record.name.key === origin.key || isNameServer(record.name)
    return type !== undefined && !proofTypes.includes(type) && !isOutside ? [{ name: record.name, type }] : []
  })
  return [...new Map(places.map((place) => [`${place.type} ${place.name.key}`, place])).values()]
}

function withOctet(record: ResourceRecord, at: number, change: (octet: number) => number): ResourceRecord {
  const rdata = Uint8Array.from(record.rdata)
  const place = at < 0 ? rdata.length + at : at
  rdata[place] = change(rdata[place] ?? 0)
  return { ...record, rdata }
}

/** The last octet of every type here is one that can be another. */
const changed = (record: ResourceRecord) => withOctet(record, -1, (octet) => octet ^ 1)

/** A few places, each spoilt: what a change makes of the records of one place, the rest left alone. */
function atSome(change: (place: Place, record: ResourceRecord) => readonly ResourceRecord[]): Spoil {
  return (records, chance, origin) => {
    const places = chance.some(signedPlaces(records, origin), 3)
    const spoilt = places.reduce((all, place) => all.flatMap((record) => [...change(place, record)]), [...records])
    return { records: spoilt, touched: places.map(({ name }) => name) }
  }
}

/** Two RRsets of a type, for something to be exchanged between. */
function pairOf(records: readonly ResourceRecord[], chance: Chance, origin: Name): readonly [Place, Place] {
  const places = signedPlaces(records, origin).filter(({ type }) => type === TYPE.A || type === TYPE.MX)
  const [one = places[0]] = chance.some(places, 1)
  const other = places.find(({ name, type }) => type === one?.type && name.key !== one.name.key)
  if (one === undefined || other === undefined) throw new Error('every zone has two names with addresses')
  return [one, other]
}

/** What stands at one of two places goes to the other, owners left as they are. */
function exchanged(isMeant: (place: Place, record: ResourceRecord) => boolean): Spoil {
  return (records, chance, origin) => {
    const [one, other] = pairOf(records, chance, origin)
    const from = (place: Place, to: Place) =>
      records.filter((record) => isMeant(place, record)).map((record) => ({ ...record, name: to.name }))
    const rest = records.filter((record) => !isMeant(one, record) && !isMeant(other, record))
    return { records: [...rest, ...from(one, other), ...from(other, one)], touched: [one.name, other.name] }
  }
}

/** What the change makes of half of the denials, their signatures, or both. */
function atProofs(
  isMeant: (record: ResourceRecord) => boolean,
  change: (record: ResourceRecord) => readonly ResourceRecord[],
): Spoil {
  return (records, chance, origin) => {
    const owners = [...new Set(records.filter(isProof).map(({ name }) => name.key))].filter((key) => key !== origin.key)
    const some = new Set(chance.some(owners, Math.ceil(owners.length / 2)))
    const isSpoilt = (record: ResourceRecord) => isMeant(record) && some.has(record.name.key)
    return { records: records.flatMap((record) => (isSpoilt(record) ? change(record) : [record])), touched: [] }
  }
}

const isProof = ({ type }: ResourceRecord) => proofTypes.includes(type)
const isSignatureOfProof = (record: ResourceRecord) => proofTypes.includes(coveredBy(record) ?? 0)

function atAll(
  isMeant: (record: ResourceRecord) => boolean,
  change: (record: ResourceRecord) => readonly ResourceRecord[],
): Spoil {
  return (records) => ({
    records: records.flatMap((record) => (isMeant(record) ? change(record) : [record])),
    touched: [],
  })
}

const isSignature = ({ type }: ResourceRecord) => type === TYPE.RRSIG
const isZoneSigningKey = ({ type, rdata }: ResourceRecord) => type === TYPE.DNSKEY && ((rdata[1] ?? 0) & 1) === 0

/** A label's length is at most 63: no letter, so that all letters of the wire are letters of labels. */
function inCapitals(name: Name): Name {
  return { ...name, wire: name.wire.replace(/[a-z]/g, (letter) => letter.toUpperCase()) }
}

/** Under a name that is not there, as if the wildcard of the zone had not been needed for it. */
const expandedWildcard: Spoil = (records, chance, origin) => {
  const place = chance.pick(signedPlaces(records, origin).filter(({ name }) => isWildcard(name)))
  const forged = { ...place.name, wire: `\x01q${place.name.wire.slice(2)}`, key: `\x01q${place.name.key.slice(2)}` }
  const copies = records
    .filter((record) => isAt(place, record) || isSignatureAt(place, record))
    .map((record) => ({ ...record, name: forged }))
  return { records: [...records, ...copies], touched: [forged] }
}

const spoils = {
  'signature missing': atSome((place, record) => (isSignatureAt(place, record) ? [] : [record])),
  'signature changed': atSome((place, record) => [isSignatureAt(place, record) ? changed(record) : record]),
  'signatures exchanged': exchanged(isSignatureAt),
  'data exchanged': exchanged(isAt),
  'data changed': atSome((place, record) => [isAt(place, record) ? changed(record) : record]),
  'record added': atSome((place, record) => (isAt(place, record) ? [record, changed(record)] : [record])),
  'rrset missing': atSome((place, record) => (isAt(place, record) || isSignatureAt(place, record) ? [] : [record])),
  'name missing': atSome(({ name }, record) => (record.name.key === name.key && !isProof(record) ? [] : [record])),
  'labels miscounted': atSome((place, record) => [
    isSignatureAt(place, record) ? withOctet(record, 3, (labels) => labels + 1) : record,
  ]),
  'original ttl changed': atSome((place, record) => [
    isSignatureAt(place, record) ? withOctet(record, 7, (octet) => octet ^ 1) : record,
  ]),
  'wildcard expanded without proof': expandedWildcard,
  'proofs unsigned': atProofs(isSignatureOfProof, () => []),
  'proofs missing': atProofs(
    (record) => isProof(record) || isSignatureOfProof(record),
    () => [],
  ),
  'proofs changed': atProofs(isProof, (record) => [changed(record)]),
  'keys unsigned': atAll(
    (record) => coveredBy(record) === TYPE.DNSKEY,
    () => [],
  ),
  'key missing': atAll(isZoneSigningKey, () => []),
  'key changed': atAll(isZoneSigningKey, (record) => [changed(record)]),
  'all expired': atAll(
    () => false,
    () => [],
  ),
  'all in the future': atAll(
    () => false,
    () => [],
  ),
  // These are right all the same.
  'bad signatures beside the good': atAll(isSignature, (record) => [changed(record), record]),
  'ttls lowered': atAll(
    () => true,
    (record) => [{ ...record, ttl: Math.min(record.ttl, 60) }],
  ),
  'ttls raised': atAll(
    () => true,
    (record) => [{ ...record, ttl: 2 * record.ttl }],
  ),
  'names in capitals': atAll(
    () => true,
    (record) => [{ ...record, name: inCapitals(record.name) }],
  ),
} as const satisfies Readonly<Record<string, Spoil>>

export type DefectName = keyof typeof spoils
export const defectNames = Object.keys(spoils) as DefectName[]

/** How long before and after now signatures hold, in seconds, where that is the defect. */
export function validityOf(defect: DefectName | undefined): { readonly before?: number; readonly after?: number } {
  if (defect === 'all expired') return { before: 20 * 86_400, after: -3 * 86_400 }
  return defect === 'all in the future' ? { before: -3 * 86_400, after: 20 * 86_400 } : {}
}

export function spoilZone(defect: DefectName, ...given: Parameters<Spoil>): Spoilt {
  return spoils[defect](...given)
}
