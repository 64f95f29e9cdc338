import type { X509Certificate } from 'node:crypto'
import { demandOf, type IsOf, matches } from '../dane/match.ts'
import type { DaneEvidence } from '../dane/peer.ts'
import type { UsableTlsa } from '../dane/tlsa.ts'
import type { DaneUse, DomainDecision, HostDecision } from '../decision/decision.ts'
import type { Facts, HostFacts } from '../decision/facts.ts'
import type { DomainName } from '../name/domain.ts'
import { type PkixEvidence, pathOf } from '../x509/peer.ts'
import type { AddressProbe, Talk } from './address-probe.ts'
import type { CheckFacts, HostSide } from './check-facts.ts'
import { type Owners, ownersIn } from './owners.ts'
import { type Simulated, simulateSenders } from './senders.ts'
import { createReadPresented, daneOf, type Presented, pkixOf, type ReadPresented } from './sessions.ts'

/** Facts with what follows from them, worked out once for everything that shows them. */
export interface View {
  readonly facts: CheckFacts
  readonly now: number
  readonly domain: DomainName
  readonly mail: Facts | undefined
  readonly hosts: readonly HostView[]
  readonly senders: readonly Simulated[]
  readonly owners: Owners
}

export interface HostView {
  readonly host: string
  readonly facts: HostFacts
  /** Undefined when nobody looked. */
  readonly side: HostSide | undefined
  /** Of a sender who checks both; undefined where the domain is not delivered to at all. */
  readonly decision: HostDecision | undefined
  readonly dane: DaneUse
  readonly addresses: readonly AddressView[]
}

export interface AddressView {
  readonly address: string
  readonly probe: AddressProbe | undefined
  readonly talk: Talk | undefined
  readonly keys: readonly KeyView[]
}

/** A certificate that was presented, and what is to be said of it. */
export interface KeyView extends Presented {
  readonly pkix: PkixEvidence
  /** Undefined where no usable record applies, or where it could not be held against them. */
  readonly dane: DaneEvidence | undefined
  /** Records that are of it, or of a certificate above it. */
  readonly matched: readonly UsableTlsa[]
}

/** Whether anybody could want to protect mail to it: not where there is no domain, or none that takes mail. */
export function takesMail({ mail }: View): boolean {
  return mail?.mx.row !== 'M2' && mail?.mx.row !== 'M3'
}

export function viewOf(facts: CheckFacts, now: number, presentedBy: ReadPresented = createReadPresented()): View {
  const senders = simulateSenders(facts, now, presentedBy)
  const full = senders.find(({ row }) => row.id === 'dane-and-sts')?.decision
  const { mail, domain } = facts
  const hosts = mail?.hosts.map((host) => hostView(host, { check: facts, full, now, presentedBy })) ?? []
  return { facts, now, domain, mail, hosts, senders, owners: ownersIn(facts) }
}

interface HostContext {
  readonly check: CheckFacts
  readonly full: DomainDecision | undefined
  readonly now: number
  readonly presentedBy: ReadPresented
}

function hostView(host: HostFacts, { check, full, now, presentedBy }: HostContext): HostView {
  const side = check.hosts?.find((candidate) => candidate.host === host.host)
  const decision = full?.hosts.find((candidate) => candidate.host === host.host)
  const dane: DaneUse = decision?.action === 'connect' ? decision.dane : { state: 'none' }
  const known = host.addresses.kind === 'found' ? host.addresses.addresses : []
  const addresses = known.map((address): AddressView => {
    const probe = side?.probes.find((candidate) => candidate.address === address)
    const talk = probe?.outcome.kind === 'talked' ? probe.outcome : undefined
    const presented = probe === undefined ? [] : presentedBy(probe)
    const keys = presented.map((one) => keyView(one, { host, dane, address, side, now }))
    return { address, probe, talk, keys }
  })
  return { host: host.host, facts: host, side, decision, dane, addresses }
}

interface KeyContext {
  readonly host: HostFacts
  readonly dane: DaneUse
  readonly address: string
  readonly side: HostSide | undefined
  readonly now: number
}

function keyView(one: Presented, { host, dane, address, side, now }: KeyContext): KeyView {
  const pkix = pkixOf(one, host.host as DomainName, now) // a literal is no MX host of a domain
  if (dane.state !== 'ok') return { ...one, pkix, dane: undefined, matched: [] }
  const { records, names } = dane
  const evidence = daneOf(one, { records, names, address }, { anchored: side?.anchored ?? [], now })
  const matched = records.filter((record) => isOfChain(record, one.chain, one.isOf))
  return { ...one, pkix, dane: evidence, matched }
}

/**
 * Whether the record is of the server's own certificate, or of one above it, as its usage has it; an authority that stands
 * whole in DNS need not be sent. RFC 7671 §5.1, §5.2.2, §5.2.3
 */
export function isOfChain(record: UsableTlsa, chain: readonly X509Certificate[], isOf: IsOf = matches): boolean {
  const [leaf, ...above] = chain
  if (leaf === undefined) return false
  if (record.usage === 3) return isOf(record, leaf)
  return above.some((certificate) => isOf(record, certificate)) || standsAbove(record, chain)
}

function standsAbove(record: UsableTlsa, chain: readonly X509Certificate[]): boolean {
  const top = pathOf(chain).at(-1)
  if (record.matchingType !== 0 || top === undefined) return false
  const { wholeAnchors, signedByAnchor } = demandOf([record])
  return signedByAnchor(top) || wholeAnchors.some((anchor) => top.checkIssued(anchor) && top.verify(anchor.publicKey))
}
