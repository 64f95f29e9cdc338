import type { ResourceRecord } from '../dns/message.ts'
import type { Name } from '../name/name.ts'

/** What shall be otherwise in one zone, all at once. Records are told apart by name, type and data, not by TTL. */
export interface ZoneChange {
  readonly zone: Name
  readonly remove: readonly ResourceRecord[]
  readonly add: readonly ResourceRecord[]
}
