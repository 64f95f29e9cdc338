import { isIP } from 'node:net'
import { type SectionName, sectionNames } from '../../../core/check/check-facts.ts'
import { checkReport } from '../../../core/check/check-report.ts'
import type { CheckReport, Verdict } from '../../../core/check/report.ts'
import { type TlsProfileName, tlsProfiles } from '../../../core/check/tls-judgement.ts'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { accept } from '../../../core/result.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import type { Network } from '../../../io/network.ts'
import { checkInOrder } from '../../check/check-many.ts'
import { writeCheck } from '../../check/check-text.ts'
import { type CheckWorld, createCheckWorld } from '../../check/check-world.ts'
import { statusOf } from '../../check/exit-status.ts'
import { gatherFacts } from '../../check/gather.ts'
import { formOptions, readEnough, readForm } from '../../check/report-forms.ts'
import { startWatch } from '../../check/watch/start-watch.ts'
import { readWatchPlan, watchOptions } from '../../check/watch/watch-options.ts'
import { writeDocument } from '../../check/write-document.ts'
import { readClientName } from '../client-name.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { startDeadline } from '../deadline.ts'
import { EXIT } from '../exit.ts'
import { readDomain } from '../explain-list.ts'
import { maxJobs, openList, readJobs, workThroughList } from '../list-work.ts'
import type { World } from '../world.ts'
import { worldOptions } from '../world-options.ts'

/** Domains checked at once with --file unless told: each connects to all of its MX hosts. */
const defaultChecks = 8

export const check = defineCommand({
  name: 'check',
  summary: 'Show what every kind of sender does with mail to a domain, and what to mend',
  usage: [
    'check [--json] [--only SECTION,...] DOMAIN...',
    'check --file LIST [--jobs N]',
    'check --junit|--nagios|--prometheus|--markdown|--html [--output FILE] DOMAIN...',
    'check --watch [--every TIME | --once] [--state FILE] [--run COMMAND] [--webhook URL] DOMAIN...',
  ],
  description: [
    'Looks at a domain as senders do: MX records, DNSSEC, TLSA records, the MTA-STS policy from every address of its host, ' +
      'where reports go (TLSRPT), what each name server says; connects to every address of every MX host, and holds what ' +
      'it presents, RSA and ECDSA, against all that. Shows the verdict, what each kind of sender does, and what is wrong, ' +
      'the most urgent first, with the text to publish and who must act.',
    'No mail is begun. Each address is connected to at most twice at once, with a pause between. A host that is busy, ' +
      'greylists or does not answer counts for nothing: the verdict is then undetermined, never "no TLS".',
    'With --file it does so for each domain of a list, one a line, and prints a line of JSON for each as it is done, not ' +
      'in the order of the list: "line" says which it is. LIST may be - for standard input; empty lines and lines that ' +
      'begin with # are passed over.',
    'With --watch it checks again and again, and tells of it when the verdict changes, when a finding that is no note appears ' +
      'or is gone, and when a date draws near, by a program, a webhook or both. The first result tells nothing.',
    'With --nagios the status is that of a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
  ],
  options: {
    only: {
      ...{ type: 'string', value: 'SECTION,...' },
      description: `look at these alone: ${sectionNames.join(', ')}; mail, which all need, is always looked at`,
    },
    profile: {
      ...{ type: 'string', value: 'NAME' },
      description:
        'look at how hosts do TLS too, some hundred handshakes each, and judge it by the guidelines of rfc9325 or ncsc-nl',
    },
    ipv4: { type: 'boolean', description: 'connect to no MX host over IPv6' },
    from: {
      ...{ type: 'string', value: 'ADDRESS' },
      description: 'address of this machine to connect to hosts from; those of the other family cannot be reached then',
    },
    helo: {
      ...{ type: 'string', value: 'NAME' },
      description: 'our name for EHLO, or our address in brackets: it should resolve to where we come from',
    },
    file: { type: 'string', value: 'LIST', description: 'check every domain of this file' },
    jobs: {
      ...{ type: 'string', short: 'j', value: 'N' },
      description: `domains checked at once, ${defaultChecks} unless told, at most ${maxJobs}`,
    },
    ...formOptions,
    ...watchOptions,
    ...worldOptions,
  },
  operands: { name: 'DOMAIN', min: 0, max: 1000 },
  examples: [
    { line: 'waxseal check example.org', does: 'the verdict, and what to mend' },
    { line: 'waxseal check --only mta-sts,tlsrpt example.org', does: 'no connection to an MX host' },
    { line: 'waxseal check --file domains.txt >reports.jsonl', does: 'the same for many, for a program to read' },
    { line: 'waxseal check --watch --state w.json --run /usr/local/bin/tell example.org', does: 'tell of changes' },
    { line: 'waxseal check --html -o report.html example.org', does: 'one page, to be read, printed or sent' },
  ],
  exitStatuses: [
    { status: 0, means: 'protected: each domain' },
    { status: 1, means: 'protected-partly, and nothing worse' },
    { status: 2, means: 'opportunistic, and nothing worse' },
    { status: 75, means: 'undetermined: of a domain nothing could be told; none is worse than that' },
    { status: 3, means: 'cleartext: a server takes mail without TLS' },
    { status: 4, means: 'broken: senders who check hold mail back from a domain now' },
    { status: EXIT.data, means: 'with --file: some lines were no domain names' },
    { status: EXIT.noInput, means: 'with --file: the list cannot be read, or is too long for one text' },
    { status: EXIT.cannotCreate, means: 'the file of --output or --state cannot be written' },
    { status: EXIT.temporary, means: 'with --watch --once: somebody could not be told yet' },
  ],
  async run({ values, positionals }, context) {
    const jobs = values.jobs === undefined ? defaultChecks : readJobs(values.jobs)
    const form = readForm(values)
    const enough = readEnough(values)
    const plan = readWatchPlan(values, form, values.only !== undefined)
    const clientName = readClientName(values.helo)
    const tlsProfile = readProfile(values.profile)
    const from = readFrom(values.from)
    const isFull = tlsProfile !== undefined
    const wishes: Wishes = { sections: readSections(values.only), ipv4: values.ipv4 === true, isFull }
    if (values.file !== undefined && positionals.length > 0) {
      throw new UsageError('give either DOMAIN or --file, not both')
    }
    const input = values.file === undefined ? undefined : await openList(values.file, context)
    const domains = positionals.map(readOperand)
    if (input === undefined && domains.length === 0) {
      throw new UsageError('missing DOMAIN (usage: waxseal check [--json] DOMAIN...)')
    }
    const world = await context.openWorld(values, 'existing')
    const checking = checkWorldOf(world, { clientName, tlsProfile, from })
    const checkOne = (domain: DomainName) => checkDomain(domain, wishes, { checking, world, context })
    const work = { ...{ out: context.out, signal: context.signal }, jobs, checkOne }
    try {
      if (plan !== undefined)
        return await startWatch(input ?? domains, plan, { json: form === 'json', work, world, context })
      if (form !== 'text' && form !== 'json') {
        return await writeDocument(input ?? domains, { form, output: values.output, work, enough, clock: world.clock })
      }
      if (input !== undefined) return await checkList(input, checkOne, context, jobs)
      const verdicts: Verdict[] = []
      await checkInOrder(domains, work, (report) => {
        if (form === 'json') context.out.line(JSON.stringify(report))
        else {
          if (verdicts.length > 0) context.out.line()
          writeCheck(report, context.out)
        }
        verdicts.push(report.verdict)
      })
      if (context.signal.aborted) return EXIT.interrupted
      return statusOf(verdicts)
    } finally {
      await checking.close()
      await world.close()
    }
  },
})

interface Wishes {
  readonly sections: ReadonlySet<SectionName> | undefined
  readonly ipv4: boolean
  readonly isFull: boolean
}

interface Manner {
  readonly clientName: string
  readonly tlsProfile: TlsProfileName | undefined
  readonly from: string | undefined
}

function checkWorldOf(world: World, { clientName, tlsProfile, from }: Manner): CheckWorld {
  const { resolver, resolverOptions, network, clock, trust, authorities, store, smtpPort, trace } = world
  const depth = tlsProfile === undefined ? 'quick' : 'full'
  const way = from === undefined ? network : fromAddress(network, from)
  return createCheckWorld({
    ...{
      resolver,
      resolverOptions,
      network: way,
      clock,
      trust,
      ca: authorities,
      store,
      smtpPort,
      clientName,
      depth,
      tlsProfile,
      trace,
    },
  })
}

interface Around {
  readonly checking: CheckWorld
  readonly world: World
  readonly context: CommandContext
}

async function checkDomain(
  domain: DomainName,
  wishes: Wishes,
  { checking, world, context }: Around,
): Promise<CheckReport> {
  const { timeoutMs } = world
  const sessionsMs = wishes.isFull ? limits.probe.fullMs : limits.check.sessionsMs
  const lookups = startDeadline(context.signal, timeoutMs)
  const whole = startDeadline(context.signal, timeoutMs + sessionsMs)
  try {
    const signals = { signal: whole.signal, lookupSignal: lookups.signal }
    const facts = await gatherFacts(domain, { ...wishes, ...signals }, checking)
    return checkReport(facts, world.clock.now(), checking.presentedBy)
  } finally {
    lookups.stop()
    whole.stop()
  }
}

/** A line of JSON each; the worst verdict decides, and lines that are no domains before all. */
async function checkList(
  input: AsyncIterable<Uint8Array>,
  checkOne: (domain: DomainName) => Promise<CheckReport>,
  { out, signal }: CommandContext,
  jobs: number,
): Promise<number> {
  const verdicts = new Set<Verdict>()
  const status = await workThroughList(input, {
    ...{ out, signal, jobs, schema: 'waxseal.check/1', things: 'domains' },
    async look(text) {
      const domain = readDomain(text)
      if (!domain.ok) return domain
      const report = await checkOne(domain.value)
      verdicts.add(report.verdict)
      return accept(report)
    },
  })
  return status === EXIT.done ? statusOf(verdicts) : status
}

function readSections(text: string | undefined): ReadonlySet<SectionName> | undefined {
  if (text === undefined) return undefined
  const words = text.split(',').map((word) => word.trim())
  const sections = words.map((word) => sectionNames.find((name) => name === word))
  const wrong = words.find((_, place) => sections[place] === undefined)
  if (wrong !== undefined) {
    throw new UsageError(`option --only: "${escapeText(wrong)}" is none of ${sectionNames.join(', ')}`)
  }
  return new Set(sections.filter((section) => section !== undefined))
}

/** The resolver keeps to its own way: servers of DNS are asked from wherever they can be reached. */
function fromAddress(network: Network, from: string): Network {
  return { ...network, connectTcp: (endpoint, dial) => network.connectTcp(endpoint, { ...dial, from }) }
}

function readFrom(text: string | undefined): string | undefined {
  if (text === undefined || isIP(text) !== 0) return text
  throw new UsageError(`option --from: not an address: "${escapeText(text)}"`)
}

function readProfile(text: string | undefined): TlsProfileName | undefined {
  const profile = tlsProfiles.find((name) => name === text)
  if (text === undefined || profile !== undefined) return profile
  throw new UsageError(`option --profile: "${escapeText(text)}" is none of ${tlsProfiles.join(', ')}`)
}

function readOperand(text: string): DomainName {
  const domain = readDomain(text)
  if (domain.ok) return domain.value
  throw new UsageError(`not a domain name: "${escapeText(text)}" (${domain.fault.replaceAll('-', ' ')})`)
}
