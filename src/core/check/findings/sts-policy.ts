import type { FetchFault } from '../../mtasts/fetch-fault.ts'
import { parseStsPolicy, type StsPolicy, type StsPolicyFault } from '../../mtasts/policy.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import type { PolicyLook, StsSide } from '../check-facts.ts'
import { isExpiringSoon, msPerDay } from '../forecast.ts'
import type { Evidence } from '../report.ts'
import type { View } from '../view.ts'
import { certificateSeen, type Family, type FindingKinds, type Found, lookupSeen, nobody, said } from './finding.ts'
import { policyFile } from './sts-record.ts'

const kinds = {
  'sts-policy-host-missing': {
    severity: 'weakens',
    title: 'The policy host has no address, so that no sender can fetch the policy',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-host-lookup-failed': {
    severity: 'weakens',
    title: 'The addresses of the policy host cannot be looked up',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-connect': {
    severity: 'weakens',
    title: 'The policy host does not answer on port 443',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-tls': {
    severity: 'weakens',
    title: 'The TLS handshake with the policy host fails',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-certificate-expired': {
    severity: 'weakens',
    title: 'The certificate of the policy host has expired, or is not valid yet',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-certificate-name': {
    severity: 'weakens',
    title: 'The certificate of the policy host is not for its name',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-certificate-untrusted': {
    severity: 'weakens',
    title: 'The certificate of the policy host leads to no public authority',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-not-found': {
    severity: 'weakens',
    title: 'The policy host has no policy at the well-known place',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-redirect': {
    severity: 'weakens',
    title: 'The policy host redirects, which senders must not follow',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-http-status': {
    severity: 'weakens',
    title: 'The policy host answers with another status than 200',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-media-type': {
    severity: 'weakens',
    title: 'The policy is not served as text/plain',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-http': {
    severity: 'weakens',
    title: 'What the policy host answers is no whole HTTP answer that senders can use',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-too-large': { severity: 'weakens', title: 'The policy is over 64 KiB', rfc: 'RFC 8461 §3.3' },
  'sts-policy-timeout': {
    severity: 'note',
    title: 'The policy host did not answer in time from here',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-some-addresses': {
    severity: 'weakens',
    title: 'Not every address of the policy host serves the policy',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-addresses-differ': {
    severity: 'weakens',
    title: 'The addresses of the policy host serve different policies',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-user-agent': {
    severity: 'weakens',
    title: 'The policy host turns programs away that are no browsers: mail servers are none',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-policy-invalid': {
    severity: 'weakens',
    title: 'The policy breaks the grammar, and counts as none',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-version': {
    severity: 'weakens',
    title: 'The policy does not say version: STSv1',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-mode': {
    severity: 'weakens',
    title: 'The policy has no mode, or none that there is',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-max-age': {
    severity: 'weakens',
    title: 'The policy has no max_age, or one that is no number',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-mx': {
    severity: 'weakens',
    title: 'The policy lists no MX host, or one that is no name',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-untidy': {
    severity: 'note',
    title: 'The policy can be read, and other senders may read it otherwise',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-unknown-field': {
    severity: 'note',
    title: 'The policy has fields that are unknown, and are passed over',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-policy-repeated-field': {
    severity: 'note',
    title: 'The policy repeats a field: the first counts',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-max-age-tiny': {
    severity: 'weakens',
    title: 'The policy is forgotten within a day: who hides the record for so long is rid of it',
    rfc: 'RFC 8461 §10.2',
  },
  'sts-max-age-short': {
    severity: 'note',
    title: 'The policy is remembered for less than four weeks',
    rfc: 'RFC 8461 §3.2',
  },
  'sts-mode-testing': {
    severity: 'weakens',
    title: 'The policy is in mode testing: senders report, and deliver to anyone all the same',
    rfc: 'RFC 8461 §5',
  },
  'sts-mode-none': {
    severity: 'note',
    title: 'The policy is in mode none: the domain withdraws MTA-STS',
    rfc: 'RFC 8461 §8.3',
  },
  'sts-policy-certificate-expires': {
    severity: 'will-break',
    title: 'The certificate of the policy host ends soon: policies can then not be fetched any more',
    rfc: 'RFC 8461 §3.3',
  },
  'sts-id-unchanged': {
    severity: 'weakens',
    title: 'The policy has changed and the id of its record has not: senders keep the old one',
    rfc: 'RFC 8461 §3.1',
  },
} as const satisfies FindingKinds

type PolicyFound = Found<keyof typeof kinds>

/** How the policy is served, and what it says. */
export const stsPolicyFamily: Family = {
  section: 'mta-sts',
  kinds,
  find: (view) => (view.facts.sts === undefined ? [] : ofPolicy(view, view.facts.sts)),
}

/** As senders look: they say nothing of themselves, or what a library says of them. */
function ofPolicy(view: View, sts: StsSide): PolicyFound[] {
  if (!isAnnounced(view) && !sts.fetches.some(({ outcome }) => outcome.kind === 'fetched')) return []
  const looks = sts.fetches.filter(({ as }) => as === 'nobody')
  return [
    ...ofAddresses(view, sts),
    ...ofFetches(view, looks),
    ...ofAgents(view, sts.fetches),
    ...ofBodies(view, looks),
    ...ofCertificates(view, looks),
    ...ofMemory(view, sts, looks),
  ]
}

function isAnnounced({ mail }: View): boolean {
  return mail?.sts?.id !== undefined
}

function urlOf({ domain }: View): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`
}

function ofAddresses(view: View, { policyHost, addresses, fetches }: StsSide): PolicyFound[] {
  if (fetches.length > 0 || policyHost === undefined) return []
  const seen = addresses.map(lookupSeen)
  const hasFailed = addresses.some(({ kind }) => kind === 'failure')
  const id = hasFailed ? 'sts-policy-host-lookup-failed' : 'sts-policy-host-missing'
  const text = `mta-sts.${view.domain}. IN CNAME the-web-server-that-serves-the-policy.example.`
  const publish = [{ kind: 'dns', where: `the zone of ${view.domain}`, text, note: 'or A and AAAA records' } as const]
  return [{ id, subject: policyHost, seen, owner: view.owners.records, publish: hasFailed ? [] : publish }]
}

const faultIds: Record<FetchFault, PolicyFound['id']> = {
  dns: 'sts-policy-host-lookup-failed',
  'no-address': 'sts-policy-host-missing',
  connect: 'sts-policy-connect',
  tls: 'sts-policy-tls',
  'certificate-expired': 'sts-policy-certificate-expired',
  'certificate-not-yet-valid': 'sts-policy-certificate-expired',
  'certificate-host-mismatch': 'sts-policy-certificate-name',
  'certificate-not-trusted': 'sts-policy-certificate-untrusted',
  http: 'sts-policy-http',
  'http-status': 'sts-policy-http-status',
  'content-type': 'sts-policy-media-type',
  'content-encoding': 'sts-policy-http',
  'too-large': 'sts-policy-too-large',
  truncated: 'sts-policy-http',
  timeout: 'sts-policy-timeout',
  aborted: 'sts-policy-timeout',
}

function idOf({ outcome, status = 0 }: PolicyLook): PolicyFound['id'] | undefined {
  if (outcome.kind === 'fetched') return undefined
  if (outcome.fault !== 'http-status') return faultIds[outcome.fault]
  if (status >= 300 && status < 400 && status !== 304) return 'sts-policy-redirect'
  return status === 404 || status === 410 ? 'sts-policy-not-found' : 'sts-policy-http-status'
}

function ofFetches(view: View, looks: readonly PolicyLook[]): PolicyFound[] {
  const failed = looks.filter(({ outcome }) => outcome.kind === 'failed')
  if (failed.length === 0) return []
  const base = { subject: urlOf(view), owner: view.owners.policyHost }
  const ids = [...new Set(failed.flatMap((look) => idOf(look) ?? []))]
  const found = ids.map((id): PolicyFound => {
    const seen = failed.filter((look) => idOf(look) === id).flatMap(lookSeen)
    const isMissing = id === 'sts-policy-not-found'
    return {
      ...base,
      id,
      seen,
      ...(id === 'sts-policy-timeout' && { owner: nobody }),
      publish: isMissing ? [policyFile(view)] : [],
    }
  })
  // Senders try other addresses where a connection or handshake fails; what HTTP answers is final for them.
  if (failed.length === looks.length) return found
  return [{ ...base, id: 'sts-policy-some-addresses', seen: looks.flatMap(lookSeen) }, ...found]
}

function lookSeen({ outcome, address, location, certificate, as }: PolicyLook): Evidence[] {
  const who = as === 'nobody' ? address : `${address}, asked as a ${as}`
  if (outcome.kind === 'fetched') return [said('the policy is served', who)]
  const to = location === undefined ? '' : `, to ${location.slice(0, 200)}`
  const read = certificate && outcome.fault.startsWith('certificate-') ? parseCertificate(certificate) : undefined
  return [said(`${outcome.reason}${to}`, who), ...(read === undefined ? [] : [certificateSeen(read, who)])]
}

/** Whether one who calls itself otherwise, from the same address, fares otherwise. */
function ofAgents(view: View, fetches: readonly PolicyLook[]): PolicyFound[] {
  const odd = fetches.filter(({ as, address, outcome }) => {
    const plain = fetches.find((other) => other.as === 'nobody' && other.address === address)
    if (as === 'nobody' || plain === undefined) return false
    const isWorse = as === 'library' && outcome.kind === 'failed' && plain.outcome.kind === 'fetched'
    return isWorse || (as === 'browser' && outcome.kind === 'fetched' && plain.outcome.kind === 'failed')
  })
  if (odd.length === 0) return []
  return [
    { id: 'sts-policy-user-agent', subject: urlOf(view), owner: view.owners.policyHost, seen: odd.flatMap(lookSeen) },
  ]
}

const policyFaultIds: Record<StsPolicyFault, PolicyFound['id']> = {
  ...{ 'too-large': 'sts-policy-too-large', characters: 'sts-policy-invalid', syntax: 'sts-policy-invalid' },
  ...{ version: 'sts-policy-version', mode: 'sts-policy-mode', max_age: 'sts-policy-max-age', mx: 'sts-policy-mx' },
}

function ofBodies(view: View, looks: readonly PolicyLook[]): PolicyFound[] {
  const bodies = new Map<string, string>()
  for (const { outcome, address } of looks) {
    if (outcome.kind === 'fetched') bodies.set(Buffer.from(outcome.body).toString(), address)
  }
  const base = { subject: urlOf(view), owner: view.owners.policyHost }
  const found = [...bodies].flatMap(([body, address]) => ofBody(view, body, address))
  if (bodies.size < 2) return found
  const seen = [...bodies].map(([body, address]) => said(body.replace(/\s+/g, ' ').slice(0, 200), address))
  return [{ ...base, id: 'sts-policy-addresses-differ', seen }, ...found]
}

const known = new Set(['version', 'mode', 'max_age', 'mx'])

function ofBody(view: View, body: string, address: string): PolicyFound[] {
  const base = { subject: urlOf(view), owner: view.owners.policyHost }
  const parsed = parseStsPolicy(body)
  if (!parsed.ok) {
    const line = body.slice(0, parsed.at).split('\n').length
    const quoted = (body.split('\n')[line - 1] ?? '').trim().slice(0, 100)
    const seen = [said(`line ${line}: "${quoted}" (${parsed.fault})`, address)]
    return [{ ...base, id: policyFaultIds[parsed.fault], seen, publish: [policyFile(view)] }]
  }
  return [...ofFields(base, body, address), ...ofTerms(view, parsed.value, base, address)]
}

type Base = Pick<PolicyFound, 'subject' | 'owner'>

function ofFields(base: Base, body: string, address: string): PolicyFound[] {
  const keys = body.split('\n').flatMap((line) => /^([^:]+):/.exec(line)?.[1] ?? [])
  const unknown = keys.filter((key) => !known.has(key))
  const repeated = keys.filter((key, place) => key !== 'mx' && known.has(key) && keys.indexOf(key) !== place)
  const found: PolicyFound[] = []
  if (unknown.length > 0)
    found.push({ ...base, id: 'sts-policy-unknown-field', seen: [said(unknown.join(', '), address)] })
  if (repeated.length > 0)
    found.push({ ...base, id: 'sts-policy-repeated-field', seen: [said(repeated.join(', '), address)] })
  return found
}

function ofTerms(view: View, policy: StsPolicy, base: Base, address: string): PolicyFound[] {
  const { mode, maxAge, warnings } = policy
  const found: PolicyFound[] = []
  const seen = [said(`mode: ${mode}, max_age: ${maxAge}`, address)]
  if (warnings.length > 0) {
    const kindsSeen = [...new Set(warnings.map(({ kind }) => kind.replaceAll('-', ' ')))]
    found.push({ ...base, id: 'sts-policy-untidy', seen: [said(kindsSeen.join(', '), address)] })
  }
  if (mode === 'none') return [...found, { ...base, id: 'sts-mode-none', seen }]
  if (mode === 'testing')
    found.push({ ...base, id: 'sts-mode-testing', seen, publish: [policyFile(view, { mode: 'enforce', maxAge })] })
  if (maxAge < 86_400)
    found.push({ ...base, id: 'sts-max-age-tiny', seen, publish: [policyFile(view, { mode, maxAge: 2_419_200 })] })
  else if (mode === 'enforce' && maxAge < 2_419_200) found.push({ ...base, id: 'sts-max-age-short', seen })
  return found
}

/** With so little left of it that whatever renews it has had its time. */
function ofCertificates(view: View, looks: readonly PolicyLook[]): PolicyFound[] {
  const ends = looks.flatMap(({ certificate, address, outcome }) => {
    const read = certificate === undefined || outcome.kind === 'failed' ? undefined : parseCertificate(certificate)
    return read !== undefined && isExpiringSoon(read, view.now) ? [{ read, address }] : []
  })
  const [first] = ends.toSorted((one, other) => one.read.validToDate.getTime() - other.read.validToDate.getTime())
  if (first === undefined) return []
  const seen = ends.map(({ read, address }) => certificateSeen(read, address))
  const date = first.read.validToDate.getTime()
  return [
    {
      id: 'sts-policy-certificate-expires',
      subject: `mta-sts.${view.domain}`,
      owner: view.owners.policyHost,
      seen,
      date,
    },
  ]
}

/** Against what this machine remembers: only a new id makes senders fetch a new policy. RFC 8461 §3.1 */
function ofMemory(view: View, { remembered }: StsSide, looks: readonly PolicyLook[]): PolicyFound[] {
  const id = view.mail?.sts?.id
  if (remembered === undefined || id === undefined || remembered.id !== id) return []
  const served = looks.flatMap(({ outcome }) =>
    outcome.kind === 'fetched' ? [Buffer.from(outcome.body).toString()] : [],
  )
  const news = served.find((body) => body !== remembered.body)
  if (news === undefined) return []
  const days = Math.floor((view.now - remembered.fetchedAt) / msPerDay)
  const seen = [
    said(
      `remembered from ${days} days ago, id ${remembered.id}: ${remembered.body.replace(/\s+/g, ' ').slice(0, 200)}`,
    ),
    said(`served now, id ${id}: ${news.replace(/\s+/g, ' ').slice(0, 200)}`),
  ]
  return [
    {
      id: 'sts-id-unchanged',
      subject: `_mta-sts.${view.domain}`,
      owner: view.owners.records,
      seen,
      date: remembered.expiresAt,
    },
  ]
}
