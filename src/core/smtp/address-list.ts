import { accept, type Result, refuse } from '../result.ts'
import { type Mailbox, type MailboxFault, parseForwardPath } from './mailbox.ts'

export type AddressListFault = MailboxFault | 'unclosed' | 'group'

/** A word is an atom, a quoted string or a domain literal; a mark is one of `<>@,;:.`. */
interface Token {
  readonly kind: 'word' | 'mark'
  readonly text: string
  readonly at: number
}

const atom = /[^\s()<>[\]:;@\\,."]+/uy
const quoted = /"(?:[^"\\]|\\.)*"/suy
const literal = /\[[^[\]\\]*\]/suy

/**
 * Reads the mailboxes of a To, Cc or Bcc field: display names, comments and groups are passed over. RFC 5322 §3.4
 *
 * Empty elements between commas are let pass (RFC 5322 §4.4). An empty group has no mailboxes.
 */
export function parseAddressList(text: string): Result<Mailbox[], AddressListFault> {
  const tokens = tokenize(text)
  if (!tokens.ok) return tokens
  const mailboxes: Mailbox[] = []
  let element: Token[] = []
  let inGroup = false
  let brackets: Brackets = 'none'
  for (const token of [...tokens.value, mark(',', text.length)]) {
    // Between angle brackets commas and colons belong to an old source route. RFC 5322 §4.4
    const inRoute = brackets === 'open' && token.at < text.length
    brackets = bracketsAfter(brackets, token, inRoute)
    if (inRoute) element.push(token)
    else if (isMark(token, ':')) {
      if (inGroup) return refuse('group', token.at)
      inGroup = true
      element = []
    } else if (isMark(token, ',') || isMark(token, ';')) {
      if (token.text === ';' && !inGroup) return refuse('group', token.at)
      const mailbox = readElement(element)
      if (mailbox?.ok === false) return mailbox
      if (mailbox !== undefined) mailboxes.push(mailbox.value)
      if (token.text === ';') inGroup = false
      element = []
    } else element.push(token)
  }
  return inGroup ? refuse('group', text.length) : accept(mailboxes)
}

/** What the element has had of `<` and `>`. */
type Brackets = 'none' | 'open' | 'closed'

function bracketsAfter(brackets: Brackets, token: Token, inRoute: boolean): Brackets {
  if (!inRoute && [':', ',', ';'].some((text) => isMark(token, text))) return 'none'
  if (isMark(token, '>')) return 'closed'
  return brackets === 'none' && isMark(token, '<') ? 'open' : brackets
}

/** One mailbox, with or without a display name; undefined for nothing at all. */
function readElement(element: readonly Token[]): Result<Mailbox, AddressListFault> | undefined {
  const first = element[0]
  if (first === undefined) return undefined
  const open = element.findIndex((token) => isMark(token, '<'))
  const close = element.findIndex((token) => isMark(token, '>'))
  if (open < 0) return close < 0 ? readAddress(element) : refuse('syntax', first.at)
  if (close !== element.length - 1) return refuse('syntax', first.at)
  return readAddress(element.slice(open))
}

/** Words of an address never touch: `a b@c` is two things, not one. */
function readAddress(tokens: readonly Token[]): Result<Mailbox, AddressListFault> {
  const at = tokens[0]?.at ?? 0
  for (const [place, token] of tokens.entries()) {
    if (token.kind === 'word' && tokens[place + 1]?.kind === 'word') return refuse('syntax', token.at)
  }
  const mailbox = parseForwardPath(tokens.map(({ text }) => text).join(''))
  return mailbox.ok ? mailbox : refuse(mailbox.fault, at)
}

function tokenize(text: string): Result<Token[], AddressListFault> {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const character = text[at] ?? ''
    if (/\s/.test(character)) at++
    else if (character === '(') {
      const end = endOfComment(text, at)
      if (end === undefined) return refuse('unclosed', at)
      at = end
    } else if ('<>@,;:.'.includes(character)) tokens.push(mark(character, at++))
    else {
      const word = readWord(text, at)
      if (word === undefined) return refuse('"['.includes(character) ? 'unclosed' : 'syntax', at)
      tokens.push({ kind: 'word', text: word, at })
      at += word.length
    }
  }
  return accept(tokens)
}

function readWord(text: string, at: number): string | undefined {
  for (const pattern of [atom, quoted, literal]) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) return found
  }
  return undefined
}

/** Index behind a comment, which may hold others; undefined when it never ends. RFC 5322 §3.2.2 */
function endOfComment(text: string, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at + 1
  }
  return undefined
}

function mark(text: string, at: number): Token {
  return { kind: 'mark', text, at }
}

function isMark({ kind, text }: Token, expected: string): boolean {
  return kind === 'mark' && text === expected
}
