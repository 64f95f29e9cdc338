import { createHash } from 'node:crypto'

/** The protocol that a validating authority alone speaks. RFC 8737 §6.2 */
export const tlsAlpnProtocol = 'acme-tls/1'

/** The extension by which a certificate answers a challenge; it is critical. RFC 8737 §3, §6.1 */
export const acmeIdentifier = '1.3.6.1.5.5.7.1.31'

/** Its value: the SHA-256 of the key authorization, in an OCTET STRING. RFC 8737 §3 */
export function acmeIdentifierValue(keyAuthorization: string): Uint8Array {
  const digest = createHash('sha256').update(keyAuthorization).digest()
  return Uint8Array.of(0x04, digest.length, ...digest)
}
