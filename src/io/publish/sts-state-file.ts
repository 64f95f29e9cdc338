import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { newState, type StsState } from '../../core/publish/sts-state.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import type { StopSignal } from '../stop.ts'
import { type Pause, takeFileLock } from './file-lock.ts'
import { formatStsState, parseStsState } from './sts-state-text.ts'
import type { VersionedFault } from './versioned-json.ts'

/** Where it is remembered what a domain has served. */
export interface StsStateFile {
  /** A new state where nothing was written yet. Throws ConfigError for what is there and cannot be used, and leaves it so. */
  read(): StsState
  /** Puts it in place in one step; what is the same already stays untouched. Rejects with ConfigError. */
  write(state: StsState): Promise<void>
  /** Keeps other runs away until the function is called; undefined when another run does not end. */
  lock(signal?: StopSignal): Promise<(() => void) | undefined>
}

const faults: Record<VersionedFault, string> = {
  'other-version': 'another version of waxseal wrote it, use that one',
  'not-ours': 'it is something else than the state of a domain’s policies',
  damaged: 'it is damaged',
}

export function openStsStateFile(path: string, domain: DomainName, pause: Pause): StsStateFile {
  const shown = escapeText(path)
  const cannot = (what: string, why: string) => new ConfigError(`cannot ${what} the state "${shown}": ${why}`)
  let known: string | undefined
  return {
    read() {
      try {
        const octets = readPrivateFile(path, limits.stsWays.stateOctets)
        known = octets && Buffer.from(octets).toString('utf8')
      } catch (error) {
        throw cannot('read', reasonOf(error))
      }
      if (known === undefined) return newState(domain)
      const state = parseStsState(known)
      if (!state.ok) {
        const advice = 'Move it away to begin anew: what is served is found again, what was served before is not'
        throw cannot('use', `${faults[state.fault]}; it was left as it is. ${advice}`)
      }
      if (state.value.domain === domain) return state.value
      throw cannot('use', `it is that of ${state.value.domain}`)
    },
    async write(state) {
      const text = formatStsState(state)
      if (text === known) return
      try {
        await writePrivateFile(path, Buffer.from(text))
        known = text
      } catch (error) {
        throw cannot('write', reasonOf(error))
      }
    },
    async lock(signal) {
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        const { lockMs: waitMs, lockPollMs: pollMs } = limits.stsWays
        return await takeFileLock(`${path}.lock`, { waitMs, pollMs, pause, signal })
      } catch (error) {
        if (signal?.aborted === true) throw error
        throw cannot('lock', reasonOf(error))
      }
    },
  }
}

function reasonOf(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error))
}
