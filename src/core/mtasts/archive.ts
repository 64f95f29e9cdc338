import { createHash, type KeyObject, sign, verify } from 'node:crypto'
import { limits } from '../limits.ts'
import { type DomainName, parseDomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { parseStsPolicy, type StsPolicy } from './policy.ts'

/** A policy as another machine fetched it. */
export interface ArchivedPolicy {
  readonly domain: DomainName
  readonly id: string
  readonly body: string
  /** Milliseconds since 1970, by the clock of that machine: its life counts from then. RFC 8461 §3.2 */
  readonly fetchedAt: number
  readonly policy: StsPolicy
}

export type ArchiveFault =
  | 'too-large'
  /** The first line is none of ours, or the last no signature: it was cut off, for one. */
  | 'no-archive'
  /** Written by a newer release. */
  | 'version'
  | 'signature'
  /** A line that we would not have written; `at` counts lines from 1. */
  | 'entry'

const magic = 'waxseal-policies/'
const version = 1

/** The lines of an archive, one after the other: `finish` gives the last, which signs those before. */
export interface ArchiveWriter {
  readonly start: string
  /** The line of a policy. */
  add(policy: Omit<ArchivedPolicy, 'policy'>): string
  finish(privateKey: KeyObject): string
}

/**
 * Writes policies as text: a line with the format's version, a line of JSON each, and an Ed25519 signature of the SHA-512
 * of all before it. RFC 8032 §5.1
 */
export function createArchiveWriter(): ArchiveWriter {
  const hash = createHash('sha512')
  const line = (text: string): string => {
    hash.update(`${text}\n`)
    return `${text}\n`
  }
  return {
    start: line(`${magic}${version}`),
    add: ({ domain, id, fetchedAt, body }) => line(JSON.stringify({ domain, id, fetchedAt, body })),
    finish: (privateKey) => `signature ${sign(null, hash.digest(), privateKey).toString('base64')}\n`,
  }
}

/** An archive taken apart, of which nothing was believed yet. */
export interface OpenedArchive {
  /** Everything that is signed. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** Finds the signature, and says no to what is no archive of this version. */
export function openArchive(octets: Uint8Array): Result<OpenedArchive, ArchiveFault> {
  if (octets.length > limits.archive.octets) return refuse('too-large', limits.archive.octets)
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
  const first = text.subarray(0, Math.max(0, text.indexOf('\n'))).toString('latin1')
  const [, found] = /^waxseal-policies\/([1-9]\d{0,5})$/.exec(first) ?? []
  if (found === undefined) return refuse('no-archive')
  if (Number(found) !== version) return refuse('version', magic.length)
  const start = text.lastIndexOf('\n', text.length - 2) + 1
  const [, signature] = /^signature ([A-Za-z0-9+/]{86}==)\n$/.exec(text.subarray(start).toString('latin1')) ?? []
  if (signature === undefined || start === 0) return refuse('no-archive', start)
  return accept({ signed: octets.subarray(0, start), signature: Buffer.from(signature, 'base64') })
}

/** Whether the archive is of who has the private key to this one. */
export function isArchiveOf({ signed, signature }: OpenedArchive, publicKey: KeyObject): boolean {
  return verify(null, createHash('sha512').update(signed).digest(), publicKey, signature)
}

/** The policies of an archive, in its order; to be asked for once its signature was checked. */
export function readArchive({ signed }: OpenedArchive): Result<ArchivedPolicy[], ArchiveFault> {
  const policies: ArchivedPolicy[] = []
  const text = Buffer.from(signed.buffer, signed.byteOffset, signed.byteLength)
  let line = 1
  for (let start = text.indexOf('\n') + 1; start < text.length; line++) {
    const end = text.indexOf('\n', start)
    if (end < 0 || end - start > limits.archive.lineOctets || policies.length >= limits.sts.policies) {
      return refuse('entry', line + 1)
    }
    const policy = readEntry(text.toString('utf8', start, end))
    if (policy === undefined) return refuse('entry', line + 1)
    policies.push(policy)
    start = end + 1
  }
  return accept(policies)
}

function readEntry(text: string): ArchivedPolicy | undefined {
  const entry = readJson(text)
  if (typeof entry !== 'object' || entry === null) return undefined
  const { domain: name, id, body, fetchedAt } = entry as Readonly<Record<string, unknown>> // checked below, key by key
  if (typeof name !== 'string' || typeof id !== 'string' || typeof body !== 'string') return undefined
  const domain = parseDomainName(name)
  if (!domain.ok || domain.value !== name || !/^[A-Za-z0-9]{1,32}$/.test(id)) return undefined
  if (typeof fetchedAt !== 'number' || !Number.isSafeInteger(fetchedAt) || fetchedAt < 0) return undefined
  const policy = parseStsPolicy(body)
  return policy.ok ? { domain: domain.value, id, body, fetchedAt, policy: policy.value } : undefined
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
