import { limits } from '../../core/limits.ts'
import { isCertificateFault } from '../../core/mtasts/fetch-fault.ts'
import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import type { Network } from '../network.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'
import { get } from './http-get.ts'
import type { PkixTrust } from './pkix-trust.ts'
import type { FetchEvidence, FetchProblem, PolicyFetch } from './policy-fetch.ts'
import { lookupAddresses } from './policy-host-addresses.ts'
import { openTls } from './tls-handshake.ts'

export interface FetchPolicyOptions {
  readonly resolver: Resolver
  readonly network: Network
  readonly clock: Clock
  readonly trust: PkixTrust
  readonly signal?: StopSignal | undefined
  /** Milliseconds for the whole fetch, names and all addresses included; 60 seconds unless told. */
  readonly deadlineMs?: number | undefined
  /** Takes bodies of other media types than text/plain too. */
  readonly anyMediaType?: boolean | undefined
  /** Nothing is said of us unless told: for the checker, which looks whether a server minds. */
  readonly userAgent?: string | undefined
}

const path = '/.well-known/mta-sts.txt'

/**
 * Fetches the body of a domain's MTA-STS policy; whether it is one, its parser says. RFC 8461 §3.3
 *
 * Addresses are tried in order as long as none completes a handshake; what the first HTTP answer says is final. Never
 * rejects for what the network does.
 */
export function fetchPolicy(domain: DomainName, options: FetchPolicyOptions): Promise<PolicyFetch> {
  return inTime(domain, options, (signalled) => tryPolicyHost(domain, signalled))
}

/** The same from one address of the policy host, whatever the others have. For the checker. */
export function fetchPolicyAt(
  domain: DomainName,
  { host, address }: { readonly host: DomainName; readonly address: string },
  options: FetchPolicyOptions,
): Promise<PolicyFetch> {
  return inTime(domain, options, (signalled) => tryAddress(host, address, signalled))
}

async function inTime(
  domain: DomainName,
  options: FetchPolicyOptions,
  attemptWith: (options: SignalledOptions) => Promise<Attempt>,
): Promise<PolicyFetch> {
  const { signal, deadlineMs = limits.sts.fetchMs } = options
  const started = performance.now()
  const ending = createEnding(signal, deadlineMs)
  try {
    const attempt = await attemptWith({ ...options, signal: ending.signal })
    const milliseconds = Math.round(performance.now() - started)
    const evidence = { url: `https://mta-sts.${domain}${path}`, ...attempt.seen, milliseconds }
    if (attempt.outcome instanceof Uint8Array) return { kind: 'fetched', body: attempt.outcome, evidence }
    return failed(nameTheEnd(attempt.outcome, ending.signal, deadlineMs), evidence)
  } finally {
    ending.stop()
  }
}

/** What came of one address, or of the fetch as a whole, and what was seen on the way. */
interface Attempt {
  readonly outcome: Uint8Array | FetchProblem
  readonly seen: Omit<FetchEvidence, 'url' | 'milliseconds'>
  /** Whether another address may do better. */
  readonly final: boolean
}

type SignalledOptions = FetchPolicyOptions & { readonly signal: StopSignal }

async function tryPolicyHost(domain: DomainName, options: SignalledOptions): Promise<Attempt> {
  const host = parseDomainName(`mta-sts.${domain}`)
  if (!host.ok) return stop({ fault: 'dns', reason: `mta-sts.${domain} is longer than a name may be` })
  const addresses = await lookupAddresses(host.value, options)
  if ('fault' in addresses) return stop(addresses)
  let best: Attempt | undefined
  for (const address of addresses) {
    const attempt = await tryAddress(host.value, address, options)
    if (attempt.final || options.signal.aborted) return attempt
    // What a handshake showed says more than that some other address did not answer.
    if (best === undefined || !isFault(attempt, 'connect')) best = attempt
  }
  return best ?? stop({ fault: 'no-address', reason: `${host.value} has no address` })
}

async function tryAddress(host: DomainName, address: string, options: SignalledOptions): Promise<Attempt> {
  const { network, signal, anyMediaType = false, userAgent } = options
  const connected = await network.connectTcp(
    { address, port: 443 },
    { chosenBy: 'stranger', timeoutMs: limits.sts.connectMs, signal },
  )
  if (!connected.ok) {
    const outcome: FetchProblem = {
      fault: 'connect',
      reason: `no connection to ${address} port 443: ${connected.fault}`,
    }
    return { outcome, seen: { address }, final: false }
  }
  const handshake = await openTls(connected.value, { ...options, host })
  const presented = handshake.certificate === undefined ? {} : { certificate: handshake.certificate.raw }
  if (handshake.kind === 'failed') {
    return { outcome: handshake.problem, seen: { address, ...presented }, final: false }
  }
  const protocol = handshake.socket.getProtocol() ?? 'unknown'
  const { outcome, ...head } = await get(handshake.socket, { host, path, signal, anyMediaType, userAgent })
  return { outcome, seen: { address, protocol, ...presented, ...head }, final: true }
}

function stop(outcome: FetchProblem): Attempt {
  return { outcome, seen: {}, final: true }
}

function isFault({ outcome }: Attempt, fault: FetchProblem['fault']): boolean {
  return 'fault' in outcome && outcome.fault === fault
}

/** Once time is up every step fails in its own way; what counts then is that time was up. */
function nameTheEnd(problem: FetchProblem, { aborted, reason }: StopSignal, deadlineMs: number): FetchProblem {
  if (reason === 'timeout') return { fault: 'timeout', reason: `no policy after ${deadlineMs / 1000} seconds` }
  return aborted ? { fault: 'aborted', reason: 'given up' } : problem
}

function failed({ fault, reason }: FetchProblem, evidence: FetchEvidence): PolicyFetch {
  const resultType = isCertificateFault(fault) ? 'sts-webpki-invalid' : 'sts-policy-fetch-error'
  return { kind: 'failed', fault, resultType, reason, evidence }
}
