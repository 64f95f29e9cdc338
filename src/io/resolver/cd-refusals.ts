import { RCODE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { createCache } from './cache.ts'

/** Which recursive servers answer questions without CD alone. RFC 6840 §5.9, Appendix B */
export interface CdRefusals {
  /** With and without CD, in the order of trying. */
  orderFor(server: string): readonly boolean[]
  /** The server refused one way with this RCODE, and answered the other. */
  note(server: string, refused: { readonly checkingDisabled: boolean; readonly rcode: number }): void
}

const usual: readonly boolean[] = [true, false]
const reverse: readonly boolean[] = [false, true]

export function createCdRefusals(now: () => number): CdRefusals {
  const bounds = { now, entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const refusing = createCache<true>({ ...bounds, octetsOf: () => 8 })
  return {
    orderFor: (server) => (refusing.get(server) === undefined ? usual : reverse),
    note(server, { checkingDisabled, rcode }) {
      if (!checkingDisabled) return refusing.delete(server)
      // A failure may have been one of the name, or have passed meanwhile.
      const kept = rcode === RCODE.SERVFAIL ? limits.resolver.bogusTtl : limits.resolver.capabilityKept
      refusing.put(server, true, now() + kept * 1000)
    },
  }
}
