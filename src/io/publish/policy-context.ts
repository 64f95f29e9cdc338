import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'

/** A certificate with those above it, and its key, PEM. */
export interface CertificatePair {
  readonly chain: string | Uint8Array
  readonly key: string | Uint8Array
}

/**
 * The TLS context of a policy host with these certificates, of which each client is shown one that it can use: give one of
 * each type of key, RSA and ECDSA. Throws as Node does for what cannot be used. RFC 8461 §7.2
 *
 * A client that renegotiates is told no (RFC 9325 §3.5): nothing here asks for it, and it costs more to answer than to ask.
 */
export function createPolicyContext(pairs: readonly CertificatePair[]): SecureContext {
  return createSecureContext({
    cert: pairs.map(({ chain }) => asBuffer(chain)),
    key: pairs.map(({ key }) => asBuffer(key)),
    minVersion: 'TLSv1.2',
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  })
}

function asBuffer(text: string | Uint8Array): string | Buffer {
  return typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.length)
}
