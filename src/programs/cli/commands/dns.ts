import { formatType, TYPE } from '../../../core/dns/types.ts'
import type { Resolution } from '../../../core/dnssec/resolution.ts'
import type { TrustPoint } from '../../../core/dnssec/trust-point.ts'
import { sameName } from '../../../core/name/name.ts'
import { formatName } from '../../../core/name/text.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { replaceFile } from '../../../io/replace-file.ts'
import { reasonOf } from '../../file-error.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { deadline } from '../deadline.ts'
import { resolutionToJson, trustPointToJson } from '../dns-json.ts'
import { resolveList } from '../dns-list.ts'
import { type DnsQuestion, type DnsWords, demandQuestion, readWords } from '../dns-question.ts'
import type { Comparison } from '../dns-servers.ts'
import { writeResolution, writeTrustPoint } from '../dns-text.ts'
import { EXIT } from '../exit.ts'
import { defaultJobs, maxJobs, openList, readJobs } from '../list-work.ts'
import { formatCost } from '../trace-text.ts'
import { withProgress } from '../with-progress.ts'
import type { World, WorldValues } from '../world.ts'
import { worldOptions } from '../world-options.ts'

export const dns = defineCommand({
  name: 'dns',
  summary: 'Look up records and show the chain of trust that proves them',
  usage: [
    'dns [--json] [--trace] [@SERVER] NAME [TYPE]',
    'dns --all-servers [--json] [@SERVER] NAME [TYPE]',
    'dns --file LIST [--jobs N] [@SERVER]',
  ],
  description: [
    'Looks up records, A unless TYPE says otherwise, and validates them from the trust anchors down, whatever the ' +
      'resolver says of them. Shows each zone on the way with the DS records and the key that carry the chain, and, ' +
      'where the chain breaks, what broke it. NAME is a name as in zone files, without need for a final dot, or a ' +
      'domain in its own script.',
    'With @SERVER it asks that resolver, an address with or without a port (@192.0.2.53, @[2001:db8::1]:5353), as ' +
      '--engine forward --server SERVER does.',
    'For the DNSKEY records of the root, or of another name with trust anchors, it also shows what is thought of each ' +
      'anchor: trusted, missing, new or revoked (RFC 5011).',
    'With --all-servers it asks every server of the zone that NAME lies in directly, at each of its IPv4 and IPv6 ' +
      'addresses, validates what each says, and compares: results, records (not their TTLs), DNSSEC status, and the ' +
      'serial of the zone. The first line says whether all agree, or who differs and how.',
    'With --file it looks up each line of a list, NAME or NAME TYPE, and prints a line of JSON for each as it is done, ' +
      'not in the order of the list: "line" says which it is. LIST may be - for standard input; empty lines and lines ' +
      'that begin with # are passed over.',
  ],
  options: {
    json: {
      type: 'boolean',
      description: 'print one JSON object (schema waxseal.dns/1; with --all-servers waxseal.servers/1)',
    },
    'chain-svg': {
      ...{ type: 'string', value: 'FILE' },
      description: 'draw the chain of trust into this file as SVG, in the place of what is there',
    },
    'all-servers': { type: 'boolean', description: 'ask every server of the zone, and compare what they say' },
    file: { type: 'string', value: 'LIST', description: 'look up every line of this file' },
    jobs: {
      ...{ type: 'string', short: 'j', value: 'N' },
      description: `lookups at once with --file, ${defaultJobs} unless told, at most ${maxJobs}`,
    },
    ...worldOptions,
  },
  operands: { name: 'NAME', min: 0, max: 10 },
  examples: [
    { line: 'waxseal dns _25._tcp.mx.example.org TLSA', does: 'what DANE promises for an MX host' },
    { line: 'waxseal dns --trace example.org MX', does: 'every query and answer behind it' },
    { line: 'waxseal dns @192.0.2.53 example.org MX', does: 'what that resolver says, validated here' },
    { line: 'waxseal dns --chain-svg chain.svg example.org MX', does: 'the chain of trust as a drawing too' },
    { line: 'waxseal dns . DNSKEY', does: 'how the trust anchors of the root stand' },
    { line: 'waxseal dns --all-servers example.org MX', does: 'whether its name servers agree' },
    { line: 'waxseal dns --file names.txt >answers.jsonl', does: 'many lookups, for a program to read' },
  ],
  exitStatuses: [
    {
      status: EXIT.done,
      means:
        'there is an answer, secure or insecure; with --all-servers: all agree; with --file: every line was looked up',
    },
    { status: EXIT.nothing, means: 'the name, or records of that type, do not exist' },
    {
      status: EXIT.data,
      means: 'with --all-servers: the servers differ; with --file: some lines were no names and types',
    },
    { status: EXIT.noInput, means: 'with --file: the list cannot be read' },
    {
      status: EXIT.temporary,
      means: 'nothing can be said: the answer is bogus, the lookup failed, or with --all-servers: not all answer',
    },
  ],
  async run({ values, positionals }, context) {
    const words = readWords(positionals)
    const options = askingServers(values, words)
    const jobs = readJobs(values.jobs)
    if (values.file !== undefined) {
      if (words.name !== undefined) throw new UsageError('give either NAME or --file, not both')
      if (values['chain-svg'] !== undefined) throw new UsageError('--chain-svg is for one NAME, not for --file')
      if (values['all-servers'] === true) throw new UsageError('--all-servers is for one NAME, not for --file')
      const input = await openList(values.file, context)
      return inWorld(context, options, (world) => resolveList(input, listWork(world, context, jobs)))
    }
    if (words.name === undefined) throw new UsageError('missing NAME (usage: waxseal dns [@SERVER] NAME [TYPE])')
    const question = demandQuestion(words)
    if (values['all-servers'] === true) {
      if (values['chain-svg'] !== undefined) throw new UsageError('give either --chain-svg or --all-servers, not both')
      const isJson = values.json === true
      return inWorld(context, options, (world) => compareAll(question, { world, isJson }, context))
    }
    const { resolution, point } = await inWorld(context, options, async (world) => ({
      resolution: await resolveOne(question, world, context),
      point: trustPointOf(question, world),
    }))
    const { out, signal, clock } = context
    if (signal.aborted) return EXIT.interrupted
    if (values.json === true) {
      const found = { schema: 'waxseal.dns/1', ...resolutionToJson(resolution) }
      out.line(JSON.stringify(point === undefined ? found : { ...found, trustAnchors: trustPointToJson(point) }))
    } else {
      writeResolution(resolution, out, clock.now())
      if (point !== undefined) writeTrustPoint(point, out)
    }
    const isDrawn = values['chain-svg'] === undefined || (await draw(resolution, values['chain-svg'], context))
    return isDrawn ? statusFor(resolution) : EXIT.cannotCreate
  },
})

async function inWorld<Value>(
  { openWorld }: CommandContext,
  values: WorldValues,
  work: (world: World) => Promise<Value>,
): Promise<Value> {
  const world = await openWorld(values, 'optional')
  try {
    return await work(world)
  } finally {
    await world.close()
  }
}

async function resolveOne(
  { name, type }: DnsQuestion,
  { resolver, timeoutMs, trace, counters }: World,
  { out, signal }: CommandContext,
): Promise<Resolution> {
  const describe = (seconds: number) => `asking for ${formatName(name)} ${formatType(type)} for ${seconds} s`
  const lookUp = () => resolver.resolve(name, type, { signal: deadline(signal, timeoutMs), trace })
  const resolution = await withProgress(out, describe, lookUp)
  if (trace !== undefined) out.note(formatCost(counters))
  return resolution
}

/** Of who asks for the keys of a name that validation starts from. */
function trustPointOf({ name, type }: DnsQuestion, { resolver }: World): TrustPoint | undefined {
  if (type !== TYPE.DNSKEY) return undefined
  return resolver.trustPoints?.().find(({ owner }) => sameName(owner, name))
}

/** Whether it could be written; if not, after saying why. */
async function draw(resolution: Resolution, path: string, { out, clock }: CommandContext): Promise<boolean> {
  const { drawChain } = await import('../chain-svg.ts')
  try {
    await replaceFile(path, drawChain(resolution, clock.now()))
    return true
  } catch (error) {
    out.warn(`cannot write "${escapeText(path)}": ${escapeText(reasonOf(error))}`)
    return false
  }
}

async function compareAll(
  question: DnsQuestion,
  { world, isJson }: { readonly world: World; readonly isJson: boolean },
  { out, signal }: CommandContext,
): Promise<number> {
  const { compareServers } = await import('../dns-servers.ts')
  const survey = await surveyServers(question, world, { out, signal })
  if (signal.aborted) return EXIT.interrupted
  const comparison = compareServers(question, survey)
  if (isJson) {
    const { comparisonToJson } = await import('../dns-servers-json.ts')
    const zone = survey.kind === 'asked' ? survey.zone : undefined
    out.line(JSON.stringify(comparisonToJson(question, zone, comparison)))
  } else (await import('../dns-servers-text.ts')).writeComparison(comparison, out)
  return comparedStatus(comparison)
}

async function surveyServers(
  question: DnsQuestion,
  { resolverOptions, timeoutMs, trace }: World,
  { out, signal }: Pick<CommandContext, 'out' | 'signal'>,
) {
  if (resolverOptions.engine === 'trust-ad') {
    throw new UsageError('--all-servers validates what it is told, which engine trust-ad does not')
  }
  const { createServerSurvey } = await import('../../../io/resolver/all-servers.ts')
  const survey = createServerSurvey(resolverOptions)
  const what = `${formatName(question.name)} ${formatType(question.type)}`
  try {
    return await withProgress(
      out,
      (seconds) => `asking every server for ${what} for ${seconds} s`,
      () => survey.survey(question, { signal: deadline(signal, timeoutMs), trace }),
    )
  } finally {
    await survey.close()
  }
}

function comparedStatus({ verdict, answers }: Comparison): number {
  if (verdict === 'differ') return EXIT.data
  const isKnown = answers.every(({ finding }) => 'records' in finding)
  return verdict === 'agree' && isKnown ? EXIT.done : EXIT.temporary
}

function listWork({ resolver, timeoutMs, trace }: World, { out, signal }: CommandContext, jobs: number) {
  const resolve = ({ name, type }: DnsQuestion) =>
    resolver.resolve(name, type, { signal: deadline(signal, timeoutMs), trace })
  return { out, signal, jobs, resolve }
}

/** `@SERVER` stands for options. Throws UsageError for options that say otherwise. */
function askingServers(values: WorldValues, { servers }: DnsWords): WorldValues {
  const [first] = servers
  if (first === undefined) return values
  if (values.server !== undefined && values.server.length > 0)
    throw new UsageError('give either @SERVER or --server, not both')
  const { engine = 'forward' } = values
  if (engine === 'iterate') throw new UsageError(`engine iterate asks no resolver, and so not "@${first}"`)
  return { ...values, engine: engine === 'auto' ? 'forward' : engine, server: servers }
}

function statusFor({ kind }: Resolution): number {
  if (kind === 'failure') return EXIT.temporary
  return kind === 'answer' ? EXIT.done : EXIT.nothing
}
