import type { Message, ResourceRecord } from '../dns/message.ts'
import { CLASS, OPCODE, TYPE } from '../dns/types.ts'
import type { ZoneChange } from './change.ts'
import { type Prerequisite, prerequisitesOf } from './change-steps.ts'

const noData = new Uint8Array(0)

/**
 * A change as one update message, which a server carries out whole or not at all. RFC 2136 §2, §3.7
 *
 * To send it again does no harm: exact records are removed and records added, and both pass over what is so already.
 */
export function makeUpdate(change: ZoneChange, id: number): Message {
  return {
    ...{ id, opcode: OPCODE.UPDATE, rcode: 0, isResponse: false, isAuthoritative: false, isTruncated: false },
    ...{ recursionDesired: false, recursionAvailable: false, authenticData: false, checkingDisabled: false },
    questions: [{ name: change.zone, type: TYPE.SOA, class: CLASS.IN }], // the zone section: RFC 2136 §2.3
    answer: prerequisitesOf(change).flatMap(writePrerequisite), // RFC 2136 §2.4
    authority: [...change.remove.map(asRemoval), ...change.add], // in this order: RFC 2136 §3.4.2
    ...{ additional: [], edns: undefined, damaged: [] },
  }
}

function writePrerequisite(prerequisite: Prerequisite): ResourceRecord[] {
  // The RRset exists, with these data. RFC 2136 §2.4.2
  if (prerequisite.kind === 'is') return prerequisite.rrset.records.map((record) => ({ ...record, ttl: 0 }))
  const { name, type } = prerequisite
  return [{ name, type, class: CLASS.NONE, ttl: 0, rdata: noData }] // RFC 2136 §2.4.3
}

/** RFC 2136 §2.5.4 */
function asRemoval(record: ResourceRecord): ResourceRecord {
  return { ...record, class: CLASS.NONE, ttl: 0 }
}
