import { accept, type Result, refuse } from '../result.ts'

/** A word of zone text, its escapes as they stand. */
export interface Token {
  readonly text: string
  readonly quoted: boolean
  /** Offset in the text. */
  readonly at: number
}

/** One entry: a line, or several held together by parentheses. */
export interface Entry {
  readonly tokens: readonly Token[]
  /** Whether it begins with white space, and so leaves out its owner. */
  readonly indented: boolean
  readonly at: number
}

export type TokenFault = 'unbalanced-parenthesis' | 'unclosed-quote'

/** Splits zone text into entries: comments gone, parentheses resolved, quotes taken off. RFC 1035 §5.1 */
export function splitEntries(text: string): Result<Entry[], TokenFault> {
  const entries: Entry[] = []
  let tokens: Token[] = []
  let depth = 0
  let lineAt = 0
  let at = 0
  const endEntry = (next: number) => {
    if (tokens.length > 0) entries.push({ tokens, indented: /[ \t]/.test(text.charAt(lineAt)), at: lineAt })
    tokens = []
    lineAt = next
  }
  while (at < text.length) {
    const character = text.charAt(at)
    if (character === '\n') {
      if (depth === 0) endEntry(at + 1)
      at++
    } else if (character === ';') {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else if (character === '(' || character === ')') {
      depth += character === '(' ? 1 : -1
      if (depth < 0 || depth > 1) return refuse('unbalanced-parenthesis', at)
      at++
    } else if (/\s/.test(character)) {
      at++
    } else {
      const token = readToken(text, at)
      if (token === undefined) return refuse('unclosed-quote', at)
      tokens.push(token.value)
      at = token.end
    }
  }
  if (depth > 0) return refuse('unbalanced-parenthesis', text.length)
  endEntry(text.length)
  return accept(entries)
}

function readToken(text: string, at: number): { value: Token; end: number } | undefined {
  const quoted = text.charAt(at) === '"'
  const end = quoted ? endOfQuote(text, at) : endOfWord(text, at)
  if (end === undefined || end === at) return undefined
  const value = { text: quoted ? text.slice(at + 1, end - 1) : text.slice(at, end), quoted, at }
  return { value, end }
}

/** Behind the quote that closes the one at `start`; undefined when its line has none. */
function endOfQuote(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') return at + 1
    if (character === '\\') at++
    if (text.charAt(at) === '\n') return undefined
  }
  return undefined
}

/** Behind a word, whose quotes hold what they hold together: `key1="a b"`. Step by step, for words may be megabytes. */
function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const character = text.charAt(at)
    if (/[\s;()]/.test(character)) break
    if (character === '\\') at += /^[^\n]/.test(text.charAt(at + 1)) ? 2 : 1
    else if (character !== '"') at++
    else {
      const end = endOfQuote(text, at)
      if (end === undefined) break
      at = end
    }
  }
  return at
}
