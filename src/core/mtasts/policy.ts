import { limits } from '../limits.ts'
import { type DomainName, parentOfDomain, parseHostName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'

/** A host name, or with `wildcard` every name that is one label longer. RFC 8461 §3.2 */
export interface MxPattern {
  readonly name: DomainName
  readonly wildcard: boolean
}

/** Something that a policy's owner should mend, although senders get by. `at` is an offset into the body. */
export interface StsWarning {
  readonly kind: 'blank-line' | 'trailing-dot' | 'empty-value' | 'max-age-clamped'
  readonly at: number
}

interface AnyPolicy {
  /** Seconds, at most 31557600. */
  readonly maxAge: number
  readonly warnings: readonly StsWarning[]
}

/** A policy. Mode `none` has no patterns that anyone could consult by mistake. RFC 8461 §3.2 */
export type StsPolicy =
  | (AnyPolicy & { readonly mode: 'none' })
  | (AnyPolicy & { readonly mode: 'testing' | 'enforce'; readonly mx: readonly MxPattern[] })

export type StsPolicyFault = 'too-large' | 'characters' | 'syntax' | 'version' | 'mode' | 'max_age' | 'mx'

interface Field {
  readonly key: string
  readonly value: string
  readonly at: number
}

/**
 * Reads the body of `/.well-known/mta-sts.txt`. RFC 8461 §3.2
 *
 * Unknown fields are passed over; of a repeated field other than `mx`, the first counts. Blank lines, a trailing dot in
 * `mx` and empty extension values are outside the grammar but lose nobody's protection: they are taken with a warning.
 */
export function parseStsPolicy(body: string): Result<StsPolicy, StsPolicyFault> {
  // Characters bound the octets from below, and need no counting.
  const isTooLarge = body.length > limits.sts.bodyOctets || Buffer.byteLength(body) > limits.sts.bodyOctets
  if (isTooLarge) return refuse('too-large', Math.min(body.length, limits.sts.bodyOctets))
  // U+FFFD stands where octets were no UTF-8.
  const control = body.search(/^\ufeff|[^\t\n\r -~\u0080-\ufffc\ufffe\uffff]/)
  if (control >= 0) return refuse('characters', control)
  const warnings: StsWarning[] = []
  const fields = readFields(body, warnings)
  if (!fields.ok) return fields
  return assemble(fields.value, warnings, body.length)
}

function assemble(fields: readonly Field[], warnings: StsWarning[], end: number): Result<StsPolicy, StsPolicyFault> {
  const first = (key: string) => fields.find((field) => field.key === key)
  const version = first('version')
  if (version?.value !== 'STSv1') return refuse('version', version?.at ?? end)
  const maxAge = readMaxAge(first('max_age'), warnings)
  if (maxAge === undefined) return refuse('max_age', first('max_age')?.at ?? end)
  const mx: MxPattern[] = []
  for (const field of fields.filter(({ key }) => key === 'mx')) {
    const pattern = readPattern(field, warnings)
    if (pattern === undefined) return refuse('mx', field.at)
    mx.push(pattern)
  }
  const mode = first('mode')
  if (mode?.value === 'none') return accept({ mode: 'none', maxAge, warnings })
  if (mode?.value !== 'testing' && mode?.value !== 'enforce') return refuse('mode', mode?.at ?? end)
  return mx.length > 0 ? accept({ mode: mode.value, maxAge, mx, warnings }) : refuse('mx', end)
}

/** Lines end in LF or CRLF; a bare CR ends nothing, not even the last line. RFC 8461 §3.2, EID 6253 */
function readFields(body: string, warnings: StsWarning[]): Result<Field[], 'syntax'> {
  const fields: Field[] = []
  for (let at = 0; at < body.length; ) {
    const newline = body.indexOf('\n', at)
    const end = newline < 0 ? body.length : newline
    const text = withoutEndingSpace(body.slice(at, newline > at && body[newline - 1] === '\r' ? newline - 1 : end))
    if (text === '') warnings.push({ kind: 'blank-line', at })
    else {
      const field = readField(text, at)
      if (field === undefined) return refuse('syntax', at)
      const isKnown = ['version', 'mode', 'max_age', 'mx'].includes(field.key)
      if (field.value === '' && !isKnown) warnings.push({ kind: 'empty-value', at })
      fields.push(field)
    }
    at = end + 1
  }
  return accept(fields)
}

/** No part of the pattern may match in two ways: long lines must not cost more than their length. */
function readField(text: string, at: number): Field | undefined {
  const match = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*((?:[^\r\t ][^\r\t]*)?)$/.exec(text)
  if (match === null) return undefined
  const [, key = '', value = ''] = match
  return { key, value, at }
}

/** A pattern would look at every space of a long run again for each of them. */
function withoutEndingSpace(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--
  return text.slice(0, end)
}

function readMaxAge(field: Field | undefined, warnings: StsWarning[]): number | undefined {
  if (field === undefined || !/^\d{1,10}$/.test(field.value)) return undefined
  const seconds = Number(field.value)
  if (seconds <= limits.sts.maxAge) return seconds
  warnings.push({ kind: 'max-age-clamped', at: field.at })
  return limits.sts.maxAge
}

function readPattern({ value, at }: Field, warnings: StsWarning[]): MxPattern | undefined {
  const wildcard = value.startsWith('*.')
  const text = wildcard ? value.slice(2) : value
  // U-labels must have been turned into A-labels by the publisher. RFC 8461 §3.2
  if (!/^[A-Za-z0-9.-]+$/.test(text)) return undefined
  // By the grammar any letters, digits and hyphens: a host named so is listed by its name, whether it is an A-label or not.
  const name = parseHostName(text)
  if (!name.ok) return undefined
  if (text.endsWith('.')) warnings.push({ kind: 'trailing-dot', at })
  return { name: name.value, wildcard }
}

/** Whether the policy lists this MX host. A wildcard stands for exactly one label. RFC 8461 §4.1 */
export function listsMx(patterns: readonly MxPattern[], host: DomainName): boolean {
  const parent = parentOfDomain(host)
  return patterns.some(({ name, wildcard }) => name === (wildcard ? parent : host))
}

/** `mx1.example.com` or `*.example.net`. */
export function formatMxPattern({ name, wildcard }: MxPattern): string {
  return wildcard ? `*.${name}` : name
}

/** What to publish: fixed order, CRLF everywhere. RFC 8461 §3.2 */
export function formatStsPolicy(policy: StsPolicy): string {
  const mx = policy.mode === 'none' ? [] : policy.mx.map((pattern) => `mx: ${formatMxPattern(pattern)}`)
  const lines = ['version: STSv1', `mode: ${policy.mode}`, ...mx, `max_age: ${policy.maxAge}`]
  return lines.map((line) => `${line}\r\n`).join('')
}
