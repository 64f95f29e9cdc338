import { planRamp, type RampLook, type RampPlan, type RampWish } from '../../../core/publish/sts-ramp.ts'
import type { StsSeen } from '../../../core/publish/sts-seen.ts'
import { stageText, termsOf } from '../../../core/publish/sts-stages.ts'
import { currentTerm } from '../../../core/publish/sts-state.ts'
import type { ReportTally } from '../../../core/tlsrpt/report-tally.ts'
import { formatMoment } from '../../cli/durations.ts'
import { EXIT } from '../../cli/exit.ts'
import type { Out } from '../../cli/out.ts'
import { rampLook } from './look.ts'
import { type ActResult, announceId, serveFile } from './publish-step.ts'
import { say, sayHindrances, sayMissing, sayResult } from './say.ts'
import { type Walked, walkWay } from './walk-way.ts'
import type { Way } from './way.ts'

/** What one run of `sts ramp` came to. */
interface Ended extends Walked<RampPlan> {
  readonly status: number
}

/** What a run works with: a look at the domain, or the status to end with where there is nothing to lead. */
export interface RampWork extends Pick<Way, 'domain' | 'file' | 'hands' | 'isDry'> {
  look(): Promise<RampLook | number>
}

/** Looks as the checker does; what has no mail is told of. */
export function workOfRamp({ looking, world, ...way }: Way, tally: ReportTally | undefined, out: Out): RampWork {
  const { domain } = way
  return {
    ...way,
    async look() {
      const facts = await looking.facts(domain)
      if (facts.mail?.mx.row === 'M2') return gone(`${domain}: there is no such domain`, EXIT.unavailable)
      if (facts.mail?.mx.row === 'M3') return gone(`${domain} takes no mail: there is nothing to protect`, EXIT.noHost)
      return rampLook(facts, tally, world.clock.now())
    },
  }

  function gone(text: string, status: number): number {
    out.warn(text)
    return status
  }
}

/** Leads a domain as far as it may be led now. */
export async function runRamp(
  work: RampWork,
  wish: RampWish,
  { out, json }: { readonly out: Out; readonly json: boolean },
): Promise<number> {
  const walked = await walkWay(work, {
    look: () => work.look(),
    plan: (state, look: RampLook) => planRamp(state, look, wish),
    take: ({ step }, { seen }) => take(step, seen, work),
    isPassed: ({ step }) => step.kind === 'live',
  })
  if (typeof walked === 'number') return walked
  const ended = { ...walked, status: statusOf(walked) }
  if (json) out.line(JSON.stringify(toJson(ended, work)))
  else write(ended, work, out)
  return ended.status
}

function take(step: RampPlan['step'], seen: StsSeen, { hands }: RampWork): Promise<ActResult> | undefined {
  if (step.kind === 'serve') return serveFile(step.body, hands)
  return step.kind === 'announce' ? announceId(step.id, seen, hands) : undefined
}

/** 0 where all is as it should be, 1 where something holds it back, 75 where something is on its way. */
function statusOf({ plan: { step, hindrances }, acts }: Walked<RampPlan>): number {
  if (acts.at(-1)?.kind === 'failed') return EXIT.cannotCreate
  if (step.kind === 'refused') return EXIT.nothing
  if (step.kind === 'serve' || step.kind === 'announce') return EXIT.temporary
  return hindrances.every(({ kind }) => kind === 'time') ? EXIT.done : EXIT.nothing
}

function toJson({ plan, acts, turns, status }: Ended, { domain, isDry }: RampWork) {
  const { stage, step, hindrances, calendar, state } = plan
  const { mode } = termsOf(stage)
  return {
    ...{ schema: 'waxseal.sts-ramp/1', domain, dryRun: isDry, stage, mode, status },
    ...{ id: currentTerm(state)?.id ?? null, liveSince: isoOf(state.liveAt), turns },
    step: step.kind,
    missing: 'missing' in step ? step.missing : [],
    hindrances: hindrances.map(({ kind, text, until }) => ({ kind, text, until: isoOf(until) })),
    acts,
    calendar: calendar.map(({ stage: next, at }) => ({ stage: next, at: isoOf(at) })),
  }
}

function isoOf(moment: number | undefined): string | null {
  return moment === undefined ? null : new Date(moment).toISOString()
}

function write({ plan, acts, turns }: Ended, { domain, isDry }: RampWork, out: Out): void {
  const { stage, step, hindrances, calendar, state } = plan
  const since = state.liveAt === undefined ? '' : `, live since ${formatMoment(state.liveAt)}`
  const isBegun = step.kind !== 'refused' || state.served.length > 0
  say(out, isBegun ? `${domain}: ${stageText(stage)}${since}.` : `${domain}: not begun.`)
  for (const turn of turns) say(out, `${turn}.`, '  ')
  for (const act of acts) sayResult(out, act)
  if (isDry && step.kind === 'serve') {
    say(out, 'Would write this policy:')
    for (const line of step.body.trimEnd().split('\r\n')) out.line(`    ${line}`)
  }
  if (isDry && step.kind === 'announce') say(out, `Would announce the id ${step.id}.`)
  if (step.kind === 'serve')
    sayMissing(out, 'The policy is not served everywhere yet; run this again when it is:', step.missing)
  if (step.kind === 'announce') sayMissing(out, 'Not every name server announces it yet; run this again:', step.missing)
  if (step.kind === 'refused') say(out, 'Nothing was done:')
  if (step.kind === 'hold') say(out, 'The next step has to wait:')
  if (step.kind === 'done')
    say(
      out,
      hindrances.length === 0
        ? 'The way ends here: nothing is left to do.'
        : 'The way ends here, and something is wrong:',
    )
  sayHindrances(out, hindrances)
  const isRed = hindrances.some(({ kind }) => kind !== 'time')
  if (isRed && termsOf(stage).mode === 'enforce') {
    say(
      out,
      `Where mail is held back, go back at once: "waxseal sts ramp --to testing" with the same options for ${domain}.`,
    )
  }
  // What is refused has no date.
  if (step.kind === 'refused') return
  if (calendar.length > 0) say(out, 'If nothing goes wrong:')
  for (const { stage: next, at } of calendar) say(out, stageText(next), `  ${formatMoment(at)}  `)
}
