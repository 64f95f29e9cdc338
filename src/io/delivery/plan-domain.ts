import { decide } from '../../core/decision/decide.ts'
import type {
  DecisionOptions,
  DomainDecision,
  HostDecision,
  MessageDemand,
  SkipDecision,
} from '../../core/decision/decision.ts'
import { defaultOptions } from '../../core/decision/decision.ts'
import type { Facts, NextHop } from '../../core/decision/facts.ts'
import { noOverrides, type Overrides } from '../../core/decision/overrides.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { MailDomain } from '../../core/smtp/mailbox.ts'
import type { Clock } from '../clock.ts'
import { examine } from '../examine/examine.ts'
import type { StsService } from '../mtasts/sts-service.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { AuthenticatorIo } from '../smtp/authenticator.ts'
import type { SessionIo } from '../smtp/run-session.ts'
import { StoreError } from '../store/store.ts'
import { cutSelf, orderHosts, type Random } from './order-hosts.ts'
import { isOwnHost, noOwnHosts, type OwnHosts } from './own-hosts.ts'
import type { DomainPlan, HostPlan } from './plan.ts'
import { planHost } from './plan-host.ts'
import { ourStatus, type Status } from './status.ts'

/** Everything that delivering takes of the world. */
export interface DeliveryIo extends SessionIo, AuthenticatorIo {
  readonly resolver: Resolver
  readonly sts: StsService
  readonly clock: Clock
  /** For EHLO: a host name in A-labels, or an address literal. */
  readonly clientName: string
  /** Of MX hosts. */
  readonly port: number
  readonly random: Random
  readonly options?: DecisionOptions | undefined
  /** What operators decided otherwise. */
  readonly overrides?: Overrides | undefined
  /** By what we know ourselves among MX hosts: mail must not come back. RFC 5321 §5.1 */
  readonly ownHosts?: OwnHosts | undefined
  /** Hears what was found out and decided about each domain. */
  readonly onDecision?: ((decided: DecidedDomain) => void) | undefined
}

export interface DecidedDomain {
  readonly facts: Facts
  readonly decision: DomainDecision
}

export interface PlanDemand extends MessageDemand {
  /** Whether a policy in force is to be fetched again first. RFC 8461 §5.1 */
  readonly recheck: boolean
}

/** Decides about a domain, and makes the plan that carries the decision out. Rejects only when given up. */
export async function planDomain(domain: MailDomain, demand: PlanDemand, io: DeliveryIo): Promise<DomainPlan> {
  const { options = defaultOptions, overrides = noOverrides, clock, onDecision } = io
  const nextHop = nextHopOf(domain)
  if (demand.recheck && nextHop.kind === 'domain') await refreshPolicy(nextHop.domain, io)
  const now = clock.now()
  const { insecureMx, preferredDigest } = options
  const facts = await examine(nextHop, { ...io, smtpPort: io.port, insecureMx, preferredDigest })
  const decision = decide(facts, { now, options, demand, overrides })
  onDecision?.({ facts, decision })
  const { negativeAnchors } = decision
  return { ...planOf(decision, facts, io), ...(negativeAnchors.length > 0 && { negativeAnchors }) }
}

/** The lookup that follows says it when the store cannot be read. */
async function refreshPolicy(domain: DomainName, { sts, signal }: DeliveryIo): Promise<void> {
  try {
    await sts.refresh(domain, { signal })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
  }
}

function nextHopOf(domain: MailDomain): NextHop {
  return domain.kind === 'domain'
    ? { kind: 'domain', domain: domain.name }
    : { kind: 'literal', address: domain.address }
}

function planOf(decision: DomainDecision, facts: Facts, io: DeliveryIo): DomainPlan {
  const { row, reason, text, hosts } = decision
  if (hosts.length === 0) return { action: 'refuse', row, status: domainStatus(reason, text) }
  const { ownHosts = noOwnHosts } = io
  // Hosts that are skipped are looked at too: whatever else is wrong with us, what is no better than us is cut.
  const left = cutSelf(hosts, ({ host }) => isOwnHost(ownHosts, host, addressesOf(host, facts)))
  if (left.length === 0) {
    const words = 'this mail server is the best host for the domain, and was not told to take its mail'
    return { action: 'refuse', row, status: ourStatus('mail-loop', 'dns', words) }
  }
  return { action: 'deliver', hosts: orderHosts(left, io.random).map((host) => planOne(host, io)) }
}

function addressesOf(host: string, { hosts }: Facts): readonly string[] {
  const addresses = hosts.find((found) => found.host === host)?.addresses
  return addresses?.kind === 'found' ? addresses.addresses : []
}

function domainStatus(reason: DomainDecision['reason'], text: string): Status {
  switch (reason) {
    case 'no-such-domain':
      return ourStatus('no-such-domain', 'dns', text)
    case 'null-mx':
      return ourStatus('null-mx', 'dns', text)
    case 'dane-required':
      return ourStatus('tls-failed', 'dane', text)
    case 'policy-lookup-failed':
      return ourStatus('dns-failed', 'mta-sts', text)
    case 'mx-lookup-failed':
      return ourStatus('dns-failed', 'dns', text)
    case 'no-usable-host':
    case 'all-hosts-skipped':
    case 'hosts':
      return ourStatus('no-host', 'dns', text)
  }
}

function planOne(host: HostDecision, io: DeliveryIo): HostPlan {
  return host.action === 'connect' ? planHost(host, io) : { ...planSkip(host), action: 'skip' }
}

function planSkip({
  host,
  preference,
  row,
  reason,
  text,
}: SkipDecision): Omit<Extract<HostPlan, { action: 'skip' }>, 'action'> {
  return { host, preference, row, reason: text, status: skipStatus(reason, text, row) }
}

function skipStatus(reason: SkipDecision['reason'], text: string, row: SkipDecision['row']): Status {
  switch (reason) {
    case 'tlsa-lookup-failed':
    case 'dane-required':
      return ourStatus('tls-failed', 'dane', text)
    case 'mx-not-in-policy':
      return ourStatus('tls-failed', 'mta-sts', text)
    case 'address-lookup-failed':
      // Row 1 holds mail back for DANE: behind a signed MX record the addresses lead to the TLSA records. RFC 7672 §2.1.2
      return row === '1' ? ourStatus('tls-failed', 'dane', text) : ourStatus('dns-failed', 'dns', text)
    case 'no-address':
      return ourStatus('no-host', 'dns', text)
    case 'requiretls-unprotected':
      return ourStatus('requiretls-unprotected', 'requiretls', text)
    case 'override':
      return ourStatus('no-host', 'override', text)
  }
}
