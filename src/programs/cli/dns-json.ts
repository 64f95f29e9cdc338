import { hex } from '../../core/dns/octets.ts'
import { formatType } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { ChainLink, Failure, Resolution } from '../../core/dnssec/resolution.ts'
import { numbersOf, type TrustPoint } from '../../core/dnssec/trust-point.ts'
import { formatName } from '../../core/name/text.ts'
import { type CodeReport, codesToJson, type SaidReport, saidToJson } from './extended-errors.ts'

interface Question {
  /** Zone text. */
  readonly name: string
  readonly type: string
  /** Ours: of a failure, and of what is insecure for want of something here. */
  readonly extendedErrors: readonly CodeReport[]
  /** The server's own. */
  readonly serverErrors: readonly SaidReport[]
}

interface LinkReport {
  readonly zone: string
  readonly status: ChainLink['status']
  readonly by: ChainLink['by']
  readonly ds: readonly DsReport[]
  readonly key: { readonly keyTag: number; readonly algorithm: number } | null
  /** When the signature over the zone's keys ends, ISO 8601. */
  readonly signedUntil: string | null
}

interface DsReport {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  /** Hex, lower case. */
  readonly digest: string | null
}

export interface FoundReport extends Question {
  readonly result: 'answer' | 'nodata' | 'nxdomain'
  readonly status: 'secure' | 'insecure'
  readonly canonicalName: string
  readonly aliases: readonly {
    readonly owner: string
    readonly target: string
    readonly via: string
    readonly status: string
  }[]
  readonly ttl: number
  readonly records: readonly string[]
  readonly signer: string | null
  /** When the signatures over the answer or denial end, ISO 8601. */
  readonly signedUntil: string | null
  readonly reason: string | null
  /** Those by which some of it was not validated. */
  readonly negativeTrustAnchors: readonly NegativeAnchorReport[]
  readonly server: string | null
  readonly cached: boolean
  readonly chain: readonly LinkReport[]
}

export interface NegativeAnchorReport {
  /** Zone text. */
  readonly name: string
  /** ISO 8601 */
  readonly until: string
  readonly reason: string
}

export interface FailedReport extends Question {
  readonly result: 'failure'
  readonly status: 'bogus' | 'indeterminate'
  readonly why: Failure['why']
  readonly reason: string
  readonly extendedError: number
  readonly zone: string | null
  readonly server: string | null
  readonly cached: boolean
  readonly chain: readonly LinkReport[]
}

/** A lookup as JSON has it: the shape that `waxseal.dns/1` and others contain. docs/json.md */
export type LookupReport = FoundReport | FailedReport

/** What became of a lookup, as in `waxseal.dns/1`. docs/json.md */
export function resolutionToJson(resolution: Resolution): LookupReport {
  const errors = { extendedErrors: codesToJson(resolution), serverErrors: saidToJson(resolution) }
  const question = { name: formatName(resolution.name), type: formatType(resolution.type), ...errors }
  if (resolution.kind === 'failure') {
    const { why, reason, ede, zone, server, cached, chain } = resolution
    return {
      ...{ ...question, result: resolution.kind, status: failedStatus(resolution) },
      ...{ why, reason, extendedError: ede, zone: zone === undefined ? null : formatName(zone) },
      ...{ server: server ?? null, cached, chain: chain.map(linkToJson) },
    }
  }
  const { status, canonicalName, aliases, ttl, evidence } = resolution
  const { signer, expiration, server, cached, reason, chain, negativeAnchors = [] } = evidence
  return {
    ...{ ...question, result: resolution.kind, status, canonicalName: formatName(canonicalName) },
    aliases: aliases.map(({ owner, target, via, status: of }) => ({
      ...{ owner: formatName(owner), target: formatName(target), via, status: of },
    })),
    ...{ ttl, records: resolution.kind === 'answer' ? resolution.records.map(formatRecord) : [] },
    ...{ signer: signer === undefined ? null : formatName(signer), signedUntil: momentOf(expiration) },
    reason: reason ?? null,
    negativeTrustAnchors: negativeAnchors.map(negativeAnchorToJson),
    ...{ server: server ?? null, cached, chain: chain.map(linkToJson) },
  }
}

export function negativeAnchorToJson({ name, until, reason }: NegativeAnchor): NegativeAnchorReport {
  return { name: formatName(name), until: new Date(until).toISOString(), reason }
}

/** What is thought of the keys of a name that validation starts from. RFC 5011 §4.2 */
export function trustPointToJson({ anchors, observedAt, askAt }: TrustPoint) {
  return {
    anchors: anchors.map(({ anchor, state, since, holdUntil }) => ({
      ...{ ...numbersOf(anchor), state, since: momentOf(since), trustedFrom: momentOf(holdUntil) },
    })),
    ...{ lookedAt: momentOf(observedAt), nextLook: momentOf(askAt) },
  }
}

/** The words of RFC 4035 §4.3: a lookup that failed without being bogus is indeterminate. */
function failedStatus({ why }: Failure): 'bogus' | 'indeterminate' {
  return why === 'bogus' ? 'bogus' : 'indeterminate'
}

function linkToJson({ zone, status, by, ds, key, expiration }: ChainLink): LinkReport {
  return {
    ...{ zone: formatName(zone), status, by },
    ds: ds.map(({ keyTag, algorithm, digestType, digest }) => ({
      ...{ keyTag, algorithm, digestType, digest: digest === undefined ? null : hex(digest) },
    })),
    key: key === undefined ? null : { keyTag: key.keyTag, algorithm: key.algorithm },
    signedUntil: momentOf(expiration),
  }
}

/** A signature's end: good until 2106, when its 32 bits begin anew. RFC 4034 §3.1.5 */
function momentOf(expiration: number | undefined): string | null {
  return expiration === undefined ? null : new Date(expiration * 1000).toISOString()
}
