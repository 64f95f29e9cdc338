import { fromLatin1, sameOctets } from '../dns/octets.ts'
import type { Ds } from '../dns/rdata/records.ts'
import { limits } from '../limits.ts'
import type { Name } from '../name/name.ts'
import { parseName } from '../name/text.ts'
import { accept, type Result, refuse } from '../result.ts'
import { digestTypes } from './algorithms.ts'
import type { AnchorPeriod, TrustAnchor } from './anchors.ts'
import { keyTagOf } from './key-tag.ts'
import { parseStrictXml, type XmlElement, type XmlFault } from './strict-xml.ts'

/** `not-root-anchors`: elements or attributes that are not those of such a file. `wrong-key`: a key of another digest. */
export type RootAnchorFault = XmlFault | 'not-root-anchors' | 'wrong-value' | 'wrong-key'

/** TrustAnchor, KeyDigest and what is in it. */
const depth = 3

/** Whether text is meant to be such a file: no zone text begins so. */
export function looksLikeXml(text: string): boolean {
  return /^\ufeff?\s*</.test(text)
}

/**
 * Reads IANA's `root-anchors.xml`: digests of keys of the root, each with the time in which it counts. RFC 9718 §2.1, §2.2
 *
 * A key that stands beside its digest must be the one digested; what is trusted is the digest.
 */
export function parseRootAnchors(text: string): Result<TrustAnchor[], RootAnchorFault> {
  const xml = parseStrictXml(text, { depth, elements: 2 + 7 * limits.dnssec.anchorDigests })
  if (!xml.ok) return xml
  const root = xml.value
  const [zone, ...digests] = root.children
  if (root.name !== 'TrustAnchor' || zone?.name !== 'Zone') return refuse('not-root-anchors', root.at)
  if (!hasOnly(root, ['id', 'source']) || !isLeaf(zone)) return refuse('not-root-anchors', zone.at)
  const owner = parseName(zone.text, null)
  if (!owner.ok) return refuse('wrong-value', zone.at)
  if (digests.length === 0) return refuse('not-root-anchors', root.at)
  const anchors: TrustAnchor[] = []
  for (const element of digests) {
    const anchor = readKeyDigest(element, owner.value)
    if (typeof anchor === 'string') return refuse(anchor, element.at)
    anchors.push(anchor)
  }
  return accept(anchors)
}

/** The elements in a KeyDigest, in their order; the last two only together. RFC 9718 §2.1 */
const fields = ['KeyTag', 'Algorithm', 'DigestType', 'Digest', 'PublicKey', 'Flags'] as const

function readKeyDigest(element: XmlElement, owner: Name): TrustAnchor | RootAnchorFault {
  const { name, attributes, children } = element
  const isWhole = children.length === fields.length || children.length === fields.length - 2
  const isKnown = children.every((child, place) => child.name === fields[place] && isLeaf(child))
  if (name !== 'KeyDigest' || !isWhole || !isKnown || element.text !== '') return 'not-root-anchors'
  if (!hasOnly(element, ['id', 'validFrom', 'validUntil'])) return 'not-root-anchors'
  const period = readPeriod(attributes)
  const [keyTag, algorithm, digestType, digest, publicKey, flags] = children.map(({ text }) => text)
  const ds = readDigest([keyTag, algorithm, digestType, digest])
  if (period === undefined || ds === undefined) return 'wrong-value'
  if (publicKey !== undefined) {
    const rdata = readKey(flags, ds.algorithm, publicKey)
    if (rdata === undefined) return 'wrong-value'
    if (!isDigestOf(ds, rdata, owner)) return 'wrong-key'
  }
  return { kind: 'ds', owner, ds, period }
}

/** In milliseconds since 1970. */
function readPeriod(attributes: ReadonlyMap<string, string>): AnchorPeriod | undefined {
  const from = readDate(attributes.get('validFrom') ?? '')
  const end = attributes.get('validUntil')
  const until = end === undefined ? undefined : readDate(end)
  if (from === undefined || (end !== undefined && (until === undefined || until <= from))) return undefined
  return { from, until }
}

function readDigest([tag, number, type, digits]: readonly (string | undefined)[]): Ds | undefined {
  const keyTag = readNumber(tag, 65_535)
  const algorithm = readNumber(number, 255)
  const digestType = readNumber(type, 255)
  const octets = (digits ?? '').replace(/\s+/g, '')
  if (keyTag === undefined || algorithm === undefined || digestType === undefined) return undefined
  if (!/^(?:[0-9A-Fa-f]{2})+$/.test(octets) || octets.length > 2 * limits.dnssec.digestOctets) return undefined
  return { keyTag, algorithm, digestType, digest: Buffer.from(octets, 'hex') }
}

/** Record data of the DNSKEY. RFC 4034 §2.1 */
function readKey(flagsText: string | undefined, algorithm: number, keyText: string): Uint8Array | undefined {
  const flags = readNumber(flagsText, 65_535)
  const digits = keyText.replace(/\s+/g, '')
  if (flags === undefined || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(digits)) {
    return undefined
  }
  const key = Buffer.from(digits, 'base64')
  return key.length === 0 ? undefined : Buffer.concat([Uint8Array.of(flags >> 8, flags & 255, 3, algorithm), key])
}

/** A digest of an unknown kind cannot be held against the key; nothing can be trusted by it either. */
function isDigestOf({ keyTag, digestType, digest }: Ds, rdata: Uint8Array, owner: Name): boolean {
  if (keyTagOf(rdata) !== keyTag) return false
  const made = digestTypes.get(digestType)?.digest(Buffer.concat([fromLatin1(owner.key), rdata]))
  return made === undefined || sameOctets(made, digest)
}

function isLeaf({ attributes, children }: XmlElement): boolean {
  return attributes.size === 0 && children.length === 0
}

function hasOnly({ attributes }: XmlElement, names: readonly string[]): boolean {
  return [...attributes.keys()].every((name) => names.includes(name))
}

function readNumber(text: string | undefined, most: number): number | undefined {
  const value = /^\d{1,5}$/.test(text ?? '') ? Number(text) : Number.NaN
  return value <= most ? value : undefined
}

/** A date and time with its zone, or without one in UTC. XML Schema's dateTime, of the years that there are keys in. */
const dateForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/

function readDate(text: string): number | undefined {
  const [, local, zone = 'Z'] = dateForm.exec(text.trim()) ?? []
  if (local === undefined) return undefined
  const written = Date.parse(`${local}Z`)
  const time = Date.parse(`${local}${zone}`)
  // The 30th of February would be taken for another day.
  if (Number.isNaN(time) || new Date(written).toISOString().slice(0, 19) !== local) return undefined
  return time
}
