import type { ServerSays, ServersFinding, ServersTopic } from '../../core/check/check-facts.ts'
import { formatRdata } from '../../core/dns/rdata/format.ts'
import { readNameRdata } from '../../core/dns/rdata/records.ts'
import { formatType, TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { type DomainName, nameOfDomain } from '../../core/name/domain.ts'
import { labelsOf, type Name, prependLabels } from '../../core/name/name.ts'
import type { ServerFinding, Survey, SurveyOptions } from '../../io/resolver/all-servers.ts'
import type { StopSignal } from '../../io/stop.ts'
import type { GatherIo } from './gather-io.ts'

interface Question {
  readonly topic: ServersTopic
  readonly name: Name
  readonly type: number
}

/** What concerns the domain itself: known before anything was looked up. */
export function domainQuestions(domain: DomainName): Question[] {
  const name = nameOfDomain(domain)
  return [
    { topic: 'mx', name, type: TYPE.MX },
    ...below(['_mta-sts'], name, 'sts', TYPE.TXT),
    ...below(['_smtp', '_tls'], name, 'tlsrpt', TYPE.TXT),
  ]
}

/** What concerns one MX host; TLSA records stand below their base domain. */
export function hostQuestions(host: DomainName, baseDomain: DomainName, port: number): Question[] {
  const name = nameOfDomain(host)
  return [
    { topic: 'addresses', name, type: TYPE.A },
    { topic: 'addresses', name, type: TYPE.AAAA },
    ...below([`_${port}`, '_tcp'], nameOfDomain(baseDomain), 'tlsa', TYPE.TLSA),
  ]
}

function below(labels: readonly string[], name: Name, topic: ServersTopic, type: number): Question[] {
  const whole = prependLabels(labels, name)
  return whole === undefined ? [] : [{ topic, name: whole, type }]
}

/** Records that may stand in the zone of somebody else, behind an alias. RFC 7671 §6, RFC 8461 §8.2 */
const delegated: ReadonlySet<ServersTopic> = new Set(['tlsa', 'sts', 'tlsrpt'])

/** Puts each question to every server of its zone; of an alias of records that may be delegated, to its target's too. */
export async function askAllServers(
  questions: readonly Question[],
  { survey, resolver }: Pick<GatherIo, 'survey' | 'resolver'>,
  signal: StopSignal,
): Promise<ServersFinding[]> {
  if (survey === undefined) return []
  const asked = questions.map((question) => askAlong(question, survey, { resolver, signal }))
  return (await Promise.all(asked)).flat()
}

async function askAlong(
  first: Question,
  survey: NonNullable<GatherIo['survey']>,
  options: SurveyOptions,
): Promise<ServersFinding[]> {
  const found: ServersFinding[] = []
  const names = new Set<string>()
  for (let at: Question | undefined = first; at !== undefined && found.length <= limits.resolver.aliases; ) {
    names.add(at.name.key)
    const heard: Survey = await survey.survey(at, options)
    found.push(findingOf(at, heard))
    const target: Name | undefined = delegated.has(at.topic) ? aliasIn(heard) : undefined
    at = target === undefined || names.has(target.key) ? undefined : { ...at, name: target }
  }
  return found
}

/** Where the first server that has an alias says that it leads. */
function aliasIn(survey: Survey): Name | undefined {
  if (survey.kind === 'failed') return undefined
  for (const { finding } of survey.servers) {
    const [record] = finding.kind === 'alias' ? finding.records : []
    const target = record?.type === TYPE.CNAME ? readNameRdata(record.rdata) : undefined
    if (target?.ok === true) return target.value
  }
  return undefined
}

function findingOf({ topic, name, type }: Question, survey: Survey): ServersFinding {
  const question = { topic, name: plain(name), type: formatType(type) }
  if (survey.kind === 'failed') {
    return { ...question, zone: undefined, failed: survey.trouble.reason, servers: [], left: 0 }
  }
  const servers = survey.servers.map(
    ({ server, address, serial, finding }): ServerSays => ({
      ...{ server: plain(server), address, serial, ...saysOf(finding) },
    }),
  )
  return { ...question, zone: plain(survey.zone), failed: undefined, servers, left: survey.left }
}

function saysOf(finding: ServerFinding): Pick<ServerSays, 'says' | 'status' | 'records' | 'ttl' | 'reason'> {
  if (!('records' in finding)) {
    return { says: finding.kind, status: undefined, records: [], ttl: undefined, reason: finding.reason }
  }
  const { kind, status, records } = finding
  const ttls = records.map(({ ttl }) => ttl)
  return {
    ...{ says: kind, status, records: records.map(({ type, rdata }) => formatRdata(type, rdata)).sort() },
    ...{ ttl: ttls.length === 0 ? undefined : Math.min(...ttls), reason: undefined },
  }
}

/** For people and comparisons, not for DNS. */
function plain(name: Name): string {
  return labelsOf(name).join('.').toLowerCase()
}
