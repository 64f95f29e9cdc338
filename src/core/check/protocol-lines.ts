import { parseReportRecords } from '../tlsrpt/record.ts'
import { isUntold, whyPolicyUntold } from './failures.ts'
import { stringsIn } from './findings/txt.ts'
import type { ProtocolLine, ProtocolState, SenderId } from './report.ts'
import { isTurnedFrom } from './senders.ts'
import type { View } from './view.ts'

/** DANE, MTA-STS and TLSRPT in a line each. */
export function protocolLines(view: View): ProtocolLine[] {
  return [daneLine(view), stsLine(view), reportingLine(view)]
}

function line(
  protocol: ProtocolLine['protocol'],
  state: ProtocolState,
  reason: string,
  dates: Dates = {},
): ProtocolLine {
  const { since, until } = dates
  return { protocol, state, since: moment(since), until: moment(until), reason }
}

interface Dates {
  readonly since?: number | undefined
  readonly until?: number | undefined
}

function moment(milliseconds: number | undefined): string | null {
  return milliseconds === undefined || !Number.isFinite(milliseconds) ? null : new Date(milliseconds).toISOString()
}

function hostsOf({ senders }: View, id: SenderId) {
  return senders.find(({ row }) => row.id === id)?.row.hosts ?? []
}

function daneLine(view: View): ProtocolLine {
  const { mail, hosts, facts } = view
  const of = (state: ProtocolState, reason: string) => line('DANE', state, reason, { until: signedUntil(view) })
  if (mail === undefined) return line('DANE', 'unknown', 'not looked at')
  if (mail.mx.row === 'M1') {
    const { resolution } = mail.mx
    return line(
      'DANE',
      isUntold(resolution) ? 'unknown' : 'broken',
      `the MX records cannot be looked up: ${resolution.reason}`,
    )
  }
  if (hosts.length === 0) return line('DANE', 'off', 'there is no MX host')
  const failed = hosts.filter(({ facts: { tlsa } }) => tlsa.row === 'H8')
  const withRecords = hosts.filter(({ facts: { tlsa } }) => tlsa.row === 'H5')
  if (failed.length > 0) {
    const [first] = failed
    const isOurs = first?.facts.tlsa.lookups.some(isUntold) === true
    return line('DANE', isOurs ? 'unknown' : 'broken', `${first?.host}: the TLSA records cannot be looked up`)
  }
  if (withRecords.length === 0) {
    const unusable = hosts.find(({ facts: { tlsa } }) => tlsa.row === 'H6')
    return line('DANE', 'off', unusable === undefined ? whyOff(view) : `${unusable.host}: no TLSA record can be used`)
  }
  const met = hostsOf(view, 'dane').filter(({ host }) => withRecords.some((one) => one.host === host))
  const bad = met.filter(isTurnedFrom)
  if (bad.length > 0) return of(bad.length === met.length ? 'broken' : 'partly', `${bad[0]?.host}: ${bad[0]?.text}`)
  if (withRecords.length < hosts.length)
    return of('partly', `TLSA records for ${withRecords.length} of ${hosts.length} hosts`)
  if ('status' in mail.mx && mail.mx.status === 'insecure')
    return of('partly', 'the hosts prove who they are; the MX records that name them are not signed')
  if (facts.hosts === undefined) return of('unknown', 'there are TLSA records; the hosts were not connected to')
  const untold = met.find(({ does }) => does === 'cannot-tell')
  if (untold !== undefined) return of('unknown', `${untold.host}: ${untold.text}`)
  return of(
    'on',
    hosts.length === 1 ? 'the host matches its TLSA records' : `all ${hosts.length} hosts match their TLSA records`,
  )
}

function whyOff({ mail, hosts }: View): string {
  const isSigned = mail !== undefined && 'status' in mail.mx && mail.mx.status === 'secure'
  const unsigned = hosts.find(({ facts: { tlsa } }) => tlsa.row === 'H4')
  if (unsigned !== undefined)
    return isSigned ? `the zone of ${unsigned.host} is not signed` : 'neither the domain nor its hosts are signed'
  return 'no host has TLSA records'
}

/** When the first of the signatures behind MX and TLSA records ends. */
function signedUntil({ mail, hosts }: View): number | undefined {
  const lookups = [mail?.mx.resolution, ...hosts.flatMap(({ facts: { tlsa } }) => tlsa.lookups)]
  const ends = lookups.flatMap((lookup) => {
    return lookup === undefined || lookup.kind === 'failure' || lookup.evidence.expiration === undefined
      ? []
      : [lookup.evidence.expiration * 1000]
  })
  return ends.length === 0 ? undefined : Math.min(...ends)
}

function stsLine(view: View): ProtocolLine {
  const { mail, facts } = view
  const finding = mail?.sts
  if (mail === undefined || finding === undefined) return line('MTA-STS', 'unknown', 'not looked at')
  const { policy: applied, failure, row } = finding
  if (applied === undefined) {
    if (row === 'S1') return line('MTA-STS', 'off', 'there is no record')
    const reason = failure?.reason ?? 'there is no policy'
    const isOurs = whyPolicyUntold(facts) !== undefined
    return line(
      'MTA-STS',
      isOurs ? 'unknown' : 'broken',
      row === 'S2' ? `the record counts as none: ${reason}` : reason,
    )
  }
  const { policy, expiresAt } = applied
  const since = facts.sts?.remembered?.id === applied.id ? facts.sts.remembered.fetchedAt : undefined
  const of = (state: ProtocolState, reason: string) => line('MTA-STS', state, reason, { since, until: expiresAt })
  if (policy.mode === 'none') return of('off', 'the policy is in mode none')
  if (policy.mode === 'testing')
    return of('testing', 'the policy is in mode testing: senders report and deliver all the same')
  const met = hostsOf(view, 'mta-sts')
  const bad = met.filter(isTurnedFrom)
  if (bad.length > 0) return of(bad.length === met.length ? 'broken' : 'partly', `${bad[0]?.host}: ${bad[0]?.text}`)
  const untold = met.find(({ does }) => does === 'cannot-tell')
  if (untold !== undefined) return of('unknown', `mode enforce; ${untold.host}: ${untold.text}`)
  return of('on', 'mode enforce, and every host is as the policy has it')
}

function reportingLine({ facts: { reporting } }: View): ProtocolLine {
  if (reporting === undefined) return line('TLSRPT', 'unknown', 'not looked at')
  const { record, targets } = reporting
  if (record?.kind === 'failure') {
    return line('TLSRPT', isUntold(record) ? 'unknown' : 'broken', `the record cannot be looked up: ${record.reason}`)
  }
  const strings = stringsIn(record)
  if (strings.length === 0) return line('TLSRPT', 'off', 'there is no record')
  const parsed = parseReportRecords(strings)
  if (!parsed.ok) return line('TLSRPT', 'broken', `the record counts as none: ${parsed.fault.replaceAll('-', ' ')}`)
  const dead = targets.filter((look) => ('mx' in look ? !look.hasAddress : look.reached.kind === 'failed'))
  const uris = parsed.value.targets.map(({ uri }) => uri).join(', ')
  if (dead.length === 0) return line('TLSRPT', 'on', `reports go to ${uris}`)
  return line(
    'TLSRPT',
    dead.length === targets.length ? 'broken' : 'partly',
    `reports cannot arrive at ${dead[0]?.target.uri}`,
  )
}
