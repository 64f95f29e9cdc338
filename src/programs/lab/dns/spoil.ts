import type { Question, ResourceRecord } from '../../../core/dns/message.ts'
import { writeSoa } from '../../../core/dns/rdata/write.ts'
import { CLASS, RCODE, TYPE } from '../../../core/dns/types.ts'
import type { Fate, manners } from '../world/world.ts'
import { refused, type Sections } from './answer.ts'

/** Every way in which an answer can be spoilt. */
export type Manner = Fate | (typeof manners)[number]

const securityTypes = new Set<number>([TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.DS, TYPE.DNSKEY, TYPE.NSEC3PARAM])

/** The answer in that manner; undefined when no answer is given at all. */
export function spoil(sections: Sections, question: Question, manner: Manner): Sections | undefined {
  switch (manner) {
    case 'timeout':
      return undefined
    case 'servfail':
      return { ...refused, rcode: RCODE.SERVFAIL }
    case 'refused':
      return refused
    case 'bogus':
      return mapRecords(sections, breakSignature)
    case 'unsigned':
      return withoutDnssec(sections)
    case 'nodata':
      return forgeDenial(sections, question, RCODE.NOERROR)
    case 'nxdomain':
      return forgeDenial(sections, question, RCODE.NXDOMAIN)
  }
}

export function mapRecords(sections: Sections, change: (record: ResourceRecord) => ResourceRecord): Sections {
  return { ...sections, answer: sections.answer.map(change), authority: sections.authority.map(change) }
}

/** The last octet of a signature lies in its value, whatever the algorithm. */
function breakSignature(record: ResourceRecord): ResourceRecord {
  return record.type === TYPE.RRSIG ? withLastOctetChanged(record) : record
}

export function withLastOctetChanged(record: ResourceRecord): ResourceRecord {
  const rdata = Uint8Array.from(record.rdata)
  const last = rdata.length - 1
  rdata[last] = (rdata[last] ?? 0) ^ 1
  return { ...record, rdata }
}

/** The same with everything gone by which it could be checked. */
export function withoutDnssec(sections: Sections): Sections {
  const keep = ({ type }: ResourceRecord) => !securityTypes.has(type)
  return { ...sections, answer: sections.answer.filter(keep), authority: sections.authority.filter(keep) }
}

/** A denial that anybody could write: an SOA record nobody signed. */
function forgeDenial(sections: Sections, { name }: Question, rcode: number): Sections {
  const honest = sections.authority.find(({ type }) => type === TYPE.SOA)
  const rdata = writeSoa({ primary: name, mailbox: name, serial: 1, refresh: 60, retry: 60, expire: 60, minimum: 60 })
  const soa = honest ?? { name, type: TYPE.SOA, class: CLASS.IN, ttl: 60, rdata }
  return { rcode, isAuthoritative: true, answer: [], authority: [soa], additional: [] }
}
