import { constants, createHash, type X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'

/** The TLS contexts that sessions share: making one parses every root again, so there is one per class of policy. */
export interface TlsProfile {
  /** Where a policy asks for TLS: forward secrecy and authenticated encryption alone. RFC 9325 §4.2 */
  readonly strict: SecureContext
  /** Where cleartext is the alternative: what OpenSSL has by default, never anonymous. RFC 9325 §5.2 */
  readonly opportunistic: SecureContext
  /** These trust anchors, roots or not, and nothing else: for usage DANE-TA. RFC 7672 §3.1.2 */
  anchoredAt(certificates: readonly X509Certificate[]): SecureContext
}

/** RFC 9325 §4.2, its first proposal first; the TLS 1.3 suites must be named, or Node would stay at TLS 1.2. */
const strictCiphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
].join(':')

const opportunisticCiphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'DEFAULT',
  '!aNULL',
  '!eNULL',
].join(':')

export interface TlsProfileOptions {
  /** PEM text of the trusted roots; without it, those that Node carries. */
  readonly ca?: string | readonly string[] | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** Throws ConfigError when the roots cannot be read, or when the environment has switched verification off. */
export function createTlsProfile({ ca, environment = process.env }: TlsProfileOptions = {}): TlsProfile {
  refuseBlindfold(environment)
  const roots = ca === undefined ? {} : { ca: [ca].flat() }
  const anchored = new Map<string, SecureContext>()
  const make = once((ciphers: string) => makeContext({ ...roots, ciphers }))
  return {
    get strict() {
      return make(strictCiphers)
    },
    get opportunistic() {
      return make(opportunisticCiphers)
    },
    anchoredAt(certificates) {
      const digest = digestOf(certificates)
      const known = anchored.get(digest)
      anchored.delete(digest)
      const ca = certificates.map(String)
      const context = known ?? makeContext({ ca, allowPartialTrustChain: true, ciphers: strictCiphers })
      anchored.set(digest, context)
      const oldest = anchored.keys().next().value
      if (anchored.size > limits.smtp.anchorContexts && oldest !== undefined) anchored.delete(oldest)
      return context
    },
  }
}

/**
 * Old versions are never offered: a peer without TLS 1.2 is a peer without TLS. RFC 8996 §4. Nor does a server get a
 * second handshake on a connection that was judged by its first. RFC 9325 §3.5
 */
function makeContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext({ ...options, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION })
  } catch (error) {
    throw new ConfigError(`cannot use the trusted certificates: ${error instanceof Error ? error.message : error}`)
  }
}

/** This variable makes every check of Node's pass. Ours do not rest on it, but who sets it should learn of it here. */
function refuseBlindfold(environment: Readonly<Record<string, string | undefined>>): void {
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    throw new ConfigError('NODE_TLS_REJECT_UNAUTHORIZED=0 switches certificate checks off: unset it')
  }
}

function digestOf(certificates: readonly X509Certificate[]): string {
  const hash = createHash('sha256')
  for (const { raw } of certificates) hash.update(raw)
  return hash.digest('hex')
}

function once<Value>(make: (key: string) => Value): (key: string) => Value {
  const made = new Map<string, Value>()
  return (key) => {
    const value = made.get(key) ?? make(key)
    made.set(key, value)
    return value
  }
}
