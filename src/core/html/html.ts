import { escapeText } from '../smtp/escape.ts'

/** Markup that is safe to send: only the template `html` makes it, and it escapes everything that is put into it. */
export class Html {
  readonly #markup: string

  private constructor(markup: string) {
    this.#markup = markup
  }

  static from(strings: readonly string[], values: readonly HtmlValue[]): Html {
    return new Html(strings.map((text, place) => (place === 0 ? text : markupOf(values[place - 1]) + text)).join(''))
  }

  toString(): string {
    return this.#markup
  }
}

/** What may stand in a template: markup as it is, all else as text; nothing for what is not there. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[]

/**
 * Markup with values in it. Texts are escaped for content and for attributes in quotes: attributes without quotes, and
 * values inside of `<script>`, `<style>` or comments, must not be written.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.from(strings, values)
}

function markupOf(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'string') return escapeHtml(value)
  return typeof value === 'number' ? String(value) : value.map(markupOf).join('')
}

/**
 * Text of anybody as content of an element or value of an attribute. Controls and characters that turn text around are
 * shown as on a terminal; ends of lines stay.
 */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Zone text has escapes of its own, which stay as they are. */
function visible(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\\').map(escapeText).join('\\'))
    .join('\n')
}
