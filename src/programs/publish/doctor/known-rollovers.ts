import { ConfigError } from '../../../core/config-error.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { KnownRollover } from '../../../core/publish/doctor/report.ts'
import { type Rollover, recordsOf, usualCombinations } from '../../../core/publish/rollover/rollover.ts'
import { pause } from '../../../io/probe/pause.ts'
import { openRolloverFile } from '../../../io/publish/rollover-file.ts'
import { usualStorePath } from '../../config/store-path.ts'
import { statePath } from '../rollover/rollover-options.ts'

export interface RolloversOptions {
  /** The file of the one host; undefined for the usual places. */
  readonly named: string | undefined
  readonly port: number
  readonly environment: Readonly<Record<string, string | undefined>>
  warn(text: string): void
}

/**
 * What "waxseal tlsa plan" and "apply" remember of hosts. A state that cannot be read is warned of, and the visit goes on
 * without: who calls a doctor has trouble enough.
 */
export async function readRollovers(
  hosts: readonly DomainName[],
  { named, port, environment, warn }: RolloversOptions,
): Promise<ReadonlyMap<string, KnownRollover>> {
  const known = new Map<string, KnownRollover>()
  if (named === undefined && usualStorePath(environment) === undefined) return known
  for (const host of hosts) {
    try {
      const state = await openRolloverFile(statePath(named, { host, port }, environment), pause).read()
      if (state !== undefined && state.host !== host) warn(`the state is of ${state.host}, and counts for nothing here`)
      else if (state !== undefined) known.set(host, knownOf(state))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      warn(error.message)
    }
  }
  return known
}

/** Records by the roles of their keys; a key that has two roles in turn is not told of as old. */
function knownOf({ keys, combinations = usualCombinations }: Rollover): KnownRollover {
  const next = recordsOf(
    keys.filter(({ role }) => role === 'next'),
    combinations,
  )
  const past = recordsOf(
    keys.filter(({ role }) => role === 'old' || role === 'barred'),
    combinations,
  )
  return { next, old: past.filter((record) => !next.includes(record)) }
}
