import { accept, type Result, refuse } from '../../result.ts'
import { fromLatin1 } from '../octets.ts'
import { type ExpansionBudget, endOfPlainName, readWireName } from '../wire-name.ts'
import { type Field, layoutOf } from './layout.ts'

/** Why record data is malformed. */
export type RdataFault = 'rdata-too-short' | 'rdata-too-long' | 'rdata-name' | 'rdata-value'

/**
 * Checks record data as it stands in a message and yields it with its names uncompressed. RFC 3597 §4
 *
 * Data of types that we do not know comes back as it is. Exactly `from` to `to` must be used up.
 */
export function expandRdata(
  type: number,
  message: Uint8Array,
  range: { from: number; to: number; budget: ExpansionBudget },
): Result<Uint8Array, RdataFault> {
  return walkRdata(type, message, { ...range, compressed: true })
}

/**
 * Checks data whose names are uncompressed already, as from zone text or a cache.
 *
 * Alone it has nothing that a pointer could lead to: those who read it later follow none.
 */
export function checkRdata(type: number, rdata: Uint8Array): Result<Uint8Array, RdataFault> {
  const budget = { octets: rdata.length + 1 }
  return walkRdata(type, rdata, { from: 0, to: rdata.length, budget, compressed: false })
}

function walkRdata(
  type: number,
  message: Uint8Array,
  { from, to, budget, compressed }: { from: number; to: number; budget: ExpansionBudget; compressed: boolean },
): Result<Uint8Array, RdataFault> {
  const layout = layoutOf(type)
  if (layout === undefined) return accept(message.subarray(from, to))
  const pieces: Uint8Array[] = []
  let at = from
  let copied = from
  for (const field of layout) {
    if (field === 'name' || field === 'tolerated-name' || field === 'plain-name') {
      // Most stand there as they are: those who want them will read them.
      const plain = endOfPlainName(message, at, to)
      if (plain !== undefined) {
        budget.octets -= plain - at
        if (budget.octets < 0) return refuse('rdata-name', at)
        at = plain
        continue
      }
      const read = readWireName(message, at, { limit: to, compressed: compressed && field !== 'plain-name', budget })
      if (!read.ok) return refuse('rdata-name', read.at)
      const { name, end } = read.value
      if (end - at !== name.wire.length) {
        pieces.push(message.subarray(copied, at), fromLatin1(name.wire))
        copied = end
      }
      at = end
      continue
    }
    const length = fieldLength(field, message, at, to)
    if (typeof length === 'string') return refuse(length, at)
    at += length
  }
  if (at !== to) return refuse('rdata-too-long', at)
  if (pieces.length === 0) return accept(message.subarray(from, to))
  pieces.push(message.subarray(copied, to))
  return accept(joined(pieces))
}

/** In memory of its own, for whoever keeps it. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** How many octets a field takes at `at`, or why it cannot be there. */
function fieldLength(
  field: Exclude<Field, 'name' | 'tolerated-name' | 'plain-name'>,
  octets: Uint8Array,
  at: number,
  to: number,
): number | RdataFault {
  const fixed = (width: number) => (at + width <= to ? width : 'rdata-too-short')
  switch (field) {
    case 'u8':
      return fixed(1)
    case 'u16':
    case 'type':
      return fixed(2)
    case 'u32':
    case 'time':
    case 'ipv4':
      return fixed(4)
    case 'ipv6':
      return fixed(16)
    case 'string':
    case 'tag':
    case 'salt':
      return countedLength(octets, at, to)
    case 'hash': {
      const length = countedLength(octets, at, to)
      return length === 1 ? 'rdata-value' : length
    }
    case 'strings':
      return stringsLength(octets, at, to)
    case 'bitmap':
      return bitmapLength(octets, at, to)
    case 'parameters':
      return parametersLength(octets, at, to)
    case 'hex':
    case 'base64':
      return at < to ? to - at : 'rdata-too-short'
    case 'hex-or-none':
    case 'text':
      return to - at
  }
}

function countedLength(octets: Uint8Array, at: number, to: number): number | RdataFault {
  const length = octets[at]
  return at < to && length !== undefined && at + 1 + length <= to ? 1 + length : 'rdata-too-short'
}

function stringsLength(octets: Uint8Array, start: number, to: number): number | RdataFault {
  let at = start
  do {
    const length = countedLength(octets, at, to)
    if (typeof length === 'string') return length
    at += length
  } while (at < to)
  return at - start
}

/** Windows strictly increase, each 1 to 32 octets long. RFC 4034 §4.1.2 */
function bitmapLength(octets: Uint8Array, start: number, to: number): number | RdataFault {
  let window = -1
  for (let at = start; at < to; ) {
    const next = octets[at] as number
    const length = octets[at + 1]
    if (at + 1 >= to || length === undefined) return 'rdata-too-short'
    if (next <= window || length < 1 || length > 32) return 'rdata-value'
    if (at + 2 + length > to) return 'rdata-too-short'
    window = next
    at += 2 + length
  }
  return to - start
}

/** Keys strictly increase. RFC 9460 §2.2 */
function parametersLength(octets: Uint8Array, start: number, to: number): number | RdataFault {
  let last = -1
  for (let at = start; at < to; ) {
    if (at + 4 > to) return 'rdata-too-short'
    const key = ((octets[at] as number) << 8) | (octets[at + 1] as number)
    const length = ((octets[at + 2] as number) << 8) | (octets[at + 3] as number)
    if (key <= last) return 'rdata-value'
    if (at + 4 + length > to) return 'rdata-too-short'
    last = key
    at += 4 + length
  }
  return to - start
}
