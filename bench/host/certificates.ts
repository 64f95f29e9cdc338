import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const year = 365 * 86_400_000

/** Writes `NAME.crt` and `NAME.key` for each name into the folder: certificates of their own, with one key for all. */
export async function writeCertificates(folder: string, names: readonly string[]): Promise<void> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  for (const name of names) await write(join(folder, name), [name], keys)
}

/** Writes `PATH.crt` and `PATH.key`: one certificate with all of these names. */
export async function writeOne(path: string, names: readonly string[]): Promise<void> {
  await write(path, names, await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']))
}

async function write(path: string, names: readonly string[], keys: webcrypto.CryptoKeyPair): Promise<void> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...{ name: 'O=Bench', keys, signingAlgorithm: algorithm },
    ...{ notBefore: new Date(Date.now() - year), notAfter: new Date(Date.now() + year) },
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
  })
  writeFileSync(`${path}.crt`, certificate.toString('pem'))
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  writeFileSync(`${path}.key`, key, { mode: 0o600 })
}
