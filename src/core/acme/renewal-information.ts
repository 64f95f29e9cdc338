import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import { DER, type DerElement, readChildren, readElement } from '../x509/der.ts'
import { dateOf, isObject, memberOf, parseJsonObject, textOf } from './json.ts'

/** When the authority would have a certificate renewed, in milliseconds since 1970. RFC 9773 §4.2 */
export interface RenewalWindow {
  readonly start: number
  readonly end: number
  /** Where people can read why, as it was sent. */
  readonly explanation: string | undefined
}

export type RenewalFault = 'json' | 'suggestedWindow'

export function parseRenewalInformation(body: Uint8Array): Result<RenewalWindow, RenewalFault> {
  const object = parseJsonObject(body)
  if (object === undefined) return refuse('json')
  const window = memberOf(object, 'suggestedWindow')
  if (!isObject(window)) return refuse('suggestedWindow')
  const start = dateOf(window, 'start')
  const end = dateOf(window, 'end')
  // One that ends before it starts is to be treated as none. RFC 9773 §4.2
  if (start === undefined || end === undefined || end <= start) return refuse('suggestedWindow')
  return accept({ start, end, explanation: textOf(object, 'explanationURL')?.slice(0, limits.acme.urlCharacters) })
}

/**
 * The name of a certificate in renewal information: its authority's key identifier and its serial number; undefined for
 * one that has no key identifier. RFC 9773 §4.1
 */
export function renewalIdOf(certificate: Uint8Array): string | undefined {
  if (certificate.length > limits.certificates.octets) return undefined
  const outer = readElement(certificate, 0)
  const tbs = outer && readChildren(certificate, outer)?.[0]
  const fields = tbs?.tag === DER.SEQUENCE ? readChildren(certificate, tbs) : undefined
  if (fields === undefined) return undefined
  const serial = fields[fields[0]?.tag === DER.CONTEXT_0 ? 1 : 0]
  const keyIdentifier = authorityKeyIdentifier(certificate, fields)
  if (serial?.tag !== DER.INTEGER || keyIdentifier === undefined) return undefined
  return `${base64url(certificate, keyIdentifier)}.${base64url(certificate, serial)}`
}

const contextThree = 0xa3
const octetString = 0x04
const keyIdentifierTag = 0x80
/** 2.5.29.35. RFC 5280 §4.2.1.1 */
const authorityKeyIdentifierOid = '551d23'

function authorityKeyIdentifier(octets: Uint8Array, fields: readonly DerElement[]): DerElement | undefined {
  const explicit = fields.find(({ tag }) => tag === contextThree)
  const extensions = explicit && readChildren(octets, explicit)?.[0]
  for (const extension of (extensions && readChildren(octets, extensions)) ?? []) {
    const parts = readChildren(octets, extension) ?? []
    const [oid] = parts
    if (oid?.tag !== DER.OID || hex(octets, oid) !== authorityKeyIdentifierOid) continue
    const value = parts.at(-1)
    if (value?.tag !== octetString) return undefined
    const sequence = readElement(octets, value.content, value.end)
    const [first] = (sequence && readChildren(octets, sequence)) ?? []
    return first?.tag === keyIdentifierTag ? first : undefined
  }
  return undefined
}

function hex(octets: Uint8Array, { content, end }: DerElement): string {
  return Buffer.from(octets.subarray(content, end)).toString('hex')
}

function base64url(octets: Uint8Array, { content, end }: DerElement): string {
  return Buffer.from(octets.subarray(content, end)).toString('base64url')
}
