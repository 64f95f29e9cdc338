import { limits } from '../../core/limits.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import { createSavedReplies, type SavedReplies } from './saved-replies.ts'

/** Saved replies, and the file that they come from and go to. */
export interface CacheKeeper {
  readonly replies: SavedReplies
  /** Writes the file anew. Rejects as Node does. */
  save(): Promise<void>
}

export interface CacheKeeperOptions {
  readonly now: () => number
  readonly onWarning?: ((warning: string) => void) | undefined
}

/** Reads the file if it is there. What cannot be used is named and passed over: a cache is never worth an error. */
export function openCacheKeeper(path: string, { now, onWarning = () => {} }: CacheKeeperOptions): CacheKeeper {
  const replies = createSavedReplies(now)
  const fault = load(path, replies)
  if (fault !== undefined) onWarning(`saved DNS cache ${JSON.stringify(path)} ${fault}: starting without it`)
  return { replies, save: () => writePrivateFile(path, replies.toOctets()) }
}

const faults = {
  'not-a-cache-file': 'is no such file',
  'other-version': 'is of another version',
  truncated: 'ends too early',
  damaged: 'is damaged',
  'too-long': 'is too long',
  reply: 'has something in it that is no DNS reply',
  'from-the-future': 'was saved later than it is now',
} as const

/** Why it could not be used, for after its name. */
function load(path: string, replies: SavedReplies): string | undefined {
  try {
    const octets = readPrivateFile(path, limits.files.cacheOctets)
    const loaded = octets === undefined ? undefined : replies.load(octets)
    return loaded?.ok === false ? faults[loaded.fault] : undefined
  } catch (error) {
    return `cannot be read (${error instanceof Error ? error.message : String(error)})`
  }
}
