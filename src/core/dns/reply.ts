import { isBelow, type Name, replaceSuffix, sameName } from '../name/name.ts'
import type { Message } from './message.ts'
import { readNameRdata } from './rdata/records.ts'
import { groupRrsets, type Rrset } from './rrset.ts'
import { RCODE, TYPE } from './types.ts'

/** What a reply says about one name and type. RFC 1034 §4.3.2, RFC 2308 §2, RFC 6672 §3.2 */
export type ReplyPart =
  | { readonly kind: 'rrset'; readonly rrset: Rrset }
  | { readonly kind: 'alias'; readonly rrset: Rrset; readonly via: 'CNAME' | 'DNAME'; readonly target: Name }
  | { readonly kind: 'denial'; readonly isNameError: boolean }
  /** An alias whose target is no name, or more aliases than one. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** Nothing that could be about it. */
  | { readonly kind: 'none' }

/** A reply with its sections as RRsets. */
export interface SortedReply {
  readonly message: Message
  readonly answer: readonly Rrset[]
  readonly authority: readonly Rrset[]
}

/** Signatures may stand in the other section than what they sign. */
export function sortReply(message: Message): SortedReply {
  const { answer, authority, damaged } = message
  return {
    message,
    answer: groupRrsets(answer, damaged, authority),
    authority: groupRrsets(authority, damaged, answer),
  }
}

/** What the answer section has for the name: the RRset asked for, or an alias. A denial is about the last name alone. */
export function findPart(reply: SortedReply, name: Name, type: number): ReplyPart {
  const at = (wanted: number) => reply.answer.find((rrset) => rrset.type === wanted && sameName(rrset.name, name))
  const rrset = at(type)
  if (rrset !== undefined) return { kind: 'rrset', rrset }
  const dname = reply.answer.find((other) => other.type === TYPE.DNAME && isBelow(name, other.name))
  if (dname !== undefined) return followDname(dname, name)
  const cname = at(TYPE.CNAME)
  if (cname !== undefined && type !== TYPE.CNAME) return followCname(cname)
  return findDenial(reply)
}

function followCname(rrset: Rrset): ReplyPart {
  const [rdata, second] = rrset.rdatas
  const target = rdata === undefined ? undefined : readNameRdata(rdata)
  if (target?.ok !== true || second !== undefined) return { kind: 'broken', reason: 'an alias has no single target' }
  return { kind: 'alias', rrset, via: 'CNAME', target: target.value }
}

/** The CNAME of the reply is not looked at: the DNAME says what it must be. RFC 6672 §3.4 */
function followDname(rrset: Rrset, name: Name): ReplyPart {
  const [rdata, second] = rrset.rdatas
  const suffix = rdata === undefined ? undefined : readNameRdata(rdata)
  if (suffix?.ok !== true || second !== undefined) return { kind: 'broken', reason: 'a DNAME has no single target' }
  const target = replaceSuffix(name, rrset.name, suffix.value)
  if (target === undefined) return { kind: 'broken', reason: 'what a DNAME makes of the name is too long' }
  return { kind: 'alias', rrset, via: 'DNAME', target }
}

function findDenial({ message, answer, authority }: SortedReply): ReplyPart {
  if (message.rcode === RCODE.NXDOMAIN) return { kind: 'denial', isNameError: true }
  if (message.rcode !== RCODE.NOERROR) return { kind: 'none' }
  const hasSoa = authority.some(({ type }) => type === TYPE.SOA)
  const hasProof = authority.some(({ type }) => type === TYPE.NSEC || type === TYPE.NSEC3)
  const refers = authority.some(({ type }) => type === TYPE.NS)
  if (hasSoa || hasProof || (answer.length === 0 && !refers)) return { kind: 'denial', isNameError: false }
  // Records that were not asked for, or a referral to nowhere: in the end no statement about the name.
  return { kind: 'none' }
}

/** NSEC and NSEC3 RRsets, wherever they stand. */
export function proofsOf({ answer, authority }: SortedReply): Rrset[] {
  return [...authority, ...answer].filter(({ type }) => type === TYPE.NSEC || type === TYPE.NSEC3)
}

/** The SOA that says how long a denial lasts. RFC 2308 §5 */
export function soaOf({ authority }: SortedReply): Rrset | undefined {
  return authority.find(({ type }) => type === TYPE.SOA)
}
