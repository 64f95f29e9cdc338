import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Lets all other threads of the machine go before this one, by so many steps of niceness; false where that cannot be done
 * for a thread alone. Nothing else of the process is changed.
 */
export function letOthersGoFirst(niceness: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    const [, pid, thread] = /^([0-9]+)\/task\/([0-9]+)$/.exec(readlinkSync('/proc/thread-self')) ?? []
    // In the numbers of another container's processes it would be somebody else's thread.
    if (pid !== String(process.pid)) return false
    setPriority(Number(thread), niceness)
    return true
  } catch {
    return false
  }
}
