import { isIPv6 } from 'node:net'
import type { ResourceRecord } from '../../core/dns/message.ts'
import { formatRdata } from '../../core/dns/rdata/format.ts'
import { formatType } from '../../core/dns/types.ts'
import { formatName } from '../../core/name/text.ts'
import type { ServerFinding, ServerReport, Survey } from '../../io/resolver/all-servers.ts'
import { outOfReach } from '../../io/resolver/out-of-reach.ts'
import type { DnsQuestion } from './dns-question.ts'

/** What the servers of a zone come to, taken together. */
export interface Comparison {
  /**
   * `agree`: all that can be reached from here say the same. `differ`: some say something else, or nothing of use.
   * `incomplete`: those that reply say the same, but some do not. `failed`: nobody says anything.
   */
  readonly verdict: 'agree' | 'differ' | 'incomplete' | 'failed'
  /** One sentence without a full stop: who differs, and how. */
  readonly summary: string
  /** What was said, most often first. */
  readonly answers: readonly Group[]
  /** In the order of the answers, and behind them who says nothing. */
  readonly servers: readonly ServerReport[]
  /** What does not touch the answer and should be looked at all the same, a line each. */
  readonly notes: readonly string[]
}

/** Servers that say the same. */
export interface Group {
  readonly finding: ServerFinding
  readonly servers: readonly ServerReport[]
}

/** Compares what servers say: results, records without their TTLs, and whether they are secure. */
export function compareServers(question: DnsQuestion, survey: Survey): Comparison {
  const what = `${formatName(question.name)} ${formatType(question.type)}`
  if (survey.kind === 'failed') {
    const summary = `${what}: its name servers cannot be found: ${survey.trouble.reason}`
    return { verdict: 'failed', summary, answers: [], servers: [], notes: [] }
  }
  const { zone, servers, left } = survey
  const groups = groupsOf(servers)
  const out = outOfReach(servers)
  const counted = servers.filter((server) => !out.has(server))
  const mute = counted.filter(({ finding }) => !isWord(finding))
  const notes = [...reachNotes(out), ...leftNotes(left), ...namingNotes(servers), ...serialNotes(servers)]
  const ordered = [...groups.flatMap((group) => group.servers), ...servers.filter(({ finding }) => !isWord(finding))]
  const whole = { answers: groups, servers: ordered, notes }
  const total = counted.length
  const [first, ...others] = groups
  if (first === undefined) {
    return { verdict: 'failed', summary: `${what}: no server of ${formatName(zone)} answers${why(mute)}`, ...whole }
  }
  const said = fully(first.finding)
  if (others.length === 0 && mute.length === 0) {
    const summary =
      total === 1
        ? `${what}: ${saying(first.finding)}, from the only server address of ${formatName(zone)}${reasonOf(first.finding)}`
        : `${what}: all ${total} server addresses of ${formatName(zone)} agree: ${said}`
    return { verdict: 'agree', summary, ...whole }
  }
  const exceptions = [
    ...others.map((group) => `${listOf(group.servers)} ${differing(group.finding, first.finding)}`),
    ...mute.map((server) => `${placeOf(server)} ${muteness(server)}`),
  ]
  const most = `${first.servers.length} of ${total} ${first.servers.length === 1 ? 'says' : 'say'}: ${said}`
  const [verdict, how] =
    others.length > 0 ? (['differ', 'differ'] as const) : (['incomplete', 'do not all answer'] as const)
  const summary = `${what}: the server addresses of ${formatName(zone)} ${how}: ${most}; but ${exceptions.join('; ')}`
  return { verdict, summary, ...whole }
}

/** Whether it says something about the question, or that it will not. */
function isWord({ kind }: ServerFinding): boolean {
  return kind !== 'silent' && kind !== 'no-address'
}

/** The same answers together; what most say comes first, of those what can be used, and last what says nothing. */
function groupsOf(servers: readonly ServerReport[]): Group[] {
  const groups = new Map<string, { finding: ServerFinding; servers: ServerReport[] }>()
  for (const server of servers.filter(({ finding }) => isWord(finding))) {
    const key = keyOf(server.finding)
    const group = groups.get(key) ?? { finding: server.finding, servers: [] }
    group.servers.push(server)
    groups.set(key, group)
  }
  const weight = ({ finding, servers: { length } }: Group) =>
    'records' in finding ? length : finding.kind === 'useless' ? length - servers.length : length - 0.5
  return [...groups.values()].sort((one, other) => weight(other) - weight(one))
}

function keyOf(finding: ServerFinding): string {
  if (!('records' in finding)) return finding.kind === 'useless' ? `useless ${finding.reason}` : finding.kind
  return [finding.kind, finding.status, ...dataOf(finding.records)].join('\n')
}

/** In an order of their own: servers turn records round. */
function dataOf(records: readonly ResourceRecord[]): string[] {
  return records.map(({ type, rdata }) => `${formatType(type)} ${formatRdata(type, rdata)}`).sort()
}

/** What a server says, as behind "it says". */
export function saying(finding: ServerFinding): string {
  switch (finding.kind) {
    case 'answer':
      return `${countOf(finding.records.length, 'record', 'records')}, ${finding.status}`
    case 'alias':
      return `an alias, ${finding.status}`
    case 'nodata':
      return `no records of this type, ${finding.status}`
    case 'nxdomain':
      return `no such name, ${finding.status}`
    case 'bogus':
    case 'indeterminate':
      return finding.kind
    case 'useless':
    case 'silent':
    case 'no-address':
      return finding.reason
  }
}

function fully(finding: ServerFinding): string {
  return `${saying(finding)}${reasonOf(finding)}`
}

/** `: why`, for what cannot be believed or judged. */
function reasonOf(finding: ServerFinding): string {
  return finding.kind === 'bogus' || finding.kind === 'indeterminate' ? `: ${finding.reason}` : ''
}

/** How a finding differs from what most say, as behind the names of those who say it. */
function differing(finding: ServerFinding, usual: ServerFinding): string {
  if (finding.kind === 'useless') return finding.reason
  if (finding.kind !== 'answer' || usual.kind !== 'answer') return `says: ${fully(finding)}`
  const [these, those] = [dataOf(finding.records), dataOf(usual.records)]
  const lacks = those.filter((data) => !these.includes(data))
  const adds = these.filter((data) => !those.includes(data))
  const parts = [
    ...(lacks.length > 0 ? [`lacks ${few(lacks)}`] : []),
    ...(adds.length > 0 ? [`has ${few(adds)}`] : []),
    ...(finding.status === usual.status ? [] : [`is ${finding.status}`]),
  ]
  return parts.join(' and ')
}

function few(data: readonly string[]): string {
  return data.length > 3 ? `${data.slice(0, 2).join(', ')} and ${data.length - 2} more` : data.join(', ')
}

function why(mute: readonly ServerReport[]): string {
  const [first] = mute
  return first === undefined ? '' : `: ${placeOf(first)} ${muteness(first)}`
}

function muteness({ finding }: ServerReport): string {
  return saying(finding)
}

/** `ns1.example.org. (192.0.2.1)` */
export function placeOf({ server, address }: ServerReport): string {
  return address === undefined ? formatName(server) : `${formatName(server)} (${address})`
}

export function listOf(servers: readonly ServerReport[]): string {
  const places = servers.map(placeOf)
  return places.length > 4 ? `${places.slice(0, 3).join(', ')} and ${places.length - 3} more` : places.join(', ')
}

function reachNotes(out: ReadonlySet<ServerReport>): string[] {
  const [first] = out
  if (first?.address === undefined) return []
  const family = isIPv6(first.address) ? 'IPv6' : 'IPv4'
  return [`Nothing can be reached over ${family} from here: ${countOf(out.size, 'address', 'addresses')} left out.`]
}

function leftNotes(left: number): string[] {
  return left === 0 ? [] : [`${countOf(left, 'address was', 'addresses were')} too many to be asked.`]
}

function namingNotes(servers: readonly ServerReport[]): string[] {
  const named = (by: ServerReport['namedBy']) => [
    ...new Set(servers.filter(({ namedBy }) => namedBy === by).map(({ server }) => formatName(server))),
  ]
  const [parent, zone] = [named('parent'), named('zone')]
  return [
    ...(parent.length > 0 ? [`Named as a server by the parent zone alone: ${parent.join(', ')}`] : []),
    ...(zone.length > 0 ? [`Named as a server by the zone alone, not by its parent: ${zone.join(', ')}`] : []),
  ]
}

/** RFC 1034 §4.3.5 */
function serialNotes(servers: readonly ServerReport[]): string[] {
  const serials = new Map<number, ServerReport[]>()
  for (const server of servers) {
    if (server.serial !== undefined) serials.set(server.serial, [...(serials.get(server.serial) ?? []), server])
  }
  if (serials.size < 2) return []
  const parts = [...serials].map(([serial, those]) => `${serial} at ${listOf(those)}`)
  return [`They have different versions of the zone: serial ${parts.join('; ')}.`]
}

function countOf(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`
}
