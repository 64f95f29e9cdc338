import { join } from 'node:path'
import type { SecureContext } from 'node:tls'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { PkixTrust } from '../https/pkix-trust.ts'
import type { CertificateSource, Challenges } from '../publish/certificate-source.ts'
import { takeFileLock } from '../publish/file-lock.ts'
import { createPolicyContext } from '../publish/policy-context.ts'
import { pauseFor, Stop } from '../stop.ts'
import { type AcmeAuthorityOptions, createAcmeAuthority } from './authority.ts'
import { openCertificateFolder } from './certificate-folder.ts'
import { createPendingChallenges } from './challenges.ts'
import { createIssuing, type Issuing, type IssuingOptions } from './issuing.ts'
import { createJudgeChain } from './judge-certificate.ts'
import { pemOfKey } from './keys.ts'
import type { NameEntry } from './name-table.ts'

export interface AcmeSourceOptions
  extends Omit<AcmeAuthorityOptions, 'pending' | 'judgeChain'>,
    Omit<IssuingOptions, 'authority' | 'folder' | 'onIssued'> {
  /** Account, certificates and keys, what was ordered lately and what waits: nobody else may use it. */
  readonly folder: string
  /** What the certificates that are issued must be trusted by before they are put to use. */
  readonly roots: PkixTrust
  /** Of contexts kept; those asked for longest ago are made anew when they are asked for again. */
  readonly most?: number
  /** How long a start waits for a process before to be gone; ten seconds unless told. */
  readonly lockMs?: number
}

/** Certificates that an authority issues by ACME, for a policy server. */
export interface AcmeSource extends CertificateSource {
  readonly challenges: Challenges
  /** Resolves when what is kept has been read: from then on `endOf` and `entries` know all of it. */
  readonly read: Promise<void>
  /** What is known of each name, for metrics and for people. */
  entries(): Iterable<NameEntry>
}

/** Throws ConfigError for a folder or directory that cannot be used, or a folder that another process has. */
export async function openAcmeSource(options: AcmeSourceOptions): Promise<AcmeSource> {
  const { clock, most = limits.policyServer.contexts, lockMs = 10_000 } = options
  const folder = await openCertificateFolder(options.folder)
  const pending = createPendingChallenges(clock)
  const judgeChain = createJudgeChain(options.roots, clock)
  const authority = createAcmeAuthority({ ...options, pending, judgeChain })
  const unlock = await takeFileLock(join(options.folder, 'lock'), { waitMs: lockMs, pollMs: 200, pause: pauseFor })
  if (unlock === undefined) throw new ConfigError(`another process keeps certificates in "${options.folder}"`)
  const contexts = new Map<DomainName, { readonly context: SecureContext; readonly notAfter: number }>()
  const issuing = createIssuing({ ...options, authority, folder, onIssued: (host) => void contexts.delete(host) })
  const driving = drive(issuing, options)

  function load(host: DomainName): SecureContext | undefined {
    const entry = issuing.entry(host)
    // While what is kept is still being read, the file says whether there is one.
    if (entry !== undefined && entry.lifetime === undefined && issuing.isOpen) return undefined
    const certificate = folder.certificate(host)
    if (certificate === undefined || certificate.notAfter <= clock.now()) return undefined
    const { chain, key, notAfter } = certificate
    const context = createPolicyContext([{ chain, key: pemOfKey(key) }])
    contexts.set(host, { context, notAfter })
    if (contexts.size > most) contexts.delete(contexts.keys().next().value as DomainName) // it has one
    return context
  }
  let closed: Promise<void> | undefined
  async function close(): Promise<void> {
    driving.stop()
    await issuing.close()
    await driving.ended
    unlock?.()
  }
  return {
    contextFor(host) {
      issuing.want(host)
      const kept = contexts.get(host)
      contexts.delete(host)
      if (kept === undefined || kept.notAfter <= clock.now()) return load(host)
      contexts.set(host, kept) // the last to be given up
      return kept.context
    },
    endOf: (host) => issuing.entry(host)?.lifetime?.notAfter,
    serve: (hosts) => issuing.configure(hosts),
    challenges: pending,
    read: issuing.open(),
    entries: () => issuing.entries(),
    close() {
      closed ??= close()
      return closed
    },
  }
}

/** Between two looks that nothing but time has brought about. */
const shortestMs = 100

/** Takes steps as time goes on, and as soon as there is something to do. */
function drive(
  issuing: Issuing,
  { clock, onEvent }: Pick<AcmeSourceOptions, 'clock' | 'onEvent'>,
): { stop(): void; readonly ended: Promise<void> } {
  const closing = new Stop()
  let change = new Stop()
  issuing.onChange = () => change.abort()

  async function step(): Promise<number> {
    try {
      return await issuing.step()
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      onEvent?.({ kind: 'damaged', what: escapeText(what) })
      return clock.now() + limits.acme.pauseMinMs
    }
  }
  async function run(): Promise<void> {
    while (!closing.aborted) {
      change = new Stop()
      const next = await step()
      const wait = Math.min(limits.acme.lookMs, Math.max(shortestMs, next - clock.now()))
      if (!closing.aborted) await pauseFor(wait, change)
    }
  }
  return {
    stop() {
      closing.abort()
      change.abort()
    },
    ended: run(),
  }
}
