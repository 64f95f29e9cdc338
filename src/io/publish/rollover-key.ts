import type { X509Certificate } from 'node:crypto'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { kindOfSpki } from '../../core/publish/rollover/association.ts'
import { serverKeysOf } from '../../core/publish/tlsa/server-key.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { type KeyMaterial, readKeyMaterial } from '../../core/x509/key-material.ts'
import { readPrivateFile } from '../private-file.ts'
import { serverKeyFaults, whyOfNoUse } from './key-file.ts'

/** What a file with a key, a request or certificates tells. */
export interface KeyFile {
  readonly path: string
  readonly kind: 'rsa' | 'ecdsa'
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** The certificates in it, the server's own first; none where it holds a key alone. */
  readonly chain: readonly X509Certificate[]
}

/**
 * Reads a key from a private or public key, a certificate with those above it, or a certificate request. Of a file that
 * holds several, all must be of one key. Throws ConfigError for anything else.
 */
export function readKeyFile(path: string): KeyFile {
  const material = readMaterial(path, 'key')
  const keys = serverKeysOf(material)
  if (!keys.ok) {
    throw refusal(path, 'key', keys.fault === 'foreign-key' ? severalKeys : serverKeyFaults[keys.fault])
  }
  const [key, other] = keys.value
  if (key === undefined || other !== undefined) throw refusal(path, 'key', severalKeys)
  const { spki, certificate, issuers } = key
  const kind = kindOfSpki(spki)
  if (kind === undefined) throw refusal(path, 'key', 'it is no key that can be used')
  return { path, kind, spki, chain: certificate === undefined ? [] : [certificate, ...issuers] }
}

const severalKeys = 'what is in it is not all of one key'

/** The certificate of an authority. Throws ConfigError. */
export function readAuthorityFile(path: string): X509Certificate {
  const [authority] = readMaterial(path, 'authority').certificates
  if (authority?.ca === true) return authority
  throw refusal(path, 'authority', 'it is not the certificate of an authority')
}

function readMaterial(path: string, what: 'key' | 'authority'): KeyMaterial {
  const material = readKeyMaterial(octetsOf(path, what))
  if (!material.ok) throw refusal(path, what, whyOfNoUse(material))
  const { length } = material.value.certificates
  if (length > limits.certificates.chain) throw refusal(path, what, 'it holds too many certificates')
  return material.value
}

function octetsOf(path: string, what: 'key' | 'authority'): Uint8Array {
  try {
    const octets = readPrivateFile(path, limits.keyFiles.octets)
    if (octets === undefined) throw new Error('no such file')
    return octets
  } catch (error) {
    throw refusal(path, what, escapeText(error instanceof Error ? error.message : String(error)))
  }
}

function refusal(path: string, what: 'key' | 'authority', why: string): ConfigError {
  return new ConfigError(`cannot use the ${what} in "${escapeText(path)}": ${why}`)
}
