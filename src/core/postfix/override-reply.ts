import { namesOf } from '../decision/apply-overrides.ts'
import type { ConnectDecision, HostDecision, SkipDecision } from '../decision/decision.ts'
import type { Facts } from '../decision/facts.ts'
import {
  enforced,
  isLookupFailure,
  ok,
  type PostfixOptions,
  replyWithLevel,
  replyWithTesting,
  secure,
} from './policy-reply.ts'
import type { SocketmapReply } from './socketmap.ts'

/**
 * What Postfix is told where operators had a say in what hosts must show. It has one level for all hosts of a
 * destination, so that what is relaxed for one of them is not said, and what is required of one is asked of all. What
 * cannot be said without letting more pass is `TEMP`.
 */
export function replyByOverrides(
  facts: Facts,
  hosts: readonly HostDecision[],
  options: PostfixOptions,
): SocketmapReply {
  const relaxed = relaxedLevel(hosts)
  if (relaxed !== undefined) return ok(relaxed)
  const asked = hosts.map((host) => (isRelaxed(host) ? (host.override?.instead ?? host) : host))
  const used = asked.filter((host) => host.action === 'connect')
  if (used.length === 0) return unsayable('what is relaxed for one MX host')
  const reply = replyWithRequired(facts, { asked, used }, options)
  const barred = asked.filter((host) => host.action === 'skip' && host.override !== undefined)
  const open = barred.find(({ daneRow }) => !leavesOut(reply, daneRow))
  return open === undefined ? reply : unsayable(`that ${open.host} is not to be used`)
}

/** Of hosts none of which is held to what was found; one without an address may come to have one. */
function relaxedLevel(hosts: readonly HostDecision[]): 'may' | 'encrypt' | undefined {
  const used = hosts.filter((host) => host.action === 'connect')
  const isWhole = used.every(({ override }) => override?.by.target.host === undefined)
  const isHarmless = ({ reason }: SkipDecision) =>
    reason === 'no-address' || (isWhole && reason === 'address-lookup-failed')
  if (!hosts.every((host) => (host.action === 'connect' ? isRelaxed(host) : isHarmless(host)))) return undefined
  return used.some(({ tls }) => tls === 'encrypt') ? 'encrypt' : 'may'
}

function isRelaxed({ action, override }: HostDecision): boolean {
  return action === 'connect' && override !== undefined && override.by.rule.kind !== 'require'
}

interface Asked {
  readonly asked: readonly HostDecision[]
  readonly used: readonly ConnectDecision[]
}

function replyWithRequired(facts: Facts, { asked, used }: Asked, options: PostfixOptions): SocketmapReply {
  const isRequired = (level: string) =>
    used.some(({ override }) => override?.by.rule.kind === 'require' && override.by.rule.level === level)
  if (isRequired('dane')) return ok('dane-only')
  if (used.some(needsNames)) return replyWithNames(facts, { asked, used }, options)
  const reply = replyWithLevel(facts, asked, options)
  if (!isRequired('encrypt')) return reply
  // `dane` lets hosts pass in the clear where it finds no TLSA records.
  const hasDane = used.some(({ tls }) => tls === 'dane') || asked.some(isInDoubt)
  if (isLevel(reply, 'dane')) return ok(hasDane ? 'dane-only' : 'encrypt')
  if (reply.kind === 'ok' && !isLevel(reply, 'may') && !isLevel(reply, 'encrypt')) return reply
  const tested = replyWithTesting(facts, { ...options, testingLevel: options.testingLevel && 'encrypt' })
  return tested.kind === 'ok' ? tested : ok('encrypt')
}

/** DANE behind signed MX records proves more than any name. */
function needsNames({ override, tls, mxIsSecure }: ConnectDecision): boolean {
  const rule = override?.by.rule
  return rule?.kind === 'require' && rule.level === 'pkix' && !(tls === 'dane' && mxIsSecure)
}

function isInDoubt(host: HostDecision): boolean {
  return host.action === 'skip' && isLookupFailure(host)
}

/** Who has no names of an override must bear its own: all are asked for more, none for less. */
function replyWithNames(facts: Facts, { asked, used }: Asked, options: PostfixOptions): SocketmapReply {
  const isProved = used.every(({ mxIsSecure }) => mxIsSecure)
  const hasDane = used.some(({ tls }) => tls === 'dane')
  if (isProved && hasDane && options.mixed === 'dane-only') return ok('dane-only')
  const own = used.map(({ host }) => host)
  const names = [...new Set(used.flatMap((host) => namesFor(host)))]
  // Any host may show a name that is no host's: also one that must not be used.
  const mustLeaveOut = asked.find((host) => host.action === 'skip' && host.reason !== 'no-address')
  if (mustLeaveOut !== undefined && !names.every((name) => own.includes(name))) {
    return unsayable(`that ${mustLeaveOut.host} is not used now, where other names than those of hosts are asked for`)
  }
  const policy = enforced(facts)
  return policy === undefined
    ? ok('secure', `match=${names.join(':')}`, 'servername=hostname')
    : secure(names, own, facts, policy, options)
}

function namesFor({ host, override }: ConnectDecision): readonly string[] {
  const names = override === undefined ? [] : namesOf(override.by)
  return names.length > 0 ? names : [host]
}

/** Whether a host with such TLSA records cannot be used by what Postfix is told. */
function leavesOut(reply: SocketmapReply, daneRow: HostDecision['daneRow']): boolean {
  if (reply.kind !== 'ok') return reply.kind !== 'not-found'
  return isLevel(reply, 'secure') || (isLevel(reply, 'dane-only') && daneRow !== 'H5')
}

function isLevel(reply: SocketmapReply, level: string): boolean {
  return reply.kind === 'ok' && reply.data.split(' ', 1)[0] === level
}

function unsayable(what: string): SocketmapReply {
  return { kind: 'temporary', reason: `Postfix cannot be told ${what}: see the override` }
}
