import { clockAdvice, doubtClock } from './clock-doubt.ts'
import type { FailedReport, LookupReport } from './dns-json.ts'
import { formatMoment } from './durations.ts'
import type { ExplainReport, HostReport } from './explain-report.ts'

/** How many failed lookups get a line of their own. */
const failuresNamed = 3

/** What someone could do about what is wrong, the most urgent first; nothing when nothing is. */
export function adviceFor(report: Omit<ExplainReport, 'advice'>, now: number): string[] {
  return [
    ...new Set([
      ...domainAdvice(report),
      ...failedLookups(report)
        .slice(0, failuresNamed)
        .map((lookup) => lookupAdvice(lookup, now)),
      ...report.hosts.flatMap((host) => hostAdvice(host, report)),
      ...policyAdvice(report),
    ]),
  ]
}

function domainAdvice({ domain, outcome, mx }: Omit<ExplainReport, 'advice'>): string[] {
  return outcome === 'bounce' && mx?.result === 'nxdomain' ? [`check the spelling of ${domain}`] : []
}

function failedLookups({ mx, hosts, policy }: Pick<ExplainReport, 'mx' | 'hosts' | 'policy'>): FailedReport[] {
  const lookups = [mx, ...hosts.flatMap((host) => [...host.addressLookups, ...host.tlsaLookups]), policy.record]
  const failed = lookups.filter(isFailure)
  // The first of each cause explains the others.
  return failed.filter((lookup, at) => failed.findIndex((other) => causeOf(other) === causeOf(lookup)) === at)
}

function causeOf({ why, zone, server, name }: FailedReport): string {
  return [why, why === 'bogus' ? (zone ?? name) : server].join(' ')
}

function isFailure(lookup: LookupReport | null): lookup is FailedReport {
  return lookup?.result === 'failure'
}

function lookupAdvice(lookup: FailedReport, now: number): string {
  const { name, type, status, why } = lookup
  if (status === 'bogus') return bogusAdvice(lookup, now)
  const trace = `"waxseal dns --trace ${name} ${type}" shows`
  if (why !== 'timeout' && why !== 'unreachable') return `try again later; ${trace} what the servers answer`
  return `try again later, and if all domains wait, see to the network and the resolver of this machine; ${trace} who does not answer`
}

function bogusAdvice({ name, type, zone, extendedError, chain }: FailedReport, now: number): string {
  const doubt = doubtClock({ code: extendedError, verified: chain.length })
  if (doubt === 'likely') return clockAdvice(now)
  if (chain.length === 0) {
    return (
      'nothing could be verified from the trust anchors down: see whether the resolver passes on DNSSEC records, and ' +
      `whether the trust anchors are right; "waxseal dns --trace ${name} ${type}" shows what is answered`
    )
  }
  const whose = zone === null ? `of ${name}` : `of the zone ${zone}`
  const see = `"waxseal dns ${name} ${type}" shows where they break`
  const unless = doubt === 'possible' ? `; if others see no fault, ${clockAdvice(now)}` : ''
  return `whoever runs the DNS ${whose} must mend its signatures; ${see}${unless}`
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

/** A record that could not be looked up has its advice already. */
function policyAdvice({ domain, policy }: Pick<ExplainReport, 'domain' | 'policy'>): string[] {
  const { reason, state, record, expiresAt } = policy
  // Without a lookup it is our store that failed, and nothing of theirs.
  if (reason === null || state === 'none' || record === null || isFailure(record)) return []
  const lapse = state === 'failed' || expiresAt === null ? '' : `; what is remembered ends ${formatMoment(expiresAt)}`
  return [
    `whoever runs ${domain} must see to its MTA-STS policy at https://mta-sts.${domain}/.well-known/mta-sts.txt and its ` +
      `TXT record${lapse}`,
  ]
}
