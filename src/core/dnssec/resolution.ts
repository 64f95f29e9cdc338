import type { ExtendedError } from '../dns/edns.ts'
import type { ResourceRecord } from '../dns/message.ts'
import type { Name } from '../name/name.ts'
import type { NegativeAnchor } from './negative-anchors.ts'

/** Whether data was proved through a chain of trust, or proved to have none. RFC 4035 §4.3 */
export type Security = 'secure' | 'insecure'

/** One step of an alias chain. A DNAME's CNAME is our own synthesis, with the DNAME's status. RFC 6672 §3.4 */
export interface Alias {
  readonly owner: Name
  readonly target: Name
  readonly via: 'CNAME' | 'DNAME'
  readonly status: Security
}

/** One zone on the way down from the trust anchor, as the validator judged it. */
export interface ChainLink {
  readonly zone: Name
  readonly status: Security
  /** How the zone's keys are known: an anchor, its parent's DS, or why it has no chain. */
  readonly by:
    | 'anchor'
    | 'ds'
    | 'unsigned-delegation'
    | 'opt-out'
    | 'unsupported-algorithm'
    | 'nsec3-iterations'
    | 'no-anchor'
    | 'negative-trust-anchor'
  /** DS that matched, or those that could not be used; empty for an anchor given as a key. */
  readonly ds: readonly {
    readonly keyTag: number
    readonly algorithm: number
    readonly digestType: number
    readonly digest?: Uint8Array
  }[]
  /** Key that signed the zone's DNSKEY RRset, when secure. */
  readonly key: { readonly keyTag: number; readonly algorithm: number } | undefined
  /** When that signature ends: seconds since 1970, as a 32-bit serial number. */
  readonly expiration?: number | undefined
}

/** What stands behind a result, for people who want to see it. */
export interface Evidence {
  /** From the anchor down, to the zone of the last name looked at. */
  readonly chain: readonly ChainLink[]
  /** Zone whose key signed the final RRset or denial, when secure. */
  readonly signer: Name | undefined
  /** When the first to end of the signatures behind it ends: seconds since 1970, as a 32-bit serial number. */
  readonly expiration?: number | undefined
  /** Address and port, or engine-specific text, of the server that gave the final answer. */
  readonly server: string | undefined
  /** True when nothing was asked upstream for it. */
  readonly cached: boolean
  /** Why an insecure result is insecure, in one line. */
  readonly reason: string | undefined
  /** Extended DNS Error number of why it is insecure, if that is for want of something here. RFC 8914 §4 */
  readonly ede?: number | undefined
  /** What the server says by Extended DNS Errors: its own word, on which nothing rests. RFC 8914 §6 */
  readonly said?: readonly ExtendedError[] | undefined
  /** Those by which some of it was not validated: what rests on the result must say so. RFC 7646 */
  readonly negativeAnchors?: readonly NegativeAnchor[] | undefined
}

interface Outcome {
  readonly name: Name
  readonly type: number
  readonly status: Security
  /** The name at the end of the alias chain. */
  readonly canonicalName: Name
  readonly aliases: readonly Alias[]
  /** Seconds left, the least of everything used; 0 means for this use alone. */
  readonly ttl: number
  readonly evidence: Evidence
}

/** There are records, at the end of any aliases. */
export interface Answer extends Outcome {
  readonly kind: 'answer'
  /** The final RRset, at least one record. */
  readonly records: readonly ResourceRecord[]
}

/** The name (at the end of any aliases) or its records do not exist. */
export interface Denial extends Outcome {
  readonly kind: 'nodata' | 'nxdomain'
}

/** No statement about the name could be had: always a temporary failure, never "no records". RFC 7672 §2.1.1 */
export interface Failure {
  readonly kind: 'failure'
  readonly name: Name
  readonly type: number
  readonly why:
    | 'bogus'
    | 'timeout'
    | 'servfail'
    | 'refused'
    | 'malformed'
    | 'unreachable'
    | 'limit'
    | 'overload'
    | 'aborted'
    | 'alias-loop'
    | 'config'
  /** One line, without a full stop: what failed, at which name, and how. */
  readonly reason: string
  /** Extended DNS Error number: ours, whatever the server says. RFC 8914 §4 */
  readonly ede: number
  /** What the server says by Extended DNS Errors: its own word, on which nothing rests. RFC 8914 §6 */
  readonly said?: readonly ExtendedError[] | undefined
  /** Zone in which the failure lies, when known. */
  readonly zone: Name | undefined
  readonly server: string | undefined
  /** What failed is the resolver that is asked, whatever it is asked for: nothing follows from it for the zone. */
  readonly isOurs?: true
  readonly cached: boolean
  /** From the anchor down to where it broke. */
  readonly chain: readonly ChainLink[]
}

/** What a validated lookup yields. Bogus and failed lookups carry no records, so that nobody can use them. */
export type Resolution = Answer | Denial | Failure
