import { escapeUnsafe } from '../../smtp/escape.ts'

const text = Symbol('html')

/** Text that may stand in a page as it is. Only `html` makes it, and what `trusted` is given. */
export interface Html {
  readonly [text]: string
}

/** What may be put into a page: text of anybody, which is escaped, and pages' parts, which are not. */
export type HtmlValue = string | number | Html | undefined | readonly HtmlValue[]

/**
 * A part of a page: html`<p title="${anything}">${anything}</p>`. Values may stand in text and inside quoted attributes
 * that hold no address, script or style: there, nothing that they hold ends the attribute or begins an element.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const pieces = parts.flatMap((part, place) => (place === 0 ? [part] : [valueText(values[place - 1]), part]))
  return trusted(pieces.join(''))
}

/** Text of our own that is HTML already. Never of anybody else. */
export function trusted(own: string): Html {
  return { [text]: own }
}

/** The page as text. */
export function htmlText(part: Html): string {
  return part[text]
}

function valueText(value: HtmlValue): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return isList(value) ? value.map(valueText).join('') : value[text]
}

function isList(value: Html | readonly HtmlValue[]): value is readonly HtmlValue[] {
  return Array.isArray(value)
}

/** Line ends stay, for `pre`; other controls, and what nobody would see, stand escaped. */
function escapeHtml(value: string): string {
  const lines = value.split('\n').map(escapeUnsafe).join('\n')
  return lines.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
