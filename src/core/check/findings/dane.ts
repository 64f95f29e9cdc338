import { formatTlsa, type Tlsa, whyUnusable } from '../../dane/tlsa.ts'
import { isBroken, isUntold } from '../failures.ts'
import type { Evidence } from '../report.ts'
import type { AddressView, HostView, KeyView, View } from '../view.ts'
import { certificateSeen, type Family, type FindingKinds, type Found, lookupSeen, nobody, said } from './finding.ts'
import { recordsFor, tlsaName } from './tlsa-text.ts'

const kinds = {
  'tlsa-lookup-bogus': {
    severity: 'breaks-now',
    title: 'DNSSEC proves the answer for the TLSA records false, so that senders with DANE pass the host over',
    rfc: 'RFC 7672 §2.1.2',
  },
  'tlsa-lookup-failed': {
    severity: 'breaks-now',
    title: 'The TLSA records cannot be looked up in a signed zone, so that senders with DANE pass the host over',
    rfc: 'RFC 7672 §2.1.2',
  },
  'tlsa-lookup-unanswered': {
    severity: 'note',
    title: 'The TLSA records could not be looked up from here, which says nothing about the host',
    rfc: 'RFC 7672 §2.1.1',
  },
  'tlsa-failure-harmless': {
    severity: 'note',
    title: 'The name servers fail for TLSA, which hurts nobody as long as the zone is not signed',
    rfc: 'RFC 7672 §2.2.2',
  },
  'tlsa-parent-denied': {
    severity: 'weakens',
    title: 'The name servers deny that _tcp exists above the TLSA records, and some resolvers then see none',
    rfc: 'RFC 8020 §2',
  },
  'tlsa-mismatch': {
    severity: 'breaks-now',
    title: 'No TLSA record matches the certificate that the host presents',
    rfc: 'RFC 7672 §3.1',
  },
  'tlsa-mismatch-on-some-addresses': {
    severity: 'breaks-now',
    title: 'At some addresses of the host no TLSA record matches the certificate',
    rfc: 'RFC 7672 §3.1',
  },
  'tlsa-key-type-uncovered': {
    severity: 'breaks-now',
    title: 'The TLSA records cover one of the RSA and ECDSA certificates of the host and not the other',
    rfc: 'RFC 7671 §8',
  },
  'dane-ta-anchor-not-sent': {
    severity: 'breaks-now',
    title: 'The TLSA records name an authority whose certificate the host does not send',
    rfc: 'RFC 7672 §3.1.2',
  },
  'dane-ta-chain': {
    severity: 'breaks-now',
    title: 'The certificate does not lead to the authority that the TLSA records name',
    rfc: 'RFC 7672 §3.1.2',
  },
  'dane-ta-name': {
    severity: 'breaks-now',
    title: 'The certificate bears none of the names that a TLSA record of an authority (usage 2) demands',
    rfc: 'RFC 7672 §3.2.2',
  },
  'dane-ta-expired': {
    severity: 'breaks-now',
    title: 'A certificate is out of date, which counts under a TLSA record of an authority (usage 2)',
    rfc: 'RFC 7672 §3.1.2',
  },
  'tlsa-without-starttls': {
    severity: 'breaks-now',
    title: 'There are TLSA records, and the host does not offer STARTTLS',
    rfc: 'RFC 7672 §2.2',
  },
  'tlsa-without-handshake': {
    severity: 'breaks-now',
    title: 'There are TLSA records, and the TLS handshake with the host fails',
    rfc: 'RFC 7672 §2.2',
  },
  'tlsa-none-usable': {
    severity: 'weakens',
    title: 'None of the TLSA records can be used: senders encrypt and authenticate nobody',
    rfc: 'RFC 7672 §2.2',
  },
  'tlsa-unusable-record': {
    severity: 'note',
    title: 'A TLSA record cannot be used, and is passed over',
    rfc: 'RFC 7672 §3.1.3',
  },
  'tlsa-unsigned': {
    severity: 'weakens',
    title: 'There are TLSA records in a zone that is not signed, where they count for nothing',
    rfc: 'RFC 7672 §2.2.2',
  },
  'tlsa-on-some-hosts': {
    severity: 'weakens',
    title: 'Some MX hosts have TLSA records and this one has none: an attacker can direct mail here',
    rfc: 'RFC 7672 §2.2',
  },
  'tlsa-missing': {
    severity: 'note',
    title: 'The zone is signed and there are no TLSA records: DANE is one record away',
    rfc: 'RFC 7672 §2.2',
  },
  'tlsa-at-alias': {
    severity: 'note',
    title: 'The MX host is an alias, and its TLSA records were found where RFC 7672 has them looked for',
    rfc: 'RFC 7672 §2.2.3',
  },
} as const satisfies FindingKinds

type DaneFound = Found<keyof typeof kinds>

/** TLSA records, and whether what the hosts present fits them. */
export const daneFamily: Family = {
  section: 'dane',
  kinds,
  find: (view) => view.hosts.flatMap((host) => ofHost(view, host)),
}

function ofHost(view: View, host: HostView): DaneFound[] {
  return [...ofLookup(view, host), ...ofRecords(view, host), ...ofSessions(view, host)]
}

function ofLookup(view: View, host: HostView): DaneFound[] {
  const { owners } = view
  const { tlsa } = host.facts
  const found: DaneFound[] = []
  const subject = tlsaName(view, host)
  const failure = tlsa.lookups.find(({ kind }) => kind === 'failure')
  if (failure?.kind === 'failure') {
    const id = isUntold(failure)
      ? 'tlsa-lookup-unanswered'
      : failure.why === 'bogus'
        ? 'tlsa-lookup-bogus'
        : 'tlsa-lookup-failed'
    const owner = id === 'tlsa-lookup-unanswered' ? nobody : owners.dns(host.host)
    found.push({ id, subject, seen: [lookupSeen(failure)], owner })
  }
  const { tlsaAnyway, parent } = host.side ?? {}
  if (tlsaAnyway !== undefined && isBroken(tlsaAnyway)) {
    found.push({ id: 'tlsa-failure-harmless', subject, seen: [lookupSeen(tlsaAnyway)], owner: owners.dns(host.host) })
  }
  if (tlsaAnyway?.kind === 'answer') {
    found.push({ id: 'tlsa-unsigned', subject, seen: [lookupSeen(tlsaAnyway)], owner: owners.dns(host.host) })
  }
  if (parent?.kind === 'nxdomain' && 'records' in tlsa) {
    found.push({ id: 'tlsa-parent-denied', subject, seen: [lookupSeen(parent)], owner: owners.dns(host.host) })
  }
  return found
}

function ofRecords(view: View, host: HostView): DaneFound[] {
  const { tlsa } = host.facts
  const { owners, hosts } = view
  const owner = owners.host(host.host)
  const subject = tlsaName(view, host)
  if (tlsa.row === 'H7') {
    const isOther = hosts.some(({ facts }) => facts.tlsa.row === 'H5')
    const id = isOther ? 'tlsa-on-some-hosts' : 'tlsa-missing'
    // An insecure answer for TLSA in a signed zone is no place for records: the zone must be mended first.
    const isSigned = tlsa.lookups.every((lookup) => lookup.kind !== 'failure' && lookup.status === 'secure')
    if (!isSigned && !isOther) return []
    const keys = host.addresses.flatMap((address) => address.keys)
    const publish = recordsFor(
      view,
      host,
      keys,
      'for the keys that the host has now: publish each new key before it is used',
    )
    return [{ id, subject, seen: tlsa.lookups.map(lookupSeen), owner, publish }]
  }
  if (!('records' in tlsa)) return []
  const found: DaneFound[] = []
  const unusable = tlsa.records.filter((record) => whyUnusable(record) !== undefined)
  const seen = unusable.map((record) => said(`${formatTlsa(record)}: ${whyUnusable(record)}`))
  const keys = host.addresses.flatMap((address) => address.keys)
  if (tlsa.row === 'H6') {
    const publish = recordsFor(view, host, keys, 'in the place of the records that cannot be used')
    found.push({ id: 'tlsa-none-usable', subject, seen, owner, publish })
  } else if (unusable.length > 0) found.push({ id: 'tlsa-unusable-record', subject, seen, owner })
  if (tlsa.baseDomain !== host.host) {
    found.push({ id: 'tlsa-at-alias', subject, seen: tlsa.lookups.map(lookupSeen), owner: nobody })
  }
  return found
}

function ofSessions(view: View, host: HostView): DaneFound[] {
  if (host.dane.state !== 'ok') return []
  return [...ofMatches(view, host, host.dane.records), ...withoutTls(view, host)]
}

interface Shown {
  readonly address: AddressView
  readonly key: KeyView
}

function ofMatches(view: View, host: HostView, records: readonly Tlsa[]): DaneFound[] {
  const shown = host.addresses.flatMap((address) => address.keys.map((key) => ({ address, key })))
  const bad = shown.filter(({ key }) => key.dane?.kind === 'failed')
  if (bad.length === 0) return []
  const owner = view.owners.host(host.host)
  const published = records.map((record) => said(`TLSA ${formatTlsa(record)}`, tlsaName(view, host)))
  const seen: Evidence[] = [...bad.flatMap(shownSeen), ...published]
  const subject = host.host
  const note = 'for what the host presents now; leave the records in place that match elsewhere'
  const publish = recordsFor(
    view,
    host,
    bad.map(({ key }) => key),
    note,
  )
  const base = { subject, seen, owner, publish }
  return [...new Set(bad.map((one) => idFor(one, shown, records)))].map((id) => ({ ...base, id }))
}

/** What is wrong, by where it is and by what the other certificates come to. */
function idFor({ address, key }: Shown, shown: readonly Shown[], records: readonly Tlsa[]): DaneFound['id'] {
  const why = key.dane?.kind === 'failed' ? key.dane.why : 'no-match'
  if (why === 'chain' || why === 'dates' || why === 'names') return faultIds[why]
  const good = shown.filter((other) => other.key.dane?.kind === 'matched')
  const isOtherKey = good.some((other) => other.address === address && other.key.keyType !== key.keyType)
  if (isOtherKey) return 'tlsa-key-type-uncovered'
  if (good.some((other) => other.address !== address)) return 'tlsa-mismatch-on-some-addresses'
  return records.every(({ usage }) => usage === 2) ? 'dane-ta-anchor-not-sent' : 'tlsa-mismatch'
}

const faultIds: Record<'chain' | 'dates' | 'names', DaneFound['id']> = {
  ...{ chain: 'dane-ta-chain', dates: 'dane-ta-expired', names: 'dane-ta-name' },
}

function shownSeen({ address, key }: Shown): Evidence[] {
  const [leaf] = key.chain
  return leaf === undefined ? [] : [certificateSeen(leaf, `${address.address} (${key.keyType.toUpperCase()})`)]
}

/** Hosts of which TLS is demanded, and cannot be had. RFC 7672 §2.2 */
function withoutTls(view: View, host: HostView): DaneFound[] {
  const owner = view.owners.host(host.host)
  const row = view.senders.find(({ row: { id } }) => id === 'dane')?.row.hosts.find((one) => one.host === host.host)
  if (row === undefined || (row.does !== 'skips' && row.does !== 'sometimes')) return []
  const id = row.row === '2' ? 'tlsa-without-starttls' : row.row === '3' ? 'tlsa-without-handshake' : undefined
  return id === undefined ? [] : [{ id, subject: host.host, seen: [said(row.text)], owner }]
}
