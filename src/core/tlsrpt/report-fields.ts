import { limits } from '../limits.ts'
import { readReportMoment } from './report-moment.ts'

/** Something in a report that is not as the RFC has it, and how it was understood. */
export interface ReportNote {
  readonly kind: ReportNoteKind
  /** `policies[0].summary.total-failure-session-count` */
  readonly path: string
}

/**
 * What is seen in the wild: `missing` members that are required, `null` for an empty list, one `text-for-list` (EID 6241),
 * a `text-for-number`, a moment `without-zone` taken for UTC or `without-time`, an `object-for-list`, a `list-of-one`,
 * `other-spelling` of a word that is known, an `unknown-word`, a domain that is `no-domain`, `fewer-details` than failures,
 * text that was `cut`, a member of `another-type` that was passed over, a `byte-order-mark`.
 */
export type ReportNoteKind =
  | 'missing'
  | 'null'
  | 'text-for-list'
  | 'text-for-number'
  | 'without-zone'
  | 'without-time'
  | 'object-for-list'
  | 'list-of-one'
  | 'other-spelling'
  | 'unknown-word'
  | 'no-domain'
  | 'fewer-details'
  | 'cut'
  | 'another-type'
  | 'byte-order-mark'

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads members by the name that they have, and notes what is odd about them. */
export interface Reader {
  note(kind: ReportNoteKind, path: string): void
  notes(): readonly ReportNote[]
  /** A text that is required; undefined where it is missing or empty. */
  text(object: JsonObject, key: string, path: string): string | undefined
  /** The same of one that need not be there. */
  optional(object: JsonObject, key: string, path: string): string | undefined
  /** A list of texts; one text alone is taken for a list of it. */
  list(object: JsonObject, key: string, path: string): string[]
  /** How many: undefined where nothing is said, NaN for what is no count. */
  count(object: JsonObject, key: string, path: string): number | undefined
  range(value: unknown): { readonly beginsAt: number; readonly endsAt: number } | undefined
}

export function createReader(): Reader {
  const noted: ReportNote[] = []
  const reader: Reader = {
    note(kind, path) {
      if (noted.length < limits.tlsrpt.notes) noted.push({ kind, path })
    },
    notes: () => noted,
    text(object, key, path) {
      const value = reader.optional(object, key, path)
      if (value === undefined && (object[key] === undefined || object[key] === null || object[key] === '')) {
        reader.note('missing', join(path, key))
      }
      return value
    },
    optional(object, key, path) {
      const value = object[key]
      if (value === undefined || value === null || value === '') return undefined
      if (typeof value === 'number') return String(value)
      if (typeof value === 'string') return cut(value, join(path, key))
      reader.note('another-type', join(path, key))
      return undefined
    },
    list(object, key, path) {
      const value = object[key]
      const place = join(path, key)
      if (value === undefined) return []
      if (value === null) reader.note('null', place)
      else if (typeof value === 'string') {
        reader.note('text-for-list', place)
        return [cut(value, place)]
      } else if (Array.isArray(value)) {
        const texts = value.filter((one): one is string => typeof one === 'string')
        if (texts.length < value.length) reader.note('another-type', place)
        if (texts.length > limits.tlsrpt.strings) reader.note('cut', place)
        return texts.slice(0, limits.tlsrpt.strings).map((one) => cut(one, place))
      } else reader.note('another-type', place)
      return []
    },
    count(object, key, path) {
      const value = object[key]
      if (value === undefined || value === null) return undefined
      if (typeof value === 'string' && /^\d{1,15}$/.test(value)) {
        reader.note('text-for-number', join(path, key))
        return Number(value)
      }
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN
    },
    range(value) {
      if (!isObject(value)) return undefined
      const beginsAt = moment(value, 'start-datetime', false)
      const endsAt = moment(value, 'end-datetime', true)
      const isSound = beginsAt !== undefined && endsAt !== undefined && beginsAt <= endsAt
      return isSound && endsAt - beginsAt <= limits.tlsrpt.rangeMs ? { beginsAt, endsAt } : undefined
    },
  }
  return reader

  function moment(range: JsonObject, key: string, isEnd: boolean): number | undefined {
    const value = range[key]
    const read = typeof value === 'string' ? readReportMoment(value, isEnd) : undefined
    if (read?.note !== undefined) reader.note(read.note, `date-range.${key}`)
    return read?.at
  }

  function cut(text: string, path: string): string {
    if (text.length <= limits.tlsrpt.textCharacters) return text
    reader.note('cut', path)
    return text.slice(0, limits.tlsrpt.textCharacters)
  }
}

export function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
