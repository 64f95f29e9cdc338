import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { readText } from '../config/read-file.ts'
import { reasonOf } from '../file-error.ts'

/** Makes a key in a file that only its owner may read, and gives the public one as PEM. Never writes over a file. */
export function makeKey(path: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, String(privateKey.export({ type: 'pkcs8', format: 'pem' })))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new ConfigError(`cannot make "${path}": ${reasonOf(error)}`)
  }
  return String(publicKey.export({ type: 'spki', format: 'pem' }))
}

/** Throws ConfigError for what is no Ed25519 key, and for one that others may read or write. */
export function readPrivateKey(path: string): KeyObject {
  const text = readText(path, limits.archive.keyOctets)
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) !== 0) {
    throw new ConfigError(`"${path}" is not its owner's alone (mode ${mode.toString(8)}): chmod 600, or make a new key`)
  }
  return checkKind(
    path,
    parse(path, () => createPrivateKey(text)),
  )
}

/** Of a public key alone: who has the private one at hand has it where it should not be. */
export function readPublicKey(path: string): KeyObject {
  const text = readText(path, limits.archive.keyOctets)
  if (text.includes('PRIVATE')) throw new ConfigError(`"${path}" is a private key: give the public one`)
  return checkKind(
    path,
    parse(path, () => createPublicKey(text)),
  )
}

function parse(path: string, read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw new ConfigError(`"${path}" is no key in PEM`)
  }
}

function checkKind(path: string, key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ed25519') throw new ConfigError(`"${path}" is no Ed25519 key`)
  return key
}
