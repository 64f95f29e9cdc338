import { labelsOf } from '../name/name.ts'
import type { CheckFacts, ServersTopic } from './check-facts.ts'
import type { Actor, Operator } from './report.ts'

/** Somebody who must act, and the zone that says who that is where it is not the domain's owner. */
export interface Owner {
  readonly who: Actor
  readonly whoseName: string | null
}

/** Who operates what, by the zones that names lie in: whose zone it is may mend what is in it. */
export interface Owners {
  /** Of an MX host: its certificates, its TLSA records, what it does. */
  host(host: string): Owner
  /** Of what stands in the domain's own zone: records that its owner enters. */
  readonly records: Owner
  /** Of the name servers and signatures of the zone that a name lies in. */
  dns(name: string): Owner
  /** Of the web server of the policy host. */
  readonly policyHost: Owner
  readonly operators: readonly Operator[]
}

const you: Owner = { who: 'you', whoseName: null }

export function ownersIn(facts: CheckFacts): Owners {
  const { domain, servers = [] } = facts
  const zoneOf = (name: string): string | undefined => servers.find((one) => one.name === name)?.zone
  const zone = zoneOf(domain) ?? domain
  const isYours = (other: string) => other === zone || isBelow(other, zone) || isBelow(zone, other)
  const nameServers = [
    ...new Set(servers.filter((one) => one.zone === zone).flatMap((one) => one.servers.map(({ server }) => server))),
  ]
  const foreign = nameServers.filter((server) => !isBelow(server, zone))
  const hasOwnServers = foreign.length === 0
  const host = (name: string): Owner => {
    const home = zoneOf(name) ?? name
    return isYours(home) ? you : { who: 'your mail provider', whoseName: home }
  }
  const dns = (name: string): Owner => {
    const home = zoneOf(name)
    if (home !== undefined && !isYours(home)) return host(name)
    return hasOwnServers ? you : { who: 'your DNS host', whoseName: foreign[0] ?? null }
  }
  const policyTarget = aliasTarget(facts)
  const policyZone = policyTarget ?? `mta-sts.${domain}`
  const policyHost: Owner = isYours(policyZone) ? you : { who: 'your web host', whoseName: policyZone }
  return {
    host,
    records: you,
    dns,
    policyHost,
    operators: operatorsOf(facts, { zone, zoneOf, isYours, nameServers, policyTarget }),
  }
}

/** Where the policy host's name leads. */
function aliasTarget({ sts }: CheckFacts): string | undefined {
  const answer = sts?.addresses.find((lookup) => lookup.kind !== 'failure' && lookup.aliases.length > 0)
  if (answer === undefined || answer.kind === 'failure') return undefined
  return labelsOf(answer.canonicalName).join('.').toLowerCase()
}

interface Zones {
  readonly zone: string
  zoneOf(name: string): string | undefined
  isYours(name: string): boolean
  readonly nameServers: readonly string[]
  readonly policyTarget: string | undefined
}

function operatorsOf({ domain, mail, sts, servers = [] }: CheckFacts, zones: Zones): Operator[] {
  const { zone, zoneOf, isYours, nameServers, policyTarget } = zones
  const at = (topic: ServersTopic) => servers.find((one) => one.topic === topic)?.zone
  const operator = (part: Operator['part'], name: string, home: string | undefined): Operator => {
    return { part, name, zone: home ?? null, isYours: isYours(home ?? name) }
  }
  return [
    operator('domain', domain, zoneOf(domain) ?? (servers.length > 0 ? zone : undefined)),
    ...nameServers.map((server) => ({ ...operator('name-server', server, undefined), isYours: isBelow(server, zone) })),
    ...(mail?.hosts ?? []).map(({ host }) => operator('mx-host', host, zoneOf(host))),
    ...(sts?.policyHost === undefined || sts.fetches.length === 0
      ? []
      : [operator('policy-host', sts.policyHost, policyTarget)]),
    ...(at('sts') === undefined ? [] : [operator('mta-sts-record', `_mta-sts.${domain}`, at('sts'))]),
    ...(at('tlsrpt') === undefined ? [] : [operator('tlsrpt-record', `_smtp._tls.${domain}`, at('tlsrpt'))]),
  ]
}

function isBelow(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`)
}
