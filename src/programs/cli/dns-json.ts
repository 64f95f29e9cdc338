import { formatType } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import type { ChainLink, Resolution } from '../../core/dnssec/resolution.ts'
import { formatName } from '../../core/name/text.ts'

/** What became of a lookup, as in `waxseal.dns/1`. docs/json.md */
export function resolutionToJson(resolution: Resolution) {
  const question = { name: formatName(resolution.name), type: formatType(resolution.type), result: resolution.kind }
  if (resolution.kind === 'failure') {
    const { why, reason, ede, zone, server, cached, chain } = resolution
    return {
      ...question,
      status: statusOf(resolution),
      ...{ why, reason, extendedError: ede ?? null, zone: zone === undefined ? null : formatName(zone) },
      ...{ server: server ?? null, cached, chain: chain.map(linkToJson) },
    }
  }
  const { status, canonicalName, aliases, ttl, evidence } = resolution
  const { signer, server, cached, reason, chain } = evidence
  return {
    ...{ ...question, status, canonicalName: formatName(canonicalName) },
    aliases: aliases.map(({ owner, target, via, status: of }) => ({
      ...{ owner: formatName(owner), target: formatName(target), via, status: of },
    })),
    ...{ ttl, records: resolution.kind === 'answer' ? resolution.records.map(formatRecord) : [] },
    ...{ signer: signer === undefined ? null : formatName(signer), reason: reason ?? null },
    ...{ server: server ?? null, cached, chain: chain.map(linkToJson) },
  }
}

/** The words of RFC 4035 §4.3: a lookup that failed without being bogus is indeterminate. */
export function statusOf(resolution: Resolution): 'secure' | 'insecure' | 'bogus' | 'indeterminate' {
  if (resolution.kind !== 'failure') return resolution.status
  return resolution.why === 'bogus' ? 'bogus' : 'indeterminate'
}

function linkToJson({ zone, status, by, ds, key }: ChainLink) {
  return { zone: formatName(zone), status, by, ds, key: key ?? null }
}
