import type { DecisionOptions } from '../../core/decision/decision.ts'
import type { Facts, HostFacts, MxFinding, NextHop, StsFinding } from '../../core/decision/facts.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { StsService } from '../mtasts/sts-service.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'
import { findAddresses } from './find-addresses.ts'
import { findHosts, type MxHosts } from './find-hosts.ts'
import { findTlsa } from './find-tlsa.ts'

/** What looking at a next hop takes. */
export interface ExamineIo {
  readonly resolver: Resolver
  readonly sts: Pick<StsService, 'lookup'>
  /** Under which TLSA records stand. */
  readonly smtpPort: number
  /** As the decision will have it: TLSA records that it would pass over are not asked for. */
  readonly insecureMx?: DecisionOptions['insecureMx'] | undefined
  readonly preferredDigest?: DecisionOptions['preferredDigest'] | undefined
  readonly signal?: StopSignal | undefined
}

/**
 * Finds out everything that a decision about mail for one next hop rests on, as much of it at once as may be.
 *
 * Failed lookups are findings. Rejects with the signal's reason when given up, for that is no finding at all.
 */
export async function examine(nextHop: NextHop, io: ExamineIo): Promise<Facts> {
  const [{ mx, hosts }, sts] = await Promise.all([examineHosts(nextHop, io), findPolicy(nextHop, io)])
  io.signal?.throwIfAborted()
  return { nextHop, mx, hosts, sts }
}

/** A relay's own name is the policy domain, whoever the recipients are. RFC 8461 §3.4 */
async function findPolicy(nextHop: NextHop, { sts, signal }: ExamineIo): Promise<StsFinding | undefined> {
  if (nextHop.kind === 'literal') return undefined
  return sts.lookup(nextHop.kind === 'relay' ? nextHop.host : nextHop.domain, { signal })
}

async function examineHosts(nextHop: NextHop, io: ExamineIo): Promise<Pick<Facts, 'mx' | 'hosts'>> {
  if (nextHop.kind === 'literal')
    return { mx: { row: 'M8', resolution: undefined }, hosts: [literalHost(nextHop.address)] }
  const found = await findMx(nextHop, io)
  const mayHaveDane = !(isInsecure(found.mx) && io.insecureMx === 'skip')
  const hosts = await Promise.all(
    found.hosts.map(({ host, preference }) => examineHost(host, preference, mayHaveDane, io)),
  )
  return { mx: found.mx, hosts }
}

/** Of MX records, or of there being none. RFC 7672 §2.2.1 */
function isInsecure(mx: MxFinding): boolean {
  return 'status' in mx && mx.status === 'insecure'
}

/** DANE does not apply to addresses. RFC 7672 §2.2 */
function literalHost(address: string): HostFacts {
  return {
    ...{ host: `[${address}]`, preference: 0 },
    addresses: { kind: 'found', addresses: [address], lookups: [] },
    tlsa: { row: 'H4', lookups: [] },
  }
}

async function findMx(nextHop: Exclude<NextHop, { kind: 'literal' }>, io: ExamineIo): Promise<MxHosts> {
  if (nextHop.kind === 'domain') return findHosts(nextHop.domain, io)
  return { mx: { row: 'M8', resolution: undefined }, hosts: [{ host: nextHop.host, preference: 0 }] }
}

/** Addresses first: who has none, or insecure ones, is not asked for TLSA records. RFC 7672 §2.2.2 */
async function examineHost(
  host: DomainName,
  preference: number,
  mayHaveDane: boolean,
  io: ExamineIo,
): Promise<HostFacts> {
  const { addresses, candidates } = await findAddresses(host, io)
  const notAsked = addresses.kind === 'failed' ? 'H2' : addresses.kind === 'none' ? 'H3' : undefined
  if (notAsked !== undefined) return { host, preference, addresses, tlsa: { row: notAsked, lookups: [] } }
  if (!mayHaveDane) return { host, preference, addresses, tlsa: { row: 'H1', lookups: [] } }
  if (candidates.length === 0) return { host, preference, addresses, tlsa: { row: 'H4', lookups: [] } }
  return { host, preference, addresses, tlsa: await findTlsa(candidates, io) }
}
