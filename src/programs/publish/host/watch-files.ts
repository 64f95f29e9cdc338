import { type FSWatcher, watch } from 'node:fs'
import { limits } from '../../../core/limits.ts'

/** Watches over files and folders until it is closed. */
export interface FileWatch {
  close(): void
}

/** Of a folder: these files, or with `ending` all whose names end so. */
export interface Watched {
  readonly names: ReadonlySet<string>
  readonly ending: string | undefined
}

/**
 * Whether news of a file in a folder are news for us: a log that is written beside them must not have all read again with
 * each of its lines. A system may not tell the name; one that begins with two dots is how orchestrators swap whole folders.
 */
export function concerns({ names, ending }: Watched, file: string | null): boolean {
  if (file === null || file.startsWith('..') || names.has(file)) return true
  return ending !== undefined && file.endsWith(ending)
}

/**
 * Calls back once what is watched in any of these folders has changed and been left alone since. Who cannot be watched is told of:
 * a signal still has everything read again.
 */
export function watchFolders(
  folders: ReadonlyMap<string, Watched>,
  { onChange, onTrouble }: { onChange(): void; onTrouble(folder: string, reason: string): void },
): FileWatch {
  let settling: NodeJS.Timeout | undefined
  const touch = () => {
    clearTimeout(settling)
    settling = setTimeout(onChange, limits.policyServer.settleMs)
  }
  const watchers = [...folders].flatMap(([folder, watched]): FSWatcher[] => {
    try {
      const watcher = watch(folder, { persistent: false }, (_, file) => {
        if (concerns(watched, file)) touch()
      })
      watcher.on('error', (error) => onTrouble(folder, error.message))
      return [watcher]
    } catch (error) {
      onTrouble(folder, error instanceof Error ? error.message : String(error))
      return []
    }
  })
  return {
    close() {
      clearTimeout(settling)
      for (const watcher of watchers) watcher.close()
    },
  }
}
