import { dnsText, said } from '../../check/findings/finding.ts'
import type { Owner } from '../../check/owners.ts'
import type { Publication } from '../../check/report.ts'
import type { HostView, View } from '../../check/view.ts'
import type { HeldKey, Holder } from './published.ts'
import { zoneLines } from './remedies.ts'
import type { DoctorStep, PublishedRecord } from './report.ts'

interface Visit {
  readonly view: View
  readonly host: HostView
  readonly owner: string
  readonly holders: readonly Holder[]
  readonly keys: readonly HeldKey[]
  readonly records: readonly PublishedRecord[]
}

/** What the doctor alone tells, and the findings that say less of the same. */
export interface OwnSteps {
  readonly steps: readonly DoctorStep[]
  readonly instead: ReadonlySet<string>
}

/** What comes of holding each key against each name server. */
export function ownSteps(visit: Visit): OwnSteps {
  const all = [
    onSomeServers(visit),
    fromCacheAlone(visit),
    notLookedUpAnew(visit),
    unsigned(visit),
    overTcp(visit),
    known(visit),
    afterwards(visit),
    severalKeys(visit),
    plainly(visit),
  ]
  const found = all.filter((one) => one !== undefined)
  return {
    steps: found.flatMap(({ step }) => step ?? []),
    instead: new Set(found.flatMap(({ instead }) => instead)),
  }
}

interface OwnStep {
  /** Undefined where others say enough. */
  readonly step: DoctorStep | undefined
  readonly instead: readonly string[]
}

type Told = Pick<DoctorStep, 'id' | 'urgency' | 'does' | 'why' | 'rfc'> &
  Partial<Pick<DoctorStep, 'publish' | 'remove' | 'seen'>>

function stepFor({ who, whoseName }: Owner, { publish = [], remove = [], seen = [], ...told }: Told): DoctorStep {
  return { ...told, who, whoseName, publish, remove, seen, date: null }
}

function recordsOf({ owner, host }: Visit, keys: readonly HeldKey[], note: string): Publication[] {
  const lines = [...new Set(keys.flatMap(({ record }) => record ?? []))].map((record) => `${owner}. IN TLSA ${record}`)
  return lines.length === 0 ? [] : [dnsText(host.host, lines.join('\n'), note)]
}

function labels(holders: readonly Holder[]): string {
  return [...new Set(holders.map(({ label }) => label))].join(', ')
}

function kindOf({ views }: HeldKey): string {
  return views[0]?.keyType === 'rsa' ? 'RSA' : 'ECDSA'
}

/** A key that some name servers have a record of, and others have records without it. RFC 7671 §8.1 */
function onSomeServers(visit: Visit): OwnStep | undefined {
  const { view, host, owner, keys } = visit
  const torn = keys.filter(({ on, notOn }) => on.length > 0 && notOn.length > 0)
  if (torn.length === 0) return undefined
  const behind = labels(torn.flatMap(({ notOn }) => notOn))
  const kinds = [...new Set(torn.map(kindOf))].join(' and ')
  return {
    instead: ['tlsa-differs-between-servers'],
    step: stepFor(view.owners.dns(owner), {
      ...{ id: 'tlsa-key-on-some-servers', urgency: 'now', rfc: 'RFC 7671 §8.1' },
      does: `Get the record of the live ${kinds} key onto ${behind}, or put the old key back on ${host.host}`,
      why: 'Some name servers have no record of a key that is in use: who asks those holds mail back',
      publish: recordsOf(visit, torn, `on ${behind}, where it is missing`),
      seen: torn.flatMap(({ on, notOn }) => [
        said(`has it: ${labels(on)}`),
        said(`does not have it: ${labels(notOn)}`),
      ]),
    }),
  }
}

/** What a cache still has, and no name server any more: it breaks within a TTL. */
function fromCacheAlone(visit: Visit): OwnStep | undefined {
  const { view, owner, keys, holders } = visit
  const told = holders.filter(({ state }) => state !== 'untold')
  const gone = keys.filter(({ views, on, notOn }) => {
    return on.length === 0 && notOn.length > 0 && views.some(({ dane }) => dane?.kind === 'matched')
  })
  if (gone.length > 0) {
    return {
      instead: [],
      step: stepFor(view.owners.dns(owner), {
        ...{ id: 'tlsa-record-gone', urgency: 'now', rfc: 'RFC 7671 §8.1' },
        does: 'Put this record back at once: caches still have it, and no name server has',
        why: 'The record of a key that is in use was taken away from every name server',
        publish: recordsOf(visit, gone, 'beside those that are there'),
        seen: gone.flatMap(({ notOn }) => said(`does not have it: ${labels(notOn)}`)),
      }),
    }
  }
  const isAllGone = told.length > 0 && told.every(({ state }) => state === 'none')
  if (!isAllGone || visit.host.dane.state !== 'ok') return undefined
  return {
    instead: ['tlsa-no-next-key', 'tlsa-stale-record'],
    step: stepFor(view.owners.dns(owner), {
      ...{ id: 'tlsa-records-gone', urgency: 'soon', rfc: 'RFC 7672 §2.2' },
      does: 'Put the TLSA records back: caches still have some, and no name server has any',
      why: 'All TLSA records were taken away, and mail is protected by what caches remember',
      publish: recordsOf(visit, keys, 'for the keys that the host has now'),
      seen: told.map(({ label }) => said('no TLSA records', label)),
    }),
  }
}

const mismatches = [
  'tlsa-mismatch',
  'tlsa-mismatch-on-some-addresses',
  'tlsa-key-type-uncovered',
  'dane-ta-anchor-not-sent',
]

/** What every name server has, and a cache on the way does not yet: to publish it again would help nobody. RFC 7671 §8.1 */
function notLookedUpAnew(visit: Visit): OwnStep | undefined {
  const { view, host, owner, keys, holders } = visit
  const failing = keys.filter(({ views }) =>
    views.some(({ dane }) => dane?.kind === 'failed' && dane.why === 'no-match'),
  )
  const isOut = failing.length > 0 && failing.every(({ on, notOn }) => on.length > 0 && notOn.length === 0)
  if (!isOut) return undefined
  const ttl = Math.max(0, ...holders.map(({ says }) => says.ttl ?? 0))
  return {
    instead: mismatches,
    step: stepFor(view.owners.host(host.host), {
      ...{ id: 'tlsa-cached', urgency: 'now', rfc: 'RFC 7671 §8.1' },
      does: `Put the old key back on ${host.host} for ${ttl} s, or wait so long: the right record is out, and caches do not have it yet`,
      why: 'The key was changed before caches had forgotten the records without it',
      seen: [said(`every name server has it: ${labels(failing.flatMap(({ on }) => on))}`, owner)],
    }),
  }
}

/** Where a key is not covered, records that match nothing are rather of the old key than of the next. RFC 7671 §8.1 */
function afterwards({ view, host, owner, keys, records }: Visit): OwnStep | undefined {
  const isBroken = keys.some(({ views }) => views.some(({ dane }) => dane?.kind === 'failed'))
  const left = records.filter(({ role }) => role === 'matches-nothing')
  if (!isBroken || left.length === 0) return undefined
  return {
    instead: ['tlsa-stale-record', 'tlsa-combination-unmatched'],
    step: stepFor(view.owners.host(host.host), {
      ...{ id: 'tlsa-stale-record', urgency: 'soon', rfc: 'RFC 7671 §8.1' },
      does: 'When mail comes again, take the records away that match nothing, unless you put the old key back',
      why: 'They are of a key that is not used any more',
      remove: zoneLines(owner, left),
    }),
  }
}

/** Addresses with keys of their own, each of which a rollover has to care for. RFC 7671 §6 */
function severalKeys({ view, host, keys }: Visit): OwnStep | undefined {
  const kinds = Map.groupBy(keys, kindOf)
  const differing = [...kinds].filter(([, some]) => new Set(some.map(({ record }) => record)).size > 1)
  if (differing.length === 0) return undefined
  return {
    instead: [],
    step: stepFor(view.owners.host(host.host), {
      ...{ id: 'keys-differ', urgency: 'note', rfc: 'RFC 7671 §6' },
      does: `Change the keys of ${host.host} at one address after the other, each with records of its own`,
      why: `Not all addresses present the same ${differing.map(([kind]) => kind).join(' and ')} key`,
      seen: differing.flatMap(([kind, some]) => {
        return some.map(({ record, addresses }) => said(`${kind} ${record ?? ''}`, addresses.join(', ')))
      }),
    }),
  }
}

/** That mail passes in clear too matters less than that none comes. */
function plainly({ host }: Visit): OwnStep | undefined {
  if (host.dane.state !== 'ok' && host.facts.tlsa.row !== 'H6') return undefined
  return { instead: ['starttls-missing', 'starttls-refused', 'starttls-handshake-fails'], step: undefined }
}

/** Without MX records nobody else tells. RFC 7672 §2.2.2 */
function unsigned({ view, host }: Visit): OwnStep | undefined {
  const { tlsa, addresses } = host.facts
  if (tlsa.row !== 'H4' || view.mail?.mx.row !== 'M8') return undefined
  if (host.side?.tlsaAnyway?.kind === 'answer') return undefined // told of the records there
  return {
    instead: [],
    step: stepFor(view.owners.dns(host.host), {
      ...{ id: 'host-unsigned', urgency: 'soon', rfc: 'RFC 7672 §2.2.2' },
      does: `Have the zone of ${host.host} signed with DNSSEC, and its DS record put into the parent zone`,
      why: 'The addresses of the host are not signed, so that nobody asks for TLSA records',
      seen: addresses.lookups.flatMap((lookup) => {
        return lookup.kind === 'failure' || lookup.evidence.reason === undefined ? [] : said(lookup.evidence.reason)
      }),
    }),
  }
}

/** An RRset of which some resolvers get nothing: those without TCP. RFC 7671 §10.1.1, RFC 9715 §3 */
function overTcp({ view, owner, host }: Visit): OwnStep | undefined {
  const isLarge = view.facts.overTcp.some(({ name, type }) => type === 'TLSA' && name.toLowerCase() === `${owner}.`)
  if (!isLarge) return undefined
  return {
    instead: [],
    step: stepFor(view.owners.host(host.host), {
      ...{ id: 'answer-over-tcp', urgency: 'note', rfc: 'RFC 7671 §10.1.1' },
      does: 'Publish fewer records, and digests alone: the answer does not fit into 1232 octets',
      why: 'An answer does not fit into 1232 octets, so that resolvers must ask again over TCP',
    }),
  }
}

/** What a rollover left behind, by its own state. RFC 7671 §8.1 */
function known({ view, host, owner, records }: Visit): OwnStep | undefined {
  const old = records.filter(({ role }) => role === 'old')
  const hasPlan = old.length > 0 || records.some(({ role }) => role === 'next')
  if (!hasPlan) return undefined
  const instead = [
    'tlsa-no-next-key',
    ...(records.some(({ role }) => role === 'matches-nothing') ? [] : ['tlsa-stale-record']),
  ]
  if (old.length === 0) {
    return {
      instead,
      step: stepFor(view.owners.host(host.host), {
        ...{ id: 'tlsa-next-published', urgency: 'note', rfc: 'RFC 7671 §8.1' },
        does: 'Use the next key when "waxseal tlsa gate" lets you: its record is there',
        why: 'A record matches nothing yet, and is of the next key by the state of the rollover',
      }),
    }
  }
  return {
    instead,
    step: stepFor(view.owners.host(host.host), {
      ...{ id: 'tlsa-old-published', urgency: 'note', rfc: 'RFC 7671 §8.1' },
      does: 'Take the records of the old key away, which the rollover is done with',
      why: 'Records of a key that is not used any more are still there, by the state of the rollover',
      remove: zoneLines(owner, old),
    }),
  }
}
