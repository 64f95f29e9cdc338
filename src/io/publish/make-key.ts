import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigError } from '../../core/config-error.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Material } from '../../core/publish/rollover/association.ts'
import { type Given, sameMaterial } from '../../core/publish/rollover/rollover.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { writePrivateFile } from '../private-file.ts'
import { readKeyFile } from './rollover-key.ts'

const generate = promisify(generateKeyPair)

/**
 * Makes a private key like the one that it is to follow, in a file that nobody else may read. Its name says after which
 * key it was made: a run that was ended on its way is followed by one that finds it. Throws ConfigError.
 */
export async function makeKey(
  { host, folder }: { readonly host: DomainName; readonly folder: string },
  after: Material,
  known: readonly Material[],
): Promise<Given> {
  const { kind } = after
  const digest = createHash('sha256').update(after.octets).digest('hex').slice(0, 16)
  for (let turn = 1; ; turn++) {
    const path = join(folder, `${host}-${kind}-after-${digest}${turn === 1 ? '' : `-${turn}`}.key`)
    const isNew = !existsSync(path)
    if (isNew) await writeKey(path, after)
    const given: Given = { kind, octets: readKeyFile(path).spki, file: path }
    if (isNew || !known.some((one) => sameMaterial(one, given))) return given
  }
}

async function writeKey(path: string, { octets }: Material): Promise<void> {
  const model = createPublicKey({ key: Buffer.from(octets), format: 'der', type: 'spki' })
  const key = await generateLike(model)
  try {
    await writePrivateFile(path, Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })))
  } catch (error) {
    const reason = escapeText(error instanceof Error ? error.message : String(error))
    throw new ConfigError(`cannot write the key "${escapeText(path)}": ${reason}`)
  }
}

/** RSA of fewer bits than are good today gets more. */
async function generateLike({ asymmetricKeyType: type, asymmetricKeyDetails }: KeyObject): Promise<KeyObject> {
  if (type === 'rsa' || type === 'rsa-pss') {
    const modulusLength = Math.max(2048, asymmetricKeyDetails?.modulusLength ?? 0)
    return (await generate('rsa', { modulusLength })).privateKey
  }
  if (type === 'ed25519') return (await generate('ed25519')).privateKey
  if (type === 'ed448') return (await generate('ed448')).privateKey
  return (await generate('ec', { namedCurve: asymmetricKeyDetails?.namedCurve ?? 'prime256v1' })).privateKey
}
