import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { KeyType } from '../../core/check/address-probe.ts'
import { ConfigError } from '../../core/config-error.ts'

/** The TLS contexts that all probes share, each made when it is first asked for: making one parses every root. */
export interface ProbeContexts {
  /** Take a certificate with this kind of key and no other, in TLS 1.2 and 1.3. */
  readonly keys: Readonly<Record<KeyType, SecureContext>>
  /** Takes any. */
  readonly any: SecureContext
  /** TLS 1.2 alone, and lets us ask for renegotiation. */
  readonly renegotiating: SecureContext
}

const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
const usual = [...tls13, 'DEFAULT', '!aNULL', '!eNULL', '!aPSK', '!SRP']

/**
 * What OpenSSL has by default but for the hybrids: those sessions are about certificates, a key of ML-KEM costs as much as
 * the rest of a hello, and its size makes some middleboxes stumble over what they let other senders do. Which groups a
 * server takes is asked by hellos.
 */
const groups = ['X25519', 'P-256', 'X448', 'P-384', 'P-521', 'ffdhe2048', 'ffdhe3072'].join(':')

const pkcs1 = ['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512']

/**
 * In TLS 1.3 the signature schemes alone choose between certificates, in TLS 1.2 the suites do. PKCS #1 stands in the
 * list for ECDSA as well: in TLS 1.3 it is for signatures in certificates alone (RFC 8446 §4.2.3), and some servers send no
 * ECDSA certificate that an RSA authority signed to who does not list it.
 */
const selections: Readonly<
  Record<KeyType, { readonly ciphers: readonly string[]; readonly schemes: readonly string[] }>
> = {
  rsa: {
    ciphers: [...usual, '!aECDSA', '!aDSS'],
    schemes: [
      ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
      ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
      ...pkcs1,
    ],
  },
  ecdsa: {
    ciphers: [...usual, '!aRSA', '!aDSS'],
    schemes: [
      ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519', 'ed448'],
      ...pkcs1,
    ],
  },
}

export interface ProbeContextOptions {
  /** PEM text of the trusted roots; without it, those that Node carries. */
  readonly ca?: string | readonly string[] | undefined
  /** Whether these are anchors as they stand, roots or not: for usage DANE-TA. RFC 7672 §3.1.2 */
  readonly areAnchors?: boolean | undefined
}

/** Throws ConfigError, at first use, when the roots cannot be read. */
export function createProbeContexts({ ca, areAnchors = false }: ProbeContextOptions = {}): ProbeContexts {
  const made = new Map<string, SecureContext>()
  const roots = ca === undefined ? {} : { ca: [ca].flat(), allowPartialTrustChain: areAnchors }
  const obtain = (name: string, options: SecureContextOptions): SecureContext => {
    const context = made.get(name) ?? makeContext({ minVersion: 'TLSv1.2', ...roots, ...options })
    made.set(name, context)
    return context
  }
  const forKey = (type: KeyType) => {
    const { ciphers, schemes } = selections[type]
    const secureOptions = constants.SSL_OP_NO_RENEGOTIATION
    return obtain(type, { ciphers: ciphers.join(':'), sigalgs: schemes.join(':'), ecdhCurve: groups, secureOptions })
  }
  return {
    keys: {
      get rsa() {
        return forKey('rsa')
      },
      get ecdsa() {
        return forKey('ecdsa')
      },
    },
    get any() {
      return obtain('any', { ciphers: usual.join(':'), secureOptions: constants.SSL_OP_NO_RENEGOTIATION })
    },
    get renegotiating() {
      return obtain('renegotiating', { ciphers: usual.join(':'), maxVersion: 'TLSv1.2' })
    },
  }
}

function makeContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options)
  } catch (error) {
    throw new ConfigError(`cannot use the trusted certificates: ${error instanceof Error ? error.message : error}`)
  }
}
