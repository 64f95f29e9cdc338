import { createHash, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { ConfigError } from '../../../core/config-error.ts'
import { limits } from '../../../core/limits.ts'
import { readText } from '../../config/read-file.ts'
import { reasonOf } from '../../file-error.ts'
import { type Credential, openMint } from '../../lab/certificates/mint.ts'
import type { CertificateDeclaration } from '../../lab/world/world.ts'

/** Certificates that stay the same from start to start, because TLSA records are made from them. */
export interface Credentials {
  issue(declaration: CertificateDeclaration): Promise<Credential>
}

/** Keeps in this folder what is made; throws ConfigError when that cannot be. */
export function openCredentials(folder: string): Credentials {
  const inFolder = <Value>(work: () => Value): Value => {
    try {
      return work()
    } catch (error) {
      throw new ConfigError(`cannot keep keys in "${folder}": ${reasonOf(error)}`)
    }
  }
  inFolder(() => mkdirSync(folder, { recursive: true, mode: 0o700 }))
  return {
    async issue(declaration) {
      const id = createHash('sha256').update(JSON.stringify(declaration)).digest('hex').slice(0, 32)
      const file = join(folder, `${id}.json`)
      const known = inFolder(() => readKept(file))
      if (known !== undefined) return known
      const made = await (await openMint()).issue(declaration)
      inFolder(() => writeFileSync(file, keep(made), { mode: 0o600, flag: 'wx' }))
      return made
    },
  }
}

const derParts = ['leaf', 'issuer', 'root'] as const

function keep(credential: Credential): string {
  const parts = derParts.map((part) => [part, Buffer.from(credential[part]).toString('base64')])
  return JSON.stringify({ key: credential.key, chain: credential.chain, ...Object.fromEntries(parts) })
}

function readKept(file: string): Credential | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const { key, chain, leaf, issuer, root } = JSON.parse(text) as Record<string, string> // our own file
  const der = (part: string | undefined) => new Uint8Array(Buffer.from(part ?? '', 'base64'))
  return { key: key ?? '', chain: chain ?? '', leaf: der(leaf), issuer: der(issuer), root: der(root) }
}

/** Reads the operator's certificate and its key. Throws ConfigError when they cannot be used together. */
export function readCredential(chainFile: string, keyFile: string): Credential {
  const [chain, key] = [chainFile, keyFile].map((file) => readText(file, limits.files.caOctets))
  try {
    createSecureContext({ cert: chain, key })
    const all = (chain ?? '').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    const certificates = all.map((pem) => new Uint8Array(new X509Certificate(pem).raw))
    const [leaf] = certificates
    if (leaf === undefined || key === undefined || chain === undefined) throw new Error('there is no certificate in it')
    return { key, chain, leaf, issuer: certificates[1] ?? leaf, root: certificates.at(-1) ?? leaf }
  } catch (error) {
    throw new ConfigError(`cannot use "${chainFile}" with "${keyFile}": ${error instanceof Error ? error.message : ''}`)
  }
}
