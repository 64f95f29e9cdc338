import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'

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

/** Trusts the certificates of this PEM file and no others. Throws ConfigError when it cannot be used. */
export function readPkixTrust(path: string): PkixTrust {
  try {
    if (statSync(path).size > limits.files.caOctets) throw new ConfigError(`it is over ${limits.files.caOctets} octets`)
    return createPkixTrust(readFileSync(path, 'latin1'))
  } catch (error) {
    throw new ConfigError(`cannot use the certificates in "${path}": ${error instanceof Error ? error.message : error}`)
  }
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
