import { ConfigError } from '../../../core/config-error.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type ReportTally, tallyReports } from '../../../core/tlsrpt/report-tally.ts'
import { openStsStateFile, type StsStateFile } from '../../../io/publish/sts-state-file.ts'
import { pauseFor } from '../../../io/stop.ts'
import { readReports } from '../../../io/tlsrpt/read-reports.ts'
import { readClientName } from '../../cli/client-name.ts'
import { type CommandContext, type OptionTable, UsageError, type Values } from '../../cli/command.ts'
import { EXIT } from '../../cli/exit.ts'
import { readDomain } from '../../cli/explain-list.ts'
import type { World } from '../../cli/world.ts'
import { worldOptions } from '../../cli/world-options.ts'
import { reasonOf } from '../../file-error.ts'
import { createZoneWriter, readWriterPlan, writerOptions } from '../writer-options.ts'
import { type Looking, openLooking } from './look.ts'
import type { StsHands } from './publish-step.ts'

/** Options of the commands that lead a domain step by step. */
export const wayOptions = {
  state: {
    ...{ type: 'string', value: 'FILE' },
    description: 'where it is remembered what was served until when; made where there is none',
  },
  output: {
    ...{ type: 'string', short: 'o', value: 'FILE' },
    description: 'where the policy is written, for a web server to serve; printed where this is not given',
  },
  'dry-run': { type: 'boolean', description: 'write nothing, and say what would be done' },
  helo: {
    ...{ type: 'string', value: 'NAME' },
    description: 'our name for EHLO, or our address in brackets: it should resolve to where we come from',
  },
  json: { type: 'boolean', description: 'print one JSON object' },
  ...writerOptions,
  ...worldOptions,
} as const satisfies OptionTable

/** What one run works with. */
export interface Way {
  readonly domain: DomainName
  readonly world: World
  readonly looking: Looking
  readonly file: StsStateFile
  readonly hands: StsHands
  readonly isDry: boolean
}

/** Opens the world and the state, does the work alone with it, and closes all. Yields the exit status. */
export async function onWay(
  text: string,
  values: Values<typeof wayOptions>,
  context: CommandContext,
  work: (way: Way) => Promise<number>,
): Promise<number> {
  const domain = readOperand(text)
  if (values.state === undefined) throw new UsageError('missing --state FILE: what was served must be remembered')
  const plan = readWriterPlan(values)
  const clientName = readClientName(values.helo)
  const { signal } = context
  const { 'dry-run': dry, ...worldValues } = values // which means something else to a service
  const world = await context.openWorld(worldValues, 'existing')
  const looking = openLooking(world, clientName, context)
  try {
    const file = openStsStateFile(values.state, domain, pauseFor)
    const isDry = dry === true
    const release = isDry ? () => {} : await file.lock(signal)
    if (release === undefined) {
      context.out.warn(`another run works on "${escapeText(values.state)}"`)
      return EXIT.temporary
    }
    try {
      const writer = createZoneWriter(plan, { ...world, environment: context.environment })
      const hands = { domain, output: values.output, writer, signal }
      return await work({ domain, world, looking, file, hands, isDry })
    } finally {
      release()
    }
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    throw error
  } finally {
    await looking.close()
    await world.close()
  }
}

export function readOperand(text: string): DomainName {
  const domain = readDomain(text)
  if (domain.ok) return domain.value
  throw new UsageError(`not a domain name: "${escapeText(text)}" (${domain.fault.replaceAll('-', ' ')})`)
}

/** What reports in a folder say of a domain; files that are none are warned of. Throws ConfigError for no folder. */
export async function readTally(
  folder: string | undefined,
  domain: DomainName,
  { out, signal }: CommandContext,
): Promise<ReportTally | undefined> {
  if (folder === undefined) return undefined
  const shown = escapeText(folder)
  try {
    const { reports, refused, left } = await readReports(folder, signal)
    for (const { file, why } of refused.slice(0, 20)) {
      out.warn(`"${escapeText(file)}" in "${shown}" is no report that can be read (${why})`)
    }
    if (refused.length > 20) out.warn(`${refused.length - 20} more files of "${shown}" are no reports`)
    if (left > 0) out.warn(`${left} files of "${shown}" were too many, and were not read`)
    return tallyReports(reports, domain)
  } catch (error) {
    if (signal.aborted) throw error
    throw new ConfigError(`cannot read the reports in "${shown}": ${escapeText(reasonOf(error))}`)
  }
}
