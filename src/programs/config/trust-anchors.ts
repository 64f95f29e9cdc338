import { ConfigError } from '../../core/config-error.ts'
import { positionOf } from '../../core/dns/zone-text.ts'
import { parseTrustAnchors, type TrustAnchor, unusableOwner } from '../../core/dnssec/anchors.ts'
import { createPolicy } from '../../core/dnssec/policy.ts'
import { formatName } from '../../core/name/text.ts'

export interface AnchorFileOptions {
  readonly path: string
  /** Whether SHA-1 signatures count. RFC 9905 §2 */
  readonly allowSha1: boolean
}

/** The DS and DNSKEY records of a file. Throws ConfigError, with the file, when they cannot be trust anchors. */
export function parseAnchorFile(text: string, { path, allowSha1 }: AnchorFileOptions): readonly TrustAnchor[] {
  const anchors = parseTrustAnchors(text)
  if (anchors.ok) return requireUsable(anchors.value, path, allowSha1)
  if (anchors.fault === 'no-anchors') throw new ConfigError(`"${path}" holds no DS or DNSKEY record`)
  const { line } = positionOf(text, anchors.at)
  if (anchors.fault === 'not-an-anchor') {
    throw new ConfigError(`${path}:${line}: a trust anchor is a DS or DNSKEY record, and this is neither`)
  }
  throw new ConfigError(`${path}:${line}: no zone text: ${anchors.fault.replaceAll('-', ' ')}`)
}

function requireUsable(anchors: readonly TrustAnchor[], path: string, allowSha1: boolean): readonly TrustAnchor[] {
  const owner = unusableOwner(anchors, createPolicy({ allowSha1 }))
  if (owner === undefined) return anchors
  throw new ConfigError(`"${path}" holds for ${formatName(owner)} no key or digest of a kind that can be used`)
}
