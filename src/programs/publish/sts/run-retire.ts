import { heldTerms, planRetire, type RetirePlan, type RetireWish } from '../../../core/publish/sts-retire.ts'
import { type StsSeen, seenIn } from '../../../core/publish/sts-seen.ts'
import { currentTerm, heldUntil } from '../../../core/publish/sts-state.ts'
import { formatMoment, formatSeconds } from '../../cli/durations.ts'
import { EXIT } from '../../cli/exit.ts'
import type { Out } from '../../cli/out.ts'
import { type ActResult, announceId, serveFile, takeHost, takeRecord } from './publish-step.ts'
import { say, sayHindrances, sayMissing, sayResult } from './say.ts'
import { type Walked, walkWay } from './walk-way.ts'
import type { Way } from './way.ts'

interface Ended extends Walked<RetirePlan> {
  readonly status: number
}

/** What a run works with. */
export interface RetireWork extends Pick<Way, 'domain' | 'file' | 'hands' | 'isDry'> {
  look(): Promise<StsSeen>
  /** Milliseconds since 1970. */
  now(): number
}

/** MX hosts are not looked at: nothing is asked of them any more. */
export function workOfRetire({ looking, world, ...way }: Way): RetireWork {
  const sections = new Set(['mta-sts', 'servers'] as const)
  return {
    ...way,
    look: async () => seenIn(await looking.facts(way.domain, { sections })),
    now: () => world.clock.now(),
  }
}

/** Leads a domain out as far as it may be led now. */
export async function runRetire(
  work: RetireWork,
  wish: RetireWish,
  { out, json }: { readonly out: Out; readonly json: boolean },
): Promise<number> {
  const walked = await walkWay(work, {
    look: () => work.look(),
    plan: (state, seen: StsSeen) => planRetire(state, { seen, now: work.now() }, wish),
    take: ({ step }, seen) => take(step, seen, work),
  })
  if (typeof walked === 'number') return walked
  const ended = { ...walked, status: statusOf(walked) }
  if (json) out.line(JSON.stringify(toJson(ended, work)))
  else write(ended, wish, work, out)
  return ended.status
}

/** Undefined where there is nothing to do now. */
function take(step: RetirePlan['step'], seen: StsSeen, { hands }: RetireWork): Promise<ActResult> | undefined {
  switch (step.kind) {
    case 'serve':
      return serveFile(step.body, hands)
    case 'announce':
      return announceId(step.id, seen, hands)
    case 'unannounce':
      return takeRecord(seen, hands)
    case 'remove-host':
      return takeHost(seen, hands)
    case 'live':
    case 'wait':
    case 'done':
    case 'refused':
      return undefined
  }
}

function statusOf({ plan: { step }, acts }: Walked<RetirePlan>): number {
  if (acts.at(-1)?.kind === 'failed') return EXIT.cannotCreate
  if (step.kind === 'refused') return EXIT.nothing
  return step.kind === 'wait' || step.kind === 'done' ? EXIT.done : EXIT.temporary
}

function toJson({ plan, acts, turns, status }: Ended, { domain, isDry }: RetireWork) {
  const { step, hindrances, calendar, state } = plan
  const iso = (moment: number | undefined) => (moment === undefined ? null : new Date(moment).toISOString())
  return {
    ...{
      schema: 'waxseal.sts-retire/1',
      domain,
      dryRun: isDry,
      stage: state.stage ?? null,
      status,
      turns,
      id: currentTerm(state)?.id ?? null,
    },
    ...{
      step: step.kind,
      until: 'until' in step ? iso(step.until) : null,
      missing: 'missing' in step ? step.missing : [],
    },
    hindrances: hindrances.map(({ kind, text }) => ({ kind, text })),
    acts,
    calendar: calendar.map(({ what, at }) => ({ what, at: iso(at) })),
  }
}

const whats = {
  unannounce: 'take the record away',
  'remove-host': 'take the policy host away',
} as const

function write({ plan, acts, turns }: Ended, wish: RetireWish, work: RetireWork, out: Out): void {
  const { step, hindrances, calendar, state } = plan
  const { domain, isDry } = work
  for (const turn of turns) say(out, `${domain}: ${turn}.`)
  for (const act of acts) sayResult(out, act)
  if (isDry && step.kind !== 'wait' && step.kind !== 'done' && step.kind !== 'refused')
    say(out, `Next: ${nextText(plan)}.`)
  if (!isDry && 'missing' in step) sayMissing(out, `${missingTexts[step.kind]}; run this again:`, step.missing)
  if (step.kind === 'wait') {
    const what =
      step.for === 'policies' ? 'A sender may hold a policy until then' : 'A resolver may hold the record until then'
    say(out, `Too early before ${formatMoment(step.until)}: keep serving mode none. ${what}.`)
    for (const term of step.for === 'policies' ? heldTerms(state, work.now()).slice(0, 10) : []) {
      const lasts = `mode ${term.mode}, remembered for ${formatSeconds(term.maxAge)}`
      say(out, `${lasts}: until ${formatMoment(heldUntil(term, work.now()))}`, '  ')
    }
    if (step.for === 'policies' && state.adoptedAt !== undefined) {
      const least = formatMoment(state.adoptedAt + wish.longestBefore * 1000)
      say(
        out,
        `What was served before ${formatMoment(state.adoptedAt)} is not known: until ${least} at least, ` +
          `${formatSeconds(wish.longestBefore)} later. Give --longest if it was remembered for longer.`,
      )
    }
  }
  if (step.kind === 'remove-host') say(out, `Then take mta-sts.${domain} off the web server, its certificate too.`)
  if (step.kind === 'done') {
    say(
      out,
      state.stage === 'retired'
        ? `${domain} has left MTA-STS.`
        : `${domain} has no MTA-STS: there is nothing to retire.`,
    )
  }
  if (step.kind === 'refused') say(out, 'Nothing was done:')
  sayHindrances(out, hindrances)
  if (calendar.length > 0) say(out, 'If nothing comes between:')
  for (const { what, at } of calendar) say(out, whats[what], `  ${formatMoment(at)}  `)
}

const missingTexts = {
  serve: 'Mode none is not served everywhere yet',
  announce: 'Not every name server announces it yet',
  unannounce: 'The record is not gone from every name server yet',
} as const

function nextText({ step }: RetirePlan): string {
  if (step.kind === 'serve') return 'serve a policy in mode none'
  if (step.kind === 'announce') return `announce the id ${step.id}`
  return step.kind === 'unannounce' ? whats.unannounce : whats['remove-host']
}
