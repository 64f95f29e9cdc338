import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { limits } from '../../core/limits.ts'
import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import { type HostedPolicy, readHostedPolicy } from '../../core/publish/hosted-policy.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import type { PolicyShelf } from './policy-shelf.ts'

/** What was served when all was good, for a process that starts when something is not. */
export interface LastGood {
  profile(name: string): HostedPolicy | undefined
  /** Domains of a profile; undefined where the profile was not known. */
  domainsOf(name: string): readonly DomainName[] | undefined
  /** The policy that a domain had of its own. */
  policyOf(domain: DomainName): HostedPolicy | undefined
  own(): readonly (readonly [DomainName, HostedPolicy])[]
}

const schema = 'waxseal.last-good/1'

interface Saved {
  readonly schema: typeof schema
  readonly profiles: Readonly<Record<string, { readonly body: string; readonly domains: readonly string[] }>>
  readonly own: Readonly<Record<string, string>>
}

/** The copy in this file; undefined where there is none. Throws Error for one that cannot be read. */
export function readLastGood(path: string): LastGood | undefined {
  const octets = readPrivateFile(path, limits.policyServer.copyOctets)
  if (octets === undefined) return undefined
  const saved: unknown = JSON.parse(Buffer.from(octets).toString('utf8'))
  if (!isSaved(saved)) throw new Error('it is no copy of policies')
  const { profiles, own } = saved
  const ofProfile = (name: string) => (Object.hasOwn(profiles, name) ? profiles[name] : undefined)
  const policyOf = (domain: DomainName) => (Object.hasOwn(own, domain) ? asPolicy(own[domain]) : undefined)
  return {
    profile: (name) => asPolicy(ofProfile(name)?.body),
    domainsOf: (name) => ofProfile(name)?.domains.flatMap(asDomain),
    policyOf,
    own: () =>
      Object.keys(own)
        .flatMap(asDomain)
        .flatMap((domain) => {
          const policy = policyOf(domain)
          return policy === undefined ? [] : [[domain, policy] as const]
        }),
  }
}

/** Puts a copy of the shelf into the file, in one step. Rejects as Node does. */
export async function writeLastGood(path: string, { profiles, domains }: PolicyShelf): Promise<void> {
  const members = new Map([...profiles.keys()].map((name): [string, string[]] => [name, []]))
  const own: Record<string, string> = {}
  for (const [domain, { label, isOwn, body }] of domains) {
    if (isOwn) own[domain] = body
    else members.get(label)?.push(domain)
  }
  const saved: Saved = {
    schema,
    profiles: Object.fromEntries(
      [...profiles].map(([name, { body }]) => [name, { body, domains: members.get(name) ?? [] }]),
    ),
    own,
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }) // before the first start there is none
  await writePrivateFile(path, Buffer.from(JSON.stringify(saved)))
}

/** As far as it must be known to be read: each text is judged when it is asked for. */
function isSaved(value: unknown): value is Saved {
  if (!isTable(value) || value.schema !== schema || !isTable(value.profiles) || !isTable(value.own)) return false
  return (
    Object.values(value.own).every((body) => typeof body === 'string') &&
    Object.values(value.profiles).every(
      (one) =>
        isTable(one) &&
        typeof one.body === 'string' &&
        Array.isArray(one.domains) &&
        one.domains.every((domain) => typeof domain === 'string'),
    )
  )
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asPolicy(body: string | undefined): HostedPolicy | undefined {
  const read = body === undefined ? undefined : readHostedPolicy(body)
  return read?.ok === true ? read.value : undefined
}

function asDomain(text: string): DomainName[] {
  const domain = parseDomainName(text)
  return domain.ok ? [domain.value] : []
}
