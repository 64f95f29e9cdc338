import type { Destination, Made } from './decisions.ts'
import { destinationOfKey } from './destination-key.ts'

/** What is known of a decision when it is made; moments in milliseconds since 1970. */
export interface Making<View>
  extends Pick<Made<View>, 'view' | 'at' | 'until' | 'askedAt' | 'tookMs' | 'serial' | 'why'> {
  readonly key: string
}

/**
 * A decision as it lies in memory, by the hundred thousand. Its moments are whole seconds: such numbers stand in the object
 * itself, and any others are objects of their own. What follows from the key is made when it is asked for.
 */
export class KeptDecision<View> implements Made<View> {
  readonly key: string
  readonly view: View
  readonly tookMs: number
  readonly serial: number
  readonly why: Made<View>['why']
  isCurrent: boolean
  private readonly madeSecond: number
  private readonly lastSecond: number
  private askedSecond: number

  constructor({ key, view, at, until, askedAt, tookMs, serial, why }: Making<View>) {
    this.key = key
    this.view = view
    this.tookMs = Math.round(tookMs)
    this.serial = serial
    this.why = why
    this.isCurrent = true
    this.madeSecond = secondOf(at)
    this.lastSecond = secondOf(until)
    this.askedSecond = secondOf(askedAt)
  }

  get destination(): Destination {
    return destinationOfKey(this.key)
  }

  get at(): number {
    return this.madeSecond * 1000
  }

  get until(): number {
    return this.lastSecond * 1000
  }

  get askedAt(): number {
    return this.askedSecond * 1000
  }

  set askedAt(at: number) {
    this.askedSecond = secondOf(at)
  }
}

function secondOf(at: number): number {
  return Math.floor(at / 1000)
}
