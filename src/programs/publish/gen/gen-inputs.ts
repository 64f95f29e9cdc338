import type { X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { KeyInput } from '../../../core/publish/tlsa/make.ts'
import { serverKeysOf } from '../../../core/publish/tlsa/server-key.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import type { KeyMaterial } from '../../../core/x509/key-material.ts'
import { readAcmeDirectory } from '../../../io/publish/acme-directory.ts'
import { KeyFileError, materialOf, readKeyFile, serverKeyFaults } from '../../../io/publish/key-file.ts'

/** Standard input, and what ends the wait for it. */
export interface InputIo {
  readonly openInput: () => Readable
  readonly signal: AbortSignal
}

/**
 * The keys of all files together, and those of each directory of an ACME client by itself. `-` is standard input. Throws
 * KeyFileError for what is of no use.
 */
export async function readKeyInputs(
  paths: readonly string[],
  host: DomainName | undefined,
  io: InputIo,
): Promise<KeyInput[]> {
  const files: string[] = []
  const inputs: KeyInput[] = []
  for (const path of paths) {
    const directory = path === '-' ? undefined : await directoryOf(path)
    if (directory === undefined) files.push(path)
    else {
      for (const { keys, renewal, file } of await readAcmeDirectory(directory, host)) {
        inputs.push(...keys.map((key) => ({ ...key, sources: [escapeText(file)], isNext: false, renewal })))
      }
    }
  }
  return [...(await readTogether(files, io)), ...inputs]
}

/** Files of the next key: each by itself, for it belongs to no certificate that there is. */
export async function readNextInputs(paths: readonly string[], io: InputIo): Promise<KeyInput[]> {
  const inputs = await Promise.all(paths.map((path) => readTogether([path], io)))
  return inputs.flat().map((input) => ({ ...input, isNext: true }))
}

export async function readIssuers(paths: readonly string[], io: InputIo): Promise<X509Certificate[]> {
  const all = await Promise.all(paths.map((path) => readOne(path, io)))
  return all.flatMap(({ certificates }, place) => {
    if (certificates.length > 0) return certificates
    throw new KeyFileError(`no certificate is in "${paths[place]}"`, false)
  })
}

async function readTogether(paths: readonly string[], io: InputIo): Promise<KeyInput[]> {
  if (paths.length === 0) return []
  const parts = await Promise.all(paths.map((path) => readOne(path, io)))
  const certificates = parts.flatMap((part) => part.certificates)
  const keys = serverKeysOf({ certificates, keys: parts.flatMap((part) => part.keys) })
  const sources = paths.map((path) => (path === '-' ? 'standard input' : escapeText(path)))
  if (!keys.ok) {
    throw new KeyFileError(
      `cannot use ${paths.map((path) => `"${path}"`).join(' and ')}: ${serverKeyFaults[keys.fault]}`,
      false,
    )
  }
  return keys.value.map((key) => ({ ...key, sources, isNext: false, renewal: undefined }))
}

async function readOne(path: string, io: InputIo): Promise<KeyMaterial> {
  if (path !== '-') return readKeyFile(path)
  const pieces: Buffer[] = []
  let octets = 0
  for await (const piece of addAbortSignal(io.signal, io.openInput())) {
    pieces.push(Buffer.from(piece as Uint8Array)) // a stream without encoding yields octets
    octets += pieces.at(-1)?.length ?? 0
    if (octets > limits.keyFiles.octets) {
      throw new KeyFileError(`standard input is longer than ${limits.keyFiles.octets} octets`, false)
    }
  }
  return materialOf(Buffer.concat(pieces), 'standard input')
}

/** The directory, or the one that acme.sh has in its place where ECDSA alone is used. What is not there is a file that will not be found. */
async function directoryOf(path: string): Promise<string | undefined> {
  if (await isDirectory(path)) return path
  const ofEcdsa = `${path.replace(/\/+$/, '')}_ecc`
  return (await isDirectory(ofEcdsa)) ? ofEcdsa : undefined
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true
}
