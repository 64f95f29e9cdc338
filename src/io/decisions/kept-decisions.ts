import type { Destination, Made, Shelved } from './decisions.ts'
import { destinationOfKey } from './destination-key.ts'
import { createShelf, type Shelf } from './shelf.ts'

/** A decision as it lies in memory: what is asked for all the time beside what is taken apart when somebody wants it. */
export interface KeptRecord<View> extends Omit<Made<View>, 'view' | 'destination'> {
  readonly shelved: Shelved
}

/** Decisions by the hundred thousand, by their keys, in the order of their coming. Moments are kept to the second. */
export interface KeptDecisions<View> {
  get(key: string): Made<View> | undefined
  /** The text that stands ready in one that still holds, which was asked for by that. */
  ready(key: string, now: number): string | undefined
  /** Notes that it was asked for. */
  touch(key: string, now: number): void
  /** Puts it behind all others, in the place of one before it. */
  put(record: KeptRecord<View>): Made<View>
  delete(key: string): boolean
  has(key: string): boolean
  /** May be gone through while others come and go. */
  keys(): IterableIterator<string>
  readonly size: number
  /** Memory of all but the keys. */
  readonly octets: number
}

type ReadView<View> = (shelved: Shelved, key: string) => View

/** Which of the numbers at the head of a record is what; the texts follow. */
const word = { until: 0, at: 1, askedAt: 2, tookMs: 3, serialLow: 4, serialHigh: 5, ready: 6, restAndWhy: 7 } as const
const headOctets = 32

export function createKeptDecisions<View>(read: ReadView<View>): KeptDecisions<View> {
  const places = new Map<string, number>()
  const shelf = createShelf()

  const remove = (key: string): boolean => {
    const place = places.get(key)
    if (place !== undefined) shelf.give(place)
    return places.delete(key)
  }
  return {
    get(key) {
      const place = places.get(key)
      if (place === undefined) return undefined
      return new KeptDecision(readRecord(key, shelf, place), read)
    },
    ready(key, now) {
      const place = places.get(key)
      if (place === undefined) return undefined
      const words = shelf.wordsOf(place)
      const start = shelf.startOf(place)
      const first = start / 4
      if ((words[first + word.until] ?? 0) * 1000 <= now) return undefined
      words[first + word.askedAt] = secondOf(now)
      const from = start + headOctets
      return shelf.octetsOf(place).toString('latin1', from, from + (words[first + word.ready] ?? 0))
    },
    touch(key, now) {
      const place = places.get(key)
      if (place !== undefined) shelf.wordsOf(place)[shelf.startOf(place) / 4 + word.askedAt] = secondOf(now)
    },
    put(record) {
      const { key, shelved } = record
      remove(key)
      const place = shelf.take(headOctets + shelved.ready.length + shelved.rest.length)
      places.set(key, place)
      writeRecord(record, shelf, place)
      return new KeptDecision(readRecord(key, shelf, place), read)
    },
    delete: remove,
    has: (key) => places.has(key),
    keys: () => places.keys(),
    get size() {
      return places.size
    },
    get octets() {
      return shelf.octets
    },
  }
}

function writeRecord<View>(record: KeptRecord<View>, shelf: Shelf, place: number): void {
  const { at, until, askedAt, tookMs, serial, why, shelved } = record
  const { ready, rest } = shelved
  const head = [secondOf(until), secondOf(at), secondOf(askedAt), Math.round(tookMs), serial % half, serial / half]
  const octets = shelf.octetsOf(place)
  const start = shelf.startOf(place)
  shelf.wordsOf(place).set([...head, ready.length, rest.length * 2 + (why === 'renewed' ? 1 : 0)], start / 4)
  octets.write(ready, start + headOctets, 'latin1')
  octets.write(rest, start + headOctets + ready.length, 'latin1')
}

function readRecord<View>(key: string, shelf: Shelf, place: number): KeptRecord<View> {
  const octets = shelf.octetsOf(place)
  const start = shelf.startOf(place)
  const [until = 0, at = 0, askedAt = 0, tookMs = 0, low = 0, high = 0, length = 0, restAndWhy = 0] = shelf
    .wordsOf(place)
    .subarray(start / 4, (start + headOctets) / 4)
  const from = start + headOctets
  const middle = from + length
  return {
    ...{ key, at: at * 1000, until: until * 1000, askedAt: askedAt * 1000, tookMs, serial: high * half + low },
    why: restAndWhy % 2 === 1 ? 'renewed' : 'asked',
    shelved: {
      ready: octets.toString('latin1', from, middle),
      rest: octets.toString('latin1', middle, middle + Math.floor(restAndWhy / 2)),
    },
  }
}

/** What one of the two numbers that a serial number takes can tell apart. */
const half = 2 ** 32

/**
 * What was in memory when it was asked for; what costs more is made of it when somebody wants it.
 *
 * A class, as V8 keeps literals with accessors, and all they lead to, beyond the collections of what lives shortly.
 */
class KeptDecision<View> implements Made<View> {
  readonly key: string
  readonly at: number
  readonly until: number
  readonly tookMs: number
  readonly serial: number
  readonly why: KeptRecord<View>['why']
  readonly askedAt: number
  readonly #shelved: Shelved
  readonly #read: ReadView<View>
  #view: View | undefined

  constructor({ key, at, until, tookMs, serial, why, askedAt, shelved }: KeptRecord<View>, read: ReadView<View>) {
    this.key = key
    this.at = at
    this.until = until
    this.tookMs = tookMs
    this.serial = serial
    this.why = why
    this.askedAt = askedAt
    this.#shelved = shelved
    this.#read = read
  }

  get view(): View {
    this.#view ??= this.#read(this.#shelved, this.key)
    return this.#view
  }

  get destination(): Destination {
    return destinationOfKey(this.key)
  }
}

/** Never less than nothing: a clock may show anything. */
function secondOf(at: number): number {
  return Math.min(Math.max(0, Math.floor(at / 1000)), 0xffff_ffff)
}
