import type { Question, ResourceRecord } from '../../../core/dns/message.ts'
import { RCODE, TYPE } from '../../../core/dns/types.ts'
import { isAtOrBelow, type Name } from '../../../core/name/name.ts'
import type { Sections } from '../dns/answer.ts'
import { type Manner, mapRecords, spoil, withLastOctetChanged, withoutDnssec } from '../dns/spoil.ts'
import type { Attack, ResolutionAttack } from '../world/world.ts'

/** What an attacker on the way of DNS needs to forge with. */
export interface Forgery {
  /** The name that the attack is against: its target, or what it makes of it. */
  readonly target: Name
  /** RDATA of an MX record that leads to the attacker's host. */
  readonly mx: Uint8Array
  /** RDATA of an A record of the attacker's host. */
  readonly address: Uint8Array
}

/**
 * Changes an answer on its way; undefined swallows it. `former` is what the same server would have said when the lab
 * started, and `origin` the zone that it serves.
 */
export type AnswerChange = (
  sections: Sections,
  question: Question,
  former: () => Sections,
  origin: Name,
) => Sections | undefined

/** What an attack does to answers; `kind` is the attack's own. */
export function changeOfAnswers(kind: ResolutionAttack, attack: Attack, forgery: Forgery): AnswerChange {
  const { target } = forgery
  const at = (type: number, change: AnswerChange): AnswerChange => {
    return (sections, question, ...rest) =>
      question.name.key === target.key && question.type === type ? change(sections, question, ...rest) : sections
  }
  const broken = (manner: Manner): AnswerChange => {
    return (sections, question) => spoil(sections, question, attack.how ?? manner)
  }
  switch (kind) {
    case 'spoof-mx':
      return at(TYPE.MX, (_, question) => claim(question, TYPE.MX, forgery.mx))
    case 'spoof-address':
      return spoofAddress(forgery)
    case 'forge-dnssec':
      return at(attack.type ?? TYPE.MX, (sections, question) => alter(sections, question, forgery))
    case 'strip-dnssec':
      return (sections, question) => (isAtOrBelow(question.name, target) ? strip(sections, question) : sections)
    case 'forge-nxdomain':
      return attack.type === undefined ? anyType(target, broken('nxdomain')) : at(attack.type, broken('nxdomain'))
    case 'suppress-txt':
      return at(TYPE.TXT, broken('nodata'))
    case 'break-tlsa':
      return at(TYPE.TLSA, broken('servfail'))
    case 'replay':
      return (sections, _, former, origin) => (isAtOrBelow(origin, target) ? former() : sections)
  }
}

function anyType(target: Name, change: AnswerChange): AnswerChange {
  return (sections, question, ...rest) =>
    question.name.key === target.key ? change(sections, question, ...rest) : sections
}

/** An answer made up from nothing, which nobody signed. */
function claim({ name, class: recordClass }: Question, type: number, rdata: Uint8Array): Sections {
  const record = { name, type, class: recordClass, ttl: 300, rdata }
  return { rcode: RCODE.NOERROR, isAuthoritative: true, answer: [record], authority: [], additional: [] }
}

function spoofAddress({ target, address }: Forgery): AnswerChange {
  return (sections, question) => {
    if (question.name.key !== target.key) return sections
    if (question.type === TYPE.A) return claim(question, TYPE.A, address)
    return question.type === TYPE.AAAA ? spoil(sections, question, 'nodata') : sections
  }
}

/** Puts his own data under the signatures of others. */
function alter(sections: Sections, { type }: Question, forgery: Forgery): Sections {
  return mapRecords(sections, (record) => (record.type === type ? alterRecord(record, forgery) : record))
}

function alterRecord(record: ResourceRecord, { mx, address }: Forgery): ResourceRecord {
  if (record.type === TYPE.MX) return { ...record, rdata: mx }
  if (record.type === TYPE.A) return { ...record, rdata: address }
  return withLastOctetChanged(record)
}

/** Makes a zone look unsigned: its keys and signatures are gone, and so is what the parent says of them. */
function strip(sections: Sections, question: Question): Sections | undefined {
  const isOfChain = question.type === TYPE.DS || question.type === TYPE.DNSKEY
  return isOfChain ? spoil(sections, question, 'nodata') : withoutDnssec(sections)
}
