import type { ServerSays, ServersFinding } from '../check-facts.ts'
import type { Evidence } from '../report.ts'
import type { View } from '../view.ts'
import { type Family, type FindingKinds, type Found, nobody, said } from './finding.ts'

const kinds = {
  'servers-differ': {
    severity: 'weakens',
    title: 'The name servers of the zone do not say the same: it is luck which answer a sender gets',
    rfc: 'RFC 1034 §4.3.5',
  },
  'tlsa-differs-between-servers': {
    severity: 'weakens',
    title:
      'The name servers of the zone do not have the same TLSA records: it is luck whether a sender finds the right ones',
    rfc: 'RFC 7671 §8.1',
  },
  'server-bogus': {
    severity: 'weakens',
    title: 'A name server gives an answer that DNSSEC proves false, and others do not',
    rfc: 'RFC 4035 §5.5',
  },
  'server-useless': {
    severity: 'weakens',
    title: 'A name server that the zone names does not speak for it, or fails',
    rfc: 'RFC 1912 §2.8',
  },
  'server-without-address': {
    severity: 'weakens',
    title: 'A name server that the zone names has no address',
    rfc: 'RFC 1912 §2.8',
  },
  'server-silent': {
    severity: 'note',
    title: 'A name server of the zone did not answer us, and others did',
    rfc: 'RFC 2182 §3',
  },
  'servers-unanswered': {
    severity: 'note',
    title: 'No name server answered us directly: port 53 may be closed where this runs',
    rfc: 'RFC 1034 §4.3.1',
  },
  'answer-over-tcp': {
    severity: 'note',
    title: 'An answer does not fit into 1232 octets, so that resolvers must ask again over TCP',
    rfc: 'RFC 9715 §3',
  },
  'tlsa-ttl-long': {
    severity: 'note',
    title: 'TLSA records may be kept for over a day: so long must a new key wait',
    rfc: 'RFC 7671 §8.1',
  },
} as const satisfies FindingKinds

type ServersFound = Found<keyof typeof kinds>

/** What the authoritative servers say, one beside the other. */
export const serversFamily: Family = {
  section: 'dnssec',
  kinds,
  find: (view) => {
    const { servers = [] } = view.facts
    const asked = servers.flatMap((one) => one.servers)
    if (asked.length > 0 && asked.every(({ says }) => says === 'silent' || says === 'no-address')) {
      const seen = asked.slice(0, 4).map(({ server, reason }) => said(reason ?? 'silent', server))
      return [{ id: 'servers-unanswered', subject: view.domain, seen, owner: nobody }]
    }
    if (servers.length > 0 && servers.every(({ failed }) => failed !== undefined)) {
      const seen = servers.slice(0, 4).map(({ name, type, failed = '' }) => said(`${name} ${type}: ${failed}`))
      return [...ofSizes(view), { id: 'servers-unanswered', subject: view.domain, seen, owner: nobody }]
    }
    return [
      ...ofSizes(view),
      ...servers.flatMap((one) => ofAnswers(view, one)),
      ...ofServers(view, servers),
      ...ofTtl(view, servers),
    ]
  },
}

/** What all who look for mail ask; some networks let no TCP through. */
function ofSizes({ facts, domain, owners }: View): ServersFound[] {
  if (facts.overTcp.length === 0) return []
  const seen = facts.overTcp.map(({ name, type }) => said(`${name} ${type}: more than 1232 octets`))
  return [{ id: 'answer-over-tcp', subject: domain, seen, owner: owners.dns(domain) }]
}

/** An answer, or that there is none. */
const words: ReadonlySet<ServerSays['says']> = new Set(['answer', 'alias', 'nodata', 'nxdomain'])

/** What is compared: not TTLs, which count down nowhere but in caches, and yet may differ while a zone is on its way. */
function wordOf({ says, status, records }: ServerSays): string {
  return [says, status, ...records].join('\n')
}

function ofAnswers(view: View, { topic, name, type, servers }: ServersFinding): ServersFound[] {
  const said1 = servers.filter(({ says }) => words.has(says))
  const answers = new Map<string, ServerSays[]>()
  for (const one of said1) answers.set(wordOf(one), [...(answers.get(wordOf(one)) ?? []), one])
  const owner = view.owners.dns(name)
  const found: ServersFound[] = []
  if (answers.size > 1) {
    const id = topic === 'tlsa' ? 'tlsa-differs-between-servers' : 'servers-differ'
    const seen = [...answers.values()].flatMap((group) => group.map((one) => answerSeen(type, one)))
    found.push({ id, subject: `${name} ${type}`, seen, owner })
  }
  const bogus = servers.filter(({ says }) => says === 'bogus')
  if (bogus.length > 0 && said1.length > 0) {
    const seen = bogus.map(({ reason, server, address }) => said(`${type}: ${reason}`, at(server, address)))
    found.push({ id: 'server-bogus', subject: `${name} ${type}`, seen, owner })
  }
  return found
}

function answerSeen(type: string, { says, records, status, server, address, serial }: ServerSays): Evidence {
  const what = records.length > 0 ? records.join('; ') : says === 'nxdomain' ? 'no such name' : 'no such records'
  const version = serial === undefined ? '' : `, serial ${serial}`
  return said(`${type} (${status}${version}): ${what}`, at(server, address))
}

function at(server: string, address: string | undefined): string {
  return address === undefined ? server : `${server} [${address}]`
}

const troubles: readonly (readonly [ServerSays['says'], ServersFound['id']])[] = [
  ['useless', 'server-useless'],
  ['no-address', 'server-without-address'],
  ['silent', 'server-silent'],
]

/** Each server once, whatever it was asked. */
function ofServers(view: View, servers: readonly ServersFinding[]): ServersFound[] {
  return troubles.flatMap(([says, id]) => {
    const zones = new Map<string, { readonly name: string; readonly seen: Map<string, Evidence> }>()
    for (const { zone = '', name, type, servers: asked } of servers) {
      // What every server fails for is told of the lookup; a server is blamed for what others can.
      if (!asked.some((one) => words.has(one.says))) continue
      for (const one of asked.filter((other) => other.says === says)) {
        const known = zones.get(zone) ?? { name, seen: new Map() }
        known.seen.set(
          at(one.server, one.address),
          said(`${type} of ${name}: ${one.reason ?? says}`, at(one.server, one.address)),
        )
        zones.set(zone, known)
      }
    }
    return [...zones].map(([zone, { name, seen }]): ServersFound => {
      const owner = id === 'server-silent' ? nobody : view.owners.dns(name)
      return { id, subject: zone, seen: [...seen.values()], owner }
    })
  })
}

const day = 86_400

function ofTtl(view: View, servers: readonly ServersFinding[]): ServersFound[] {
  return servers.flatMap(({ topic, name, servers: asked }): ServersFound[] => {
    const ttl = Math.max(0, ...asked.map((one) => one.ttl ?? 0))
    if (topic !== 'tlsa' || ttl <= day) return []
    const seen = [said(`TTL ${ttl} s; 1800 to 3600 lets a key be changed within hours`)]
    return [{ id: 'tlsa-ttl-long', subject: name, seen, owner: view.owners.dns(name) }]
  })
}
