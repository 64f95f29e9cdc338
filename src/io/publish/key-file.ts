import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { limits } from '../../core/limits.ts'
import type { ServerKeyFault } from '../../core/publish/tlsa/server-key.ts'
import type { Refused } from '../../core/result.ts'
import { holdsPrivateKey, type KeyMaterial, type MaterialFault, readKeyMaterial } from '../../core/x509/key-material.ts'

/** A file or directory of an operator that is of no use, and why: text that quotes names as they are. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  /** Whether it could not even be read. */
  readonly isUnreadable: boolean

  constructor(message: string, isUnreadable: boolean) {
    super(message)
    this.isUnreadable = isUnreadable
  }
}

/** Certificates and keys of a file. Throws KeyFileError for any other, and for a private key that others may read. */
export async function readKeyFile(path: string): Promise<KeyMaterial> {
  const { octets, mode } = await readBounded(path, limits.keyFiles.octets)
  const isShared = mode !== undefined && (mode & 0o037) !== 0
  if (isShared && holdsPrivateKey(octets)) {
    const shown = (mode & 0o777).toString(8)
    throw new KeyFileError(`others may read the private key in "${path}" (mode ${shown}): chmod 600`, false)
  }
  return materialOf(octets, `"${path}"`)
}

/** The same of octets that came from elsewhere; `where` names it. */
export function materialOf(octets: Uint8Array, where: string): KeyMaterial {
  const read = readKeyMaterial(octets)
  if (read.ok) return read.value
  throw new KeyFileError(`cannot use ${where}: ${whyOfNoUse(read)}`, false)
}

/** Why a file is of no use, in words. */
export function whyOfNoUse({ fault, at }: Refused<MaterialFault>): string {
  return at === 0 ? faults[fault] : `line ${at}: ${faults[fault]}`
}

/** Text of a file, or undefined where there is none. */
export async function readSettings(path: string): Promise<string | undefined> {
  try {
    const { octets } = await readBounded(path, limits.keyFiles.settingsOctets)
    return octets.toString('utf8')
  } catch (error) {
    if (error instanceof KeyFileError && error.cause === 'ENOENT') return undefined
    throw error
  }
}

interface Bounded {
  readonly octets: Buffer
  /** Of a plain file alone: what comes through a pipe is whoever's it was. */
  readonly mode: number | undefined
}

async function readBounded(path: string, most: number): Promise<Bounded> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { mode } = await file.stat()
    const kind = mode & constants.S_IFMT
    if (kind === constants.S_IFDIR) throw new KeyFileError(`cannot read "${path}": it is a directory`, true)
    const octets = await readUpTo(file, most + 1)
    if (octets.length > most) throw new KeyFileError(`cannot use "${path}": it is longer than ${most} octets`, false)
    return { octets, mode: kind === constants.S_IFREG ? mode : undefined }
  } catch (error) {
    throw error instanceof KeyFileError ? error : unreadable(path, error)
  } finally {
    await file?.close()
  }
}

async function readUpTo(file: FileHandle, most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (let left = most; left > 0; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(left, 65_536)))
    if (bytesRead === 0) break
    pieces.push(buffer.subarray(0, bytesRead))
    left -= bytesRead
  }
  return Buffer.concat(pieces)
}

const reasons = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EACCES', 'permission denied'],
])

/** Its cause is the code, for who goes on without the file. */
export function unreadable(path: string, error: unknown): KeyFileError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const why = reasons.get(code) ?? (error instanceof Error ? error.message : String(error))
  const refusal = new KeyFileError(`cannot read "${path}": ${why}`, true)
  refusal.cause = code
  return refusal
}

const faults: Readonly<Record<MaterialFault, string>> = {
  empty: 'it is empty',
  nothing: 'there is no certificate, public or private key, nor certificate request in it, in PEM or DER',
  unfinished: 'what begins there has no end',
  base64: 'what stands there is no base64',
  'too-many': `more than ${limits.keyFiles.objects} objects`,
  certificate: 'the certificate cannot be read',
  key: 'the key cannot be read',
  request: 'the certificate request cannot be read',
  'key-kind': 'no TLS server can authenticate with a key of this kind',
  'encrypted-key': 'the key is encrypted; its public half will do ("openssl pkey -in FILE -pubout")',
  'private-der': 'private keys are read in PEM alone',
  label: 'it is no certificate, key or certificate request; take the certificates out ("openssl pkcs7 -print_certs")',
}

/** Why what files hold together makes no keys of a server. */
export const serverKeyFaults: Readonly<Record<ServerKeyFault, string>> = {
  'foreign-key': 'the key belongs to none of the certificates; a key that the server will have later goes to --next',
  'authorities-alone': 'there are certificates of authorities, and none of a server',
  'written-curve': 'the key has its curve written out instead of named, which certificates must not (RFC 5480 §2.1.1)',
}
