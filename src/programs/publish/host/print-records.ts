import { readTxt } from '../../../core/dns/rdata/records.ts'
import { TYPE } from '../../../core/dns/types.ts'
import { formatRecord } from '../../../core/dns/zone-text.ts'
import { parseStsRecords } from '../../../core/mtasts/record.ts'
import { nextStsId } from '../../../core/mtasts/sts-id.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { Name } from '../../../core/name/name.ts'
import { announcementName, delegationRecords, hostRecords, ownRecords } from '../../../core/publish/host-records.ts'
import { stsRecordName } from '../../../core/publish/sts-record.ts'
import type { PolicyShelf } from '../../../io/publish/policy-shelf.ts'
import type { CommandContext } from '../../cli/command.ts'
import type { World, WorldValues } from '../../cli/world.ts'
import type { HostConfig } from './host-config.ts'
import { readStrictly } from './read-strictly.ts'

/** Lookups at once. */
const atOnce = 8

/**
 * Prints, as zone text, what the zone of this host and those of its domains must hold. An id that is published already stays
 * as long as its policy is the same. Throws ConfigError for what cannot be used.
 */
export async function printRecords(path: string, values: WorldValues, context: CommandContext): Promise<void> {
  const { config, shelf } = await readStrictly(path)
  const world = await context.openWorld(values, 'optional')
  try {
    if (config.name === undefined) await printOwn({ config, shelf }, world, context)
    else await printHost(config.name, { config, shelf }, world, context)
  } finally {
    await world.close()
  }
}

interface Read {
  readonly config: HostConfig
  readonly shelf: PolicyShelf
}

async function printHost(
  name: DomainName,
  { config, shelf }: Read,
  world: World,
  context: CommandContext,
): Promise<void> {
  const { out } = context
  const own = [...shelf.domains].filter(([, { isOwn }]) => isOwn)
  const announced = [...shelf.profiles, ...own].map(([label, { body }]) => ({
    label,
    body,
    place: announcementName(label, name),
  }))
  const ids = await findIds(announced, world, context)
  const policies = announced.map(({ label }, place) => ({ label, id: ids[place] ?? '' }))
  out.line(`; Below ${name}, in your zone.`)
  if (config.addresses.length === 0) out.line(`; Set "addresses" for the A and AAAA records of ${name}.`)
  for (const record of hostRecords(name, { addresses: config.addresses, policies })) out.line(formatRecord(record))
  for (const [domain, { label }] of shelf.domains) {
    out.line(`; In the zone of ${domain}.`)
    const records = delegationRecords(domain, label, name)
    if (records === undefined) out.warn(`${domain} is too long a name to delegate from`)
    for (const record of records ?? []) out.line(formatRecord(record))
    await out.drained()
  }
  if (!config.customers) return
  out.line('; Anybody else delegates to a profile, as here to the first:')
  const [first = ''] = shelf.profiles.keys()
  out.line(`; _mta-sts.DOMAIN. CNAME ${first}._mta-sts.${name}.`)
  out.line(`; mta-sts.DOMAIN. CNAME ${name}.`)
}

async function printOwn({ config, shelf }: Read, world: World, context: CommandContext): Promise<void> {
  const { out } = context
  const domains = [...shelf.domains].map(([domain, { body }]) => ({ domain, body, place: stsRecordName(domain) }))
  const ids = await findIds(domains, world, context)
  if (config.addresses.length === 0) out.line('; Set "addresses" for the A and AAAA records of policy hosts.')
  for (const [place, { domain }] of domains.entries()) {
    out.line(`; In the zone of ${domain}.`)
    const records = ownRecords(domain, { id: ids[place] ?? '', addresses: config.addresses })
    for (const record of records ?? []) out.line(formatRecord(record))
    await out.drained()
  }
}

interface Announced {
  readonly body: string
  readonly place: Name | undefined
}

/** The id of each, in order: that which DNS has, as long as it is of this policy. RFC 8461 §3.1 */
async function findIds(
  policies: readonly Announced[],
  world: World,
  { out, signal, clock }: CommandContext,
): Promise<string[]> {
  const ids: string[] = []
  const left = [...policies.entries()]
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [at, { body, place }] = next
      const found = place === undefined ? undefined : await publishedId(place, world, signal)
      if (found?.kind === 'failed') out.warn(`an id may change without need: ${found.reason}`)
      ids[at] = nextStsId(body, found?.kind === 'id' ? found.id : undefined, clock.now())
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return ids
}

type Published = { readonly kind: 'id'; readonly id: string } | { readonly kind: 'failed'; readonly reason: string }

async function publishedId(name: Name, { resolver }: World, signal: AbortSignal): Promise<Published | undefined> {
  const resolution = await resolver.resolve(name, TYPE.TXT, { signal })
  if (resolution.kind === 'failure') return { kind: 'failed', reason: resolution.reason }
  if (resolution.kind !== 'answer') return undefined
  const texts = resolution.records.flatMap(({ rdata }) => {
    const text = readTxt(rdata)
    return text.ok ? [text.value] : []
  })
  const record = parseStsRecords(texts)
  return record.ok ? { kind: 'id', id: record.value.id } : undefined
}
