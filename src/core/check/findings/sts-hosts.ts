import type { Facts } from '../../decision/facts.ts'
import { formatMxPattern, listsMx, type MxPattern } from '../../mtasts/policy.ts'
import { type DomainName, parentOfDomain } from '../../name/domain.ts'
import { isExpiringSoon } from '../forecast.ts'
import type { Evidence, Publication, SenderId } from '../report.ts'
import type { HostView, View } from '../view.ts'
import { certificateSeen, type Family, type FindingKinds, type Found, said } from './finding.ts'
import { policyFile, recordText } from './sts-record.ts'

const kinds = {
  'sts-mx-unlisted': {
    severity: 'breaks-now',
    title: 'The policy does not list an MX host, so that senders with MTA-STS pass it over',
    rfc: 'RFC 8461 §4.1',
  },
  'sts-mx-unlisted-testing': {
    severity: 'weakens',
    title: 'The policy, in mode testing, does not list an MX host',
    rfc: 'RFC 8461 §4.1',
  },
  'sts-mx-stale': {
    severity: 'note',
    title: 'The policy lists hosts that no MX record names',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-cached-policy-mx': {
    severity: 'breaks-now',
    title: 'A policy that senders may have kept from before does not list an MX host',
    rfc: 'RFC 8461 §8.1',
  },
  'sts-without-starttls': {
    severity: 'breaks-now',
    title: 'The policy demands TLS, and the host does not offer STARTTLS',
    rfc: 'RFC 8461 §5',
  },
  'sts-without-handshake': {
    severity: 'breaks-now',
    title: 'The policy demands TLS, and the TLS handshake with the host fails',
    rfc: 'RFC 8461 §5',
  },
  'sts-certificate-name': {
    severity: 'breaks-now',
    title: 'The policy demands a certificate for the MX host, and this one is for other names',
    rfc: 'RFC 8461 §4.2',
  },
  'sts-certificate-expired': {
    severity: 'breaks-now',
    title: 'The policy demands a valid certificate, and this one is out of date',
    rfc: 'RFC 8461 §4.2',
  },
  'sts-certificate-untrusted': {
    severity: 'breaks-now',
    title: 'The policy demands a certificate of a public authority, and this one leads to none',
    rfc: 'RFC 8461 §4.2',
  },
  'sts-testing-would-fail': {
    severity: 'weakens',
    title: 'The policy is in mode testing, and mail to this host would be held back in mode enforce',
    rfc: 'RFC 8461 §5',
  },
  'sts-certificate-expires': {
    severity: 'will-break',
    title: 'The certificate of a host ends soon: senders with MTA-STS then hold mail back',
    rfc: 'RFC 8461 §4.2',
  },
  'dane-sts-disagree': {
    severity: 'weakens',
    title: 'DANE and MTA-STS disagree about a host: it depends on the sender whether mail arrives',
    rfc: 'RFC 8461 §2',
  },
} as const satisfies FindingKinds

type HostFound = Found<keyof typeof kinds>

/** Whether the MX hosts are as the policy has them. */
export const stsHostsFamily: Family = { section: 'mta-sts', kinds, find: (view) => ofPolicyInForce(view) }

function ofPolicyInForce(view: View): HostFound[] {
  const { mail } = view
  const policy = mail?.sts?.policy?.policy
  const kept = ofMemory(view)
  if (mail === undefined || policy === undefined || policy.mode === 'none') return kept
  const { mode, mx, maxAge } = policy
  const listed = view.hosts.map((host) => ({ host, isListed: listsMx(mx, host.host as DomainName) }))
  const found: HostFound[] = [...kept]
  const lines = mx.map((pattern) => said(`mx: ${formatMxPattern(pattern)}`, `mta-sts.${view.domain}`))
  const publish = [policyFile(view, { mode, maxAge }), recordText(view, { mode, maxAge })]
  for (const { host, isListed } of listed) {
    if (isListed) found.push(...ofHost(view, host, mode))
    else {
      const id = mode === 'enforce' ? 'sts-mx-unlisted' : 'sts-mx-unlisted-testing'
      found.push({ id, subject: host.host, seen: lines, owner: view.owners.records, publish })
    }
  }
  return [...found, ...stale(view, mail, mx, publish), ...disagreeing(view)]
}

/** Patterns that are of no MX host: what is left behind lets mail go where the domain's owner has left. */
function stale(
  view: View,
  { mx }: Facts,
  patterns: readonly MxPattern[],
  publish: readonly Publication[],
): HostFound[] {
  if (mx.row !== 'M4' && mx.row !== 'M5' && mx.row !== 'M6') return []
  const unused = patterns.filter((pattern) => !view.hosts.some(({ host }) => listsMx([pattern], host as DomainName)))
  if (unused.length === 0) return []
  const seen = unused.map((pattern): Evidence => said(`mx: ${formatMxPattern(pattern)}${hint(pattern, view)}`))
  return [{ id: 'sts-mx-stale', subject: view.domain, seen, owner: view.owners.records, publish }]
}

/** A wildcard stands for one label exactly, which is not what everybody expects. RFC 8461 §4.1 */
function hint({ name, wildcard }: MxPattern, { hosts }: View): string {
  const deeper = hosts.find(({ host }) => host.endsWith(`.${name}`) && parentOfDomain(host as DomainName) !== name)
  return wildcard && deeper !== undefined ? `, which stands for one label and not for ${deeper.host}` : ''
}

function ofMemory(view: View): HostFound[] {
  const kept = view.facts.sts?.remembered
  const policy = kept?.policy
  if (kept === undefined || policy === undefined || policy.mode !== 'enforce') return []
  const missing = view.hosts.filter(({ host }) => !listsMx(policy.mx, host as DomainName))
  const current = view.mail?.sts?.policy?.policy
  return missing
    .filter(({ host }) => current === undefined || current.mode === 'none' || listsMx(current.mx, host as DomainName))
    .map(({ host }) => ({
      ...{ id: 'sts-cached-policy-mx', subject: host, owner: view.owners.records, date: kept.expiresAt },
      seen: policy.mx.map((pattern) => said(`remembered, id ${kept.id}: mx: ${formatMxPattern(pattern)}`)),
    }))
}

/** What senders with MTA-STS come to, with the evidence. */
function ofHost(view: View, host: HostView, mode: 'testing' | 'enforce'): HostFound[] {
  const owner = view.owners.host(host.host)
  const base = { subject: host.host, owner }
  const found = [...withoutTls(view, host), ...ofCertificates(view, host)]
  if (mode === 'enforce') return found.map((one) => ({ ...base, ...one }))
  const failing = found.filter(({ id }) => id !== 'sts-certificate-expires')
  const seen = failing.flatMap((one) => one.seen)
  return failing.length === 0 ? [] : [{ ...base, id: 'sts-testing-would-fail', seen }]
}

type Partial = Pick<HostFound, 'id' | 'seen' | 'date'>

/** Row 18, 19 or, in mode testing, 22 and 23 without TLS. */
function withoutTls(view: View, { host }: HostView): Partial[] {
  const row = rowOf(view, 'mta-sts', host)
  if (row === undefined || (row.does === 'delivers' && row.protection !== 'cleartext')) return []
  if (row.row === '18') return [{ id: 'sts-without-starttls', seen: [said(row.text)] }]
  if (row.row === '19' || row.row === '23') return [{ id: 'sts-without-handshake', seen: [said(row.text)] }]
  return row.row === '22' && row.protection === 'cleartext'
    ? [{ id: 'sts-without-starttls', seen: [said(row.text)] }]
    : []
}

function rowOf({ senders }: View, id: SenderId, host: string) {
  return senders.find(({ row }) => row.id === id)?.row.hosts.find((one) => one.host === host)
}

function ofCertificates({ now }: View, { addresses }: HostView): Partial[] {
  const seen = new Map<HostFound['id'], Evidence[]>()
  let end: number | undefined
  for (const { address, keys } of addresses) {
    for (const { pkix, chain, keyType } of keys) {
      const [leaf] = chain
      if (leaf === undefined) continue
      const isSoon = isExpiringSoon(leaf, now)
      const id = faultId(pkix) ?? (isSoon ? 'sts-certificate-expires' : undefined)
      if (id === undefined) continue
      if (id === 'sts-certificate-expires') end = Math.min(end ?? Infinity, leaf.validToDate.getTime())
      const why = pkix.chainError === undefined ? [] : [said(pkix.chainError, address)]
      const evidence = [certificateSeen(leaf, `${address} (${keyType.toUpperCase()})`), ...why]
      seen.set(id, [...(seen.get(id) ?? []), ...evidence])
    }
  }
  return [...seen].map(([id, evidence]) => ({
    ...{ id, seen: evidence },
    ...(id === 'sts-certificate-expires' && end !== undefined ? { date: end } : {}),
  }))
}

/** In the order in which they are mended. RFC 8460 §4.3.1 */
function faultId({ chainError, nameMatches, dates }: HostView['addresses'][number]['keys'][number]['pkix']) {
  if (dates !== undefined || chainError === 'CERT_HAS_EXPIRED' || chainError === 'CERT_NOT_YET_VALID') {
    return 'sts-certificate-expired'
  }
  if (chainError !== undefined) return 'sts-certificate-untrusted'
  return nameMatches ? undefined : 'sts-certificate-name'
}

/** Mail that one kind of sender delivers and another holds back. A DANE that fails is never mended by MTA-STS. */
function disagreeing(view: View): HostFound[] {
  return view.hosts.flatMap(({ host, dane }): HostFound[] => {
    if (dane.state !== 'ok') return []
    const byDane = rowOf(view, 'dane', host)
    const bySts = rowOf(view, 'mta-sts', host)
    if (byDane === undefined || bySts === undefined) return []
    const differ = (byDane.does === 'delivers') !== (bySts.does === 'delivers')
    const isTold = byDane.does !== 'cannot-tell' && bySts.does !== 'cannot-tell'
    if (!differ || !isTold) return []
    const seen = [said(`with DANE: ${byDane.does}, ${byDane.text}`), said(`with MTA-STS: ${bySts.does}, ${bySts.text}`)]
    return [{ id: 'dane-sts-disagree', subject: host, seen, owner: view.owners.host(host) }]
  })
}
