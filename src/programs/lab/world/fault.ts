import type { Refused } from '../../../core/result.ts'
import { escapeText } from '../../../core/smtp/escape.ts'

/** Why a world's text was refused. The offset that goes with it points at the word that is wrong. */
export type WorldFault =
  | 'too-long'
  | 'unclosed-quote'
  | 'unknown-statement'
  | 'missing-word'
  | 'unexpected-word'
  | 'unknown-option'
  | 'repeated-option'
  | 'unknown-value'
  | 'name'
  | 'number'
  | 'time'
  | 'duration'
  | 'address'
  | 'record'
  | 'macro'
  | 'row'
  | 'mailbox'
  | 'undeclared'
  | 'ambiguous'
  | 'declared-twice'
  | 'out-of-place'

const meanings: Record<WorldFault, string> = {
  'too-long': 'the text is longer than a world may be',
  'unclosed-quote': 'a quote is not closed on its line',
  'unknown-statement': 'not a statement of the world language',
  'missing-word': 'something is missing at the end of this line',
  'unexpected-word': 'nothing may stand here',
  'unknown-option': 'not an option of this statement',
  'repeated-option': 'this option is already given',
  'unknown-value': 'not a value of this option',
  name: 'not a domain name in A-labels',
  number: 'not a number, or out of range',
  time: 'not a time like 2026-06-01T12:00:00Z',
  duration: 'not a duration like 90s, 5m, 12h or 3d',
  address: 'not an IP address',
  record: 'not a record in zone text',
  macro: 'not a macro like {mx.spki.sha256}',
  row: 'not a row of the decision tables like 1d/17',
  mailbox: 'not a mailbox or domain',
  undeclared: 'nothing of that name is declared in this world',
  ambiguous: 'the names of several hosts begin so',
  'declared-twice': 'this is declared already',
  'out-of-place': 'this must stand before the first attack or message',
}

/** A place in a text as editors count it, both from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at)
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
}

/** One line for whoever wrote the world: where, what, and the word it is about. */
export function explainWorldFault(text: string, { fault, at }: Refused<WorldFault>): string {
  const { line, column } = placeOf(text, at)
  const word = /^[^\s#]+/.exec(text.slice(at, at + 60))?.[0]
  return `line ${line}, column ${column}: ${meanings[fault]}${word === undefined ? '' : `: "${escapeText(word)}"`}`
}
