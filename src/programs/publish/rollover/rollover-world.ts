import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { Name } from '../../../core/name/name.ts'
import type { HostSeen } from '../../../core/publish/rollover/rollover.ts'
import type { ZoneSeen } from '../../../core/publish/rollover/zone-seen.ts'
import { createProbes } from '../../../io/probe/create-probes.ts'
import { pause } from '../../../io/probe/pause.ts'
import { lookAtHost } from '../../../io/publish/look-at-host.ts'
import { lookAtZone } from '../../../io/publish/look-at-zone.ts'
import { openRolloverFile, type RolloverFile } from '../../../io/publish/rollover-file.ts'
import { createServerSurvey } from '../../../io/resolver/all-servers.ts'
import { readClientName } from '../../cli/client-name.ts'
import { type CommandContext, UsageError } from '../../cli/command.ts'
import { deadline } from '../../cli/deadline.ts'
import { withProgress } from '../../cli/with-progress.ts'
import type { World, WorldValues } from '../../cli/world.ts'
import { readLeftOut, statePath } from './rollover-options.ts'

/** All that commands about one host need of the world. */
export interface RolloverWorld {
  readonly world: World
  readonly port: number
  readonly file: RolloverFile
  readonly signal: AbortSignal
  lookAtZone(): Promise<ZoneSeen>
  lookAtHost(): Promise<HostSeen>
  close(): Promise<void>
}

export interface RolloverValues extends WorldValues {
  readonly state?: string | undefined
  readonly helo?: string | undefined
  readonly 'leave-out'?: readonly string[] | undefined
}

export async function openRolloverWorld(
  host: DomainName,
  values: RolloverValues,
  context: CommandContext,
): Promise<RolloverWorld> {
  const leaveOut: readonly Name[] = readLeftOut(values['leave-out'])
  const clientName = readClientName(values.helo)
  const world = await context.openWorld(values, 'optional')
  const { resolver, resolverOptions, network, clock, smtpPort: port, authorities: ca, trace } = world
  if (resolverOptions.engine === 'trust-ad') {
    await world.close()
    throw new UsageError('each name server is asked and validated, which engine trust-ad does not')
  }
  const survey = createServerSurvey(resolverOptions)
  const probes = createProbes({ network, clock, clientName, ca })
  const signal = deadline(context.signal, limits.rollover.lookMs)
  const { out } = context
  return {
    ...{ world, port, signal },
    file: openRolloverFile(statePath(values.state, { host, port }, context.environment), pause),
    lookAtZone: () =>
      withProgress(
        out,
        (seconds) => `asking every name server about ${host} for ${seconds} s`,
        () => lookAtZone({ host, port, leaveOut }, survey, { signal, trace }),
      ),
    lookAtHost: () => lookAtHost({ host, port }, { resolver, probes, signal }),
    async close() {
      await Promise.all([survey.close(), probes.close()])
      await world.close()
    },
  }
}
