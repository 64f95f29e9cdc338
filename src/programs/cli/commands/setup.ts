import type { CheckFacts } from '../../../core/check/check-facts.ts'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { planSetup } from '../../../core/publish/setup/plan.ts'
import type { SetupPlan, SetupWishes } from '../../../core/publish/setup/report.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { pauseFor } from '../../../io/stop.ts'
import { type CheckWorld, createCheckWorld } from '../../check/check-world.ts'
import { askWishes } from '../../publish/setup/ask-wishes.ts'
import { gatherSetup, type SetupGathered } from '../../publish/setup/gather-setup.ts'
import { formatSetupMarkdown } from '../../publish/setup/setup-markdown.ts'
import {
  readFormat,
  readGiveUp,
  readWishes,
  type SetupFormat,
  setupOptions,
} from '../../publish/setup/setup-options.ts'
import { writeSetup, writeSetupBrief } from '../../publish/setup/setup-text.ts'
import { formatSetupZone } from '../../publish/setup/setup-zone.ts'
import { verifySetup } from '../../publish/setup/verify.ts'
import { newsJson, writeNews } from '../../publish/setup/verify-text.ts'
import { readClientName } from '../client-name.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { deadline } from '../deadline.ts'
import { EXIT } from '../exit.ts'
import { readDomain } from '../explain-list.ts'
import type { Out } from '../out.ts'
import { withProgress } from '../with-progress.ts'
import type { World } from '../world.ts'
import { worldOptions } from '../world-options.ts'

export const setup = defineCommand({
  name: 'setup',
  summary: 'Plan everything that protects mail to a domain, in its order, and watch until it is live',
  usage: [
    'setup [--rua URI]... [--policy-host WHOSE] [--mail-server NAME] [--start DAY] DOMAIN',
    'setup --format markdown|json|zone DOMAIN',
    'setup --verify [--give-up TIME] DOMAIN',
  ],
  description: [
    'Looks at what a domain has, asks on a terminal for what it cannot see, and prints every step of a set-up in its order: ' +
      'STARTTLS, certificates, DNSSEC, TLSA records, reports, the policy host, the policy, its record, mode enforce, and ' +
      'outgoing mail; each with the records, files and settings to copy, who must act, how long to wait, and a command that ' +
      'shows whether it is done. What is there already is marked as done.',
    'With --verify it asks every name server and the policy host again and again, with growing pauses, prints a line when a ' +
      'step turns live, and ends with status 0 when all is live that can be done now.',
    'It changes nothing.',
  ],
  options: {
    ...setupOptions,
    helo: {
      ...{ type: 'string', value: 'NAME' },
      description: 'our name for EHLO, or our address in brackets: it should resolve to where we come from',
    },
    ...worldOptions,
  },
  operands: { name: 'DOMAIN', min: 1, max: 1 },
  examples: [
    { line: 'waxseal setup example.org', does: 'what to do, step by step' },
    { line: 'waxseal setup --verify example.org', does: 'wait until it is live' },
    { line: 'waxseal setup --format zone --rua tls@example.net example.org', does: 'the records, for a zone file' },
    {
      line: 'waxseal setup --policy-host delegated:mta-sts.provider.example example.org',
      does: 'a policy that a provider serves',
    },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'everything that can be seen is set up; with --verify: it is live now' },
    { status: EXIT.nothing, means: 'something is still to be done' },
    { status: EXIT.noHost, means: 'the domain takes no mail: there is nothing to set up' },
    { status: EXIT.unavailable, means: 'there is no such domain, or it names no host' },
    { status: EXIT.temporary, means: 'it could not be told; with --verify: not everything was live in time' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const domain = readOperand(text)
    const format = readFormat(values)
    const now = context.clock.now()
    const until = readGiveUp(values['give-up'], now)
    if (values['give-up'] !== undefined && values.verify !== true) throw new UsageError('--give-up needs --verify')
    const given = readWishes(values, now)
    const clientName = readClientName(values.helo)
    const wishes = await wishesOf(given, values, format, domain, context)
    if (wishes === undefined) return EXIT.interrupted
    const world = await context.openWorld(values, 'existing')
    const checking = createCheckWorld({ ...world, ca: world.authorities, clientName, depth: 'quick' })
    const looking: Looking = { domain, wishes, world, checking, context }
    try {
      const words = (seconds: number) => `looking at ${domain}, ${seconds} s`
      const gathered = await withProgress(context.out, words, () => look(looking))
      if (context.signal.aborted) return EXIT.interrupted
      const nothing = whyNothing(gathered, domain)
      if (nothing !== undefined) {
        context.out.warn(nothing.text)
        return nothing.status
      }
      const plan = planOf(looking, gathered)
      if (values.verify === true) return await watch(plan, gathered.facts.hosts, { until, format, ...looking })
      write(plan, format, context.out)
      return plan.state === 'done' ? EXIT.done : plan.state === 'unknown' ? EXIT.temporary : EXIT.nothing
    } finally {
      await checking.close()
      await world.close()
    }
  },
})

/** Asked are people alone: at a terminal, and where the answer is for one. */
async function wishesOf(
  given: SetupWishes,
  values: Parameters<typeof readWishes>[0],
  format: SetupFormat,
  domain: DomainName,
  { out, openInput, signal }: CommandContext,
): Promise<SetupWishes | undefined> {
  const isAsking = values.ask ?? (format === 'text' && values.verify !== true && out.watched)
  if (!isAsking) return given
  const input = openInput()
  if (values.ask !== true && !('isTTY' in input && input.isTTY === true)) return given
  return askWishes(given, values, { input, out, signal, domain })
}

interface Looking {
  readonly domain: DomainName
  readonly wishes: SetupWishes
  readonly world: World
  readonly checking: CheckWorld
  readonly context: Pick<CommandContext, 'out' | 'signal'>
}

function look({ domain, world, checking, context }: Looking, hosts?: CheckFacts['hosts']): Promise<SetupGathered> {
  const { timeoutMs, resolverOptions } = world
  const lookupSignal = deadline(context.signal, timeoutMs)
  const signal = deadline(context.signal, timeoutMs + limits.check.sessionsMs)
  return gatherSetup(domain, { checking, resolverOptions, signal, lookupSignal }, hosts)
}

function planOf({ wishes, world }: Looking, { facts, caa }: SetupGathered): SetupPlan {
  return planSetup(facts, wishes, { now: world.clock.now(), caa })
}

/** Domains for which there is nothing to plan. */
function whyNothing({ facts: { mail } }: SetupGathered, domain: string) {
  if (mail === undefined) return { text: `${domain}: there was no time to look it up`, status: EXIT.temporary }
  switch (mail.mx.row) {
    case 'M1': {
      const { reason } = mail.mx.resolution
      return { text: `${domain}: the MX records cannot be looked up: ${escapeText(reason)}`, status: EXIT.temporary }
    }
    case 'M2':
      return { text: `${domain}: there is no such domain`, status: EXIT.unavailable }
    case 'M3':
      return { text: `${domain} takes no mail (null MX): there is nothing to set up`, status: EXIT.noHost }
    case 'M7':
      return { text: `${domain}: no MX record names a host`, status: EXIT.unavailable }
    case 'M4':
    case 'M5':
    case 'M6':
    case 'M8':
      return undefined
  }
}

interface Watching extends Looking {
  readonly until: number
  readonly format: SetupFormat
}

async function watch(first: SetupPlan, hosts: CheckFacts['hosts'], watching: Watching): Promise<number> {
  const { world, until, format, context } = watching
  const { out, signal } = context
  const isJson = format === 'json'
  let known = hosts
  if (isJson) out.line(JSON.stringify(first))
  else writeSetupBrief(first, out)
  const end = await verifySetup(first, until, {
    ...{ clock: world.clock, signal, pause: pauseFor },
    async look(withHosts) {
      const gathered = await look(watching, withHosts ? undefined : known)
      known = gathered.facts.hosts ?? known
      return planOf(watching, gathered)
    },
    tell(news) {
      if (!isJson) return writeNews(news, out)
      const line = newsJson(news)
      if (line !== undefined) out.line(line)
    },
  })
  out.progress(undefined)
  if (end === 'stopped') return EXIT.interrupted
  if (end === 'given-up') out.warn('not everything is live yet')
  else if (!isJson) out.line('Everything is live that can be done now.')
  return end === 'live' ? EXIT.done : EXIT.temporary
}

function write(plan: SetupPlan, format: SetupFormat, out: Out): void {
  if (format === 'text') writeSetup(plan, out)
  else out.write(documents[format](plan))
}

const documents: Record<Exclude<SetupFormat, 'text'>, (plan: SetupPlan) => string> = {
  markdown: formatSetupMarkdown,
  zone: formatSetupZone,
  json: (plan) => `${JSON.stringify(plan)}\n`,
}

function readOperand(text: string): DomainName {
  const domain = readDomain(text)
  if (domain.ok) return domain.value
  throw new UsageError(`not a domain name: "${escapeText(text)}" (${domain.fault.replaceAll('-', ' ')})`)
}
