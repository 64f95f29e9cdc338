import type { CheckFacts } from '../../../core/check/check-facts.ts'
import type { MxPattern, StsPolicy } from '../../../core/mtasts/policy.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { type PatternWarning, warnOfPatterns } from '../../../core/publish/mx-patterns.ts'
import { type HostTrial, type PolicyTrial, tryPolicy } from '../../../core/publish/policy-trial.ts'
import { EXIT } from '../../cli/exit.ts'
import type { Out } from '../../cli/out.ts'
import { hostsIn, type Looking } from './look.ts'
import { say } from './say.ts'

/** A policy held against the MX hosts that there are, and the ones that there are to be. */
export interface Tried {
  readonly trial: PolicyTrial
  readonly warnings: readonly PatternWarning[]
}

/** Where hosts are to come, those that are listed by their names and take no mail yet are connected to as well. */
export async function tryWith(
  facts: CheckFacts,
  policy: StsPolicy,
  { looking, domain, now, comes }: TryOptions,
): Promise<Tried> {
  const mx = policy.mode === 'none' ? [] : policy.mx
  const live = hostsIn(facts)
  const coming = !comes
    ? []
    : mx.filter(({ name, wildcard }) => !wildcard && !live.includes(name)).map(({ name }) => name)
  const sections = new Set(['mail', 'smtp'] as const)
  const others = await Promise.all(coming.map((host) => looking.facts(host, { isHost: true, sections })))
  const { senders } = tryPolicy(facts, policy, now())
  const { hosts } = tryPolicy(others.reduce(withHosts, facts), policy, now())
  return { trial: { senders, hosts }, warnings: warningsOf(mx, live, hosts, domain) }
}

export interface TryOptions {
  readonly looking: Looking
  readonly domain: DomainName
  readonly now: () => number
  /** Whether hosts that take no mail are listed because they are to. */
  readonly comes: boolean
}

function withHosts(facts: CheckFacts, other: CheckFacts): CheckFacts {
  const mail = facts.mail && { ...facts.mail, hosts: [...facts.mail.hosts, ...(other.mail?.hosts ?? [])] }
  return { ...facts, mail, hosts: [...(facts.hosts ?? []), ...(other.hosts ?? [])] }
}

/** A host that is to come, and is there, is in use as far as that goes. */
function warningsOf(mx: readonly MxPattern[], live: DomainName[], hosts: readonly HostTrial[], domain: DomainName) {
  const passing = hosts.filter(({ state }) => state === 'passes').map(({ host }) => host as DomainName)
  return warnOfPatterns(mx, [...new Set([...live, ...passing])], domain)
}

/** 1 where a host fails, 75 where nothing can be said of one, else 0. */
export function statusOfTrial({ hosts }: PolicyTrial): number {
  if (hosts.some(({ state }) => state === 'fails')) return EXIT.nothing
  return hosts.some(({ state }) => state === 'unknown') ? EXIT.temporary : EXIT.done
}

const words = { passes: 'passes', fails: 'FAILS', unknown: 'unknown' } as const

export function sayTrial({ trial, warnings }: Tried, policy: StsPolicy, out: Out): void {
  if (trial.hosts.length > 0) say(out, 'In mode enforce, MX hosts fare so:')
  const width = Math.max(0, ...trial.hosts.map(({ host }) => host.length))
  for (const { host, state, text, unseen } of trial.hosts) {
    say(out, text, `  ${host.padEnd(width)}  ${words[state].padEnd(7)}  `)
    if (unseen.length > 0) say(out, `nothing was seen of ${unseen.join(', ')}`, ' '.repeat(width + 13))
  }
  const held = trial.senders.filter(({ does }) => does === 'delays' || does === 'returns')
  if (held.length > 0) say(out, `With this policy, in mode ${policy.mode}, mail is held back by:`)
  for (const { title, text } of held) say(out, text, `  ${title}: `, '    ')
  for (const { text } of warnings) say(out, `Note: ${text}.`)
}
