import { accept, type Result, refuse } from '../result.ts'

/**
 * The one text of all TXT records of a name, each given as its character-strings, that begins with this version.
 * RFC 8461 §3.1, RFC 8460 §3
 *
 * A record that is alone is given whatever it begins with: its reader may bear white space before the semicolon.
 */
export function soleText(records: readonly (readonly string[])[], version: string): Result<string, 'none' | 'several'> {
  const texts = records.map((strings) => strings.join(''))
  const [text, other] = texts.length === 1 ? texts : texts.filter((candidate) => candidate.startsWith(version))
  if (text === undefined) return refuse('none')
  return other === undefined ? accept(text) : refuse('several')
}

/**
 * The fields behind the version, each a match of `field`, which is sticky: with a semicolon before each, white space around
 * it, and one more at the end if need be. RFC 8461 §3.1, RFC 8460 §3
 */
export function readFields(text: string, from: number, field: RegExp): Result<RegExpExecArray[], 'syntax'> {
  const delimiter = /[ \t]*;[ \t]*/y
  const fields: RegExpExecArray[] = []
  for (let at = from; at < text.length; at = field.lastIndex) {
    delimiter.lastIndex = at
    if (delimiter.exec(text) === null) return refuse('syntax', at)
    if (delimiter.lastIndex === text.length) break
    field.lastIndex = delimiter.lastIndex
    const match = field.exec(text)
    if (match === null) return refuse('syntax', delimiter.lastIndex)
    fields.push(match)
  }
  return accept(fields)
}
