import { createPrivateKey, X509Certificate } from 'node:crypto'
import { closeSync, fstatSync, constants as modes, openSync, readFileSync } from 'node:fs'
import { limits } from '../../core/limits.ts'
import { type DomainName, parentOfDomain } from '../../core/name/domain.ts'
import { bearsDnsId } from '../../core/x509/peer.ts'
import type { CertificatePair } from './policy-context.ts'

/** Where a certificate with its chain and its key are. */
export interface PairPaths {
  readonly chain: string
  readonly key: string
}

/** A pair that can be used, as it was in its files. */
export interface LoadedPair extends CertificatePair {
  readonly leaf: X509Certificate
  /** Milliseconds since 1970. */
  readonly end: number
  /** `rsa`, `ec` and others, as Node names them. */
  readonly keyType: string
  /** DNS-IDs that look like host names, lower case; wildcards among them. */
  readonly names: readonly string[]
  /** Tells these files from others that take their place. */
  readonly stamp: string
}

/** Reads a pair. Throws Error, whose message names the file, for what cannot be read or used. */
export function loadPair({ chain, key }: PairPaths): LoadedPair {
  const certificates = readPlain(chain, false)
  const secret = readPlain(key, true)
  const leaf = inFile(chain, () => new X509Certificate(certificates.octets))
  const owner = inFile(key, () => createPrivateKey(secret.octets))
  if (!leaf.checkPrivateKey(owner))
    throw new Error(`${quote(key)} is not the key of the certificate in ${quote(chain)}`)
  const { subjectAltName = '' } = leaf
  return {
    ...{ chain: certificates.octets, key: secret.octets, leaf, end: leaf.validToDate.getTime() },
    keyType: leaf.publicKey.asymmetricKeyType ?? 'other',
    names: [...subjectAltName.matchAll(/(?:^|, )DNS:([*A-Za-z0-9_.-]+)(?=,|$)/g)]
      .slice(0, limits.certificates.names)
      .map(([, name = '']) => name.toLowerCase()),
    stamp: `${certificates.stamp} ${secret.stamp}`,
  }
}

/** Of pairs that may be shown for a host: one of each type of key, those first that are in date. RFC 9525 §6.3 */
export function choosePairs(pairs: readonly LoadedPair[], host: DomainName, now: number): LoadedPair[] {
  const fitting = pairs.filter(({ leaf }) => bearsDnsId(leaf, host))
  const ordered = [...fitting.filter(({ end }) => end > now), ...fitting.filter(({ end }) => end <= now)]
  return ordered.filter(({ keyType }, place) => ordered.findIndex((other) => other.keyType === keyType) === place)
}

/** The names under which a certificate for this host may be filed: its own, and the wildcard that it has. */
export function namesFor(host: DomainName): string[] {
  const parent = parentOfDomain(host)
  return parent === undefined ? [host] : [host, `*.${parent}`]
}

/** What tells whether the files are still the same; undefined where one cannot be looked at. */
export function stampOf({ chain, key }: PairPaths): string | undefined {
  try {
    return [chain, key].map((path) => withFile(path, (file) => stampOfFile(file))).join(' ')
  } catch {
    return undefined
  }
}

function readPlain(path: string, isSecret: boolean): { octets: Buffer; stamp: string } {
  return inFile(path, () =>
    withFile(path, (file) => {
      const { mode, size } = fstatSync(file)
      if ((mode & modes.S_IFMT) !== modes.S_IFREG) throw new Error('it is no plain file')
      if (isSecret && (mode & 0o007) !== 0) throw new Error(`others may use it (mode ${(mode & 0o777).toString(8)})`)
      if (size > limits.policyServer.certificateOctets) throw new Error('it is longer than any certificate')
      return { octets: readFileSync(file), stamp: stampOfFile(file) }
    }),
  )
}

/** Never waits for somebody to write, as opening a pipe does. */
function withFile<Value>(path: string, use: (file: number) => Value): Value {
  const file = openSync(path, modes.O_RDONLY | modes.O_NONBLOCK)
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

function stampOfFile(file: number): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = fstatSync(file)
  return [dev, ino, size, mtimeMs, ctimeMs].join('.')
}

/** Says which file it is about. Whether there is no such file stays to be told. */
function inFile<Value>(path: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    throw Object.assign(new Error(`cannot use ${quote(path)}: ${message}`), { code })
  }
}

function quote(path: string): string {
  return JSON.stringify(path)
}
