import { limits } from '../limits.ts'
import { DER, readChildren, readElement } from './der.ts'

/** The SubjectPublicKeyInfo of a certificate request in DER, octet for octet; undefined when it is none. RFC 2986 §4.1 */
export function spkiOfRequest(request: Uint8Array): Uint8Array | undefined {
  if (request.length > limits.certificates.octets) return undefined
  const outer = readElement(request, 0)
  if (outer?.tag !== DER.SEQUENCE || outer.end !== request.length) return undefined
  const [info, algorithm, signature, surplus] = readChildren(request, outer) ?? []
  const isWhole = algorithm?.tag === DER.SEQUENCE && signature?.tag === DER.BIT_STRING && surplus === undefined
  if (!isWhole || info?.tag !== DER.SEQUENCE) return undefined
  const [version, subject, key, attributes] = readChildren(request, info) ?? []
  // A certificate would show itself here by its serial number: attributes are what only requests have.
  const isInfo = version?.tag === DER.INTEGER && subject?.tag === DER.SEQUENCE && attributes?.tag === DER.CONTEXT_0
  return isInfo && key?.tag === DER.SEQUENCE ? request.subarray(key.start, key.end) : undefined
}
