import type { DomainName } from '../../../core/name/domain.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { explainDomain } from '../explain-domain.ts'
import { explainList, readDomain } from '../explain-list.ts'
import type { ExplainReport } from '../explain-report.ts'
import { writeExplanation } from '../explain-text.ts'
import { defaultJobs, maxJobs, openList, readJobs } from '../list-work.ts'
import { withProgress } from '../with-progress.ts'
import type { World } from '../world.ts'
import { worldOptions } from '../world-options.ts'

export const explain = defineCommand({
  name: 'explain',
  summary: 'Say what mail to a domain must be shown before it is handed over, and why',
  usage: ['explain [--json] [--trace] DOMAIN', 'explain --file LIST [--jobs N]'],
  description: [
    'Looks up everything that a delivery to DOMAIN would look up (MX, addresses, TLSA, the MTA-STS policy), decides as a ' +
      'delivery would, and shows the decision with the evidence for it: each lookup with its DNSSEC status, who signed ' +
      'it, and the row of docs/decisions.md that applied. Connects to no mail server.',
    'With --file it does so for each domain of a list, one a line, and prints a line of JSON for each as it is ' +
      'done, not in the order of the list: "line" says which it is. LIST may be - for standard input; empty lines and ' +
      'lines that begin with # are passed over.',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.explain/1)' },
    file: { type: 'string', value: 'LIST', description: 'explain every domain of this file' },
    jobs: {
      ...{ type: 'string', short: 'j', value: 'N' },
      description: `domains looked at at once with --file, ${defaultJobs} unless told, at most ${maxJobs}`,
    },
    ...worldOptions,
  },
  operands: { name: 'DOMAIN', min: 0, max: 1 },
  examples: [
    { line: 'waxseal explain example.org', does: 'what holds for mail to example.org' },
    {
      line: 'waxseal explain --file domains.txt >reports.jsonl',
      does: 'the same for many, for a program to read',
    },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'mail would be delivered; with --file: every line was looked at' },
    { status: EXIT.data, means: 'with --file: some lines were no domain names' },
    { status: EXIT.noInput, means: 'with --file: the list cannot be read' },
    { status: EXIT.noHost, means: 'mail would be returned: the domain takes none (null MX)' },
    { status: EXIT.unavailable, means: 'mail would be returned: there is no such domain, or no host for it' },
    { status: EXIT.temporary, means: 'mail would wait: lookups failed, or no MX host may be used' },
  ],
  async run({ values, positionals: [text] }, context) {
    const jobs = readJobs(values.jobs)
    if (values.file !== undefined && text !== undefined) throw new UsageError('give either DOMAIN or --file, not both')
    if (values.file !== undefined) {
      const input = await openList(values.file, context)
      return inWorld(context, values, (world) => explainList(input, listWork(world, context, jobs)))
    }
    const domain = readOperand(text)
    const report = await inWorld(context, values, (world) => explainOne(domain, world, context))
    if (context.signal.aborted) return EXIT.interrupted
    if (values.json === true) context.out.line(JSON.stringify(report))
    else writeExplanation(report, context.out)
    return statusFor(report)
  },
})

async function inWorld<Value>(
  { openWorld }: CommandContext,
  values: Parameters<typeof openWorld>[0],
  work: (world: World) => Promise<Value>,
): Promise<Value> {
  const world = await openWorld(values, 'existing')
  try {
    return await work(world)
  } finally {
    await world.close()
  }
}

function explainOne(domain: DomainName, world: World, { out, signal }: CommandContext): Promise<ExplainReport> {
  const describe = (seconds: number) => `asking about ${domain} for ${seconds} s`
  return withProgress(out, describe, () => explainDomain(domain, world, signal))
}

function listWork(world: World, { out, signal }: CommandContext, jobs: number) {
  return { out, signal, jobs, explain: (domain: DomainName) => explainDomain(domain, world, signal) }
}

function statusFor({ outcome, row }: ExplainReport): number {
  if (outcome === 'deliver') return EXIT.done
  if (outcome === 'defer') return EXIT.temporary
  return row === 'M3' ? EXIT.noHost : EXIT.unavailable
}

function readOperand(text: string | undefined): DomainName {
  if (text === undefined) throw new UsageError('missing DOMAIN (usage: waxseal explain [--json] [--trace] DOMAIN)')
  const domain = readDomain(text)
  if (domain.ok) return domain.value
  throw new UsageError(`not a domain name: "${escapeText(text)}" (${domain.fault.replaceAll('-', ' ')})`)
}
