import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { Rollover } from '../../core/publish/rollover/rollover.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import type { StopSignal } from '../stop.ts'
import { type Pause, takeFileLock } from './file-lock.ts'
import { formatRollover, parseRollover } from './rollover-state.ts'
import type { VersionedFault } from './versioned-json.ts'

/** Where a host's rollover is remembered. */
export interface RolloverFile {
  readonly path: string
  /** Undefined where nothing was written yet. Throws ConfigError for what is there and cannot be used, and leaves it so. */
  read(): Promise<Rollover | undefined>
  /** Puts it in place in one step; what is the same already stays untouched. Throws ConfigError when it cannot be. */
  write(rollover: Rollover): Promise<void>
  /** Keeps other runs away until the function is called; undefined when another run does not end. */
  lock(signal?: StopSignal): Promise<(() => void) | undefined>
}

const faults: Record<VersionedFault, string> = {
  'other-version': 'another version of waxseal wrote it, use that one',
  'not-ours': 'it is something else than the state of a rollover',
  damaged: 'it is damaged',
}

export function openRolloverFile(path: string, pause: Pause): RolloverFile {
  const shown = escapeText(path)
  const cannot = (what: string, error: unknown) =>
    new ConfigError(
      `cannot ${what} the state "${shown}": ${escapeText(error instanceof Error ? error.message : String(error))}`,
    )
  let known: string | undefined

  async function readText(): Promise<string | undefined> {
    try {
      const octets = readPrivateFile(path, limits.rollover.stateOctets)
      return octets && Buffer.from(octets).toString('utf8')
    } catch (error) {
      throw cannot('read', error)
    }
  }

  return {
    path,
    async read() {
      known = await readText()
      if (known === undefined) return undefined
      const state = parseRollover(known)
      if (state.ok) return state.value
      throw new ConfigError(
        `cannot use the state "${shown}": ${faults[state.fault]}; it was left as it is. Move it away to begin anew: ` +
          'keys that are published and presented are found again, next ones must be named again, and waits begin again',
      )
    },
    async write(rollover) {
      const text = formatRollover(rollover)
      if (text === known) return
      try {
        await writePrivateFile(path, Buffer.from(text))
        known = text
      } catch (error) {
        throw cannot('write', error)
      }
    },
    async lock(signal) {
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        const { lockMs: waitMs, lockPollMs: pollMs } = limits.rollover
        return await takeFileLock(`${path}.lock`, { waitMs, pollMs, pause, signal })
      } catch (error) {
        if (signal?.aborted === true) throw error
        throw cannot('lock', error)
      }
    },
  }
}
