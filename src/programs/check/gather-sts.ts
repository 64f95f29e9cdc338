import type { PolicyLook, StsSide } from '../../core/check/check-facts.ts'
import type { StsFinding } from '../../core/decision/facts.ts'
import { readAddress } from '../../core/dns/rdata/address.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { isCertificateFault } from '../../core/mtasts/fetch-fault.ts'
import { type DomainName, nameOfDomain, parseDomainName } from '../../core/name/domain.ts'
import { fetchPolicyAt } from '../../io/https/fetch-policy.ts'
import type { PolicyFetch } from '../../io/https/policy-fetch.ts'
import { readServed, type ServedPolicy } from '../../io/mtasts/policy-source.ts'
import { findingOf } from '../../io/mtasts/sts-finding.ts'
import { lookupStsRecord } from '../../io/mtasts/sts-record.ts'
import type { GatherIo } from './gather-io.ts'
import type { TextsBeside } from './texts-beside.ts'

/** What a sender without memory finds, and what lies around it. */
export interface StsGathered {
  readonly finding: StsFinding
  readonly side: StsSide
}

/**
 * The record, and the policy from every address of the policy host. Addresses are asked all at once, each once; then one
 * of them again by another name of ours.
 */
export async function gatherSts(
  domain: DomainName,
  beside: Promise<TextsBeside>,
  io: GatherIo,
  signal: AbortSignal,
): Promise<StsGathered> {
  const host = parseDomainName(`mta-sts.${domain}`)
  const policyHost = host.ok ? host.value : undefined
  const [record, addresses, remembered, texts] = await Promise.all([
    lookupStsRecord(domain, { resolver: io.resolver, signal }),
    policyHost === undefined ? [] : lookupPolicyHost(policyHost, io, signal),
    io.remembered(domain),
    beside,
  ])
  const at = alternate(addresses).slice(0, limits.sts.addresses)
  const plain = policyHost === undefined ? [] : await Promise.all(at.map((address) => look(address, 'nobody')))
  const others = await lookAgain(plain)
  const now = io.clock.now()
  const served = record.kind === 'valid' ? servedBy(plain, domain, addresses) : undefined
  return {
    finding: findingOf({ record, cached: undefined, lapsed: false, served, now }),
    side: {
      ...{ policyHost, record: record.resolution, apex: texts.apex, beside: texts.beside, addresses, remembered },
      fetches: [...plain, ...others].map(({ seen }) => seen),
    },
  }

  async function look(address: string, as: PolicyLook['as']): Promise<Looked> {
    const options = { ...io, signal, userAgent: agents[as], deadlineMs: limits.check.policyMs }
    const fetched = await fetchPolicyAt(domain, { host: policyHost as DomainName, address }, options)
    return { fetched, seen: lookOf(fetched, address, as) }
  }

  /** By another name, at the first address that speaks HTTP: as a library where it is served, else as a browser. */
  async function lookAgain(looks: readonly Looked[]): Promise<Looked[]> {
    const first = looks.find(({ fetched }) => fetched.evidence.status !== undefined)
    if (first === undefined) return []
    return [await look(first.seen.address, first.fetched.kind === 'fetched' ? 'library' : 'browser')]
  }
}

interface Looked {
  readonly fetched: PolicyFetch
  readonly seen: PolicyLook
}

const agents: Record<PolicyLook['as'], string | undefined> = {
  nobody: undefined,
  library: 'Go-http-client/1.1',
  browser: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
}

function lookOf(fetched: PolicyFetch, address: string, as: PolicyLook['as']): PolicyLook {
  const { status, location, contentType, protocol, certificate, milliseconds } = fetched.evidence
  const outcome =
    fetched.kind === 'fetched'
      ? ({ kind: 'fetched', body: fetched.body } as const)
      : ({ kind: 'failed', fault: fetched.fault, reason: fetched.reason } as const)
  return { address, as, outcome, status, location, contentType, protocol, certificate, milliseconds }
}

/** As senders do: from the first address that completes a handshake. RFC 8461 §3.3 */
function servedBy(looks: readonly Looked[], domain: DomainName, addresses: readonly Resolution[]): ServedPolicy {
  const final = looks.find(({ fetched }) => fetched.kind === 'fetched' || !isBeforeHttp(fetched))
  const shown =
    final ?? looks.find(({ fetched }) => fetched.kind === 'failed' && fetched.fault !== 'connect') ?? looks[0]
  if (shown !== undefined) return readServed(shown.fetched)
  const failure = addresses.find((lookup) => lookup.kind === 'failure')
  const reason = failure?.kind === 'failure' ? failure.reason : `mta-sts.${domain} has no address`
  const fault = failure === undefined ? 'no-address' : 'dns'
  return { kind: 'failed', failure: { resultType: 'sts-policy-fetch-error', fault, reason }, evidence: undefined }
}

function isBeforeHttp({ fault }: Extract<PolicyFetch, { kind: 'failed' }>): boolean {
  return fault === 'connect' || fault === 'tls' || isCertificateFault(fault)
}

/** The same of a policy host, which few domains have: a name that does not exist has neither. RFC 2308 §5 */
async function lookupPolicyHost(host: DomainName, { resolver }: GatherIo, signal: AbortSignal): Promise<Resolution[]> {
  const name = nameOfDomain(host)
  const first = await resolver.resolve(name, TYPE.AAAA, { signal })
  return [first, await resolver.resolve(name, TYPE.A, { signal })]
}

/** AAAA and A of a host. */
export function lookupBoth(host: DomainName, { resolver }: GatherIo, signal: AbortSignal): Promise<Resolution[]> {
  return Promise.all([TYPE.AAAA, TYPE.A].map((type) => resolver.resolve(nameOfDomain(host), type, { signal })))
}

/** The addresses of several lookups in turn. */
export function alternate(lookups: readonly Resolution[]): string[] {
  const lists = lookups.map(addressesIn)
  const most = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: most }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat()
}

function addressesIn(lookup: Resolution): string[] {
  if (lookup.kind !== 'answer') return []
  return lookup.records.flatMap(({ type, rdata }) => {
    const address = readAddress(type, rdata)
    return address.ok ? [address.value] : []
  })
}
