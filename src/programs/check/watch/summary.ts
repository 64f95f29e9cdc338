import type { Notice } from '../../../core/check/watch/watch.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { changeText } from '../diff-text.ts'

/** Changes and dates of which a summary has so many, and the notice all. */
const shown = 3

/** A notice in one line, escaped: `bakery.example is worse: verdict: protected -> broken; …`. */
export function summaryOf({ domain, direction, changes, dates }: Notice): string {
  const parts = [...changes.map(changeText), ...dates.map(({ text, date }) => `${text} on ${date.slice(0, 10)}`)]
  const more = parts.length > shown ? `; and ${parts.length - shown} more` : ''
  const head = direction === 'same' ? domain : `${domain} is ${direction === 'changed' ? 'otherwise' : direction}`
  return escapeText(`${head}: ${parts.slice(0, shown).join('; ')}${more}`)
}
