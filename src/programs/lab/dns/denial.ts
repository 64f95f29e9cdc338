import type { ResourceRecord } from '../../../core/dns/message.ts'
import { TYPE } from '../../../core/dns/types.ts'
import { compareNames, type Name, prependLabels, withoutLabels } from '../../../core/name/name.ts'
import { closestEncloser, exists, firstLabel, rrsetOf, type ServedZone, type ZoneNode } from './zone.ts'

/** What a proof must show of a name. */
export type Claim =
  /** The name exists, and the type that was asked for is not there (or, at a cut, there is no DS). */
  | 'no-such-type'
  | 'no-such-name'
  /** The name does not exist, and a wildcard answers for it. */
  | 'wildcard'
  /** The name does not exist, and the wildcard that answers for it lacks the type. */
  | 'wildcard-no-such-type'

/** The records that prove a claim, signatures included; none in an unsigned zone. RFC 4035 §3.1.3, RFC 5155 §7.2 */
export function proofOf(zone: ServedZone, name: Name, claim: Claim): ResourceRecord[] {
  const nodes = zone.nsec3.length > 0 ? proveByNsec3(zone, name, claim) : proveByNsec(zone, name, claim)
  const type = zone.nsec3.length > 0 ? TYPE.NSEC3 : TYPE.NSEC
  return [...new Set(nodes)].flatMap((node) => rrsetOf(node, type, true))
}

function proveByNsec(zone: ServedZone, name: Name, claim: Claim): ZoneNode[] {
  const at = nsecFor(zone, name)
  if (at === undefined) return []
  if (claim === 'no-such-type' || claim === 'wildcard') return [at]
  const wildcard = nsecFor(zone, wildcardAt(closestEncloser(zone, name)))
  return wildcard === undefined ? [at] : [at, wildcard]
}

/** The NSEC at the name, or else the one whose gap it lies in. The apex, the least of all, always has one. */
function nsecFor(zone: ServedZone, name: Name): ZoneNode | undefined {
  return lastWhere(zone.nsec, (node) => compareNames(node.name, name) <= 0)
}

/** The last node of which the claim is true, where it is false of all that come after the first it is false of. */
function lastWhere(nodes: readonly ZoneNode[], isTrue: (node: ZoneNode) => boolean): ZoneNode | undefined {
  let from = 0
  let end = nodes.length
  while (from < end) {
    const middle = (from + end) >> 1
    if (isTrue(nodes[middle] as ZoneNode)) from = middle + 1
    else end = middle
  }
  return nodes[from - 1]
}

function wildcardAt(encloser: Name): Name {
  return prependLabels(['*'], encloser) ?? encloser
}

function proveByNsec3(zone: ServedZone, name: Name, claim: Claim): ZoneNode[] {
  const own = nsec3At(zone, name)
  if (claim === 'no-such-type' && own !== undefined) return [own]
  // Without an NSEC3 of its own the name is an unsigned delegation in an opt-out span, or above one. RFC 5155 §7.2.4
  const encloser = provableEncloser(zone, name)
  const covering = nsec3Covering(zone, nextCloser(name, encloser))
  if (claim === 'wildcard') return [covering].filter(isNode)
  const proof = [nsec3At(zone, encloser), covering]
  if (claim === 'no-such-type') return proof.filter(isNode)
  const wildcard = wildcardAt(encloser)
  const last = claim === 'no-such-name' ? nsec3Covering(zone, wildcard) : nsec3At(zone, wildcard)
  return [...proof, last].filter(isNode)
}

/** The longest ancestor that has an NSEC3 record. */
function provableEncloser(zone: ServedZone, name: Name): Name {
  for (let count = 1; name.labelCount - count > zone.origin.labelCount; count++) {
    const above = withoutLabels(name, count)
    if (exists(zone, above) && nsec3At(zone, above) !== undefined) return above
  }
  return zone.origin
}

/** The name one label longer than its encloser on the way to `name`. RFC 5155 §1.3 */
function nextCloser(name: Name, encloser: Name): Name {
  return withoutLabels(name, name.labelCount - encloser.labelCount - 1)
}

function nsec3At(zone: ServedZone, name: Name): ZoneNode | undefined {
  const hash = zone.hash?.(name) ?? ''
  const node = lastWhere(zone.nsec3, (one) => firstLabel(one.name) <= hash)
  return node !== undefined && firstLabel(node.name) === hash ? node : undefined
}

/** The chain is a circle: below its first hash the last one covers. */
function nsec3Covering(zone: ServedZone, name: Name): ZoneNode | undefined {
  const hash = zone.hash?.(name) ?? ''
  return lastWhere(zone.nsec3, (node) => firstLabel(node.name) < hash) ?? zone.nsec3.at(-1)
}

function isNode(node: ZoneNode | undefined): node is ZoneNode {
  return node !== undefined
}
