import type { ResourceRecord } from '../dns/message.ts'
import type { Name } from '../name/name.ts'

/** What shall be otherwise in one zone, all at once. Records are told apart by name, type and data, not by TTL. */
export interface ZoneChange {
  readonly zone: Name
  readonly remove: readonly ResourceRecord[]
  /** A record that is in `remove` too stays, with this TTL. */
  readonly add: readonly ResourceRecord[]
  /**
   * RRsets as they were when the change was planned, each whole. Where one has become otherwise since, nothing is
   * written, unless it has become what the change makes of it.
   */
  readonly assume?: readonly AssumedRrset[]
}

/** One RRset as it is thought to be in the zone; without records, that there is none. */
export interface AssumedRrset {
  readonly name: Name
  readonly type: number
  readonly records: readonly ResourceRecord[]
}
