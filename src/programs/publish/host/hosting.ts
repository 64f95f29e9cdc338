import { join } from 'node:path'
import { ConfigError } from '../../../core/config-error.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { HostedPolicy } from '../../../core/publish/hosted-policy.ts'
import type { Clock } from '../../../io/clock.ts'
import { type CertificateFiles, createCertificateFiles } from '../../../io/publish/certificate-files.ts'
import type { Delegations } from '../../../io/publish/delegations.ts'
import { type LastGood, readLastGood, writeLastGood } from '../../../io/publish/last-good.ts'
import { type PolicyShelf, readShelf, type ShelfTrouble } from '../../../io/publish/policy-shelf.ts'
import { type HostConfig, readHostConfig } from './host-config.ts'
import type { HostLog } from './host-log.ts'

/** What is served at one moment: it changes as a whole, or not at all. */
export interface Hosting {
  readonly config: HostConfig
  readonly shelf: PolicyShelf
  readonly certificates: CertificateFiles
}

export interface HostingOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: HostLog
}

/** Reads everything for the first time. Throws ConfigError for a configuration that cannot be used. */
export async function openHosting({ path, clock, log }: HostingOptions): Promise<Hosting> {
  const config = await readHostConfig(path)
  const certificates = openCertificates(config, { clock, log })
  const shelf = await readPolicies(config, { lastGood: readCopy(config, log) })
  if (shelf.domains.size === 0 && !config.customers) {
    const [trouble] = shelf.troubles
    const why = trouble === undefined ? '' : `: "${trouble.path}": ${trouble.reason}`
    throw new ConfigError(`${path}: there is no policy to serve${why}`)
  }
  tellTroubles(shelf.troubles, [], log)
  await keepCopy(config, shelf, log)
  certificates.serve(shelf.hosts)
  return { config, shelf, certificates }
}

/** The next one; throws, and has changed nothing, when the configuration cannot be used. */
export async function renewHosting(before: Hosting, { path, clock, log }: HostingOptions): Promise<Hosting> {
  const config = await readHostConfig(path)
  const shelf = await readPolicies(config, { before: before.shelf })
  if (shelf.domains.size === 0 && before.shelf.domains.size > 0 && !config.customers)
    throw new ConfigError(`${path}: there is no policy to serve any more`)
  const isSame = certificatesOf(config) === certificatesOf(before.config)
  const certificates = isSame ? before.certificates : openCertificates(config, { clock, log })
  tellTroubles(shelf.troubles, before.shelf.troubles, log)
  for (const domain of before.shelf.domains.keys())
    if (!shelf.domains.has(domain)) log.event('domain-gone', `${domain} is not served any more`)
  await keepCopy(config, shelf, log)
  certificates.serve(shelf.hosts)
  return { config, shelf, certificates }
}

export function countText(domains: number): string {
  return domains === 1 ? '1 domain has a policy' : `${domains} domains have a policy`
}

/** Which policy a host has: its own or its profile's, or that which its delegation chose. */
export function findPolicy(
  host: DomainName,
  { config, shelf }: Hosting,
  delegations: Delegations | undefined,
): HostedPolicy | undefined | Promise<HostedPolicy | undefined> {
  const shelved = shelf.find(host)
  if (shelved !== undefined) return shelved
  if (delegations === undefined || !config.customers || !host.startsWith('mta-sts.')) return undefined
  const domain = host.slice('mta-sts.'.length) as DomainName // the rest of a name is one
  const known = delegations.known(domain)
  const ofProfile = (name: string | undefined) => (name === undefined ? undefined : shelf.profile(name))
  // Known or not, it is looked at again when that is due.
  const found = delegations.find(domain).then(ofProfile)
  return known === undefined ? found : ofProfile(known)
}

function certificatesOf({ certificates, contextsKept }: HostConfig): string {
  return JSON.stringify([certificates, contextsKept])
}

function openCertificates(config: HostConfig, { clock, log }: Pick<HostingOptions, 'clock' | 'log'>): CertificateFiles {
  try {
    return createCertificateFiles({
      ...{ entries: config.certificates, clock, most: config.contextsKept },
      onTrouble: (reason) => log.event('certificate-trouble', reason),
    })
  } catch (error) {
    throw new ConfigError(`${config.path}: certificate: ${messageOf(error)}`)
  }
}

async function readPolicies(config: HostConfig, options: Parameters<typeof readShelf>[1]): Promise<PolicyShelf> {
  const { profiles, policies } = config
  try {
    return await readShelf({ profiles, folder: policies }, options)
  } catch (error) {
    throw new ConfigError(`${config.path}: ${messageOf(error)}`)
  }
}

/** A trouble is told once, and once more when it is over. */
function tellTroubles(now: readonly ShelfTrouble[], before: readonly ShelfTrouble[], log: HostLog): void {
  const isAmong = (one: ShelfTrouble, list: readonly ShelfTrouble[]) =>
    list.some(({ path, reason }) => path === one.path && reason === one.reason)
  for (const trouble of now) {
    if (isAmong(trouble, before)) continue
    const meanwhile = trouble.isServedOn ? 'what it held before is served on' : 'nothing is served of it'
    log.event('policy-trouble', `${JSON.stringify(trouble.path)}: ${trouble.reason}; ${meanwhile}`)
  }
  for (const { path } of before)
    if (!now.some((one) => one.path === path)) log.event('policy-mended', `${JSON.stringify(path)} can be used again`)
}

function copyPath({ state }: HostConfig): string | undefined {
  return state === undefined ? undefined : join(state, 'last-good.json')
}

function readCopy(config: HostConfig, log: HostLog): LastGood | undefined {
  const path = copyPath(config)
  try {
    return path === undefined ? undefined : readLastGood(path)
  } catch (error) {
    log.event('copy-failed', `the copy of what was served cannot be used: ${messageOf(error)}`)
    return undefined
  }
}

/** To be without a copy is no reason not to serve. */
async function keepCopy(config: HostConfig, shelf: PolicyShelf, log: HostLog): Promise<void> {
  const path = copyPath(config)
  if (path === undefined) return
  try {
    await writeLastGood(path, shelf)
  } catch (error) {
    log.event('copy-failed', `no copy of what is served can be kept: ${messageOf(error)}`)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
