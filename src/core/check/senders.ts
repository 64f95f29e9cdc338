import { decide } from '../decision/decide.ts'
import {
  type ConnectDecision,
  type DecisionOptions,
  type DomainDecision,
  defaultOptions,
} from '../decision/decision.ts'
import type { Facts, HostFacts, StsFinding } from '../decision/facts.ts'
import { judgeSession, type Protected, type Verdict } from '../decision/judge.ts'
import type { AddressProbe } from './address-probe.ts'
import type { CheckFacts } from './check-facts.ts'
import { isUntold } from './failures.ts'
import type { SenderHost, SenderId, SenderProtection, SenderRow } from './report.ts'
import { type ReadPresented, type SessionContext, sessionsWith } from './sessions.ts'

/** One kind of sender: the facts as it sees them, and how it decides. The rules are those of `core/decision`. */
interface Kind {
  readonly id: SenderId
  readonly title: string
  readonly options: DecisionOptions
  /** Undefined where there can be no such sender. */
  see(facts: Facts, check: CheckFacts, now: number): Facts | undefined
}

const kinds: readonly Kind[] = [
  {
    ...{ id: 'mta-sts', title: 'MTA-STS only (as Gmail)', options: defaultOptions },
    see: (facts) => withoutDane(facts),
  },
  {
    ...{ id: 'dane-and-sts', title: 'DANE, then MTA-STS (Exchange)', options: defaultOptions },
    see: (facts) => facts,
  },
  {
    ...{ id: 'dane', title: 'DANE only (Postfix, dane)', options: defaultOptions },
    see: (facts) => withPolicy(facts, noPolicy),
  },
  {
    ...{ id: 'opportunistic', title: 'Neither (Postfix, may)', options: defaultOptions },
    see: (facts) => withPolicy(withoutDane(facts), noPolicy),
  },
  {
    ...{ id: 'strict', title: 'Both, where both are there', options: { ...defaultOptions, requireBoth: true } },
    see: (facts) => facts,
  },
  {
    ...{ id: 'cached-policy', title: 'MTA-STS, by the policy it kept', options: defaultOptions },
    see: (facts, check, now) => withKeptPolicy(facts, check, now),
  },
]

/** Who does not ask for TLSA records finds none. */
function withoutDane(facts: Facts): Facts {
  return { ...facts, hosts: facts.hosts.map((host): HostFacts => ({ ...host, tlsa: { row: 'H1', lookups: [] } })) }
}

const noPolicy: StsFinding = {
  ...{ row: 'S1', lapsed: false, policy: undefined, failure: undefined, record: undefined, id: undefined },
}

function withPolicy(facts: Facts, sts: StsFinding): Facts {
  return { ...facts, sts }
}

/**
 * The policy that this machine remembers, which may be older than what is published; else what is published now, as it
 * will be remembered. Whatever happens to record and policy host, it counts until it ends. RFC 8461 §3.3, §5.1
 */
function withKeptPolicy(facts: Facts, { sts }: CheckFacts, now: number): Facts | undefined {
  const policy = sts?.remembered ?? facts.sts?.policy
  if (policy === undefined || policy.policy.mode === 'none' || policy.expiresAt <= now) return undefined
  return withPolicy(withoutDane(facts), { ...noPolicy, row: 'S8', policy: { ...policy, source: 'cache' } })
}

/** What each kind of sender is told to do, and comes to. */
export interface Simulated {
  readonly row: SenderRow
  readonly decision: DomainDecision
}

/** What each kind of sender does with mail to the domain, by our own decisions on what it would see. */
export function simulateSenders(check: CheckFacts, now: number, presentedBy: ReadPresented): Simulated[] {
  const { mail } = check
  if (mail === undefined) return []
  return kinds.flatMap((kind) => {
    const seen = kind.see(mail, check, now)
    if (seen === undefined) return []
    const decision = decide(seen, { now, options: kind.options })
    const hosts = decision.hosts.map((host): HostOutcome => {
      if (host.action === 'skip') {
        const { row, text } = host
        const isUnknown = isHostUntold(mail, host.host)
        const row1: SenderHost = {
          host: host.host,
          does: isUnknown ? 'cannot-tell' : 'skips',
          protection: null,
          row,
          text,
        }
        return { row: row1, isSure: false }
      }
      return meetHost(host, check, now, presentedBy)
    })
    return [{ decision, row: rowOf(kind, decision, hosts, mail) }]
  })
}

/** Whether a host is passed over for a lookup of which nothing can be said. */
function isHostUntold({ hosts }: Facts, name: string): boolean {
  const host = hosts.find((candidate) => candidate.host === name)
  const lookups = host === undefined ? [] : [...host.addresses.lookups, ...host.tlsa.lookups]
  const failures = lookups.filter((lookup) => lookup.kind === 'failure')
  return failures.length > 0 && failures.every(isUntold)
}

interface HostOutcome {
  readonly row: SenderHost
  /** Whether some address of it takes mail whichever certificate it presents. */
  readonly isSure: boolean
}

/** What sessions with all addresses of one host come to. */
function meetHost(host: ConnectDecision, check: CheckFacts, now: number, presentedBy: ReadPresented): HostOutcome {
  const side = check.hosts?.find((candidate) => candidate.host === host.host)
  const reachesOthers = reachesSomebody(check)
  const context: SessionContext = { now, anchored: side?.anchored ?? [], reachesOthers, presentedBy }
  const met = host.addresses.map((address) => {
    const probe = side?.probes.find((candidate) => candidate.address === address)
    return probe === undefined ? notMet : meetAddress(probe, host, context)
  })
  const verdicts = met.flatMap(({ verdicts: found }) => found)
  const delivering = verdicts.filter(isDelivery)
  const refusing = verdicts.filter((verdict) => !isDelivery(verdict))
  const isSure = met.some(({ verdicts: found }) => found.length > 0 && found.every(isDelivery))
  const [worst] = delivering.toSorted((one, other) => order.indexOf(one.protection) - order.indexOf(other.protection))
  const base = { host: host.host, protection: worst === undefined ? null : demanded(host, worst) }
  const [refused] = refusing
  if (worst !== undefined && refused !== undefined) {
    const text = `only in some cases: ${plainly(refused.text)}`
    return { row: { ...base, does: 'sometimes', row: refused.row, text }, isSure }
  }
  if (worst !== undefined)
    return { row: { ...base, does: 'delivers', row: worst.row, text: plainly(worst.text) }, isSure }
  const unknown = met.find(({ unknown: reason }) => reason !== undefined)?.unknown
  if (unknown !== undefined) {
    return { row: { ...base, does: 'cannot-tell', row: host.daneRow, text: unknown }, isSure }
  }
  const { row, text } = refused ?? { row: '30', text: 'it has no address' }
  return { row: { ...base, does: 'skips', row, text: plainly(text) }, isSure }
}

interface AddressOutcome {
  readonly verdicts: readonly Verdict[]
  /** Why nobody can tell. */
  readonly unknown: string | undefined
}

const notMet: AddressOutcome = { verdicts: [], unknown: 'it was not connected to' }

function meetAddress(probe: AddressProbe, host: ConnectDecision, context: SessionContext): AddressOutcome {
  const sessions = sessionsWith(probe, host, context)
  const verdicts = sessions.flatMap((seen) => (seen.kind === 'known' ? [judgeSession(host, seen.finding)] : []))
  const unknown = sessions.find((seen) => seen.kind === 'unknown')
  return { verdicts, unknown: unknown?.reason }
}

/** Whether a sender turns away from a host for what it shows, and not just for want of anybody there. */
export function isTurnedFrom({ does, row }: SenderHost): boolean {
  return (does === 'skips' || does === 'sometimes') && row !== '30' && row !== 'H3'
}

/** Whether the way to SMTP servers is open from here. */
export function reachesSomebody({ hosts = [] }: CheckFacts): boolean {
  return hosts.some(({ probes }) => probes.some(({ outcome }) => outcome.kind === 'talked'))
}

function isDelivery({ action }: Verdict): boolean {
  return action !== 'skip'
}

/** Reports have words of their own, which people need not read. */
function plainly(text: string): string {
  if (text === 'sts-mx-mismatch') return 'the MTA-STS policy does not list the host'
  return text.replace(/^(?:dane|sts)(?:-[a-z]+)+: /, '')
}

/** What a session happens to prove and nobody asks for, an attacker may leave out. */
function demanded({ tls }: ConnectDecision, { protection }: Verdict): SenderProtection {
  const isAsked = tls === 'dane' || tls === 'pkix'
  return protection === 'none' || isAsked ? protections[protection] : 'encrypted'
}

/** From the weakest up. */
const order: readonly Protected[] = ['none', 'encrypted', 'host-verified', 'verified']

const protections: Record<Protected, SenderProtection> = {
  ...{ none: 'cleartext', encrypted: 'encrypted', 'host-verified': 'host-authenticated', verified: 'authenticated' },
}

const weakestFirst: readonly SenderProtection[] = ['cleartext', 'encrypted', 'host-authenticated', 'authenticated']

function rowOf(
  { id, title }: Kind,
  decision: DomainDecision,
  outcomes: readonly HostOutcome[],
  mail: Facts,
): SenderRow {
  const hosts = outcomes.map(({ row }) => row)
  const base = { id, title, hosts }
  if (decision.action === 'bounce') return { ...base, does: 'returns', protection: null, text: decision.text }
  const isOurs = mail.mx.row === 'M1' && isUntold(mail.mx.resolution)
  if (isOurs) return { ...base, does: 'cannot-tell', protection: null, text: decision.text }
  if (hosts.length === 0) return { ...base, does: 'delays', protection: null, text: decision.text }
  const sure = outcomes.filter(({ isSure }) => isSure)
  if (sure.length > 0) {
    const used = hosts.filter(({ protection }) => protection !== null)
    const weakest = weakestFirst.find((one) => used.some(({ protection }) => protection === one)) ?? null
    return { ...base, does: 'delivers', protection: weakest, text: deliveryText(weakest, hosts) }
  }
  const unknown = hosts.find(({ does }) => does === 'cannot-tell')
  if (unknown !== undefined) {
    return { ...base, does: 'cannot-tell', protection: null, text: `${unknown.host}: ${unknown.text}` }
  }
  const [first] = hosts
  const text = first === undefined ? decision.text : `${first.host}: ${first.text}`
  return { ...base, does: 'delays', protection: null, text }
}

const deliveryTexts: Record<SenderProtection, string> = {
  authenticated: 'only to servers that prove themselves',
  'host-authenticated': 'to servers that prove themselves, though an attacker could name others',
  encrypted: 'encrypted, if nobody interferes',
  cleartext: 'in clear, for anyone on the way to read',
}

function deliveryText(weakest: SenderProtection | null, hosts: readonly SenderHost[]): string {
  const passed = hosts.filter(({ does }) => does === 'skips' || does === 'sometimes').map(({ host }) => host)
  const text = weakest === null ? 'to no host' : deliveryTexts[weakest]
  return passed.length === 0 ? text : `${text}; passes over ${passed.join(', ')}`
}
