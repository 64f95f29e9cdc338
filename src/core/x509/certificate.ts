import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { limits } from '../limits.ts'
import { DER, type DerElement, readChildren, readElement } from './der.ts'

/**
 * The SubjectPublicKeyInfo of a DER certificate, octet for octet as it stands there: what selector SPKI(1) is about. A
 * key read and written again could differ. RFC 5280 §4.1, RFC 6698 §2.1.2
 */
export function spkiOf(certificate: Uint8Array): Uint8Array | undefined {
  if (certificate.length > limits.certificates.octets) return undefined
  const outer = whole(certificate)
  const [tbs] = (outer && readChildren(certificate, outer)) ?? []
  const fields = tbs?.tag === DER.SEQUENCE ? readChildren(certificate, tbs) : undefined
  // An explicit version stands before the serial number when it is not version 1.
  const key = fields?.[fields[0]?.tag === DER.CONTEXT_0 ? 6 : 5]
  return key?.tag === DER.SEQUENCE ? certificate.subarray(key.start, key.end) : undefined
}

/** A SubjectPublicKeyInfo alone, and nothing behind it. */
export function parseSpki(octets: Uint8Array): KeyObject | undefined {
  if (octets.length > limits.certificates.octets || whole(octets) === undefined) return undefined
  try {
    return createPublicKey({ key: Buffer.from(octets), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

/** A certificate alone, and nothing behind it. */
export function parseCertificate(octets: Uint8Array): X509Certificate | undefined {
  if (octets.length > limits.certificates.octets || whole(octets) === undefined) return undefined
  try {
    return new X509Certificate(octets)
  } catch {
    return undefined
  }
}

/** The sequence that all octets are. */
function whole(octets: Uint8Array): DerElement | undefined {
  const element = readElement(octets, 0)
  return element?.tag === DER.SEQUENCE && element.end === octets.length ? element : undefined
}
