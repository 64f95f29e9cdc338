import { limits } from '../../../core/limits.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { readPrivateFile } from '../../../io/private-file.ts'
import { openStsStateFile } from '../../../io/publish/sts-state-file.ts'
import { pauseFor } from '../../../io/stop.ts'
import { reasonOf } from '../../file-error.ts'
import { openLooking, readMaxAge } from '../../publish/sts/look.ts'
import { readPatterns } from '../../publish/sts/patterns.ts'
import {
  checkPolicy,
  type PolicyWork,
  servedTexts,
  type WriteOrder,
  writePolicy,
} from '../../publish/sts/run-policy.ts'
import { readOperand } from '../../publish/sts/way.ts'
import { readClientName } from '../client-name.ts'
import { type CommandContext, defineCommand, InputError, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

const modes = ['none', 'testing', 'enforce'] as const

export const stsPolicy = defineCommand({
  name: 'sts policy',
  summary: 'Write an MTA-STS policy for the MX hosts of a domain, or check one against them',
  usage: [
    'sts policy [--mode MODE] [--max-age TIME] [--mx PATTERN]... [--output FILE] DOMAIN',
    'sts policy --check FILE DOMAIN',
    'sts policy --live DOMAIN',
  ],
  description: [
    'Writes the policy for the MX hosts that there are, and the TXT record with its id. With mode enforce it connects to ' +
      'every address of every MX host first, and refuses a policy under which mail would be held back.',
    'With --mx the policy is for those hosts instead. Where that changes MX hosts, old and new are listed for as long as ' +
      'it takes, and the steps of the change are printed in their order, each with the earliest moment for it.',
    'With --check or --live it writes nothing, and says of a policy in a file, or of the one that is served, which hosts ' +
      'fail under it and who holds mail back.',
    'The id is the time and a digest of the policy: the same as long as the policy is, and never one that was there before.',
  ],
  options: {
    mode: {
      type: 'string',
      value: 'MODE',
      description: 'none, testing or enforce; unless told, that of the policy there is, or testing',
    },
    'max-age': {
      ...{ type: 'string', value: 'TIME' },
      description:
        'how long senders remember it, as 604800, 7d or 4w; unless told as now, or a day, a week or four weeks, by mode',
    },
    mx: {
      ...{ type: 'string', value: 'PATTERN', multiple: true },
      description: 'list this host, or *.DOMAIN, instead of the MX hosts as they are; may be repeated',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      description: 'write the policy here, for a web server to serve',
    },
    state: {
      ...{ type: 'string', value: 'FILE' },
      description: 'remember here what is served until when, as "sts ramp" and "sts retire" do',
    },
    unchecked: {
      type: 'boolean',
      description: 'with mode enforce: let hosts pass of which nothing can be said from here',
    },
    check: { type: 'string', value: 'FILE', description: 'hold the policy in this file against the MX hosts' },
    live: { type: 'boolean', description: 'hold the policy that is served against the MX hosts' },
    helo: {
      ...{ type: 'string', value: 'NAME' },
      description: 'our name for EHLO, or our address in brackets: it should resolve to where we come from',
    },
    json: { type: 'boolean', description: 'print one JSON object' },
    ...worldOptions,
  },
  operands: { name: 'DOMAIN', min: 1, max: 1 },
  examples: [
    { line: 'waxseal sts policy example.org', does: 'a policy to begin with, and its record' },
    {
      line: 'waxseal sts policy --mode enforce -o /srv/mta-sts.txt example.org',
      does: 'for good, if nothing fails',
    },
    {
      line: 'waxseal sts policy --mx mx.new.example --mode enforce example.org',
      does: 'how to change MX hosts, and when',
    },
    { line: 'waxseal sts policy --live example.org', does: 'what breaks, and for whom' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'the policy is written, or every host passes under it' },
    { status: EXIT.nothing, means: 'mail is, or would be, held back in mode enforce; or it is no policy' },
    { status: EXIT.noInput, means: 'the file of --check cannot be read' },
    { status: EXIT.noHost, means: 'the domain takes no mail' },
    { status: EXIT.unavailable, means: 'there is no such domain, or no policy host' },
    { status: EXIT.cannotCreate, means: 'the file of --output cannot be written' },
    { status: EXIT.temporary, means: 'it could not be told whether hosts pass' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const domain = readOperand(text)
    const order = readOrder(values)
    if (values.check !== undefined && values.live === true) throw new UsageError('give either --check or --live')
    const isCheck = values.check !== undefined || values.live === true
    const given = (['mode', 'max-age', 'output', 'state'] as const).find((name) => values[name] !== undefined)
    if (isCheck && (given !== undefined || values.mx.length > 0)) {
      throw new UsageError(`option --${given ?? 'mx'} is for writing a policy, not for checking one`)
    }
    const body = values.check === undefined ? undefined : readPolicyFile(values.check)
    const clientName = readClientName(values.helo)
    const world = await context.openWorld(values, 'existing')
    const looking = openLooking(world, clientName, context)
    const work: PolicyWork = { domain, looking, clock: world.clock, out: context.out, json: values.json === true }
    try {
      if (body !== undefined) return await checkPolicy([{ from: values.check ?? '', body }], work)
      if (values.live === true) return await checkLive(work)
      return await writeAlone(order, values.state, work, context)
    } catch (error) {
      if (context.signal.aborted) return EXIT.interrupted
      throw error
    } finally {
      await looking.close()
      await world.close()
    }
  },
})

async function checkLive(work: PolicyWork): Promise<number> {
  const facts = await work.looking.facts(work.domain)
  const texts = servedTexts(facts, work.domain, work.out)
  if (texts === undefined) return EXIT.unavailable
  return texts.length === 0 ? EXIT.nothing : checkPolicy(texts, work, facts)
}

/** What is remembered is changed by one run at a time. */
async function writeAlone(
  order: Omit<WriteOrder, 'file'>,
  state: string | undefined,
  work: PolicyWork,
  { out, signal }: CommandContext,
): Promise<number> {
  if (state === undefined) return writePolicy({ ...order, file: undefined }, work)
  const file = openStsStateFile(state, work.domain, pauseFor)
  const release = await file.lock(signal)
  if (release === undefined) {
    out.warn(`another run works on "${escapeText(state)}"`)
    return EXIT.temporary
  }
  try {
    return await writePolicy({ ...order, file }, work)
  } finally {
    release()
  }
}

interface Given {
  readonly mode: string | undefined
  readonly 'max-age': string | undefined
  readonly mx: readonly string[]
  readonly output: string | undefined
  readonly unchecked: boolean | undefined
}

function readOrder(values: Given): Omit<WriteOrder, 'file'> {
  const mode = modes.find((one) => one === values.mode)
  if (values.mode !== undefined && mode === undefined)
    throw new UsageError(`option --mode: "${escapeText(values.mode)}" is none of ${modes.join(', ')}`)
  const mx = readPatterns('mx', values.mx)
  if (mode === 'none' && mx.length > 0) throw new UsageError('a policy in mode none lists no hosts')
  const maxAge = readMaxAge('max-age', values['max-age'])
  return { mode, maxAge, mx, output: values.output, allowsUnknown: values.unchecked === true }
}

function readPolicyFile(path: string): string {
  try {
    const octets = readPrivateFile(path, limits.sts.bodyOctets)
    if (octets === undefined) throw new Error('no such file')
    return Buffer.from(octets).toString()
  } catch (error) {
    throw new InputError(`cannot read "${escapeText(path)}": ${escapeText(reasonOf(error))}`)
  }
}
