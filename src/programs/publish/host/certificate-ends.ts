import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { CertificateSource } from '../../../io/publish/certificate-source.ts'

/** When certificates end, looked at a few at a time: each look may read a file. */
export interface CertificateEnds {
  /** Looks at some more hosts; to be called every second. */
  tick(): void
  /** Of the hosts that were looked at: undefined where there is no certificate. */
  readonly ends: ReadonlyMap<DomainName, number | undefined>
}

export interface Certified {
  readonly hosts: ReadonlySet<DomainName>
  readonly certificates: Pick<CertificateSource, 'endOf'>
}

/** Goes round and round the hosts that there are. */
export function createCertificateEnds(current: () => Certified): CertificateEnds {
  const ends = new Map<DomainName, number | undefined>()
  let round: Iterator<DomainName> | undefined
  let of: ReadonlySet<DomainName> | undefined
  return {
    tick() {
      const { hosts, certificates } = current()
      if (hosts !== of) {
        // Another configuration: those that are gone are no matter of ours any more.
        for (const host of ends.keys()) if (!hosts.has(host)) ends.delete(host)
        round = undefined
        of = hosts
      }
      for (let looked = 0; looked < Math.min(limits.policyServer.endsPerSecond, hosts.size); looked++) {
        round ??= hosts.values()
        const next = round.next()
        if (next.done === true) {
          round = undefined
          return
        }
        ends.set(next.value, certificates.endOf(next.value))
      }
    },
    ends,
  }
}
