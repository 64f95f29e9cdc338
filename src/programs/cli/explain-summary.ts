import type { ConnectDecision, DomainDecision, HostDecision } from '../../core/decision/decision.ts'
import { describeOverride, describeRule, describeTarget } from '../../core/decision/override.ts'
import { describeNegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import { type DomainName, formatDomain } from '../../core/name/domain.ts'
import { formatMoment } from './durations.ts'

/** What mail is sure of, from the strongest down. */
export type Sureness = 'authenticated' | 'host-authenticated' | 'encrypted' | 'opportunistic' | 'none'

const order: readonly Sureness[] = ['none', 'opportunistic', 'encrypted', 'host-authenticated', 'authenticated']

/** The weakest that mail may meet: an attacker who can block the other hosts chooses. */
export function protectionOf({ action, hosts }: DomainDecision): Sureness {
  if (action !== 'deliver') return 'none'
  const all = hosts.filter(isConnect).map(surenessOf)
  return order.find((one) => all.includes(one)) ?? 'none'
}

function isConnect(host: HostDecision): host is ConnectDecision {
  return host.action === 'connect'
}

function surenessOf({ tls, mxIsSecure }: ConnectDecision): Sureness {
  if (tls === 'dane') return mxIsSecure ? 'authenticated' : 'host-authenticated'
  if (tls === 'pkix') return 'authenticated'
  return tls === 'encrypt' ? 'encrypted' : 'opportunistic'
}

/** The decision in one sentence. */
export function summarize(domain: DomainName, decision: DomainDecision): string {
  const { action, text, hosts, validUntil } = decision
  const who = formatDomain(domain)
  // What ends in a name has a full stop already.
  const stop = text.endsWith('.') ? '' : '.'
  if (action === 'bounce') return `Mail to ${who} is returned: ${text}${stop}`
  if (action === 'defer') return `Mail to ${who} waits: ${text}${stop}`
  const open = hosts.filter(isConnect)
  const names = listOf([...new Set(open.map(({ host }) => host))])
  const until = validUntil === undefined ? '' : `, until ${formatMoment(validUntil)}`
  return `Mail to ${who} goes ${open.some(isLoose) ? '' : 'only '}to ${names}, ${describe(open)}${until}.`
}

function isLoose({ tls }: ConnectDecision): boolean {
  return tls === 'may'
}

function isByPolicy({ tls, sts }: ConnectDecision): boolean {
  return tls !== 'pkix' || sts.mode === 'enforce'
}

function describe(open: readonly ConnectDecision[]): string {
  const kinds = new Set(open.map(({ tls }) => tls))
  const [only] = kinds
  const byHost = open.some(({ mxIsSecure, tls }) => !mxIsSecure && tls === 'dane')
  if (kinds.size === 1 && only === 'dane') {
    return byHost
      ? 'each host authenticated by DANE, though nothing proves that the domain names it'
      : 'authenticated by DANE'
  }
  const word = open.every(isByPolicy) ? 'MTA-STS' : 'the names that an override asks for'
  if (kinds.size === 1 && only === 'pkix') return `authenticated by ${word}`
  if (!kinds.has('may') && !kinds.has('encrypt')) return `authenticated by DANE or ${word}`
  if (!kinds.has('may')) return 'always encrypted, not always authenticated'
  if (kinds.size > 1) return 'not all of which must be authenticated'
  return 'encrypted where TLS is offered, which an attacker on the way can prevent'
}

function listOf(names: readonly string[]): string {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names
  const last = shown.at(-1) ?? 'no host'
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`
}

/** Why each host that is passed over is, what operators decided otherwise, and where nothing is validated. */
export function reasonsFor({ hosts, negativeAnchors, overrides = [] }: DomainDecision): string[] {
  return [
    ...overrides.map((one) => `${describeTarget(one.target)}: ${describeRule(one.rule)}, ${describeOverride(one)}`),
    ...hosts.flatMap((host) => (host.action === 'skip' ? [`${host.host}: ${host.text}`] : [])),
    ...negativeAnchors.map((anchor) => `no DANE: ${describeNegativeAnchor(anchor)}`),
  ]
}
