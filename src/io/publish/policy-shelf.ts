import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../../core/limits.ts'
import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import { type HostedPolicy, policyFaultWords, readHostedPolicy } from '../../core/publish/hosted-policy.ts'
import { createFileReader, type FileReader } from './file-reader.ts'
import type { LastGood } from './last-good.ts'

/** Of files with policies, behind their domains. */
export const policyEnding = '.txt'

/** A policy that many domains share, and who they are. */
export interface ProfileSource {
  /** One label of a domain name, lower case. */
  readonly name: string
  readonly policy:
    | { readonly kind: 'words'; readonly policy: HostedPolicy }
    | { readonly kind: 'file'; readonly path: string }
  readonly domains: readonly DomainName[]
  /** A file with more of them, one a line. */
  readonly domainsFile?: string | undefined
}

export interface ShelfSources {
  readonly profiles: readonly ProfileSource[]
  /** A folder of files `DOMAIN.txt`, each with the policy of one domain: it counts before a profile that lists it. */
  readonly folder: string | undefined
}

export interface ShelvedPolicy extends HostedPolicy {
  /** The name of its profile, or the domain whose own it is: what stands before `_mta-sts` in our zone. */
  readonly label: string
  readonly isOwn: boolean
}

/** All policies at one moment. Nothing in it ever changes. */
export interface PolicyShelf {
  find(host: DomainName): ShelvedPolicy | undefined
  profile(name: string): ShelvedPolicy | undefined
  /** The domains of the configuration with their policies. */
  readonly domains: ReadonlyMap<DomainName, ShelvedPolicy>
  readonly profiles: ReadonlyMap<string, ShelvedPolicy>
  /** Their policy hosts. */
  readonly hosts: ReadonlySet<DomainName>
  /** Files that cannot be used, and whether what they held before is served on. */
  readonly troubles: readonly ShelfTrouble[]
  /** What was read of files, for the next shelf. */
  readonly reader: FileReader
}

export interface ShelfTrouble {
  readonly path: string
  readonly reason: string
  readonly isServedOn: boolean
}

export interface ShelfOptions {
  /** The one that is served now. */
  readonly before?: PolicyShelf | undefined
  /** What an earlier process served. */
  readonly lastGood?: LastGood | undefined
}

/**
 * Reads all policies. A file that cannot be used takes nothing away: what it held when it was last good is served on, from
 * memory or from the copy of an earlier process. Throws Error where there is nothing to go by: a domain in two profiles, or
 * more of anything than there may be.
 */
export async function readShelf(sources: ShelfSources, { before, lastGood }: ShelfOptions = {}): Promise<PolicyShelf> {
  const reader = createFileReader(before?.reader)
  const troubles: ShelfTrouble[] = []
  const trouble = (path: string, reason: string, isServedOn: boolean) => troubles.push({ path, reason, isServedOn })
  const profiles = new Map<string, ShelvedPolicy>()
  const domains = new Map<DomainName, ShelvedPolicy>()
  if (sources.profiles.length > limits.policyServer.profiles)
    throw new Error('there are more profiles than there may be')

  /** What the file holds now, else what it held when it was last good. */
  async function policyIn(
    path: string,
    { label, isOwn }: Pick<ShelvedPolicy, 'label' | 'isOwn'>,
    old: () => HostedPolicy | undefined,
  ): Promise<ShelvedPolicy | undefined> {
    const read = await reader.read(path, limits.sts.bodyOctets, readPolicyText)
    if (read.ok) return { ...read.value, label, isOwn }
    const kept = old()
    trouble(path, read.reason, kept !== undefined)
    return kept && { ...kept, label, isOwn }
  }

  async function domainsIn(path: string, name: string): Promise<readonly DomainName[]> {
    const read = await reader.read(path, limits.policyServer.listOctets, readDomains)
    if (read.ok) return read.value
    const kept = before === undefined ? lastGood?.domainsOf(name) : domainsOf(before, name)
    trouble(path, read.reason, kept !== undefined)
    return kept ?? []
  }

  const listedIn = new Map<DomainName, string>()
  for (const { name, policy, domains: listed, domainsFile } of sources.profiles) {
    const shelved =
      policy.kind === 'words'
        ? { ...policy.policy, label: name, isOwn: false }
        : await policyIn(
            policy.path,
            { label: name, isOwn: false },
            () => before?.profile(name) ?? lastGood?.profile(name),
          )
    const all = [...listed, ...(domainsFile === undefined ? [] : await domainsIn(domainsFile, name))]
    if (shelved === undefined) continue
    profiles.set(name, shelved)
    for (const domain of all) {
      const other = listedIn.get(domain)
      if (other !== undefined && other !== name) throw new Error(`${domain} is in profile "${other}" and in "${name}"`)
      listedIn.set(domain, name)
      domains.set(domain, shelved)
    }
  }
  if (sources.folder !== undefined) await addFolder(sources.folder)

  async function addFolder(folder: string): Promise<void> {
    const found = listFolder(folder)
    if (!found.ok) {
      const kept = before === undefined ? lastGood?.own() : ownOf(before)
      trouble(folder, found.reason, kept !== undefined)
      for (const [domain, policy] of kept ?? []) domains.set(domain, { ...policy, label: domain, isOwn: true })
      return
    }
    for (const [domain, path] of found.files) {
      const own = before?.domains.get(domain)
      const kept = () => (own?.isOwn === true ? own : lastGood?.policyOf(domain))
      const shelved = await policyIn(path, { label: domain, isOwn: true }, kept)
      if (shelved !== undefined) domains.set(domain, shelved)
    }
    for (const name of found.others) trouble(join(folder, name), 'its name is no domain with ".txt" behind it', false)
  }

  if (domains.size > limits.policyServer.domains) throw new Error('there are more domains than there may be')
  const byHost = new Map<DomainName, ShelvedPolicy>()
  for (const [domain, policy] of domains) {
    const host = policyHostOf(domain)
    if (host === undefined) trouble(domain, 'no policy host fits before so long a name', false)
    else byHost.set(host, policy)
  }
  return {
    find: (host) => byHost.get(host),
    profile: (name) => profiles.get(name),
    ...{ domains, profiles, hosts: new Set(byHost.keys()), troubles, reader },
  }
}

/** `mta-sts.` and the domain; undefined where no name can be so long. RFC 8461 §3.3 */
export function policyHostOf(domain: DomainName): DomainName | undefined {
  const host = parseDomainName(`mta-sts.${domain}`)
  return host.ok ? host.value : undefined
}

function domainsOf({ domains }: PolicyShelf, name: string): DomainName[] {
  return [...domains].filter(([, { label, isOwn }]) => !isOwn && label === name).map(([domain]) => domain)
}

function ownOf({ domains }: PolicyShelf): [DomainName, ShelvedPolicy][] {
  return [...domains].filter(([, { isOwn }]) => isOwn)
}

type Read<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string }

function readPolicyText(text: string): Read<HostedPolicy> {
  const read = readHostedPolicy(text)
  if (read.ok) return read
  const line = text.slice(0, read.at).split('\n').length
  return { ok: false, reason: `line ${line}: ${policyFaultWords[read.fault]}` }
}

/** One a line; what stands behind `#` is for people. */
function readDomains(text: string): Read<readonly DomainName[]> {
  const domains: DomainName[] = []
  for (const [place, line] of text.split('\n').entries()) {
    const word = line.replace(/#.*/, '').trim()
    if (word === '') continue
    const domain = parseDomainName(word)
    if (!domain.ok)
      return { ok: false, reason: `line ${place + 1}: no domain name: ${JSON.stringify(word.slice(0, 80))}` }
    domains.push(domain.value)
    if (domains.length > limits.policyServer.domains)
      return { ok: false, reason: 'there are more domains than there may be' }
  }
  return { ok: true, value: domains }
}

type Listed =
  | {
      readonly ok: true
      readonly files: readonly (readonly [DomainName, string])[]
      readonly others: readonly string[]
    }
  | { readonly ok: false; readonly reason: string }

/** Names with a dot before them are nobody's: editors and ACME clients write such. */
function listFolder(folder: string): Listed {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => !name.startsWith('.'))
  } catch (error) {
    return { ok: false, reason: (error as Error).message }
  }
  const files: [DomainName, string][] = []
  const others: string[] = []
  for (const name of names) {
    const domain = parseDomainName(name.slice(0, -policyEnding.length))
    // Under any other spelling a domain could have two files.
    if (domain.ok && name === `${domain.value}${policyEnding}`) files.push([domain.value, join(folder, name)])
    else if (!name.endsWith('~')) others.push(name)
  }
  return { ok: true, files, others }
}
