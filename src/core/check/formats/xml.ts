import { escapeUnsafe } from '../../smtp/escape.ts'

/**
 * Text of anybody as XML text or an attribute's value. Characters that XML cannot hold at all, as most controls, stand
 * escaped, as do those that nobody would see; nothing of them remains.
 */
export function xmlText(text: string): string {
  return escapeUnsafe(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

type Attributes = Readonly<Record<string, string | number>>

/** An element and what is in it, a line each, indented. */
export function element(name: string, attributes: Attributes, inside: readonly (readonly string[])[] = []): string[] {
  const head = `<${name}${attributesText(attributes)}`
  if (inside.length === 0) return [`${head}/>`]
  return [`${head}>`, ...inside.flat().map((line) => `  ${line}`), `</${name}>`]
}

/** An element with text of anybody in it, whose lines stay lines: they are one here, and are not indented. */
export function textElement(name: string, attributes: Attributes, text: string): string[] {
  const lines = text.split('\n').map(xmlText).join('\n')
  return [`<${name}${attributesText(attributes)}>${lines}</${name}>`]
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${xmlText(String(value))}"`)
    .join('')
}
