/**
 * Room for many small records in few large pieces of memory, outside the heap: nothing walks through it to find garbage, and
 * it takes as much as the records do. Pieces have records of one size each, and go when their last record does.
 */
export interface Shelf {
  /** Room for so many octets, and where it is; what stands there is left from before. */
  take(octets: number): number
  /** Gives a room back. */
  give(place: number): void
  /** The piece that a room is in, the same as numbers of four octets, and where in it the room begins, in octets. */
  octetsOf(place: number): Buffer
  wordsOf(place: number): Uint32Array
  /** A multiple of 32. */
  startOf(place: number): number
  /** Memory that all pieces take. */
  readonly octets: number
}

const pieceOctets = 256 * 1024
/** Sizes are multiples of this; what is larger than the largest has a piece of its own. */
const step = 32
const largest = 2048
/** A place is the number of a piece before that of a room in it, of which there are no more than fit in so many bits. */
const roomBits = Math.log2(pieceOctets / step)
const roomMask = 2 ** roomBits - 1

interface Piece {
  readonly number: number
  readonly octets: Buffer
  readonly words: Uint32Array
  readonly size: number
  readonly rooms: number
  /** Rooms that were given back, and the first of those that were never used. */
  readonly free: number[]
  fresh: number
  used: number
}

export function createShelf(): Shelf {
  const pieces: (Piece | undefined)[] = []
  const unusedNumbers: number[] = []
  /** Pieces with room, by the size of their rooms. */
  const open = new Map<number, Set<Piece>>()
  let total = 0

  const addPiece = (size: number): Piece => {
    const number = unusedNumbers.pop() ?? pieces.length
    const rooms = size > largest ? 1 : Math.floor(pieceOctets / size)
    const octets = Buffer.allocUnsafeSlow(size > largest ? size : pieceOctets)
    const words = new Uint32Array(octets.buffer)
    const piece: Piece = { number, octets, words, size, rooms, free: [], fresh: 0, used: 0 }
    pieces[number] = piece
    total += piece.octets.length
    return piece
  }
  const unshut = (piece: Piece) => {
    const some = open.get(piece.size)
    if (some === undefined) open.set(piece.size, new Set([piece]))
    else some.add(piece)
  }
  /** No room is to be looked for in it; sizes that nothing has are not remembered. */
  const shut = (piece: Piece) => {
    const some = open.get(piece.size)
    some?.delete(piece)
    if (some?.size === 0) open.delete(piece.size)
  }
  const removePiece = (piece: Piece) => {
    pieces[piece.number] = undefined
    unusedNumbers.push(piece.number)
    shut(piece)
    total -= piece.octets.length
  }
  const pieceOf = (place: number): Piece => pieces[place >>> roomBits] as Piece // places come from `take`

  return {
    take(octets) {
      const size = Math.ceil(octets / step) * step
      const [first] = open.get(size) ?? []
      const piece = first ?? addPiece(size)
      const room = piece.free.pop() ?? piece.fresh++
      piece.used++
      if (piece.used === piece.rooms) shut(piece)
      else if (first === undefined) unshut(piece)
      return piece.number * (roomMask + 1) + room
    },
    give(place) {
      const piece = pieceOf(place)
      piece.used--
      if (piece.used === 0) {
        removePiece(piece)
        return
      }
      piece.free.push(place & roomMask)
      unshut(piece)
    },
    octetsOf: (place) => pieceOf(place).octets,
    wordsOf: (place) => pieceOf(place).words,
    startOf: (place) => (place & roomMask) * pieceOf(place).size,
    get octets() {
      return total
    },
  }
}
