/** Pieces of messages in hexadecimal, written out by hand so that nothing under test makes them. */

function number(value: number, octets: number): string {
  return value.toString(16).padStart(octets * 2, '0')
}

/** A header with the counts of questions, answer, authority and additional records. RFC 1035 §4.1.1 */
export function header(counts: readonly [number, number, number, number], flags = 0x8400, id = 0x1234): string {
  return number(id, 2) + number(flags, 2) + counts.map((count) => number(count, 2)).join('')
}

export interface RecordPiece {
  /** The owner in hexadecimal: by default a pointer to the first question. */
  readonly owner?: string
  readonly type: number
  readonly class?: number
  readonly ttl?: number
  /** In hexadecimal. */
  readonly rdata?: string
  /** By default what the data has. */
  readonly length?: number
}

/** RFC 1035 §4.1.3 */
export function record({ owner = 'c00c', type, class: klass = 1, ttl = 60, rdata = '', length }: RecordPiece): string {
  return owner + number(type, 2) + number(klass, 2) + number(ttl, 4) + number(length ?? rdata.length / 2, 2) + rdata
}

/** `vec.test. IN A` as a question. */
export const question = '037665630474657374000001' + '0001'

/** RFC 6891 §6.1.2 */
export function opt({ owner = '00', payload = 1232, ttl = 0x8000, options = '' } = {}): string {
  return record({ owner, type: 41, class: payload, ttl, rdata: options })
}

export function option(code: number, data = ''): string {
  return number(code, 2) + number(data.length / 2, 2) + data
}

export function octetsOf(...pieces: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(pieces.join(''), 'hex'))
}
