import { limits } from '../../../core/limits.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import type { WorldFault } from './fault.ts'

/** One word of a line with its quotes taken off, and its offset in the whole text. */
export interface Word {
  readonly text: string
  readonly at: number
}

/** A line with something on it. `end` is the offset behind its last word, before any comment. */
export interface Line {
  readonly words: readonly Word[]
  readonly end: number
}

/**
 * Cuts a world's text into lines of words. White space separates, `#` at a word's start begins a comment, and double
 * quotes hold white space together, with `\n`, `\r`, `\t`, `\"` and `\\` in them.
 */
export function splitWorld(text: string): Result<readonly Line[], WorldFault> {
  if (text.length > limits.files.worldOctets) return refuse('too-long', limits.files.worldOctets)
  const lines: Line[] = []
  let at = 0
  for (const lineText of text.split('\n')) {
    const line = splitLine(lineText, at)
    if (!line.ok) return line
    if (line.value.words.length > 0) lines.push(line.value)
    at += lineText.length + 1
  }
  return accept(lines)
}

function splitLine(line: string, start: number): Result<Line, WorldFault> {
  const words: Word[] = []
  let end = start
  for (let at = 0; at < line.length; ) {
    if (/\s/.test(line[at] as string)) {
      at += 1
      continue
    }
    if (line[at] === '#') break
    const word = readWord(line, at)
    if (word === undefined) return refuse('unclosed-quote', start + at)
    words.push({ text: word.text, at: start + at })
    at = word.next
    end = start + at
  }
  return accept({ words, end })
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

function readWord(line: string, from: number): { text: string; next: number } | undefined {
  let text = ''
  let quoted = false
  for (let at = from; at < line.length; at++) {
    const character = line[at] as string
    if (character === '"') quoted = !quoted
    else if (quoted && character === '\\') {
      at += 1
      const escaped = line[at]
      if (escaped === undefined) return undefined
      text += escapes[escaped] ?? escaped
    } else if (!quoted && /\s/.test(character)) return { text, next: at }
    else text += character
  }
  return quoted ? undefined : { text, next: line.length }
}
