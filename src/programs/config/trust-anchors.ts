import { ConfigError } from '../../core/config-error.ts'
import { positionOf } from '../../core/dns/zone-text.ts'
import { type AnchorFault, parseTrustAnchors, type TrustAnchor, unusableOwner } from '../../core/dnssec/anchors.ts'
import { createPolicy } from '../../core/dnssec/policy.ts'
import { looksLikeXml } from '../../core/dnssec/root-anchors.ts'
import { limits } from '../../core/limits.ts'
import { formatName } from '../../core/name/text.ts'

export interface AnchorFileOptions {
  readonly path: string
  /** Whether SHA-1 signatures count. RFC 9905 §2 */
  readonly allowSha1: boolean
}

/**
 * The DS and DNSKEY records of a file, or the digests of IANA's `root-anchors.xml`. Throws ConfigError, with the file, when
 * they cannot be trust anchors.
 */
export function parseAnchorFile(text: string, { path, allowSha1 }: AnchorFileOptions): readonly TrustAnchor[] {
  const anchors = parseTrustAnchors(text)
  if (anchors.ok) return requireUsable(anchors.value, path, allowSha1)
  if (anchors.fault === 'no-anchors') throw new ConfigError(`"${path}" holds no DS or DNSKEY record`)
  const { line } = positionOf(text, anchors.at)
  if (anchors.fault === 'not-an-anchor') {
    throw new ConfigError(`${path}:${line}: a trust anchor is a DS or DNSKEY record, and this is neither`)
  }
  if (looksLikeXml(text)) throw new ConfigError(`${path}:${line}: ${xmlFaults[anchors.fault] ?? anchors.fault}`)
  throw new ConfigError(`${path}:${line}: no zone text: ${anchors.fault.replaceAll('-', ' ')}`)
}

/** RFC 9718 §2.1 */
const xmlFaults: Partial<Record<AnchorFault, string>> = {
  'xml-syntax': 'no well-formed XML',
  'xml-doctype': 'DOCTYPE, entities, CDATA and processing instructions are not read',
  'xml-too-deep': 'its elements are not those of root-anchors.xml',
  'xml-too-large': `more than ${limits.dnssec.anchorDigests} KeyDigest elements`,
  'not-root-anchors': 'its elements are not those of root-anchors.xml',
  'wrong-value': 'a number, date, digest or key of it cannot be read',
  'wrong-key': 'the key beside a digest is not the one that was digested',
}

function requireUsable(anchors: readonly TrustAnchor[], path: string, allowSha1: boolean): readonly TrustAnchor[] {
  const owner = unusableOwner(anchors, createPolicy({ allowSha1 }))
  if (owner === undefined) return anchors
  throw new ConfigError(`"${path}" holds for ${formatName(owner)} no key or digest of a kind that can be used`)
}
