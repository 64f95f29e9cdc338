import { limits } from '../limits.ts'
import { type DomainName, parseDomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { type AddressLiteral, formatAddressLiteral, parseAddressLiteral } from './address-literal.ts'

/** What stands before the `@`, unquoted: no control characters, at least what the grammar demands. */
export type LocalPart = string & { readonly brand: 'LocalPart' }

/** Where mail for a mailbox goes: a domain in A-labels, or one address. RFC 5321 §4.1.2 */
export type MailDomain =
  | { readonly kind: 'domain'; readonly name: DomainName }
  | ({ readonly kind: 'literal' } & AddressLiteral)

/** A mailbox. Only `parseMailbox` makes one, so that it can stand in a command. */
export interface Mailbox {
  readonly localPart: LocalPart
  readonly domain: MailDomain
}

/** The sender of an envelope; `null` is the empty reverse-path `<>` of notifications. RFC 5321 §4.5.5 */
export type ReversePath = Mailbox | null

export type MailboxFault = 'syntax' | 'local-part' | 'domain' | 'literal' | 'too-long'

// RFC 5321 §4.1.2, each with the UTF8-non-ascii that RFC 6531 §3.3 adds
const dotString =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{80}-\u{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{80}-\u{10ffff}-]+)*$/u
const quotedString = /^"((?:[ !#-[\]-~\u{80}-\u{10ffff}]|\\[ -~])*)"$/u
// C1 controls and lone surrogates are no characters that anyone means, and a terminal obeys the former; U+FFFD stands for
// octets that were no UTF-8, so that another mailbox is meant
const neverMeant = /[\u{80}-\u{9f}\u{d800}-\u{dfff}\u{2028}\u{2029}\u{fffd}]/u

/**
 * Reads `local-part@domain`, without angle brackets. RFC 5321 §4.1.2, RFC 6531 §3.3
 *
 * The domain becomes A-labels; the local part keeps its case and loses only its quoting, as that means nothing.
 */
export function parseMailbox(text: string): Result<Mailbox, MailboxFault> {
  const at = text.startsWith('"') ? endOfQuoted(text) : text.indexOf('@')
  if (at < 1 || text[at] !== '@') return refuse('syntax', Math.max(at, 0))
  const localPart = parseLocalPart(text.slice(0, at))
  if (localPart === undefined) return refuse('local-part')
  const domain = parseMailDomain(text.slice(at + 1))
  if (!domain.ok) return refuse(domain.fault, at + 1)
  const mailbox = { localPart, domain: domain.value }
  return octetsOf(formatMailbox(mailbox)) > limits.smtp.mailboxOctets ? refuse('too-long') : accept(mailbox)
}

/** Reads a domain, or an address literal in brackets, as it stands after the `@`. */
export function parseMailDomain(text: string): Result<MailDomain, 'domain' | 'literal'> {
  if (text.startsWith('[')) {
    const literal = parseAddressLiteral(text)
    return literal.ok ? accept({ kind: 'literal', ...literal.value }) : refuse('literal', literal.at)
  }
  const name = parseDomainName(text)
  return name.ok ? accept({ kind: 'domain', name: name.value }) : refuse('domain', name.at)
}

/** Reads a forward-path with or without its angle brackets; a source route is passed over. RFC 5321 §4.1.2, §F.2 */
export function parseForwardPath(text: string): Result<Mailbox, MailboxFault> {
  const inside = /^<(?:@[^:<>"]*:)?(.*)>$/s.exec(text)?.[1]
  return parseMailbox(inside ?? text)
}

/** Reads a reverse-path: a mailbox, or `<>`. The empty string is not one: who means nobody must say so. */
export function parseReversePath(text: string): Result<ReversePath, MailboxFault> {
  return text === '<>' ? accept(null) : parseForwardPath(text)
}

/** The mailbox as commands show it, quoted where the grammar asks for it. */
export function formatMailbox({ localPart, domain }: Mailbox): string {
  return `${formatLocalPart(localPart)}@${formatMailDomain(domain)}`
}

export function formatPath(path: ReversePath): string {
  return path === null ? '<>' : `<${formatMailbox(path)}>`
}

export function formatMailDomain(domain: MailDomain): string {
  return domain.kind === 'domain' ? domain.name : formatAddressLiteral(domain)
}

/** Whether the mailbox can be named only to a server that offers SMTPUTF8. RFC 6531 §3.2 */
export function needsUtf8({ localPart }: Mailbox): boolean {
  return /[^\0-\x7f]/.test(localPart)
}

function parseLocalPart(text: string): LocalPart | undefined {
  if (neverMeant.test(text)) return undefined
  if (dotString.test(text)) return text as LocalPart
  const quoted = quotedString.exec(text)?.[1]
  return quoted === undefined ? undefined : (quoted.replace(/\\(.)/gsu, '$1') as LocalPart)
}

function formatLocalPart(localPart: LocalPart): string {
  return dotString.test(localPart) ? localPart : `"${localPart.replace(/["\\]/g, '\\$&')}"`
}

/** Index just behind the closing quote of a text that begins with one; -1 when it never closes. */
function endOfQuoted(text: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return -1
}

function octetsOf(text: string): number {
  return Buffer.byteLength(text)
}
