import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { ConfigError } from '../../core/config-error.ts'
import { sameOctets } from '../../core/dns/octets.ts'
import { limits } from '../../core/limits.ts'
import { kindOfSpki } from '../../core/publish/rollover/association.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { spkiOf } from '../../core/x509/certificate.ts'
import { DER, readChildren, readElement } from '../../core/x509/der.ts'
import { readPrivateFile } from '../private-file.ts'

/** What a file with a key, a request or certificates tells. */
export interface KeyFile {
  readonly path: string
  readonly kind: 'rsa' | 'ecdsa'
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** The certificates in it, in their order; none where it holds a key alone. */
  readonly chain: readonly X509Certificate[]
}

/**
 * Reads a key from PEM: a private or public key, a certificate with what stands behind it, or a certificate request. Of a
 * file that holds several, all must be of one key. Throws ConfigError for anything else.
 */
export function readKeyFile(path: string): KeyFile {
  const fail = (why: string) => new ConfigError(`cannot use the key in "${escapeText(path)}": ${why}`)
  let text: string
  try {
    const octets = readPrivateFile(path, limits.rollover.keyFileOctets)
    if (octets === undefined) throw new Error('no such file')
    text = Buffer.from(octets).toString('latin1')
  } catch (error) {
    throw fail(error instanceof Error ? escapeText(error.message) : String(error))
  }
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----[\s\S]*?-----END \1-----/g)]
  const chain: X509Certificate[] = []
  const keys: Uint8Array[] = []
  for (const [block, label = ''] of blocks) {
    try {
      if (/^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label)) chain.push(new X509Certificate(block))
      else if (/^(?:NEW )?CERTIFICATE REQUEST$/.test(label)) keys.push(spkiOfRequest(block))
      else if (label.endsWith('ENCRYPTED PRIVATE KEY') || /^Proc-Type: 4,ENCRYPTED/m.test(block)) {
        throw new Error('it is encrypted; a certificate or the public key will do')
      } else if (label.endsWith('PRIVATE KEY')) keys.push(publicOf(block))
      else if (label === 'PUBLIC KEY') keys.push(createPublicKey(block).export({ type: 'spki', format: 'der' }))
    } catch (error) {
      throw fail(error instanceof Error ? escapeText(error.message) : String(error))
    }
  }
  if (chain.length > limits.certificates.chain) throw fail('it holds too many certificates')
  const [leaf] = chain
  const ofLeaf = leaf && spkiOf(leaf.raw)
  const [spki, ...others] = [...(ofLeaf === undefined ? [] : [ofLeaf]), ...keys]
  if (spki === undefined) throw fail('there is no key, certificate or request in PEM')
  if (!others.every((other) => sameOctets(spki, other))) throw fail('what is in it is not all of one key')
  const kind = kindOfSpki(spki)
  if (kind === undefined) throw fail('it is no key that can be used')
  return { path, kind, spki, chain }
}

function publicOf(pem: string): Uint8Array {
  return createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' })
}

/** RFC 2986 §4.1: version, subject, subjectPKInfo, attributes. */
function spkiOfRequest(pem: string): Uint8Array {
  const octets = Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64')
  const outer = readElement(octets, 0)
  const [info] = (outer?.tag === DER.SEQUENCE && readChildren(octets, outer)) || []
  const key = info === undefined ? undefined : readChildren(octets, info)?.[2]
  if (key?.tag !== DER.SEQUENCE) throw new Error('the request in it is damaged')
  return octets.subarray(key.start, key.end)
}

/** The certificate of an authority from PEM. Throws ConfigError. */
export function readAuthorityFile(path: string): X509Certificate {
  const { chain } = readKeyFile(path)
  const [authority] = chain
  if (authority?.ca === true) return authority
  throw new ConfigError(`cannot use the authority in "${escapeText(path)}": it is not the certificate of an authority`)
}
