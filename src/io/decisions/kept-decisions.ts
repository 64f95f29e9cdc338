import type { Made, Shelved } from './decisions.ts'
import { destinationOfKey } from './destination-key.ts'
import { createShelf } from './shelf.ts'

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

/** Where what stands in a record; all but the serial number in four octets. The texts follow. */
const field = { until: 0, at: 4, askedAt: 8, tookMs: 12, serial: 16, ready: 24, restAndWhy: 28 } as const
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
      return madeOf(readRecord(key, shelf.octetsOf(place), shelf.startOf(place)), read)
    },
    ready(key, now) {
      const place = places.get(key)
      if (place === undefined) return undefined
      const octets = shelf.octetsOf(place)
      const start = shelf.startOf(place)
      if (octets.readUInt32LE(start + field.until) * 1000 <= now) return undefined
      octets.writeUInt32LE(secondOf(now), start + field.askedAt)
      const from = start + headOctets
      return octets.toString('latin1', from, from + octets.readUInt32LE(start + field.ready))
    },
    touch(key, now) {
      const place = places.get(key)
      if (place !== undefined) shelf.octetsOf(place).writeUInt32LE(secondOf(now), shelf.startOf(place) + field.askedAt)
    },
    put(record) {
      const { key, shelved } = record
      remove(key)
      const place = shelf.take(headOctets + shelved.ready.length + shelved.rest.length)
      places.set(key, place)
      const octets = shelf.octetsOf(place)
      const start = shelf.startOf(place)
      writeRecord(record, octets, start)
      return madeOf(readRecord(key, octets, start), read)
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

function writeRecord<View>(record: KeptRecord<View>, octets: Buffer, start: number): void {
  const { at, until, askedAt, tookMs, serial, why, shelved } = record
  const { ready, rest } = shelved
  octets.writeUInt32LE(secondOf(until), start + field.until)
  octets.writeUInt32LE(secondOf(at), start + field.at)
  octets.writeUInt32LE(secondOf(askedAt), start + field.askedAt)
  octets.writeUInt32LE(Math.round(tookMs), start + field.tookMs)
  octets.writeDoubleLE(serial, start + field.serial)
  octets.writeUInt32LE(ready.length, start + field.ready)
  octets.writeUInt32LE(rest.length * 2 + (why === 'renewed' ? 1 : 0), start + field.restAndWhy)
  octets.write(ready, start + headOctets, 'latin1')
  octets.write(rest, start + headOctets + ready.length, 'latin1')
}

function readRecord<View>(key: string, octets: Buffer, start: number): KeptRecord<View> {
  const restAndWhy = octets.readUInt32LE(start + field.restAndWhy)
  const from = start + headOctets
  const middle = from + octets.readUInt32LE(start + field.ready)
  return {
    key,
    at: octets.readUInt32LE(start + field.at) * 1000,
    until: octets.readUInt32LE(start + field.until) * 1000,
    askedAt: octets.readUInt32LE(start + field.askedAt) * 1000,
    tookMs: octets.readUInt32LE(start + field.tookMs),
    serial: octets.readDoubleLE(start + field.serial),
    why: restAndWhy % 2 === 1 ? 'renewed' : 'asked',
    shelved: {
      ready: octets.toString('latin1', from, middle),
      rest: octets.toString('latin1', middle, middle + Math.floor(restAndWhy / 2)),
    },
  }
}

/** What was in memory when it was asked for; what costs more is made of it when somebody wants it. */
function madeOf<View>({ shelved, ...rest }: KeptRecord<View>, read: ReadView<View>): Made<View> {
  let view: View | undefined
  return {
    ...rest,
    get view() {
      view ??= read(shelved, rest.key)
      return view
    },
    get destination() {
      return destinationOfKey(rest.key)
    },
  }
}

/** Never less than nothing: a clock may show anything. */
function secondOf(at: number): number {
  return Math.min(Math.max(0, Math.floor(at / 1000)), 0xffff_ffff)
}
