import type { AddressProbe } from '../../core/check/address-probe.ts'
import { presentedBy, whyNotShown } from '../../core/check/sessions.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { shownBy } from '../../core/publish/rollover/association.ts'
import type { AddressSeen, HostSeen } from '../../core/publish/rollover/rollover.ts'
import { findAddresses } from '../examine/find-addresses.ts'
import type { Probes } from '../probe/create-probes.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'

export interface HostLook {
  readonly host: DomainName
  readonly port: number
}

export interface HostLookIo {
  readonly resolver: Resolver
  readonly probes: Pick<Probes, 'probe'>
  readonly signal: StopSignal
}

/** Looks at what every address of a host presents, RSA and ECDSA. Rejects only when given up. */
export async function lookAtHost({ host, port }: HostLook, io: HostLookIo): Promise<HostSeen> {
  const { resolver, probes, signal } = io
  const found = await findAddresses(host, { resolver, signal })
  if (found.addresses.kind === 'failed') return { addresses: [], fault: `its addresses: ${found.addresses.reason}` }
  if (found.addresses.kind === 'none') return { addresses: [], fault: 'it has no address' }
  const { addresses } = found.addresses
  const seen = await Promise.all(
    addresses.map(async (address) => {
      const asked = { host, endpoint: { address, port }, serverName: host, depth: 'quick' as const }
      return addressSeen(await probes.probe(asked, signal))
    }),
  )
  const { lookups } = found.addresses
  if (lookups.some(({ kind }) => kind === 'failure')) {
    return { addresses: seen, fault: 'its addresses of one family cannot be looked up' }
  }
  const left = lookups.flatMap((lookup) => (lookup.kind === 'answer' ? lookup.records : [])).length - addresses.length
  const rest = left > 0 ? [{ ...unseen, unknown: `${left} addresses more were too many to be looked at` }] : []
  return { addresses: [...seen, ...rest], fault: whyNoDane(host, found.candidates) }
}

const unseen = { address: 'others', shown: [], lacksTls: false }

/** Why senders would not look for TLSA records of the host, or first elsewhere. RFC 7672 §2.2.2 */
function whyNoDane(host: DomainName, candidates: readonly DomainName[]): string | undefined {
  const [first] = candidates
  if (first === undefined) return 'its addresses are not signed, so that no sender asks for its TLSA records'
  return first === host ? undefined : `it is an alias of ${first}, where senders look first: name that instead`
}

/** What an address shows, and whether that is all of it. */
function addressSeen(probe: AddressProbe): AddressSeen {
  const shown = presentedBy(probe).flatMap(({ chain }) => shownBy(chain) ?? [])
  const why = whyNotShown(probe)
  return { address: probe.address, shown, unknown: why?.reason, lacksTls: why?.lacksStartTls === true }
}
