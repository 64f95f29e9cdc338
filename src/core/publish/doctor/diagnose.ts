import type { X509Certificate } from 'node:crypto'
import type { CheckFacts } from '../../check/check-facts.ts'
import { isBroken } from '../../check/failures.ts'
import { findFindings } from '../../check/findings/registry.ts'
import { tlsaName } from '../../check/findings/tlsa-text.ts'
import type { Finding } from '../../check/report.ts'
import { type HostView, isOfChain, type View, viewOf } from '../../check/view.ts'
import { isUsable, parseTlsa } from '../../dane/tlsa.ts'
import { limits } from '../../limits.ts'
import { namesAlong } from '../servers.ts'
import { ownSteps } from './own-steps.ts'
import { type HeldKey, type Holder, holdersFor, keysHeld, recordsHeld } from './published.ts'
import { remedies } from './remedies.ts'
import type {
  DoctorReport,
  DoctorStep,
  DoctorVerdict,
  HostDiagnosis,
  KnownRollover,
  LiveKey,
  PublishedRecord,
} from './report.ts'

/** What a doctor knows besides what was seen. */
export interface DoctorOptions {
  readonly kind: DoctorReport['kind']
  /** Milliseconds since 1970. */
  readonly now: number
  /** What a rollover of a host has planned; undefined where there is none. */
  readonly rolloverOf?: ((host: string) => KnownRollover | undefined) | undefined
}

/** The worst first. */
const verdicts: readonly DoctorVerdict[] = ['broken', 'undetermined', 'no-dane', 'act-soon', 'sound']

/**
 * Holds what mail servers present against what every name server publishes, and says what to do, first things first. The
 * judgement is that of the check; what it does not tell, since it is about one moment of one host, is told here.
 */
export function diagnose(facts: CheckFacts, { kind, now, rolloverOf }: DoctorOptions): DoctorReport {
  const view = viewOf(facts, now)
  const findings = findFindings(view)
  const hosts = view.hosts.map((host) => diagnoseHost(view, host, findings, rolloverOf?.(host.host)))
  const verdict = verdicts.find((one) => hosts.some((host) => host.verdict === one)) ?? 'undetermined'
  const worst = hosts.find((host) => host.verdict === verdict && host.steps.some(isToDo))
  const first = worst?.steps.find(isToDo)?.does ?? null
  return {
    ...{ schema: 'waxseal.doctor/1', subject: facts.domain, kind, checkedAt: facts.at, verdict, first, hosts },
    leftOut: facts.leftOut.filter((text) => !/^(?:mta-sts|tlsrpt) was not asked for$/.test(text)),
  }
}

function isToDo({ urgency }: DoctorStep): boolean {
  return urgency !== 'note'
}

function diagnoseHost(
  view: View,
  host: HostView,
  findings: readonly Finding[],
  rollover: KnownRollover | undefined,
): HostDiagnosis {
  const holders = holdersFor(view, host)
  const keys = keysHeld(host, holders)
  const owner = tlsaName(view, host)
  const records = publishedRecords(host, holders, rollover)
  const own = ownSteps({ view, host, owner, holders, keys, records })
  const isStep = ({ id, subject }: Finding) =>
    Object.hasOwn(remedies, id) && !own.instead.has(id) && isAbout(view, host, owner, id, subject)
  const steps = [...own.steps, ...findings.filter(isStep).map((finding) => stepOf(finding, host.host, owner, records))]
    .toSorted(byOrder)
    .slice(0, limits.doctor.steps)
  const { verdict, sentence } = judge(host, keys, steps)
  return {
    ...{ host: host.host, owner, verdict, sentence },
    keys: keys.map((key) => liveKey(host, key)),
    ...{ records, steps },
    servers: holders.map(({ says, state }) => ({
      ...{ server: says.server, address: says.address ?? null, serial: says.serial ?? null, state },
      ...{ ttl: says.ttl ?? null, reason: says.reason ?? null },
    })),
  }
}

/** Findings of the host, of its names, and of the zones that those lie in. */
function isAbout(view: View, { host }: HostView, owner: string, id: string, subject: string): boolean {
  if (id.startsWith('vantage-') || id === 'servers-unanswered') return true
  const along = new Set([...namesAlong(view.facts, 'tlsa', owner), host])
  const servers = (view.facts.servers ?? []).filter(({ name }) => along.has(name))
  const names = [host, owner, ...servers.flatMap(({ name, type, zone }) => [name, `${name} ${type}`, zone ?? name])]
  return names.some((name) => subject === name || subject === `${name}.`)
}

function stepOf(finding: Finding, host: string, owner: string, records: readonly PublishedRecord[]): DoctorStep {
  const { id, severity, title, date, who, whoseName, publish, seen, rfc } = finding
  const remedy = remedies[id]
  const context = { finding, host, owner, records }
  return {
    id,
    urgency: urgencies[severity],
    does: remedy?.does(context) ?? title,
    ...{ why: title, date, who, whoseName, publish, seen, rfc },
    remove: remedy?.remove?.(context) ?? [],
  }
}

const urgencies: Record<Finding['severity'], DoctorStep['urgency']> = {
  ...{ 'breaks-now': 'now', 'will-break': 'dated', weakens: 'soon', note: 'note' },
}

const urgencyOrder: readonly DoctorStep['urgency'][] = ['now', 'dated', 'soon', 'note']
const idOrder = Object.keys(remedies)

/** By urgency, what has a date by that, and then as `remedies` stand; the doctor's own come first. */
function byOrder(one: DoctorStep, other: DoctorStep): number {
  const urgency = urgencyOrder.indexOf(one.urgency) - urgencyOrder.indexOf(other.urgency)
  if (urgency !== 0) return urgency
  const date = (one.date ?? '9').localeCompare(other.date ?? '9')
  return date !== 0 ? date : idOrder.indexOf(one.id) - idOrder.indexOf(other.id)
}

function liveKey(host: HostView, { views, addresses, record, on, notOn, without }: HeldKey): LiveKey {
  const [first] = views
  const leaf = first?.chain[0]
  const ends = leaf?.validToDate.getTime() ?? Number.NaN
  const judged = views.flatMap(({ dane }) => dane ?? [])
  const isJudged = host.dane.state === 'ok' && judged.length > 0
  return {
    keyType: first?.keyType === 'rsa' ? 'RSA' : 'ECDSA',
    ...{ addresses, record: record ?? null },
    until: Number.isNaN(ends) ? null : new Date(ends).toISOString(),
    matches: isJudged ? judged.every(({ kind }) => kind !== 'failed') : null,
    on: on.map(({ label }) => label),
    notOn: notOn.map(({ label }) => label),
    without: without.map(({ label }) => label),
  }
}

/** Each record by what it is good for: what the state of a rollover says of it outranks what it looks like. */
function publishedRecords(
  host: HostView,
  holders: readonly Holder[],
  rollover: KnownRollover | undefined,
): PublishedRecord[] {
  const chains = host.addresses.flatMap(({ keys }) => keys.map(({ chain }) => chain))
  const kinds = new Set(host.addresses.flatMap(({ keys }) => keys.map(({ keyType }) => keyType))).size
  const texts = recordsHeld(host, holders).slice(0, limits.doctor.records)
  // Where a key is without a record, the ones that match nothing are rather of the old key.
  const isCovered = chains.every((chain) => texts.some(({ record }) => isUsed(record, chain)))
  let nextsLeft = isCovered ? kinds : 0
  return texts.map(({ record, on, notOn }) => ({
    ...{ record, role: roleOf(record), on: on.map(({ label }) => label), notOn: notOn.map(({ label }) => label) },
  }))

  function roleOf(text: string): PublishedRecord['role'] {
    const parsed = parseTlsa(text)
    if (!parsed.ok || !isUsable(parsed.value)) return 'unusable'
    const record = parsed.value
    if (chains.some((chain) => isUsed(text, chain))) return 'in-use'
    if (rollover?.next.includes(text) === true) return 'next'
    if (rollover?.old.includes(text) === true) return 'old'
    if (chains.length === 0) return 'unknown'
    // As the check has it: one record of a key for each kind of key may be of its next one. RFC 7671 §8.1
    const mayBeNext = rollover === undefined && record.usage === 3 && record.selector === 1 && nextsLeft > 0
    if (mayBeNext) nextsLeft -= 1
    return mayBeNext ? 'maybe-next' : 'matches-nothing'
  }
}

function isUsed(text: string, chain: readonly X509Certificate[]): boolean {
  const parsed = parseTlsa(text)
  return parsed.ok && isUsable(parsed.value) && isOfChain(parsed.value, chain)
}

function judge(
  { host, facts: { addresses, tlsa }, addresses: seen }: HostView,
  keys: readonly HeldKey[],
  steps: readonly DoctorStep[],
): Pick<HostDiagnosis, 'verdict' | 'sentence'> {
  const [now] = steps.filter(({ urgency }) => urgency === 'now')
  if (now !== undefined) return { verdict: 'broken', sentence: `Senders who check hold mail for ${host} back now` }
  const failed = [...addresses.lookups, ...tlsa.lookups].find((lookup) => lookup.kind === 'failure')
  if (failed?.kind === 'failure' && !isBroken(failed) && tlsa.row !== 'H5') {
    return { verdict: 'undetermined', sentence: `${host} could not be looked up from here: ${failed.reason}` }
  }
  if (addresses.kind === 'none')
    return { verdict: 'act-soon', sentence: `${host} has no address: nobody can bring mail there` }
  if (tlsa.row === 'H4')
    return { verdict: 'no-dane', sentence: `${host} is not signed: TLSA records count for nothing there` }
  if (tlsa.row !== 'H5' && tlsa.row !== 'H6') {
    return { verdict: 'no-dane', sentence: `There are no TLSA records for ${host}` }
  }
  const blind = seen.filter(({ keys: shown }) => shown.length === 0).map(({ address }) => address)
  if (keys.length === 0)
    return {
      verdict: 'undetermined',
      sentence: `${host} showed no certificate that could be held against its TLSA records`,
    }
  const soon = steps.filter(isToDo)
  if (soon.length > 0) return { verdict: 'act-soon', sentence: `Mail reaches ${host}, and something is to be mended` }
  if (blind.length > 0) {
    return {
      verdict: 'undetermined',
      sentence: `${host} is as published where it answered, and ${blind.join(', ')} did not`,
    }
  }
  return { verdict: 'sound', sentence: `Everything that ${host} presents is published` }
}
