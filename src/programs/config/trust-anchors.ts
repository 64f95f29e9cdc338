import { ConfigError } from '../../core/config-error.ts'
import { positionOf } from '../../core/dns/zone-text.ts'
import { parseTrustAnchors, type TrustAnchor } from '../../core/dnssec/anchors.ts'

/** The DS and DNSKEY records of a file. Throws ConfigError, with file and line, when they cannot be trust anchors. */
export function parseAnchorFile(text: string, path: string): readonly TrustAnchor[] {
  const anchors = parseTrustAnchors(text)
  if (anchors.ok) return anchors.value
  if (anchors.fault === 'no-anchors') throw new ConfigError(`"${path}" holds no DS or DNSKEY record`)
  if (anchors.fault === 'not-an-anchor') {
    throw new ConfigError(`"${path}" holds records other than DS and DNSKEY, or damaged ones`)
  }
  const { line } = positionOf(text, anchors.at)
  throw new ConfigError(`${path}:${line}: no zone text: ${anchors.fault.replaceAll('-', ' ')}`)
}
