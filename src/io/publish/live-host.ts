import type { AddressProbe } from '../../core/check/address-probe.ts'
import { presentedBy, whyNotShown } from '../../core/check/sessions.ts'
import type { Tlsa } from '../../core/dane/tlsa.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Name } from '../../core/name/name.ts'
import type { ShownKey } from '../../core/publish/tlsa/shown.ts'
import { findAddresses } from '../examine/find-addresses.ts'
import { findTlsa } from '../examine/find-tlsa.ts'
import type { Probes } from '../probe/create-probes.ts'
import type { Resolver } from '../resolver/resolver.ts'

/** A host as it is now: what each of its addresses shows, and what its TLSA records are. */
export interface LiveHost {
  readonly host: DomainName
  /** Below which its TLSA records stand, or would. RFC 7672 §2.2.3 */
  readonly baseDomain: DomainName
  readonly addresses: readonly LiveAddress[]
  /** Addresses that nobody looked at, for IPv4 alone was asked for. */
  readonly leftOut: readonly string[]
  /** Why its addresses, or its records, are not known, or that there are no addresses. */
  readonly failure: { readonly kind: 'no-address' | 'lookup-failed'; readonly reason: string } | undefined
  /** Whether its addresses are proved by DNSSEC: TLSA records count for nothing where they are not. RFC 7672 §2.2.2 */
  readonly isSecure: boolean
  /** The zone that its addresses are signed in. */
  readonly zone: Name | undefined
  /** Its secure TLSA records, whether or not they can be used. */
  readonly published: readonly Tlsa[]
}

export interface LiveAddress {
  readonly address: string
  readonly shown: readonly ShownKey[]
  /** Why not all is known of it, or what it does not do: TLS at all. */
  readonly trouble: { readonly kind: 'no-starttls' | 'unseen'; readonly reason: string } | undefined
}

export interface LiveHostIo {
  readonly resolver: Resolver
  readonly probes: Pick<Probes, 'probe'>
  readonly smtpPort: number
  /** Whether IPv6 is left out. */
  readonly ipv4: boolean
  /** Ends lookups, and not sessions. */
  readonly lookupSignal: AbortSignal
  readonly signal: AbortSignal
}

/** Looks at a host: its addresses, each of them, with RSA and with ECDSA, and its TLSA records. */
export async function findLiveHost(host: DomainName, io: LiveHostIo): Promise<LiveHost> {
  const { resolver, smtpPort, lookupSignal } = io
  const { addresses, candidates } = await findAddresses(host, { resolver, signal: lookupSignal })
  const zone = addresses.lookups.flatMap((lookup) =>
    lookup.kind === 'answer' ? (lookup.evidence.signer ?? []) : [],
  )[0]
  const base = { host, zone, isSecure: candidates.length > 0, published: [], leftOut: [] }
  if (addresses.kind !== 'found') {
    const failure =
      addresses.kind === 'none'
        ? ({ kind: 'no-address', reason: 'it has no address' } as const)
        : ({ kind: 'lookup-failed', reason: addresses.reason } as const)
    return { ...base, baseDomain: candidates[0] ?? host, addresses: [], failure }
  }
  const tlsa = await findTlsa(candidates, { resolver, smtpPort, signal: lookupSignal })
  const found = 'baseDomain' in tlsa ? tlsa : undefined
  const baseDomain = found?.baseDomain ?? candidates[0] ?? host
  const leftOut = addresses.addresses.filter((address) => io.ipv4 && address.includes(':'))
  const asked = addresses.addresses.filter((address) => !leftOut.includes(address))
  return {
    ...{ ...base, baseDomain, leftOut, published: found?.records ?? [] },
    failure:
      tlsa.row === 'H8'
        ? { kind: 'lookup-failed', reason: `its TLSA records cannot be looked up: ${tlsa.reason}` }
        : undefined,
    addresses: await Promise.all(asked.map((address) => lookAtAddress({ host, address, baseDomain }, io))),
  }
}

interface AddressAsk {
  readonly host: DomainName
  readonly address: string
  readonly baseDomain: DomainName
}

/** What was given up on is as unknown as what was never begun. */
async function lookAtAddress({ host, address, baseDomain }: AddressAsk, io: LiveHostIo): Promise<LiveAddress> {
  const { probes, smtpPort, signal } = io
  const asked = { host, endpoint: { address, port: smtpPort }, serverName: baseDomain, depth: 'quick' } as const
  try {
    return ofProbe(await probes.probe(asked, signal))
  } catch (error) {
    if (!signal.aborted) throw error
    return { address, shown: [], trouble: { kind: 'unseen', reason: 'there was no time for it' } }
  }
}

function ofProbe(probe: AddressProbe): LiveAddress {
  const { address } = probe
  const shown = presentedBy(probe).map(({ keyType, chain }) => ({ address, keyType, chain }))
  const why = whyNotShown(probe)
  if (why === undefined) return { address, shown, trouble: undefined }
  const { reason, lacksStartTls } = why
  return { address, shown, trouble: { kind: lacksStartTls ? 'no-starttls' : 'unseen', reason } }
}
