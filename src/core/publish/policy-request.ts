import { type DomainName, parseDomainName } from '../name/domain.ts'

/** The one path that a policy host serves. RFC 8461 §3.3 */
export const policyPath = '/.well-known/mta-sts.txt'

/** One request to a policy host, as it came. */
export interface PolicyRequest {
  readonly method: string
  readonly target: string
  /** Every Host field there was. */
  readonly hosts: readonly string[]
  /** The name that the connection's certificate was chosen by; undefined where a proxy of ours had the connection. */
  readonly servername: DomainName | undefined
}

/**
 * - `bad-host`: no Host, several, or one that is no host name. RFC 9112 §3.2
 * - `no-such-path`: anything but the path itself, character by character, or another method than GET and HEAD
 * - `misdirected`: for another host than the connection is for. RFC 9110 §15.5.20
 */
export type RequestRefusal = 'bad-host' | 'no-such-path' | 'misdirected'

export type JudgedRequest =
  | { readonly kind: 'policy'; readonly host: DomainName }
  | { readonly kind: 'refused'; readonly why: RequestRefusal }

/**
 * Says which host's policy is asked for; whether it is one of ours is for the caller to know. RFC 8461 §3.3
 *
 * Nothing is decoded, folded or resolved: whatever is not the path is not there. What a client of one host asks of
 * another is refused although we may have both: it has looked at a certificate of the first alone.
 */
export function judgePolicyRequest(request: PolicyRequest): JudgedRequest {
  const { method, target, hosts, servername } = request
  const [given] = hosts
  if (given === undefined || hosts.length > 1) return refused('bad-host')
  if (method !== 'GET' && method !== 'HEAD') return refused('no-such-path')
  // What nearly every sender sends.
  if (target === policyPath && given === servername) return { kind: 'policy', host: servername }
  const authority = target === policyPath ? given : authorityOf(target)
  if (authority === undefined) return hostOf(given) === undefined ? refused('bad-host') : refused('no-such-path')
  const host = hostOf(authority)
  if (host === undefined) return refused('bad-host')
  if (servername !== undefined && host !== servername) return refused('misdirected')
  return { kind: 'policy', host }
}

function refused(why: RequestRefusal): JudgedRequest {
  return { kind: 'refused', why }
}

/** Of a target in absolute form, which every server must take and whose host counts before Host. RFC 9112 §3.2.2 */
function authorityOf(target: string): string | undefined {
  const [, authority, path] = /^https:\/\/([^/?#@]*)(.*)$/is.exec(target) ?? []
  return path === policyPath ? authority : undefined
}

/** A name, with any port behind it: behind a router or a proxy it need not be ours. RFC 9110 §7.2 */
function hostOf(authority: string): DomainName | undefined {
  const [, name = ''] = /^([!-9;-~]+?)(?::\d{0,5})?$/.exec(authority) ?? []
  const parsed = parseDomainName(name)
  return parsed.ok ? parsed.value : undefined
}
