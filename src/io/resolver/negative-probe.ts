import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import { limits } from '../../core/limits.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import { Stop } from '../stop.ts'
import { createTask, type Task } from './task.ts'

/** Sees now and then whether what a negative trust anchor names validates again. RFC 7646 §4 */
export interface NegativeProbe {
  /** Hears of results that rest on these: it is their use that has a zone looked at. */
  touch(anchors: readonly NegativeAnchor[]): void
  close(): Promise<void>
}

export interface NegativeProbeOptions {
  readonly clock: Clock
  /** Whether the zone validates without any negative anchor. */
  validates(anchor: NegativeAnchor, task: Task): Promise<boolean>
  /** That it does, so that the anchor is not to count any more. */
  lift(anchor: NegativeAnchor): void
}

/** Nobody waits for it: the first use only begins the pause, so that what runs for seconds asks nothing more for it. */
export function createNegativeProbe({ clock, validates, lift }: NegativeProbeOptions): NegativeProbe {
  const closing = new Stop()
  const next = new Map<NegativeAnchor, number>()
  const underWay = new Map<NegativeAnchor, Promise<void>>()

  async function probe(anchor: NegativeAnchor): Promise<void> {
    const ending = createEnding(closing, limits.resolver.questionMs)
    try {
      if (await validates(anchor, createTask({ signal: ending.signal, clock }))) lift(anchor)
    } catch (error) {
      if (!ending.signal.aborted) throw error
    } finally {
      ending.stop()
      underWay.delete(anchor)
    }
  }

  return {
    touch(anchors) {
      const now = clock.now()
      for (const anchor of anchors) {
        const isTime = now >= (next.get(anchor) ?? Number.POSITIVE_INFINITY)
        if (isTime || !next.has(anchor)) next.set(anchor, now + limits.dnssec.negativeProbePause * 1000)
        if (isTime && !underWay.has(anchor) && !closing.aborted) underWay.set(anchor, probe(anchor))
      }
    },
    async close() {
      closing.abort()
      await Promise.all(underWay.values())
    },
  }
}
