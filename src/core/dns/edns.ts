import { limits } from '../limits.ts'
import type { Edns, Message } from './message.ts'
import { readU16 } from './octets.ts'

/** The one EDNS option that we read; it may come several at a time. RFC 8914 §2, §3 */
export const extendedErrorCode = 15

/** EDNS as every query of ours has it: DO set, 1232 octets. RFC 6891 §6.2.5, RFC 9715 §3 */
export const ourEdns: Edns = { udpPayload: limits.dns.udpPayload, version: 0, dnssecOk: true, options: [] }

/** The same for a message of so many octets without padding, which then has a multiple of 128. RFC 7830 §3, RFC 8467 §4.1 */
export function padded(edns: Edns, octets: number): Edns {
  const length = (padBlock - ((octets + optionHeader) % padBlock)) % padBlock
  return { ...edns, options: [...edns.options, { code: paddingCode, data: new Uint8Array(length) }] }
}

const paddingCode = 12
const padBlock = 128
const optionHeader = 4

/** What a server says of its failure; for people only, never for a decision. RFC 8914 §2 */
export interface ExtendedError {
  readonly code: number
  /** Printable, at most 256 characters. */
  readonly text: string
}

const errorNames = [
  'Other',
  'Unsupported DNSKEY Algorithm',
  'Unsupported DS Digest Type',
  'Stale Answer',
  'Forged Answer',
  'DNSSEC Indeterminate',
  'DNSSEC Bogus',
  'Signature Expired',
  'Signature Not Yet Valid',
  'DNSKEY Missing',
  'RRSIGs Missing',
  'No Zone Key Bit Set',
  'NSEC Missing',
  'Cached Error',
  'Not Ready',
  'Blocked',
  'Censored',
  'Filtered',
  'Prohibited',
  'Stale NXDOMAIN Answer',
  'Not Authoritative',
  'Not Supported',
  'No Reachable Authority',
  'Network Error',
  'Invalid Data',
  'Signature Expired before Valid',
  'Too Early',
  'Unsupported NSEC3 Iterations Value',
  'Unable to conform to policy',
  'Synthesized',
  'Invalid Query Type',
]

/** RFC 8914 §5.2 and the registry since. */
export function formatExtendedErrorCode(code: number): string {
  return errorNames[code] ?? `EDE ${code}`
}

const noErrors: readonly ExtendedError[] = []

/** The Extended DNS Errors of a message, in its order: the first few. RFC 8914 §2 */
export function extendedErrorsOf({ edns }: Message): readonly ExtendedError[] {
  if (edns === undefined || edns.options.length === 0) return noErrors
  return edns.options
    .filter(({ code, data }) => code === extendedErrorCode && data.length >= 2)
    .slice(0, limits.dns.extendedErrors)
    .map(({ data }) => ({
      code: readU16(data, 0),
      text: printable(new TextDecoder().decode(withoutFinalZeros(data.subarray(2)))),
    }))
}

/** The same, or undefined when there are none, as for most messages. */
export function saidIn(message: Message): readonly ExtendedError[] | undefined {
  const errors = extendedErrorsOf(message)
  return errors.length > 0 ? errors : undefined
}

/** The text of the registry and what the server added, as one line. */
export function formatExtendedError({ code, text }: ExtendedError): string {
  return text === '' ? formatExtendedErrorCode(code) : `${formatExtendedErrorCode(code)}: ${text}`
}

/** Some servers end it as C does. RFC 8914 §2 says that nobody needs to. */
function withoutFinalZeros(octets: Uint8Array): Uint8Array {
  return octets.subarray(0, octets.findLastIndex((octet) => octet !== 0) + 1)
}

/** Cut between characters, and never inside an escape. */
function printable(text: string): string {
  let safe = ''
  for (const character of text) {
    const shown = /[\p{C}\p{Zl}\p{Zp}\\]/u.test(character)
      ? `\\u{${character.codePointAt(0)?.toString(16)}}`
      : character
    if (safe.length + shown.length > limits.dns.extraTextCharacters) break
    safe += shown
  }
  return safe
}
