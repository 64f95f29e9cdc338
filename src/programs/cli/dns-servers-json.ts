import { formatType } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import { failureCodes } from '../../core/dnssec/extended-error.ts'
import type { Name } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import type { ServerFinding, ServerReport } from '../../io/resolver/all-servers.ts'
import type { DnsQuestion } from './dns-question.ts'
import type { Comparison } from './dns-servers.ts'

/** What all servers of a zone say, as `waxseal.servers/1`. docs/json.md */
export function comparisonToJson({ name, type }: DnsQuestion, zone: Name | undefined, comparison: Comparison) {
  const { verdict, summary, answers, servers, notes } = comparison
  return {
    ...{ schema: 'waxseal.servers/1', name: formatName(name), type: formatType(type) },
    ...{ zone: zone === undefined ? null : formatName(zone), verdict, summary },
    answers: answers.map((group) => ({ ...findingToJson(group.finding), addresses: group.servers.length })),
    servers: servers.map(serverToJson),
    notes,
  } as const
}

function serverToJson({ server, address, namedBy, serial, finding }: ServerReport) {
  return {
    ...{ server: formatName(server), address: address ?? null, namedBy: namedBy ?? null, serial: serial ?? null },
    ...findingToJson(finding),
  }
}

function findingToJson(finding: ServerFinding) {
  const { kind } = finding
  if ('records' in finding) {
    const { status, records } = finding
    return { result: kind, status, records: records.map(formatRecord), reason: null, extendedError: null }
  }
  const isJudged = kind === 'bogus' || kind === 'indeterminate'
  return { result: isJudged ? 'failure' : kind, status: isJudged ? kind : null, records: [], ...failureOf(finding) }
}

type FailedFinding = Exclude<ServerFinding, { readonly records: unknown }>

function failureOf(finding: FailedFinding) {
  const { reason, kind } = finding
  const isNetwork = kind === 'silent' && finding.why !== 'timeout'
  const why = isNetwork ? 'unreachable' : 'timeout'
  return { reason, extendedError: 'ede' in finding ? finding.ede : failureCodes[why] }
}
