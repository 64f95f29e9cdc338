import type { CheckFacts } from '../../../core/check/check-facts.ts'
import { formatRecord } from '../../../core/dns/zone-text.ts'
import { limits } from '../../../core/limits.ts'
import { formatMxPattern, type MxPattern, parseStsPolicy, type StsPolicy } from '../../../core/mtasts/policy.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { unionOf } from '../../../core/publish/mx-change.ts'
import { patternsFor } from '../../../core/publish/mx-patterns.ts'
import { type PolicyPlan, planPolicy } from '../../../core/publish/policy-plan.ts'
import { defaultTtl } from '../../../core/publish/record.ts'
import { writeStsPolicy } from '../../../core/publish/sts-policy.ts'
import { stsRecord, stsRecordName } from '../../../core/publish/sts-record.ts'
import { type StsSeen, seenIn } from '../../../core/publish/sts-seen.ts'
import { dayMaxAge, usualMaxAge } from '../../../core/publish/sts-stages.ts'
import { newState } from '../../../core/publish/sts-state.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import type { Clock } from '../../../io/clock.ts'
import type { StsStateFile } from '../../../io/publish/sts-state-file.ts'
import { replaceFile } from '../../../io/replace-file.ts'
import { formatMoment } from '../../cli/durations.ts'
import { EXIT } from '../../cli/exit.ts'
import type { Out } from '../../cli/out.ts'
import { reasonOf } from '../../file-error.ts'
import { hostsIn, type Looking } from './look.ts'
import { say } from './say.ts'
import { sayTrial, statusOfTrial, type Tried, tryWith } from './trial.ts'

/** What a policy is made with, or held against. */
export interface PolicyWork {
  readonly domain: DomainName
  readonly looking: Looking
  readonly clock: Clock
  readonly out: Out
  readonly json: boolean
}

export interface WriteOrder {
  /** Undefined for that of the policy that is served, and for `testing` where there is none that asks for anything. */
  readonly mode: StsPolicy['mode'] | undefined
  /** Seconds; undefined for those of the policy that is served, in the same mode, and else for what is usual. */
  readonly maxAge: number | undefined
  readonly mx: readonly MxPattern[]
  readonly output: string | undefined
  /** Undefined where nothing is remembered. */
  readonly file: StsStateFile | undefined
  /** Whether hosts of which nothing can be said do for mode `enforce`. */
  readonly allowsUnknown: boolean
}

/** Writes the policy for a domain's MX hosts, or refuses one that would have mail held back. Yields the exit status. */
export async function writePolicy(order: WriteOrder, work: PolicyWork): Promise<number> {
  const { domain, looking, clock, out, json } = work
  const facts = await looking.facts(domain)
  const live = hostsIn(facts)
  const seen = seenIn(facts)
  const { mode, maxAge } = termsFor(order, seen)
  const { mx } = order
  const ended = withoutMail(facts, mode, work)
  if (ended !== undefined) return ended
  if (mode !== 'none' && mx.length === 0 && live.length === 0) return fail(work, 'no MX host is known', EXIT.temporary)
  const terms = { mode, maxAge, live, mxTtl: mxTtlOf(facts), txtTtl: seen.ttl > 0 ? seen.ttl : defaultTtl }
  const wanted = mx.length === 0 ? undefined : mx
  const union = unionOf({ wanted: wanted ?? patternsFor(live), live })
  const written = writeStsPolicy({ mode, maxAge, mx: union })
  if (!written.ok) {
    const odd = union.find(({ name }) => name.includes('_'))
    const why =
      odd === undefined ? `it is over ${limits.sts.bodyOctets} octets` : `${odd.name} has a name that none can list`
    return fail(work, `no policy can be made of this: ${why}`, EXIT.nothing)
  }
  const { policy, body } = written.value
  const plan = planPolicy(order.file?.read() ?? newState(domain), { ...terms, wanted }, seen, clock.now())
  const tried = await tryWith(facts, policy, { looking, domain, now: () => clock.now(), comes: true })
  const found = mode === 'enforce' ? statusOfTrial(tried.trial) : EXIT.done
  const status = found === EXIT.temporary && order.allowsUnknown ? EXIT.done : found
  const name = stsRecordName(domain)
  const record = name === undefined ? '' : formatRecord(stsRecord(name, plan.term.id, terms.txtTtl))
  if (status === EXIT.done) {
    const problem = await keep(order, plan, body)
    if (problem !== undefined) return fail(work, problem, EXIT.cannotCreate)
  }
  if (json) out.line(JSON.stringify(toJson(plan, { policy, body, record, tried, status, domain })))
  else sayPolicy({ plan, body, record, tried, policy, status, order, domain }, out)
  return status
}

/** Seconds, unless told. */
const usualMaxAges = { none: dayMaxAge, testing: 604_800, enforce: usualMaxAge } as const

/** Who changes hosts does not mean to change the mode, nor for how long the policy is remembered. */
function termsFor({ mode: wished, maxAge }: WriteOrder, { served }: StsSeen) {
  const there = served.flatMap((at) => (at.kind === 'policy' && at.policy.mode !== 'none' ? [at.policy] : []))[0]
  const mode = wished ?? there?.mode ?? 'testing'
  return { mode, maxAge: maxAge ?? (there?.mode === mode ? there.maxAge : usualMaxAges[mode]) }
}

/** What is written is remembered first: a policy that somebody fetched and nobody remembers is never waited for. */
async function keep({ file, output }: WriteOrder, { state }: PolicyPlan, body: string): Promise<string | undefined> {
  await file?.write(state)
  if (output === undefined) return undefined
  try {
    await replaceFile(output, body)
    return undefined
  } catch (error) {
    return `cannot write "${escapeText(output)}": ${escapeText(reasonOf(error))}`
  }
}

/** Holds a policy, by its text and where that is from, against the MX hosts as they are. Yields the exit status. */
export async function checkPolicy(
  texts: readonly { from: string; body: string }[],
  work: PolicyWork,
  known?: CheckFacts,
) {
  const { domain, looking, clock, out, json } = work
  const facts = known ?? (await looking.facts(domain))
  const ended = withoutMail(facts, 'none', work)
  if (ended !== undefined) return ended
  const results: unknown[] = []
  let worst: number = EXIT.done
  for (const { from, body } of texts) {
    const policy = parseStsPolicy(body)
    if (!policy.ok) {
      const line = body.slice(0, policy.at).split('\n').length
      const text = `${from}: no policy: line ${line} (${policy.fault.replaceAll('-', ' ')})`
      if (json) results.push({ from, fault: policy.fault, line })
      else say(out, text)
      worst = EXIT.nothing
      continue
    }
    const { value } = policy
    const tried = await tryWith(facts, value, { looking, domain, now: () => clock.now(), comes: false })
    const status = statusOfTrial(tried.trial)
    worst = worst === EXIT.nothing ? worst : status === EXIT.done ? worst : status
    if (json) results.push({ from, mode: value.mode, maxAge: value.maxAge, ...jsonOf(tried), status })
    else {
      say(out, `${from}: mode ${value.mode}, max_age ${value.maxAge}.`)
      sayTrial(tried, value, out)
      for (const note of notesOn(value)) say(out, `Note: ${note}.`)
    }
  }
  if (json) out.line(JSON.stringify({ schema: 'waxseal.sts-check/1', domain, policies: results, status: worst }))
  return worst
}

/** The policies that the addresses of the policy host serve, each once; an address that serves none has an empty one. */
export function servedTexts(
  facts: CheckFacts,
  domain: DomainName,
  out: Out,
): { from: string; body: string }[] | undefined {
  const { served } = seenIn(facts)
  if (served.length === 0) {
    out.warn(`mta-sts.${domain} has no address`)
    return undefined
  }
  const bodies = new Map<string, string[]>()
  for (const at of served) {
    if (at.kind === 'failed') out.warn(`${at.address}: ${escapeText(at.reason)}`)
    const body = at.kind === 'policy' ? at.body : ''
    if (at.kind !== 'failed') bodies.set(body, [...(bodies.get(body) ?? []), at.address])
  }
  return [...bodies].map(([body, addresses]) => ({ from: addresses.join(', '), body }))
}

function withoutMail({ mail }: CheckFacts, mode: StsPolicy['mode'], work: PolicyWork): number | undefined {
  const { domain } = work
  if (mail?.mx.row === 'M2') return fail(work, `${domain}: there is no such domain`, EXIT.unavailable)
  if (mail?.mx.row === 'M3' && mode !== 'none') return fail(work, `${domain} takes no mail`, EXIT.noHost)
  if (mail?.mx.row === 'M1' && mode !== 'none') {
    return fail(
      work,
      `the MX records of ${domain} cannot be looked up: ${escapeText(mail.mx.resolution.reason)}`,
      EXIT.temporary,
    )
  }
  return undefined
}

function fail({ out }: PolicyWork, text: string, status: number): number {
  out.warn(text)
  return status
}

function mxTtlOf({ mail, servers = [] }: CheckFacts): number {
  const lookup = mail?.mx.resolution
  const ttls = servers.filter(({ topic }) => topic === 'mx').flatMap((one) => one.servers.map(({ ttl = 0 }) => ttl))
  const seen = lookup !== undefined && lookup.kind !== 'failure' ? [lookup.ttl] : []
  return Math.min(Math.max(0, ...ttls, ...seen), limits.resolver.ttl)
}

/** STS-113 */
function notesOn({ mode, maxAge }: StsPolicy): string[] {
  if (mode === 'none') return []
  if (maxAge < 86_400) return ['senders forget this policy within a day: who hides the record for so long is rid of it']
  return mode === 'enforce' && maxAge < 1_209_600
    ? ['in mode enforce, a policy is to be remembered for two weeks or more']
    : []
}

function jsonOf({ trial, warnings }: Tried) {
  const senders = trial.senders.map(({ id, does, text }) => ({ id, does, text }))
  return { hosts: trial.hosts, senders, warnings }
}

interface Written {
  readonly policy: StsPolicy
  readonly body: string
  readonly record: string
  readonly tried: Tried
  readonly status: number
  readonly domain: DomainName
}

function toJson({ term, isSame, steps = [] }: PolicyPlan, { policy, body, record, tried, status, domain }: Written) {
  const mx = policy.mode === 'none' ? [] : policy.mx.map(formatMxPattern)
  return {
    ...{ schema: 'waxseal.sts-policy/1', domain, mode: policy.mode, maxAge: policy.maxAge, mx, body },
    ...{ id: term.id, isAnnounced: isSame, record, isRefused: status !== EXIT.done, ...jsonOf(tried), status },
    steps: steps.map(({ kind, at, text }) => ({ kind, at: new Date(at).toISOString(), text })),
  }
}

function sayPolicy(
  { plan, body, record, tried, policy, status, order, domain }: Written & { plan: PolicyPlan; order: WriteOrder },
  out: Out,
): void {
  if (status !== EXIT.done) {
    const why =
      status === EXIT.nothing ? 'mail would be held back' : 'it could not be told whether mail would be held back'
    say(out, out.style('bold', `Refused: in mode enforce ${why}.`))
    sayTrial(tried, policy, out)
    say(
      out,
      status === EXIT.nothing
        ? 'Mend that first, or begin with --mode testing.'
        : 'Run this where port 25 is open, or give --unchecked.',
    )
    return
  }
  const where = `https://mta-sts.${domain}/.well-known/mta-sts.txt`
  if (order.output === undefined) {
    say(out, `Serve this at ${where}:`)
    out.line()
    for (const line of body.trimEnd().split('\r\n')) out.line(`    ${line}`)
    out.line()
  } else say(out, `The policy is in "${escapeText(order.output)}", to be served at ${where}.`)
  if (plan.isSame) say(out, `Its id is announced already: ${plan.term.id}.`)
  else {
    say(out, 'When every address serves it, and not before, publish:')
    out.line()
    out.line(`    ${record}`)
    out.line()
  }
  sayTrial(tried, policy, out)
  for (const note of notesOn(policy)) say(out, `Note: ${note}.`)
  if (plan.steps === undefined) return
  say(out, 'The MX hosts change. In this order, and none of it earlier:')
  for (const { at, text } of plan.steps) say(out, text, `  ${formatMoment(at)}  `)
}
