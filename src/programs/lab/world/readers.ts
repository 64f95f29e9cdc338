import { isIP } from 'node:net'
import { accept, type Result, refuse } from '../../../core/result.ts'
import type { WorldFault } from './fault.ts'
import type { Word } from './words.ts'

/** Makes a value of one word's text, or says what is wrong with it. */
export type Reader<Value> = (text: string, at: number) => Result<Value, WorldFault>

export type Readers = Readonly<Record<string, Reader<unknown>>>

/** What a statement's `key=value` words say; a key that is not given is absent. */
export type Options<Given extends Readers> = {
  readonly [Key in keyof Given]?: Given[Key] extends Reader<infer Value> ? Value : never
}

/** Reads `key=value` words; a key alone means `key=yes`. */
export function readOptions<Given extends Readers>(
  words: readonly Word[],
  readers: Given,
): Result<Options<Given>, WorldFault> {
  const options: Record<string, unknown> = {}
  for (const { text, at } of words) {
    const equals = text.indexOf('=')
    const key = equals < 0 ? text : text.slice(0, equals)
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined
    if (reader === undefined) return refuse('unknown-option', at)
    if (Object.hasOwn(options, key)) return refuse('repeated-option', at)
    const value = equals < 0 ? reader('yes', at) : reader(text.slice(equals + 1), at + equals + 1)
    if (!value.ok) return value
    options[key] = value.value
  }
  return accept(options as Options<Given>)
}

/** Reads one of a few words. */
export function oneOf<const Value extends string>(values: readonly Value[]): Reader<Value> {
  return (text, at) => {
    const value = values.find((candidate) => candidate === text)
    return value === undefined ? refuse('unknown-value', at) : accept(value)
  }
}

export const readText: Reader<string> = (text) => accept(text)

export const readYesNo: Reader<boolean> = (text, at) =>
  text === 'yes' || text === 'no' ? accept(text === 'yes') : refuse('unknown-value', at)

/** Any number of values with commas between them; the empty text has none. */
export function listOf<Value>(reader: Reader<Value>): Reader<readonly Value[]> {
  return (text, at) => {
    const values: Value[] = []
    let offset = at
    for (const part of text === '' ? [] : text.split(',')) {
      const value = reader(part, offset)
      if (!value.ok) return value
      values.push(value.value)
      offset += part.length + 1
    }
    return accept(values)
  }
}

/** Reads a whole number in digits, within bounds that are both allowed. */
export function numberIn(least: number, most: number): Reader<number> {
  return (text, at) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    return value >= least && value <= most ? accept(value) : refuse('number', at)
  }
}

const labelText = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?|\*)$/

/** A name as the world language has it: A-labels and `_` labels in lower case, without the final dot; `.` is the root. */
export const readName: Reader<string> = (text, at) => {
  const name = text.toLowerCase()
  if (name === '.') return accept('.')
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const fits = bare.length <= 253 && bare.split('.').every((label) => labelText.test(label))
  return fits ? accept(bare) : refuse('name', at)
}

export const readAddress: Reader<string> = (text, at) => (isIP(text) === 0 ? refuse('address', at) : accept(text))

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `5m`, `12h`, `3d`, in milliseconds. */
export const readDuration: Reader<number> = (text, at) => {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (digits === undefined || unit === undefined) return refuse('duration', at)
  return accept(Number(digits) * (unitMs[unit] as number))
}

/** A moment in UTC, to the second, in milliseconds since 1970. */
export const readTime: Reader<number> = (text, at) => {
  const value = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(value) ? refuse('time', at) : accept(value)
}
