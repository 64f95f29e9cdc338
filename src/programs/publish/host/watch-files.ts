import { type FSWatcher, watch } from 'node:fs'
import { limits } from '../../../core/limits.ts'

/** Watches over files and folders until it is closed. */
export interface FileWatch {
  close(): void
}

/**
 * Calls back once things have changed in any of these folders and been left alone since. Who cannot be watched is told of:
 * a signal still has everything read again.
 */
export function watchFolders(
  folders: ReadonlySet<string>,
  { onChange, onTrouble }: { onChange(): void; onTrouble(folder: string, reason: string): void },
): FileWatch {
  let settling: NodeJS.Timeout | undefined
  const touch = () => {
    clearTimeout(settling)
    settling = setTimeout(onChange, limits.policyServer.settleMs)
  }
  const watchers = [...folders].flatMap((folder): FSWatcher[] => {
    try {
      const watcher = watch(folder, { persistent: false }, touch)
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
