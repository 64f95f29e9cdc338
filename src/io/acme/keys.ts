import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

const generate = promisify(generateKeyPair)

/** Of the key of a certificate: P-256 unless an old client must be served, to whom RSA alone is known. */
export type KeyKind = 'p256' | 'rsa'

/** A new private key. */
export async function makeKey(kind: KeyKind): Promise<KeyObject> {
  const { privateKey } = await (kind === 'rsa'
    ? generate('rsa', { modulusLength: 2048 })
    : generate('ec', { namedCurve: 'P-256' }))
  return privateKey
}

/** PKCS#8 in PEM. RFC 5958, RFC 7468 §10 */
export function pemOfKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Undefined for what holds no private key that can be read. */
export function keyOfPem(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
