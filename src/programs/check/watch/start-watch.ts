import type { Readable } from 'node:stream'
import type { DomainName } from '../../../core/name/domain.ts'
import { pauseFor } from '../../../io/stop.ts'
import { type CommandContext, InputError, UsageError } from '../../cli/command.ts'
import type { World } from '../../cli/world.ts'
import { domainsOf, type ManyWork } from '../check-many.ts'
import { runWatch } from './run-watch.ts'
import { commandTarget, type Target, webhookTarget } from './targets.ts'
import type { WatchPlan } from './watch-options.ts'
import { openStateFile, stateInMemory } from './watch-state.ts'

interface Around {
  readonly json: boolean
  readonly work: ManyWork
  readonly world: World
  readonly context: Pick<CommandContext, 'environment'>
}

/** Watches domains, or those of a list. Throws InputError for a list that holds anything else. Yields the exit status. */
export async function startWatch(
  source: readonly DomainName[] | Readable,
  plan: WatchPlan,
  { json, work, world, context }: Around,
): Promise<number> {
  const { out } = work
  const targets = targetsOf(plan, world, context)
  const domains = await readAll(source, work)
  if (plan.state === undefined) out.warn('without --state all that was told is forgotten when this ends')
  const state = plan.state === undefined ? stateInMemory : openStateFile(plan.state)
  return await runWatch(domains, plan, {
    ...{ json, work, clock: world.clock, state, targets },
    ...{ pause: pauseAtMost, random: Math.random },
  })
}

/** A timer takes 24 days at most; the loop looks at the clock again after that. */
function pauseAtMost(milliseconds: number, signal: AbortSignal): Promise<void> {
  return pauseFor(Math.min(milliseconds, 86_400_000), signal)
}

function targetsOf(plan: WatchPlan, world: World, { environment }: Pick<CommandContext, 'environment'>): Target[] {
  const { command, webhook } = plan
  if (webhook?.protocol === 'http:' && !world.settings['allow-private']) {
    throw new UsageError('option --webhook: http needs --allow-private, for it is no way across the Internet')
  }
  return [
    ...(command === undefined ? [] : [commandTarget({ words: command, environment })]),
    ...(webhook === undefined ? [] : [webhookTarget(webhook, world)]),
  ]
}

/** Each once. A watch that left faulty lines out would seem to watch what it does not. */
async function readAll(source: readonly DomainName[] | Readable, { out }: ManyWork): Promise<DomainName[]> {
  if (isList(source)) return [...new Set(source)]
  const tally = { bad: 0 }
  const domains = new Set<DomainName>()
  for await (const domain of domainsOf(source, out, tally)) domains.add(domain)
  if (tally.bad > 0) throw new InputError(`the list has lines that are no domain names: ${tally.bad}`)
  if (domains.size === 0) throw new InputError('the list has no domains')
  return [...domains]
}

function isList(source: readonly DomainName[] | Readable): source is readonly DomainName[] {
  return Array.isArray(source)
}
