import { listsMx, parseStsPolicy, type StsPolicy } from '../../src/core/mtasts/policy.ts'
import type { PolicyTrial } from '../../src/core/publish/policy-trial.ts'
import type { RampLook } from '../../src/core/publish/sts-ramp.ts'
import type { AnnouncedAt, ServedAt, StsSeen } from '../../src/core/publish/sts-seen.ts'
import { domain } from './domain.ts'

/** `192.0.2.1` and on serve these bodies, and `ns1.example.org` and on have these ids; undefined is nothing. */
export function seenOf(
  bodies: readonly (string | undefined)[],
  ids: readonly (string | undefined)[],
  more: Partial<StsSeen> = {},
): StsSeen {
  return {
    served: bodies.map((body, at) => servedAt(`192.0.2.${at + 1}`, body)),
    announced: ids.map((id, at): AnnouncedAt => {
      const server = `ns${at + 1}.example.org`
      return id === undefined ? { server, kind: 'none' } : { server, kind: 'id', id }
    }),
    ...{ records: [], ttl: ids.some((id) => id !== undefined) ? 3600 : 0, zone: 'example.org', isDelegated: false },
    ...{ hostRecords: [], isHostGone: bodies.length === 0 },
    ...more,
  }
}

function servedAt(address: string, body: string | undefined): ServedAt {
  if (body === undefined) return { address, kind: 'failed', reason: 'the answer has status 404' }
  const policy = parseStsPolicy(body)
  if (!policy.ok) return { address, kind: 'invalid', reason: policy.fault }
  return { address, kind: 'policy', policy: policy.value, body }
}

/** A look at a domain with these MX hosts, of which those named fail in mode enforce. */
export function lookOf(
  now: number,
  seen: StsSeen,
  more: Partial<RampLook> & { readonly failing?: string[] } = {},
): RampLook {
  const { failing = [], hosts = ['mx1.example.org', 'mx2.example.org'].map(domain), ...rest } = more
  const tryPolicy = (policy: StsPolicy): PolicyTrial => ({
    senders: [],
    hosts: hosts.map((host) => {
      const isListed = policy.mode !== 'none' && listsMx(policy.mx, host)
      const passes = isListed && !failing.includes(host)
      return {
        host,
        isListed,
        state: passes ? 'passes' : 'fails',
        text: 'the certificate is for other names',
        unseen: [],
      }
    }),
  })
  return { now, seen, hosts, check: [], tally: undefined, tryPolicy, ...rest }
}
