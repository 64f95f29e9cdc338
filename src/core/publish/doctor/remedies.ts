import type { Finding } from '../../check/report.ts'
import type { PublishedRecord } from './report.ts'

/** What a remedy is worded with. */
export interface RemedyContext {
  readonly finding: Finding
  readonly host: string
  readonly owner: string
  readonly records: readonly PublishedRecord[]
}

export interface Remedy {
  /** One sentence in the imperative, without a full stop. */
  does(context: RemedyContext): string
  /** Records to take away. */
  remove?(context: RemedyContext): string[]
}

/** Zone text of these records. */
export function zoneLines(owner: string, records: readonly PublishedRecord[]): string[] {
  return records.map(({ record }) => `${owner}. IN TLSA ${record}`)
}

function ofRole(role: PublishedRecord['role']) {
  return ({ owner, records }: RemedyContext) =>
    zoneLines(
      owner,
      records.filter((one) => one.role === role),
    )
}

function published({ finding }: RemedyContext): string {
  const lines = finding.publish.flatMap(({ text }) => text.split('\n'))
  return lines.length === 1 ? 'this record' : 'these records'
}

const everything = ({ owner, records }: RemedyContext) => zoneLines(owner, records)

const putBack = (context: RemedyContext) =>
  `Publish ${published(context)} now, or put the old key back on ${context.host}: mail from senders with DANE waits until then`

/**
 * What to do about each finding that the doctor goes into, in the order in which it is done among those as urgent. What
 * is no business of DANE is left to `waxseal check`.
 */
export const remedies: Readonly<Record<string, Remedy>> = {
  'tlsa-lookup-bogus': {
    does: ({ owner }) => `Have the zone of ${owner} signed right, or its DS record taken out of the parent zone`,
  },
  'tlsa-lookup-failed': {
    does: ({ owner }) =>
      `Have the name servers answer for ${owner}: that they fail counts as an attack, and not as "no records"`,
  },
  'mx-host-lookup-failed': { does: ({ host }) => `Have the name servers answer for the addresses of ${host}` },
  'mx-host-without-address': { does: ({ host }) => `Give ${host} an address, or take it out of the MX records` },
  'tlsa-without-starttls': {
    does: ({ host }) => `Turn STARTTLS on again at ${host}, or take its TLSA records away until it works`,
    remove: everything,
  },
  'tlsa-without-handshake': {
    does: ({ host }) => `Mend TLS at ${host}, or take its TLSA records away until it works`,
    remove: everything,
  },
  'tlsa-mismatch': { does: putBack },
  'tlsa-key-type-uncovered': {
    does: ({ host, ...context }) =>
      `Publish ${published({ host, ...context })} now, or have ${host} present the other certificate alone`,
  },
  'tlsa-mismatch-on-some-addresses': { does: putBack },
  'dane-ta-anchor-not-sent': {
    does: ({ host, ...context }) =>
      `Have ${host} send the certificate of the authority in its chain, or publish ${published({ host, ...context })} now`,
  },
  'dane-ta-chain': {
    does: ({ host, ...context }) =>
      `Have ${host} send every certificate between its own and the authority, or publish ${published({ host, ...context })} now`,
  },
  'dane-ta-name': {
    does: ({ host, ...context }) =>
      `Publish ${published({ host, ...context })} now, or get a certificate that names ${host}: usage 2 demands it`,
  },
  'dane-ta-expired': {
    does: ({ host, ...context }) =>
      `Renew the certificate of ${host}, or publish ${published({ host, ...context })} now: dates count under usage 2`,
  },
  'signatures-end-soon': { does: ({ finding }) => `Have the zone of ${finding.subject} signed again, today` },
  'dane-ta-expires': {
    does: ({ host }) => `Renew the certificate of ${host} before that day: dates count under usage 2`,
  },
  'tlsa-pins-certificate': {
    does: (context) =>
      `Publish ${published(context)} beside the others before the certificate is renewed, and keep its key`,
  },
  'tlsa-unsigned': {
    does: ({ host }) => `Have the zone of ${host} signed with DNSSEC, and its DS record put into the parent zone`,
  },
  'mx-host-unsigned': {
    does: ({ host }) => `Have the zone of ${host} signed with DNSSEC, and its DS record put into the parent zone`,
  },
  'dnssec-unsupported': { does: ({ finding }) => `Have ${finding.subject} signed by algorithm 13 (ECDSA P-256)` },
  'dnssec-nsec3-iterations': { does: ({ finding }) => `Set the NSEC3 iterations of ${finding.subject} to 0` },
  'tlsa-none-usable': {
    does: (context) => `Publish ${published(context)} in the place of those that nobody can use`,
    remove: ofRole('unusable'),
  },
  'tlsa-combination-unmatched': {
    does: () => 'Take the records away whose kind (usage, selector, matching type) matches nothing by itself',
    remove: unmatchedKinds,
  },
  'tlsa-differs-between-servers': {
    does: () => 'Bring the name servers into step before you change any key: not all have the same TLSA records',
  },
  'server-bogus': { does: ({ finding }) => `Have every name server sign ${finding.subject} right` },
  'server-useless': {
    does: ({ finding }) =>
      `Have every name server of ${finding.subject} serve the zone, or take it out of the NS records`,
  },
  'server-without-address': {
    does: ({ finding }) => `Give the name server of ${finding.subject} an address, or take it out of the NS records`,
  },
  'servers-differ': {
    does: ({ finding }) => `Bring the name servers into step: they do not say the same of ${finding.subject}`,
  },
  'tlsa-parent-denied': { does: ({ owner }) => `Have the name servers not deny the names above ${owner}` },
  'starttls-missing': { does: ({ host }) => `Turn STARTTLS on at ${host}` },
  'starttls-refused': { does: ({ host }) => `Have ${host} take the STARTTLS command that it offers` },
  'starttls-handshake-fails': { does: ({ host }) => `Mend TLS at ${host}` },
  'starttls-on-some-addresses': { does: ({ host }) => `Turn STARTTLS on at every address of ${host}` },
  'starttls-offer-garbled': {
    does: ({ host }) => `Turn off what rewrites SMTP on the way to ${host}, "smtp fixup" or the like on a firewall`,
  },
  'host-refuses-connections': {
    does: ({ host }) => `Have ${host} listen at every address that DNS has for it, or take the address out`,
  },
  'host-not-smtp': { does: ({ host }) => `Have a mail server listen at every address of ${host}` },
  'host-private-address': { does: ({ host }) => `Take the address out of ${host} that no other network can reach` },
  'ipv6-unreachable': { does: ({ host }) => `Have ${host} answer over IPv6, or take its AAAA records away` },
  'tlsa-pins-intermediate': {
    does: (context) =>
      `Publish ${published(context)} beside it: the next certificate may come from another intermediate`,
  },
  'tlsa-on-some-hosts': {
    does: (context) =>
      context.finding.publish.length === 0
        ? `Give ${context.host} TLSA records as the other hosts have`
        : `Publish ${published(context)}: other hosts of the domain have some`,
  },
  'dnssec-ds-sha1': { does: ({ finding }) => `Have a DS record of digest type 2 (SHA-256) for ${finding.subject}` },
  'tlsa-missing': {
    does: (context) =>
      context.finding.publish.length === 0
        ? `Find out why ${context.host} shows no certificate: then a record can be made of its key`
        : `Publish ${published(context)}`,
  },
  'tlsa-no-next-key': {
    does: () => 'Make the next key now and publish its record beside the others, long before it is used',
  },
  'tlsa-stale-record': {
    does: () => 'Take the records away that match nothing, once no machine behind the name has their keys',
    remove: ofRole('matches-nothing'),
  },
  'tlsa-unusable-record': { does: () => 'Take the records away that nobody can use', remove: ofRole('unusable') },
  'tlsa-whole-data': { does: () => 'Publish a digest (matching type 1) in the place of a whole certificate or key' },
  'tlsa-ttl-long': {
    does: ({ owner }) => `Lower the TTL of ${owner} to 3600, or wait that much longer at each change of keys`,
  },
  'tlsa-at-alias': { does: ({ owner }) => `Keep in mind that the records stand at ${owner}` },
  'tlsa-failure-harmless': {
    does: ({ owner }) => `Have the name servers answer for ${owner} before the zone is signed`,
  },
  'tlsa-lookup-unanswered': { does: () => 'Ask again: the TLSA records could not be looked up from here' },
  'server-silent': { does: ({ finding }) => `See whether every name server of ${finding.subject} is up` },
  'servers-unanswered': { does: () => 'Run this where name servers can be asked directly (port 53)' },
  'host-busy': { does: ({ host }) => `Run this again: ${host} is busy, or greylists us` },
  'host-turned-us-away': { does: ({ host }) => `Run this where ${host} talks to us` },
  'host-unanswered': { does: ({ host }) => `See whether ${host} is up at every address, and run this again` },
  'vantage-without-smtp': { does: () => 'Run this where port 25 is open' },
  'vantage-without-ipv6': { does: () => 'Run this where there is IPv6 too' },
}

/** Of what is told by the finding, what matches nothing: a kind may match one certificate and not the other. */
function unmatchedKinds({ finding, owner, records }: RemedyContext): string[] {
  const told = new Set(finding.seen.map(({ text }) => text))
  return zoneLines(
    owner,
    records.filter(({ record, role }) => told.has(`TLSA ${record}`) && role !== 'in-use'),
  )
}
