import { formatType } from '../../dns/types.ts'
import type { ChainLink, Resolution } from '../../dnssec/resolution.ts'
import { formatName } from '../../name/text.ts'
import { isSignatureEndingSoon } from '../forecast.ts'
import type { Evidence } from '../report.ts'
import type { View } from '../view.ts'
import { type Family, type FindingKinds, type Found, lookupSeen, said } from './finding.ts'

const kinds = {
  'domain-unsigned': {
    severity: 'weakens',
    title: 'The domain is not signed with DNSSEC, so that nothing proves which hosts take its mail',
    rfc: 'RFC 7672 §2.2.1',
  },
  'mx-unsigned-tlsa-signed': {
    severity: 'weakens',
    title:
      'The MX records are not signed and the host’s TLSA records are: the host proves itself, the way to it does not',
    rfc: 'RFC 7672 §2.2.1',
  },
  'mx-host-unsigned': {
    severity: 'weakens',
    title: 'The domain is signed and the zone of its MX host is not: TLSA records would count for nothing there',
    rfc: 'RFC 7672 §2.2.2',
  },
  'dnssec-unsupported': {
    severity: 'weakens',
    title: 'The zone is signed by algorithms or digests that validators do not use any more, and counts as unsigned',
    rfc: 'RFC 8624 §3.1',
  },
  'dnssec-nsec3-iterations': {
    severity: 'weakens',
    title: 'The zone asks for so many NSEC3 iterations that validators take it for unsigned',
    rfc: 'RFC 9276 §3.2',
  },
  'dnssec-ds-sha1': {
    severity: 'weakens',
    title: 'The parent zone vouches for the keys by SHA-1 alone, which validators give up',
    rfc: 'RFC 8624 §3.3',
  },
  'signatures-end-soon': {
    severity: 'will-break',
    title: 'DNSSEC signatures end within hours: whatever should have renewed them has not',
    rfc: 'RFC 6781 §4.4.2',
  },
} as const satisfies FindingKinds

type DnssecFound = Found<keyof typeof kinds>

/** Whether what DNS says is proved, and for how long. */
export const dnssecFamily: Family = {
  section: 'dnssec',
  kinds,
  find: (view) => [...ofStatus(view), ...ofChains(view), ...ofEnds(view)],
}

function ofStatus({ mail, hosts, domain, owners }: View): DnssecFound[] {
  if (mail === undefined || !('status' in mail.mx)) return []
  const { resolution, status } = mail.mx
  const found: DnssecFound[] = []
  const isPlain = status === 'insecure' && !isSpoilt(resolution)
  if (isPlain)
    found.push({ id: 'domain-unsigned', subject: domain, seen: [lookupSeen(resolution)], owner: owners.dns(domain) })
  for (const { host, facts } of hosts) {
    if (status === 'insecure' && facts.tlsa.row === 'H5') {
      const seen = [lookupSeen(resolution), ...facts.tlsa.lookups.map(lookupSeen)]
      found.push({ id: 'mx-unsigned-tlsa-signed', subject: host, seen, owner: owners.dns(domain) })
    }
    if (status === 'secure' && facts.tlsa.row === 'H4' && !facts.addresses.lookups.some(isSpoilt)) {
      found.push({
        id: 'mx-host-unsigned',
        subject: host,
        seen: facts.addresses.lookups.map(lookupSeen),
        owner: owners.host(host),
      })
    }
  }
  return found
}

const spoilt: ReadonlySet<ChainLink['by']> = new Set(['unsupported-algorithm', 'nsec3-iterations'])

/** Signed, and yet taken for unsigned. */
function isSpoilt(lookup: Resolution): boolean {
  return chainOf(lookup).some(({ by }) => spoilt.has(by))
}

function chainOf(lookup: Resolution): readonly ChainLink[] {
  return lookup.kind === 'failure' ? lookup.chain : lookup.evidence.chain
}

/** Everything that a sender looks up, with whose zone it is about. */
function lookupsIn({ mail, hosts, domain, facts }: View): { readonly name: string; readonly lookup: Resolution }[] {
  const own = mail?.mx.resolution
  const ofHosts = hosts.flatMap(({ host, facts }) => {
    return [...facts.addresses.lookups, ...facts.tlsa.lookups].map((lookup) => ({ name: host, lookup }))
  })
  // A name that is not there shows by what means the zone denies.
  const texts = [facts.sts?.record, facts.sts?.beside, facts.reporting?.record]
  const ofDomain = [own, ...texts].flatMap((lookup) => (lookup === undefined ? [] : [{ name: domain, lookup }]))
  return [...ofDomain, ...ofHosts]
}

/** What is wrong with the last zone on the way down, each zone once: those above are not the domain's to mend. */
function ofChains(view: View): DnssecFound[] {
  const found = new Map<string, DnssecFound>()
  for (const { name, lookup } of lookupsIn(view)) {
    const link = chainOf(lookup).at(-1)
    const id = link && (refusesProof(lookup) ? 'dnssec-nsec3-iterations' : faultOf(link))
    if (link === undefined || id === undefined) continue
    const subject = formatName(link.zone)
    found.set(`${id} ${subject}`, { id, subject, seen: [linkSeen(link)], owner: view.owners.dns(name) })
  }
  return [...found.values()]
}

/** Unsupported NSEC3 Iterations Value. RFC 9276 §3.2 */
function refusesProof(lookup: Resolution): boolean {
  return lookup.kind !== 'failure' && lookup.evidence.ede === 27
}

function faultOf({ by, ds, status }: ChainLink): DnssecFound['id'] | undefined {
  if (by === 'unsupported-algorithm') return 'dnssec-unsupported'
  if (by === 'nsec3-iterations') return 'dnssec-nsec3-iterations'
  const isSha1 = status === 'secure' && by === 'ds' && ds.length > 0 && ds.every(({ digestType }) => digestType === 1)
  return isSha1 ? 'dnssec-ds-sha1' : undefined
}

function linkSeen({ zone, ds, by }: ChainLink): Evidence {
  const records = ds.map(({ keyTag, algorithm, digestType }) => `DS ${keyTag} ${algorithm} ${digestType}`)
  return said([`${formatName(zone)}: ${by}`, ...records].join(', '))
}

/** Of the zone's keys, and of the records themselves. */
function ofEnds(view: View): DnssecFound[] {
  const ends: { readonly name: string; readonly what: string; readonly at: number }[] = []
  for (const { name, lookup } of lookupsIn(view)) {
    if (lookup.kind === 'failure' || lookup.status !== 'secure') continue
    const keys = lookup.evidence.chain.at(-1)
    const question = `${formatName(lookup.name)} ${formatType(lookup.type)}`
    if (lookup.evidence.expiration !== undefined) ends.push({ name, what: question, at: lookup.evidence.expiration })
    if (keys?.expiration !== undefined)
      ends.push({ name, what: `${formatName(keys.zone)} DNSKEY`, at: keys.expiration })
  }
  const soon = ends.filter(({ at }) => isSignatureEndingSoon(at, view.now))
  return [...new Set(soon.map(({ name }) => name))].map((name) => {
    const own = soon.filter((one) => one.name === name).toSorted((one, other) => one.at - other.at)
    const seen = own.map(({ what, at }) => said(`signature over ${what} until ${new Date(at * 1000).toISOString()}`))
    return {
      id: 'signatures-end-soon',
      subject: name,
      seen,
      owner: view.owners.dns(name),
      date: (own[0]?.at ?? 0) * 1000,
    }
  })
}
