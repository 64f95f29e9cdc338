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

/** What reading the names of one message may cost in all; shared by every call for it. */
export interface ExpansionBudget {
  octets: number
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
  let end: number | undefined
  let pointers = 0
  let bound = limit
  for (;;) {
    if (at >= bound) return refuse('name-truncated', at)
    const length = octets[at] as number
    if (length === 0) break
    if (length >= 0xc0) {
      if (!compressed) return refuse('pointer-not-allowed', at)
      if (at + 1 >= bound) return refuse('name-truncated', at)
      const target = readU16(octets, at) & 0x3fff
      if (target >= at || target < 12 || ++pointers > limits.dns.pointersPerName) return refuse('pointer', at)
      end ??= at + 2
      bound = octets.length
      at = target
      continue
    }
    if (length > limits.names.labelOctets) return refuse('label-type', at)
    if (at + 1 + length >= bound) return refuse('name-truncated', at)
    if (wire.length + 1 + length + 1 > limits.names.octets) return refuse('name-too-long', at)
    wire += latin1(octets, at, at + 1 + length)
    labelCount++
    at += 1 + length
  }
  end ??= at + 1
  budget.octets -= wire.length + 1
  if (budget.octets < 0) return refuse('work', start)
  if (labelCount === 0) return accept({ name: rootName, end })
  wire += '\0'
  return accept({ name: { wire, key: foldCase(wire), labelCount }, end })
}
