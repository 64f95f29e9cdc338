import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { ConfigError } from '../../core/config-error.ts'

/** The authorities whose certificates count, in a TLS context that all connections share. RFC 8461 §3.3, §7.2 */
export interface PkixTrust {
  readonly context: SecureContext
}

/**
 * Trusts the certificates in this PEM text and no others; without it, those that Node carries.
 *
 * Making a context per connection would parse every root again each time. Throws ConfigError when the text holds no
 * certificate or one that cannot be read.
 */
export function createPkixTrust(pem?: string): PkixTrust {
  const ca = pem === undefined ? {} : { ca: certificatesOf(pem) }
  return { context: createSecureContext({ ...ca, minVersion: 'TLSv1.2' }) }
}

function certificatesOf(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g)
  if (blocks === null) throw new ConfigError('no certificate in PEM form found')
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block)
    } catch {
      throw new ConfigError(`certificate ${index + 1} cannot be read`)
    }
  }
  return blocks
}
