import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { ConfigError } from '../../../core/config-error.ts'
import { formatRecord } from '../../../core/dns/zone-text.ts'
import type { Credential } from '../../lab/certificates/mint.ts'
import { readZoneText } from '../../lab/dns/text.ts'
import { octetsOf } from '../../lab/inhabitants.ts'
import { expandMacros } from '../../lab/world/certificates.ts'
import { zoneAround } from '../../lab/world/undeclared.ts'
import type { Declaration, World } from '../../lab/world/world.ts'
import { isWithin } from './allot.ts'

/** A zone for the operator's name servers. */
export interface Zone {
  readonly origin: string
  /** Whether his name servers must sign it, and his parent zone vouch for its keys. */
  readonly isSigned: boolean
  readonly text: string
}

export interface ZonesOptions {
  readonly world: World
  readonly base: string
  /** Names of the operator's name servers, for the zones. */
  readonly nameServers: readonly string[]
  /** Of each host by its name. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  readonly policyAddresses: readonly string[]
  readonly credentials: ReadonlyMap<string, Credential>
  /** Domains of which nothing is published. */
  readonly omitted: ReadonlySet<string>
  /** Serial number, from the clock. */
  readonly serial: number
}

/** A name that never is. RFC 6761 §6.4 */
const nowhere = 'nowhere.invalid'

/** Seconds: faults are mended, and keys changed, without a long wait. */
const ttl = 300

/**
 * The zones to publish. Nothing in them needs a broken signature: bogus is what stands below a DS record that matches no
 * key, and SERVFAIL comes of a delegation to a server that nobody can find.
 */
export function composeZones(options: ZonesOptions): Zone[] {
  const { world, base, omitted } = options
  const declared = world.setting.filter((one) => ![...omitted].some((domain) => isWithin(ownerOf(one), domain)))
  const zones = declared.flatMap((one) => (one.kind === 'zone' ? [one] : []))
  const origins = new Set(zones.map(({ origin }) => origin))
  const lines = new Map(zones.map(({ origin }) => [origin, apexOf(origin, options)]))
  const put = (owner: string, text: string) => lines.get(zoneAround(owner, origins) ?? base)?.push(text)
  for (const { origin, ds } of zones.filter((zone) => zone.origin !== base)) {
    const parent = origin.slice(origin.indexOf('.') + 1)
    for (const line of delegationOf(origin, options)) put(parent, line)
    if (ds === 'wrong') put(parent, record(`${origin} DS ${falseDs(origin)}`))
  }
  for (const one of declared) for (const [owner, text] of recordsOf(one, options)) put(owner, text)
  return zones.map(({ origin }) => ({
    origin,
    isSigned: origin === base,
    text: `${(lines.get(origin) ?? []).join('\n')}\n`,
  }))
}

function ownerOf(one: Declaration): string {
  switch (one.kind) {
    case 'zone':
      return one.origin
    case 'record':
      return one.owner
    case 'host':
      return one.name
    case 'policy':
      return one.domain
  }
}

function* recordsOf(one: Declaration, options: ZonesOptions): Generator<[owner: string, text: string]> {
  if (one.kind === 'record' && one.fate === 'servfail') {
    yield [one.owner, record(`${one.owner} NS ${nowhere}`)]
  } else if (one.kind === 'record') {
    yield [one.owner, record(expand(one.text, options.credentials))]
  } else if (one.kind === 'host') {
    for (const address of options.addresses.get(one.name) ?? []) yield [one.name, addressRecord(one.name, address)]
  } else if (one.kind === 'policy') {
    const name = `mta-sts.${one.domain}`
    for (const address of options.policyAddresses) yield [name, addressRecord(name, address)]
    const owner = `_mta-sts.${one.domain}`
    const id = createHash('sha256').update(`${one.body} ${one.status}`).digest('hex').slice(0, 16)
    yield [owner, record(`${owner} TXT "v=STSv1; id=${id};"`)]
  }
}

function apexOf(origin: string, options: ZonesOptions): string[] {
  const [primary = ''] = options.nameServers
  const soa = `${origin} SOA ${primary} hostmaster.${options.base} ${options.serial} 7200 900 1209600 ${ttl}`
  return [record(soa), ...delegationOf(origin, options)]
}

function delegationOf(origin: string, { nameServers }: ZonesOptions): string[] {
  return nameServers.map((server) => record(`${origin} NS ${server}`))
}

function addressRecord(name: string, address: string): string {
  return record(`${name} ${isIP(address) === 6 ? 'AAAA' : 'A'} ${address}`)
}

/** A record with all that a line of a zone file may leave out. */
function record(text: string): string {
  return readZoneText(text)
    .map((one) => formatRecord({ ...one, ttl }))
    .join('\n')
}

/** Of a key that nobody has: what is below it is bogus to whoever validates. RFC 4035 §5.2 */
function falseDs(origin: string): string {
  return `12345 13 2 ${createHash('sha256').update(`no key of ${origin}`).digest('hex')}`
}

function expand(text: string, credentials: ReadonlyMap<string, Credential>): string {
  const expanded = expandMacros(text, (macro) =>
    octetsOf(macro, new Map([...credentials].map(([host, first]) => [host, { first, also: undefined }]))),
  )
  if (!expanded.ok) throw new ConfigError(`a macro of this record means nothing: "${text}"`)
  return expanded.value
}
