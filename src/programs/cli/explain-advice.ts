import type { FailedReport, LookupReport } from './dns-json.ts'
import type { ExplainReport, HostReport } from './explain-report.ts'

/** How many failed lookups get a line of their own: the first mostly explains the rest. */
const failuresNamed = 3

/** What someone could do about what is wrong, the most urgent first; nothing when nothing is. */
export function adviceFor(report: Omit<ExplainReport, 'advice'>): string[] {
  return [
    ...new Set([
      ...domainAdvice(report),
      ...failedLookups(report).slice(0, failuresNamed).map(lookupAdvice),
      ...report.hosts.flatMap((host) => hostAdvice(host, report)),
      ...policyAdvice(report),
    ]),
  ]
}

function domainAdvice({ domain, outcome, mx }: Omit<ExplainReport, 'advice'>): string[] {
  return outcome === 'bounce' && mx?.result === 'nxdomain' ? [`check the spelling of ${domain}`] : []
}

function failedLookups({ mx, hosts }: Pick<ExplainReport, 'mx' | 'hosts'>): FailedReport[] {
  const lookups = [mx, ...hosts.flatMap((host) => [...host.addressLookups, ...host.tlsaLookups])]
  return lookups.filter(isFailure)
}

function isFailure(lookup: LookupReport | null): lookup is FailedReport {
  return lookup?.result === 'failure'
}

function lookupAdvice({ name, type, status, zone }: FailedReport): string {
  if (status === 'bogus') {
    const whose = zone === null ? `of ${name}` : `of the zone ${zone}`
    return `whoever runs the DNS ${whose} must mend its signatures; "waxseal dns ${name} ${type}" shows where they break`
  }
  return `try again later; "waxseal dns --trace ${name} ${type}" shows which servers do not answer`
}

function hostAdvice({ host, tlsa, row }: HostReport, { domain, policy }: Pick<ExplainReport, 'domain' | 'policy'>) {
  const advice: string[] = []
  if (tlsa.length > 0 && tlsa.every(({ usable }) => !usable)) {
    advice.push(`whoever runs ${host} must publish a TLSA record that senders can use, best 3 1 1 (RFC 7672 §3.1)`)
  }
  if (row === '17' && policy.state === 'in-force') {
    advice.push(`whoever runs ${domain} must list ${host} in its MTA-STS policy, then change the id of the TXT record`)
  }
  return advice
}

function policyAdvice({ domain, policy }: Pick<ExplainReport, 'domain' | 'policy'>): string[] {
  // Without a lookup it is our store that failed, and nothing of theirs.
  if (policy.reason === null || policy.state === 'none' || policy.record === null) return []
  return [
    `whoever runs ${domain} must see to its MTA-STS policy at https://mta-sts.${domain}/.well-known/mta-sts.txt and its ` +
      'TXT record: what was remembered will lapse',
  ]
}
