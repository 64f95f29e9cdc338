import { pauseFor } from '../stop.ts'
import type { Pause } from './probe-io.ts'

/** By the machine's own time. */
export const pause: Pause = async (milliseconds, signal) => {
  await pauseFor(milliseconds, signal)
  signal?.throwIfAborted()
}
