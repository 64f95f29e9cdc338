import { limits } from '../limits.ts'
import { foldCase, type Name, rootName } from '../name/name.ts'
import { accept, type Result, refuse } from '../result.ts'
import { latin1, readU16 } from './octets.ts'

/** Why octets are no name. RFC 1035 §3.1, §4.1.4 */
export type WireNameFault =
  | 'name-truncated'
  | 'name-too-long'
  | 'label-type'
  | 'pointer'
  | 'pointer-not-allowed'
  | 'work'

export interface WireName {
  readonly name: Name
  /** Offset behind the name where it stands. */
  readonly end: number
}

/** What reading the names of one message may cost in all, and what was read; shared by every call for it. */
export interface ExpansionBudget {
  octets: number
  /** Names by the offset of their first label: most owners are pointers to names that were read before. */
  readonly known?: Map<number, Name>
}

/**
 * Reads a name, following compression pointers when allowed. RFC 1035 §4.1.4
 *
 * A pointer must lead to before where it stands, not into the header; `limit` is the end of the record or message.
 */
export function readWireName(
  octets: Uint8Array,
  start: number,
  { limit, compressed, budget }: { limit: number; compressed: boolean; budget: ExpansionBudget },
): Result<WireName, WireNameFault> {
  let wire = ''
  let labelCount = 0
  let at = start
  /** Where the labels begin that are not in `wire` yet. */
  let from = start
  let end: number | undefined
  let pointers = 0
  let bound = limit
  let known: Name | undefined
  for (;;) {
    if (at >= bound) return refuse('name-truncated', at)
    const length = octets[at] as number
    if (length === 0) break
    if (length >= 0xc0) {
      if (!compressed) return refuse('pointer-not-allowed', at)
      if (at + 1 >= bound) return refuse('name-truncated', at)
      const target = readU16(octets, at) & 0x3fff
      if (target >= at || target < 12 || ++pointers > limits.dns.pointersPerName) return refuse('pointer', at)
      if (at > from) wire += latin1(octets, from, at)
      end ??= at + 2
      known = budget.known?.get(target)
      if (known !== undefined) break
      bound = octets.length
      at = target
      from = target
      continue
    }
    if (length > limits.names.labelOctets) return refuse('label-type', at)
    if (at + 1 + length >= bound) return refuse('name-truncated', at)
    if (wire.length + (at - from) + 1 + length + 1 > limits.names.octets) return refuse('name-too-long', at)
    labelCount++
    at += 1 + length
  }
  const name =
    known === undefined ? nameOf(wire + latin1(octets, from, at + 1), labelCount) : nameUnder(wire, labelCount, known)
  if (name === undefined) return refuse('name-too-long', at)
  budget.octets -= name.wire.length
  if (budget.octets < 0) return refuse('work', start)
  if (end !== start + 2) budget.known?.set(start, name)
  return accept({ name, end: end ?? at + 1 })
}

/** Where a name without pointers ends, which is not made for it; undefined for one with pointers, or none. */
export function endOfPlainName(octets: Uint8Array, start: number, limit: number): number | undefined {
  for (let at = start; at < limit; ) {
    const length = octets[at] as number
    if (at + 1 - start > limits.names.octets || length > limits.names.labelOctets) return undefined
    at += 1 + length
    if (length === 0) return at
  }
  return undefined
}

function nameOf(wire: string, labelCount: number): Name {
  return labelCount === 0 ? rootName : { wire, key: foldCase(wire), labelCount }
}

function nameUnder(labels: string, labelCount: number, known: Name): Name | undefined {
  if (labelCount === 0) return known
  const wire = labels + known.wire
  if (wire.length > limits.names.octets) return undefined
  return { wire, key: foldCase(labels) + known.key, labelCount: labelCount + known.labelCount }
}
