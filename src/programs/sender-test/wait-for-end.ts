import { setTimeout as pause } from 'node:timers/promises'

const lookMs = 200

/** Waits until `isOver` says so, the time is up, or it is interrupted; tells how many seconds are left now and then. */
export async function waitForEnd(
  isOver: () => boolean,
  { seconds, signal, tell }: { seconds: number; signal: AbortSignal; tell: (left: number) => void },
): Promise<void> {
  const end = performance.now() + seconds * 1000
  for (let left = seconds; left > 0 && !signal.aborted && !isOver(); left = (end - performance.now()) / 1000) {
    tell(Math.ceil(left))
    await pause(Math.min(lookMs, left * 1000), undefined, { signal }).catch(() => undefined)
  }
}
