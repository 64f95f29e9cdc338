import { formatExtendedErrorCode } from '../../core/dns/edns.ts'
import { codesOf } from '../../core/dnssec/extended-error.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'

/** An Extended DNS Error of ours. RFC 8914 §4 */
export interface CodeReport {
  readonly code: number
  /** As the registry has it. */
  readonly name: string
}

/** One that a server sent, with its text: escaped, and nothing rests on it. */
export interface SaidReport extends CodeReport {
  readonly text: string
}

export function codesToJson(resolution: Resolution): CodeReport[] {
  return codesOf(resolution).map((code) => ({ code, name: formatExtendedErrorCode(code) }))
}

export function saidToJson(resolution: Resolution): SaidReport[] {
  const { said = [] } = resolution.kind === 'failure' ? resolution : resolution.evidence
  return said.map(({ code, text }) => ({ code, name: formatExtendedErrorCode(code), text }))
}

/** `Extended DNS Error 7, Signature Expired, and 13, Cached Error`; undefined when there is none. */
export function codesText(codes: readonly CodeReport[]): string | undefined {
  if (codes.length === 0) return undefined
  return `Extended DNS Error ${codes.map(({ code, name }) => `${code}, ${name}`).join(', and ')}`
}

/** `192.0.2.53 itself says: DNSSEC Bogus: no luck`; undefined when it says nothing. */
export function saidText(server: string | null | undefined, said: readonly SaidReport[]): string | undefined {
  if (said.length === 0) return undefined
  const words = said.map(({ name, text }) => (text === '' ? name : `${name}: ${text}`))
  return `${server ?? 'the server'} itself says: ${words.join('; ')}`
}
