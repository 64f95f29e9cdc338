import type { KeyObject } from 'node:crypto'
import { statSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SpentBudget, SpentMinute } from '../../core/acme/issuance-budget.ts'
import { isObject, type JsonObject, memberOf, parseJsonObject, textOf } from '../../core/acme/json.ts'
import type { RenewalWindow } from '../../core/acme/renewal-information.ts'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import { storageFailure } from './account.ts'
import type { AcmeFailure } from './acme-failure.ts'
import { type IssuedCertificate, readStoredCertificate } from './judge-certificate.ts'
import { keyOfPem, pemOfKey } from './keys.ts'

/** An order under way: its key exists nowhere else until there is a certificate. */
export interface StoredOrder {
  readonly url: string
  readonly key: KeyObject
  readonly begunAt: number
}

/** What must not be forgotten of a name between two tries. */
export interface StoredPlan {
  readonly failures: number
  readonly retryAt: number
  /** Why the last try came to nothing, escaped. */
  readonly reason: string | undefined
  readonly window: RenewalWindow | undefined
}

/** Since when each name without a certificate has wanted one. */
export type StoredQueue = ReadonlyMap<DomainName, number>

/**
 * Where certificates are kept. Whatever moment the process ends at, each file is the old one or the new: a key never stands
 * with a certificate of another. What cannot be read is not there; what cannot be written is a failure.
 */
export interface CertificateFolder {
  /** All names that anything is kept of. */
  names(): Promise<DomainName[]>
  certificate(name: DomainName): IssuedCertificate | undefined
  saveCertificate(name: DomainName, certificate: IssuedCertificate): Promise<AcmeFailure | undefined>
  order(name: DomainName): StoredOrder | undefined
  saveOrder(name: DomainName, order: StoredOrder): Promise<AcmeFailure | undefined>
  dropOrder(name: DomainName): Promise<void>
  plan(name: DomainName): StoredPlan | undefined
  savePlan(name: DomainName, plan: StoredPlan): Promise<AcmeFailure | undefined>
  /** Everything of a name. */
  remove(name: DomainName): Promise<void>
  /** Undefined when there is a file that cannot be read: nobody knows what was spent. */
  spent(): SpentBudget | undefined
  saveSpent(spent: SpentBudget): Promise<AcmeFailure | undefined>
  queue(): StoredQueue
  saveQueue(queue: StoredQueue): Promise<AcmeFailure | undefined>
}

/** Opens, or makes, the folder on disk. Throws ConfigError when others may use it, or it cannot be made. */
export async function openCertificateFolder(path: string): Promise<CertificateFolder> {
  const root = join(path, 'names')
  try {
    await mkdir(root, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ConfigError(`cannot keep certificates in "${path}": ${messageOf(error)}`)
  }
  const { mode } = statSync(path)
  if ((mode & 0o007) !== 0)
    throw new ConfigError(`others may use "${path}" (mode ${(mode & 0o777).toString(8)}): chmod 700`)
  const fileOf = (name: DomainName, file: string) => join(root, name, file)
  const drop = (file: string) => rm(file, { force: true }).catch(() => undefined)
  return {
    names: () => listNames(root),
    certificate: (name) => parseCertificateFile(readText(fileOf(name, 'certificate.pem'))),
    saveCertificate: (name, { key, chain }) => save(fileOf(name, 'certificate.pem'), `${pemOfKey(key)}${chain}`),
    order: (name) => parseOrderFile(readObject(fileOf(name, 'order.json'))),
    saveOrder: (name, { url, key, begunAt }) =>
      saveJson(fileOf(name, 'order.json'), { url, begunAt, key: pemOfKey(key) }),
    dropOrder: (name) => drop(fileOf(name, 'order.json')),
    plan: (name) => parsePlan(readObject(fileOf(name, 'plan.json'))),
    savePlan: (name, plan) => saveJson(fileOf(name, 'plan.json'), plan),
    remove: (name) => rm(join(root, name), { recursive: true, force: true }).catch(() => undefined),
    spent: () => readSpent(join(path, 'budget.json')),
    saveSpent: (spent) =>
      saveJson(join(path, 'budget.json'), { spent: spent.map(({ minute, count }) => [minute, count]) }),
    queue: () => parseQueue(readObject(join(path, 'queue.json'), limits.acme.queueOctets)),
    saveQueue: (queue) => saveJson(join(path, 'queue.json'), { queue: Object.fromEntries(queue) }),
  }
}

/** Names in the order of the folder, with what writers that were killed left behind cleared away. */
async function listNames(root: string): Promise<DomainName[]> {
  const names: DomainName[] = []
  for (const entry of await readdir(root)) {
    const name = parseDomainName(entry)
    if (!name.ok || name.value !== entry) continue
    const files = await readdir(join(root, entry)).catch(() => [])
    for (const file of files)
      if (isDraft(file)) await rm(join(root, entry, file), { force: true }).catch(() => undefined)
    names.push(name.value)
  }
  return names
}

/** As `replaceFile` calls what has not taken its place yet. */
function isDraft(file: string): boolean {
  return /^(?:certificate\.pem|order\.json|plan\.json)\.[0-9a-f]{8}-[0-9a-f-]{27}$/.test(file)
}

async function save(path: string, text: string): Promise<AcmeFailure | undefined> {
  try {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
    await writePrivateFile(path, Buffer.from(text))
    return undefined
  } catch (error) {
    return storageFailure(path, error)
  }
}

function saveJson(path: string, value: object): Promise<AcmeFailure | undefined> {
  return save(path, `${JSON.stringify(value)}\n`)
}

function readText(path: string, octetsMax: number = limits.acme.fileOctets): string | undefined {
  try {
    return Buffer.from(readPrivateFile(path, octetsMax) ?? []).toString('latin1') || undefined
  } catch {
    return undefined
  }
}

function readObject(path: string, octetsMax?: number): JsonObject | undefined {
  const text = readText(path, octetsMax)
  return text === undefined ? undefined : parseJsonObject(Buffer.from(text, 'latin1'))
}

const keyBlock = /^-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\r\n]+-----END PRIVATE KEY-----\n/

function parseCertificateFile(text: string | undefined): IssuedCertificate | undefined {
  const [pem] = keyBlock.exec(text ?? '') ?? []
  const key = pem === undefined ? undefined : keyOfPem(pem)
  return text === undefined || pem === undefined || key === undefined
    ? undefined
    : readStoredCertificate(key, text.slice(pem.length))
}

function parseOrderFile(object: JsonObject | undefined): StoredOrder | undefined {
  if (object === undefined) return undefined
  const url = textOf(object, 'url')
  const key = keyOfPem(textOf(object, 'key') ?? '')
  const begunAt = memberOf(object, 'begunAt')
  return url === undefined || key === undefined || typeof begunAt !== 'number' ? undefined : { url, key, begunAt }
}

function parsePlan(object: JsonObject | undefined): StoredPlan | undefined {
  if (object === undefined) return undefined
  const failures = memberOf(object, 'failures')
  const retryAt = memberOf(object, 'retryAt')
  if (typeof failures !== 'number' || typeof retryAt !== 'number') return undefined
  return { failures, retryAt, reason: textOf(object, 'reason'), window: parseWindow(memberOf(object, 'window')) }
}

function parseWindow(window: unknown): RenewalWindow | undefined {
  if (!isObject(window)) return undefined
  const start = memberOf(window, 'start')
  const end = memberOf(window, 'end')
  if (typeof start !== 'number' || typeof end !== 'number' || end <= start) return undefined
  return { start, end, explanation: textOf(window, 'explanation') }
}

function readSpent(path: string): SpentBudget | undefined {
  try {
    const octets = readPrivateFile(path, limits.acme.fileOctets)
    if (octets === undefined) return []
    const spent = memberOf(parseJsonObject(octets) ?? {}, 'spent')
    const minutes = Array.isArray(spent) ? spent.map(readMinute) : [undefined]
    return minutes.every((each) => each !== undefined) ? minutes : undefined
  } catch {
    return undefined
  }
}

function readMinute(value: unknown): SpentMinute | undefined {
  if (!Array.isArray(value)) return undefined
  const [minute, count] = value as unknown[]
  return Number.isInteger(minute) && Number.isInteger(count)
    ? { minute: Number(minute), count: Number(count) }
    : undefined
}

function parseQueue(object: JsonObject | undefined): StoredQueue {
  const queue = memberOf(object ?? {}, 'queue')
  const entries = isObject(queue) ? Object.entries(queue) : []
  return new Map(
    entries.flatMap(([text, askedAt]) => {
      const name = parseDomainName(text)
      return name.ok && name.value === text && typeof askedAt === 'number' ? [[name.value, askedAt] as const] : []
    }),
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
