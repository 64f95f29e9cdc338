import { limits } from '../../../core/limits.ts'
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
import type { Way } from './way.ts'

/** What one run of `sts ramp` came to. */
interface Ended {
  readonly plan: RampPlan
  readonly acts: readonly ActResult[]
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

/** Takes all steps that may be taken now, each remembered before it is taken, and looked for before the next. */
export async function runRamp(
  work: RampWork,
  wish: RampWish,
  { out, json }: { readonly out: Out; readonly json: boolean },
): Promise<number> {
  const acts: ActResult[] = []
  const turns: string[] = []
  let state = work.file.read()
  let lastTried: string | undefined
  for (let look = 1; ; look++) {
    const looked = await work.look()
    if (typeof looked === 'number') return looked
    const plan = planRamp(state, looked, wish)
    if (plan.turn !== undefined) turns.push(plan.turn)
    const end = (act?: ActResult) => tell({ plan, acts, status: statusOf(plan, act) }, turns, work, { out, json })
    if (work.isDry) return end()
    await work.file.write(plan.state)
    state = plan.state
    if (plan.step.kind === 'live' && look < limits.stsWays.looks) continue
    const isAct = plan.step.kind === 'serve' || plan.step.kind === 'announce'
    if (!isAct || lastTried === keyOf(plan) || look >= limits.stsWays.looks) return end(acts.at(-1))
    const act = await take(plan, looked.seen, work)
    acts.push(act)
    lastTried = keyOf(plan)
    if (act.kind !== 'done') return end(act)
  }
}

/** What a step is to bring about: when that does not show after it was taken, it takes its time. */
function keyOf({ step, state }: RampPlan): string {
  return `${step.kind} ${currentTerm(state)?.id}`
}

async function take({ step }: RampPlan, seen: StsSeen, { hands }: RampWork): Promise<ActResult> {
  if (step.kind === 'serve') return serveFile(step.body, hands)
  if (step.kind === 'announce') return announceId(step.id, seen, hands)
  throw new Error(`nothing to do for ${step.kind}`)
}

/** 0 where all is as it should be, 1 where something holds it back, 75 where something is on its way. */
function statusOf({ step, hindrances }: RampPlan, act: ActResult | undefined): number {
  if (act?.kind === 'failed') return EXIT.cannotCreate
  if (step.kind === 'refused') return EXIT.nothing
  if (step.kind === 'serve' || step.kind === 'announce') return EXIT.temporary
  return hindrances.every(({ kind }) => kind === 'time') ? EXIT.done : EXIT.nothing
}

function tell(
  ended: Ended,
  turns: readonly string[],
  work: RampWork,
  { out, json }: { out: Out; json: boolean },
): number {
  if (json) out.line(JSON.stringify(toJson(ended, turns, work)))
  else write(ended, turns, work, out)
  return ended.status
}

function toJson({ plan, acts, status }: Ended, turns: readonly string[], { domain, isDry }: RampWork) {
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

function write({ plan, acts }: Ended, turns: readonly string[], { domain, isDry }: RampWork, out: Out): void {
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
