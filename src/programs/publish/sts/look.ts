import type { CheckFacts } from '../../../core/check/check-facts.ts'
import { checkReport } from '../../../core/check/check-report.ts'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { tryPolicy } from '../../../core/publish/policy-trial.ts'
import { hindrancesOfCheck } from '../../../core/publish/sts-gates.ts'
import type { RampLook } from '../../../core/publish/sts-ramp.ts'
import { seenIn } from '../../../core/publish/sts-seen.ts'
import type { ReportTally } from '../../../core/tlsrpt/report-tally.ts'
import { type CheckWorld, createCheckWorld } from '../../check/check-world.ts'
import { gatherFacts } from '../../check/gather.ts'
import type { GatherOptions } from '../../check/gather-io.ts'
import { type CommandContext, UsageError } from '../../cli/command.ts'
import { deadline } from '../../cli/deadline.ts'
import { withProgress } from '../../cli/with-progress.ts'
import type { World } from '../../cli/world.ts'

/** What looks at a domain as the checker does, in a command. */
export interface Looking {
  /** Everything that a check sees, or the sections that are asked for. Rejects when the command is ended. */
  facts(name: DomainName, wishes?: Partial<GatherOptions>): Promise<CheckFacts>
  close(): Promise<void>
}

export function openLooking(world: World, clientName: string, { out, signal }: CommandContext): Looking {
  const checking: CheckWorld = createCheckWorld({ ...world, ca: world.authorities, clientName, depth: 'quick' })
  return {
    async facts(name, wishes = {}) {
      const lookupSignal = deadline(signal, world.timeoutMs)
      const whole = deadline(signal, world.timeoutMs + limits.check.sessionsMs)
      const describe = (seconds: number) => `looking at ${name}, ${seconds} s`
      const facts = await withProgress(out, describe, () => {
        return gatherFacts(name, { ...wishes, signal: whole, lookupSignal }, checking)
      })
      signal.throwIfAborted()
      return facts
    },
    close: () => checking.close(),
  }
}

/** The MX hosts of a domain, as far as they are names. */
export function hostsIn({ mail }: CheckFacts): DomainName[] {
  return (mail?.hosts ?? []).flatMap(({ host }) => (host.startsWith('[') ? [] : [host as DomainName]))
}

/** What decisions about a domain's way rest on. */
export function rampLook(facts: CheckFacts, tally: ReportTally | undefined, now: number): RampLook {
  return {
    ...{ now, tally, seen: seenIn(facts), hosts: hostsIn(facts), check: hindrancesOfCheck(checkReport(facts, now)) },
    tryPolicy: (policy) => tryPolicy(facts, policy, now),
  }
}

/** Days as an option has them. */
export function readDays(text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  if (/^\d{1,3}$/.test(text) && Number(text) <= limits.stsWays.days) return Number(text)
  throw new UsageError(`option --days: not a number of days up to ${limits.stsWays.days}: "${text}"`)
}

/** `604800`, `7d`, `4w`: seconds. */
export function readMaxAge(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, count = '', unit = 's'] = /^(\d{1,8})([smhdw]?)$/.exec(text) ?? []
  const units: Readonly<Record<string, number>> = { s: 1, '': 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
  const seconds = count === '' ? Number.NaN : Number(count) * (units[unit] ?? Number.NaN)
  if (seconds <= limits.sts.maxAge) return seconds
  throw new UsageError(
    `option --${option}: not a time from 0 to ${limits.sts.maxAge} seconds, as 604800, 7d or 4w: "${text}"`,
  )
}
