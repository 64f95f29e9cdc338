import { createPublicKey, type X509Certificate } from 'node:crypto'
import { sameOctets } from '../../dns/octets.ts'
import { accept, type Result, refuse } from '../../result.ts'
import { spkiOf } from '../../x509/certificate.ts'
import { type FoundKey, hasWrittenCurve, type KeyMaterial } from '../../x509/key-material.ts'

/** A key by which a server shows who it is, and the certificates that go with it. */
export interface ServerKey {
  /** SubjectPublicKeyInfo, octet for octet as TLS shows it. */
  readonly spki: Uint8Array
  /** The server's own; undefined for a key that has none yet. */
  readonly certificate: X509Certificate | undefined
  /** Those above it, each the issuer of the one before. */
  readonly issuers: readonly X509Certificate[]
}

/**
 * `foreign-key`: a key that none of the certificates beside it has. `authorities-alone`: certificates, and none of them
 * a server's. `written-curve`: a key without certificate of which nobody can tell how one will hold it.
 */
export type ServerKeyFault = 'foreign-key' | 'authorities-alone' | 'written-curve'

/**
 * The keys of a server that files hold: each certificate that issued no other one, whatever the order they stand in,
 * and keys that have no certificate. A key beside certificates must belong to one of them.
 */
export function serverKeysOf({ certificates, keys }: KeyMaterial): Result<ServerKey[], ServerKeyFault> {
  const distinct = certificates.filter(
    (one, place) => certificates.findIndex(({ raw }) => sameOctets(raw, one.raw)) === place,
  )
  const ends = endsOf(distinct, keys)
  if (ends.length === 0 && distinct.length > 0) return refuse('authorities-alone')
  const certified = ends.flatMap((certificate) => {
    const spki = spkiOf(certificate.raw)
    return spki === undefined ? [] : [{ spki, certificate, issuers: issuersOf(certificate, distinct) }]
  })
  const alone = keys.filter((key) => !ends.some((certificate) => isKeyOf(key, certificate)))
  if (alone.length > 0 && ends.length > 0) return refuse('foreign-key')
  if (alone.some(({ spki }) => hasWrittenCurve(spki))) return refuse('written-curve')
  const spkis = alone.map(({ spki }) => spki)
  const fresh = spkis.filter((spki, place) => spkis.findIndex((other) => sameOctets(other, spki)) === place)
  return accept([...certified, ...fresh.map((spki) => ({ spki, certificate: undefined, issuers: [] }))])
}

/** What is no authority, or is one that has its key here, or signed itself: certificates made by hand say so of themselves. */
function endsOf(certificates: readonly X509Certificate[], keys: readonly FoundKey[]): X509Certificate[] {
  const ends = certificates.filter((one) => !certificates.some((other) => other !== one && isIssuedBy(other, one)))
  const own = ends.filter((one) => !one.ca || keys.some((key) => isKeyOf(key, one)))
  return own.length > 0 ? own : ends.filter((one) => certificates.length === 1 && isIssuedBy(one, one))
}

/** Whether one certificate was signed by the key of another, and says that it was issued by it. RFC 5280 §6.1.3 */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    return false // kinds of keys that OpenSSL does not know
  }
}

/** The way up from a certificate, as far as these others lead. */
export function issuersOf(certificate: X509Certificate, others: readonly X509Certificate[]): X509Certificate[] {
  const path = [certificate]
  for (let last: X509Certificate | undefined = certificate; last !== undefined; ) {
    const child: X509Certificate = last
    last = others.find((other) => !path.includes(other) && isIssuedBy(child, other))
    if (last !== undefined) path.push(last)
  }
  return path.slice(1)
}

function isKeyOf({ spki }: FoundKey, certificate: X509Certificate): boolean {
  const own = spkiOf(certificate.raw)
  if (own !== undefined && sameOctets(own, spki)) return true
  try {
    // The same key may be written in two ways: with its curve named, and written out.
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).equals(certificate.publicKey)
  } catch {
    return false
  }
}
