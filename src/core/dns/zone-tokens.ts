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
  const pattern = quoted ? /"((?:[^"\\\n]|\\[^\n])*)"/y : /((?:[^\s;()"\\]|\\[^\n]|"(?:[^"\\\n]|\\[^\n])*"|\\)+)/y
  pattern.lastIndex = at
  const match = pattern.exec(text)
  if (match === null) return undefined
  return { value: { text: match[1] as string, quoted, at }, end: pattern.lastIndex }
}
