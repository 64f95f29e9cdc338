import type { AddressProbe, KeyFinding } from '../../core/check/address-probe.ts'
import { notConnected, presentedBy } from '../../core/check/sessions.ts'
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
export function addressSeen(probe: AddressProbe): AddressSeen {
  const { address, outcome } = probe
  const shown = presentedBy(probe).flatMap(({ chain }) => shownBy(chain) ?? [])
  if (outcome.kind !== 'talked') return { address, shown: [], unknown: outcomeWords(outcome), lacksTls: false }
  const { keys, startTls } = outcome
  const lacksTls = shown.length === 0 && (startTls.offer.kind === 'absent' || startTls.answer.kind === 'refused')
  if (lacksTls) return { address, shown, unknown: 'it offers no STARTTLS', lacksTls }
  const unknown = [keys.rsa, keys.ecdsa].map(whyUntold).find((why) => why !== undefined)
  return { address, shown, unknown, lacksTls }
}

/** Why it is not known what key of this kind is presented; undefined when it is known, be it that there is none. */
function whyUntold(finding: KeyFinding): string | undefined {
  switch (finding.kind) {
    case 'presented':
    case 'absent':
      return undefined
    case 'failed':
      return `the TLS handshake failed: ${finding.failure.reason}`
    case 'no-tls':
      return 'it did not begin TLS'
    case 'untold':
      return 'it is busy, or did not answer'
  }
}

function outcomeWords(outcome: Exclude<AddressProbe['outcome'], { readonly kind: 'talked' }>): string {
  switch (outcome.kind) {
    case 'not-connected':
      return notConnected[outcome.why]
    case 'no-greeting':
      return 'it does not greet'
    case 'not-smtp':
      return 'what answers speaks no SMTP'
    case 'busy':
      return 'it is busy, or greylists us'
    case 'turned-away':
      return 'it turns us away'
    case 'given-up':
      return 'there was no time for it'
  }
}
