import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { findPart, type ReplyPart, type SortedReply } from '../../core/dns/reply.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import { isAtOrBelow, isBelow, type Name, sameName } from '../../core/name/name.ts'
import type { Referral } from './delegations.ts'
import type { Fetched, Reply, Upstream } from './upstream.ts'

type Question = Parameters<Upstream['fetch']>[0]

/** What a server of a zone says: something about the question, or who is to be asked next. */
export type Said =
  | { readonly kind: 'fetched'; readonly fetched: Fetched }
  | { readonly kind: 'referral'; readonly referral: Referral; readonly reply: Reply }

/** A DNAME makes a name of more than 255 octets: it is there to be checked, and another server has none better. RFC 6672 §2.2 */
export function isTooLong({ rcode, answer }: Message, { name }: Question): boolean {
  return rcode === RCODE.YXDOMAIN && answer.some((record) => record.type === TYPE.DNAME && isBelow(name, record.name))
}

/** Who says that the zone's ancestors serve it does not, whatever the AA bit says. RFC 4697 §2.1 */
export function refersUpwards({ rcode, answer, authority }: Message, zone: Name): boolean {
  if (rcode !== RCODE.NOERROR || answer.length > 0 || authority.some(({ type }) => type === TYPE.SOA)) return false
  return authority.some(({ type, name }) => type === TYPE.NS && isBelow(zone, name))
}

/**
 * A server speaks only of what lies in the zone it was asked for. RFC 2181 §5.4.1
 *
 * The zone's own NS records in an authoritative answer lead nowhere: with nothing else they are a denial. RFC 2308 §2.2
 */
export function scrub(message: Message, zone: Name): Message {
  const isInside = ({ name }: { readonly name: Name }) => isAtOrBelow(name, zone)
  const answer = message.answer.filter(isInside)
  const isOwn = ({ type, name }: ResourceRecord) => type === TYPE.NS && sameName(name, zone)
  const leadsNowhere = (record: ResourceRecord) => message.isAuthoritative && answer.length === 0 && isOwn(record)
  return { ...message, answer, authority: message.authority.filter((one) => isInside(one) && !leadsNowhere(one)) }
}

/** Undefined for a reply of a server that does not know the zone. RFC 2308 §2 */
export function classify(reply: Reply, question: Question, { additional }: Message): Said | undefined {
  const part = findPart(reply, question.name, question.type)
  if (part.kind === 'none' || part.kind === 'denial') {
    const ns = findReferral(reply, question)
    const referral = ns && { zone: ns.name, ns, glue: additional, bailiwick: reply.bailiwick }
    if (referral !== undefined) return { kind: 'referral', referral, reply }
  }
  if (!isWorthReading(part, reply)) return undefined
  const isAnswer = part.kind === 'rrset' || part.kind === 'alias'
  const isHearsay = isAnswer && !reply.message.isAuthoritative
  return { kind: 'fetched', fetched: { ok: true, reply: isHearsay ? { ...reply, isHearsay } : reply } }
}

/** The reply, if it is an answer that its server does not claim authority for. RFC 2181 §5.4.1 */
export function hearsayIn(said: Said): Reply | undefined {
  if (said.kind !== 'fetched' || !said.fetched.ok) return undefined
  return said.fetched.reply.isHearsay === true ? said.fetched.reply : undefined
}

/** Whether there is a signature that may show it to be true. */
export function hasSignedAnswer({ answer }: SortedReply): boolean {
  return answer.some(({ signatures }) => signatures.length > 0)
}

/** A recursive server has heard it elsewhere: that counts only where a signature may show that it is true. */
function isWorthReading(part: ReplyPart, reply: Reply): boolean {
  const { isAuthoritative: hasAa, recursionAvailable } = reply.message
  switch (part.kind) {
    case 'rrset':
    case 'alias':
      return hasAa || !recursionAvailable || part.rrset.signatures.length > 0
    case 'denial':
      return isAuthoritative(reply)
    case 'broken':
      return true
    case 'none':
      return false
  }
}

/** NS records strictly below the server's zone, on the way to the name. RFC 1034 §5.3.3 */
function findReferral({ authority, bailiwick, message }: Reply, { name }: Question) {
  if (message.rcode !== RCODE.NOERROR || authority.some(({ type }) => type === TYPE.SOA)) return undefined
  return authority.find(
    (rrset) => rrset.type === TYPE.NS && isBelow(rrset.name, bailiwick) && isAtOrBelow(name, rrset.name),
  )
}

/** A denial counts from whoever claims authority for it, or shows the zone's SOA record or a proof without referring. */
function isAuthoritative({ message, authority }: SortedReply): boolean {
  const has = (...types: readonly number[]) => authority.some(({ type }) => types.includes(type))
  // NS records without SOA are a referral, here one to where we are: the proof beside it is about the cut. RFC 2308 §2.2
  return message.isAuthoritative || has(TYPE.SOA) || (has(TYPE.NSEC, TYPE.NSEC3) && !has(TYPE.NS))
}
