import { limits } from '../limits.ts'

/** One field of a message header. RFC 5322 §2.2 */
export interface HeaderField {
  /** In lower case. */
  readonly name: string
  /** Unfolded, without white space at its ends; octets that are not UTF-8 stand as U+FFFD. */
  readonly value: string
  /** Offsets in the message: of its first octet, and just behind its last line end. */
  readonly start: number
  readonly end: number
}

export interface Header {
  readonly fields: readonly HeaderField[]
  /** Just behind the last field; the empty line, or a body without one before it, begins here. */
  readonly end: number
  /** Whether an empty line, or nothing at all, follows the fields. */
  readonly separated: boolean
}

const fieldSyntax = /^([!-9;-~]+)[ \t]*:(.*)$/s

/**
 * Reads the header of a message whose lines end in LF or CRLF.
 *
 * It ends at the first line that is neither a field nor a continuation of one, or at the bound on its size.
 */
export function readHeader(message: Uint8Array): Header {
  const fields: HeaderField[] = []
  let at = 0
  while (at < message.length && at < limits.smtp.headerOctets) {
    const end = endOfField(message, at)
    const text = Buffer.from(message.subarray(at, end)).toString('utf8')
    const found = fieldSyntax.exec(text.replace(/\r?\n(?=[ \t])/g, '').replace(/\r?\n$/, ''))
    if (found === null) break
    fields.push({ name: (found[1] ?? '').toLowerCase(), value: (found[2] ?? '').trim(), start: at, end })
    at = end
  }
  return { fields, end: at, separated: isEmptyLine(message, at) }
}

/** The values of every field of this name, given in lower case. */
export function valuesOf({ fields }: Header, name: string): string[] {
  return fields.filter((field) => field.name === name).map(({ value }) => value)
}

/**
 * The fields that name recipients, To before Cc before Bcc. RFC 5322 §3.6.3
 *
 * A message that somebody sends again goes to those of the newest Resent- fields and to nobody else: these stand first,
 * and a name that comes twice begins an older sending. RFC 5322 §3.6.6
 */
export function recipientFields({ fields }: Header): HeaderField[] {
  const isResent = ({ name }: HeaderField) => name.startsWith('resent-')
  const first = fields.findIndex(isResent)
  const named = (prefix: string, among: readonly HeaderField[]) =>
    ['to', 'cc', 'bcc'].flatMap((kind) => among.filter(({ name }) => name === prefix + kind))
  if (first < 0) return named('', fields)
  const seen = new Set<string>()
  const from = fields.slice(first)
  const end = from.findIndex((field) => !isResent(field) || seen.size === seen.add(field.name).size)
  return named('resent-', end < 0 ? from : from.slice(0, end))
}

/**
 * Whether the sender gives up protection for this message: one `TLS-Required` field, with the value `No`.
 * RFC 8689 §3; several fields are nobody's clear word, and count for nothing.
 */
export function waivesTls(header: Header): boolean {
  const values = valuesOf(header, 'tls-required')
  return values.length === 1 && values[0]?.toLowerCase() === 'no'
}

/** The message without the fields of these names, in lower case, and with an empty line after its header. */
export function withoutFields(message: Uint8Array, header: Header, names: readonly string[]): Uint8Array {
  const kept = header.fields.filter(({ name }) => !names.includes(name))
  const pieces = kept.map(({ start, end }) => message.subarray(start, end))
  const last = pieces.at(-1)
  if (last !== undefined && last.at(-1) !== 0x0a) pieces.push(Buffer.from('\r\n'))
  if (!header.separated) pieces.push(Buffer.from('\r\n'))
  return Buffer.concat([...pieces, message.subarray(header.end)])
}

/** A field goes on over every line that begins with white space. RFC 5322 §2.2.3 */
function endOfField(message: Uint8Array, start: number): number {
  for (let at = start; ; ) {
    const end = message.indexOf(0x0a, at)
    if (end < 0) return message.length
    at = end + 1
    if (message[at] !== 0x20 && message[at] !== 0x09) return at
  }
}

function isEmptyLine(message: Uint8Array, at: number): boolean {
  return at >= message.length || message[at] === 0x0a || (message[at] === 0x0d && message[at + 1] === 0x0a)
}
