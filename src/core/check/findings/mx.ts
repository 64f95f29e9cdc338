import type { Facts } from '../../decision/facts.ts'
import { type Mx, readMx } from '../../dns/rdata/records.ts'
import { limits } from '../../limits.ts'
import { domainOfName, parseDomainName } from '../../name/domain.ts'
import { formatName } from '../../name/text.ts'
import { isBroken } from '../failures.ts'
import type { View } from '../view.ts'
import { dnsText, type Family, type FindingKinds, type Found, lookupSeen, nobody, said } from './finding.ts'

const kinds = {
  'mx-lookup-bogus': {
    severity: 'breaks-now',
    title: 'DNSSEC proves the MX records false, so that senders who validate hold mail back',
    rfc: 'RFC 7672 §2.1.2',
  },
  'mx-lookup-failed': {
    severity: 'breaks-now',
    title: 'The MX records cannot be looked up, so that mail waits',
    rfc: 'RFC 5321 §5.1',
  },
  'mx-lookup-unanswered': {
    severity: 'note',
    title: 'The MX records could not be looked up from here, which says nothing about the domain',
    rfc: 'RFC 5321 §5.1',
  },
  'no-such-domain': { severity: 'breaks-now', title: 'There is no such domain', rfc: 'RFC 5321 §5.1' },
  'null-mx': { severity: 'note', title: 'The domain says that it takes no mail (null MX)', rfc: 'RFC 7505 §3' },
  'null-mx-preference': {
    severity: 'note',
    title: 'The null MX record has another preference than 0',
    rfc: 'RFC 7505 §3',
  },
  'null-mx-with-others': {
    severity: 'weakens',
    title: 'A null MX record stands beside others, which means neither mail nor none',
    rfc: 'RFC 7505 §3',
  },
  'null-mx-missing': {
    severity: 'note',
    title: 'The domain has no mail server and does not say so: a null MX record spares senders days of trying',
    rfc: 'RFC 7505 §1',
  },
  'mx-implicit': {
    severity: 'note',
    title: 'There are no MX records, so that senders take the domain itself for its mail server',
    rfc: 'RFC 5321 §5.1',
  },
  'mx-no-host-name': {
    severity: 'weakens',
    title: 'An MX record does not name a host, but an address or what cannot be a name',
    rfc: 'RFC 5321 §5.1',
  },
  'mx-fake-a-label': {
    severity: 'weakens',
    title: 'The name of an MX host has a label with xn-- that is no internationalised one',
    rfc: 'RFC 5890 §2.3.2.1',
  },
  'mx-no-usable-host': {
    severity: 'breaks-now',
    title: 'No MX record names a host that mail could be sent to',
    rfc: 'RFC 5321 §5.1',
  },
  'mx-too-many-hosts': {
    severity: 'note',
    title: 'There are more MX hosts than senders try, and than were looked at here',
    rfc: 'RFC 5321 §5.1',
  },
  'mx-host-without-address': {
    severity: 'weakens',
    title: 'An MX host has no address',
    rfc: 'RFC 5321 §5.1',
  },
  'mx-host-lookup-failed': {
    severity: 'breaks-now',
    title: 'The addresses of an MX host cannot be looked up, so that senders pass it over',
    rfc: 'RFC 7672 §2.2.2',
  },
  'mx-host-alias': {
    severity: 'note',
    title: 'An MX host is an alias (CNAME), which MX records must not name',
    rfc: 'RFC 2181 §10.3',
  },
  'mx-no-ipv6': { severity: 'note', title: 'No MX host has an IPv6 address', rfc: 'RFC 3974 §2' },
} as const satisfies FindingKinds

type MxFound = Found<keyof typeof kinds>

/** Where mail for the domain goes at all. */
export const mxFamily: Family = {
  section: 'mx',
  kinds,
  find: (view) => (view.mail === undefined ? [] : [...ofRecords(view, view.mail), ...ofHosts(view)]),
}

function ofRecords({ domain, owners }: View, { mx }: Facts): MxFound[] {
  const base = { subject: domain, owner: owners.records }
  const seen = mx.resolution === undefined ? [] : [lookupSeen(mx.resolution)]
  switch (mx.row) {
    case 'M1': {
      const id = !isBroken(mx.resolution)
        ? 'mx-lookup-unanswered'
        : mx.resolution.why === 'bogus'
          ? 'mx-lookup-bogus'
          : 'mx-lookup-failed'
      const owner = id === 'mx-lookup-unanswered' ? nobody : owners.dns(domain)
      return [{ id, subject: domain, seen, owner }]
    }
    case 'M2':
      return [{ ...base, id: 'no-such-domain', seen }]
    case 'M3':
    case 'M5':
    case 'M6':
    case 'M7': {
      const records =
        mx.resolution.kind === 'answer' ? mx.resolution.records.flatMap(({ rdata }) => readMxList(rdata)) : []
      return ofNames(records, { ...base, seen }, mx.row)
    }
    case 'M4':
    case 'M8':
      return []
  }
}

function readMxList(rdata: Uint8Array): Mx[] {
  const mx = readMx(rdata)
  return mx.ok ? [mx.value] : []
}

function ofNames(records: readonly Mx[], base: Pick<MxFound, 'subject' | 'owner' | 'seen'>, row: string): MxFound[] {
  const found: MxFound[] = []
  const nulls = records.filter(({ exchange }) => exchange.labelCount === 0)
  const others = records.filter(({ exchange }) => exchange.labelCount > 0)
  const bad = others.filter(({ exchange }) => !domainOfName(exchange).ok)
  const hosts = new Set(others.map(({ exchange }) => exchange.key))
  if (row === 'M3') found.push({ ...base, id: 'null-mx', owner: nobody })
  if (nulls.length > 0 && others.length === 0 && nulls.some(({ preference }) => preference !== 0)) {
    found.push({ ...base, id: 'null-mx-preference', publish: [nullMx(base.subject)] })
  }
  if (nulls.length > 0 && others.length > 0) found.push({ ...base, id: 'null-mx-with-others' })
  for (const { exchange } of bad) found.push({ ...base, id: 'mx-no-host-name', subject: formatName(exchange) })
  for (const { exchange } of others.filter(hasFakeALabel)) {
    found.push({ ...base, id: 'mx-fake-a-label', subject: formatName(exchange) })
  }
  if (row === 'M7') found.push({ ...base, id: 'mx-no-usable-host' })
  if (hosts.size - bad.length > limits.smtp.hosts) found.push({ ...base, id: 'mx-too-many-hosts' })
  return found
}

/** Of what is a host name otherwise. */
function hasFakeALabel({ exchange }: Mx): boolean {
  const host = domainOfName(exchange)
  const name = host.ok ? parseDomainName(host.value.replaceAll('_', '-')) : undefined
  return name?.ok === false && name.fault === 'bad-idna'
}

function nullMx(domain: string) {
  return dnsText(domain, `${domain}. IN MX 0 .`, 'the only MX record of a domain that takes no mail')
}

function ofHosts({ mail, hosts, domain, owners }: View): MxFound[] {
  const found: MxFound[] = []
  const isImplicit = mail?.mx.row === 'M4'
  const [only] = hosts
  if (isImplicit && only?.facts.addresses.kind === 'none') {
    const seen = only.facts.addresses.lookups.map(lookupSeen)
    return [{ id: 'null-mx-missing', subject: domain, seen, owner: owners.records, publish: [nullMx(domain)] }]
  }
  if (isImplicit) {
    const seen = mail.mx.resolution === undefined ? [] : [lookupSeen(mail.mx.resolution)]
    found.push({ id: 'mx-implicit', subject: domain, seen, owner: owners.records, publish: [ownMx(domain)] })
  }
  for (const { host, facts } of hosts) {
    const seen = facts.addresses.lookups.map(lookupSeen)
    const { kind, lookups } = facts.addresses
    if (kind === 'none') found.push({ id: 'mx-host-without-address', subject: host, seen, owner: owners.host(host) })
    if (kind === 'failed' && lookups.some(isBroken)) {
      found.push({ id: 'mx-host-lookup-failed', subject: host, seen, owner: owners.dns(host) })
    }
    const alias = lookups.find((lookup) => lookup.kind !== 'failure' && lookup.aliases.length > 0)
    if (!isImplicit && alias !== undefined && alias.kind !== 'failure') {
      const aliases = alias.aliases.map(({ owner, target }) => said(`${formatName(owner)} CNAME ${formatName(target)}`))
      found.push({ id: 'mx-host-alias', subject: host, seen: aliases, owner: owners.host(host) })
    }
  }
  const addresses = hosts.flatMap(({ facts }) => (facts.addresses.kind === 'found' ? facts.addresses.addresses : []))
  if (addresses.length > 0 && !addresses.some((address) => address.includes(':'))) {
    const seen = [said(`addresses: ${addresses.join(', ')}`)]
    found.push({ id: 'mx-no-ipv6', subject: domain, seen, owner: owners.host(hosts[0]?.host ?? domain) })
  }
  return found
}

function ownMx(domain: string) {
  return dnsText(domain, `${domain}. IN MX 10 ${domain}.`, 'says what senders guess now')
}
