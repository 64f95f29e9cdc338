import { onTerminal } from './trace-text.ts'
import { widthOf } from './wrap.ts'

/** Text of anybody as XML text or an attribute's value: what XML cannot hold at all, as controls, is escaped first. */
export function svgText(text: string): string {
  return onTerminal(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Lines of at most `width` columns, broken at blanks where there are any; at most `most`, the last ending in `...`. */
export function breakText(text: string, width: number, most: number): string[] {
  const lines: string[] = []
  let rest = onTerminal(text)
  while (rest !== '') {
    if (lines.length === most) return [...lines.slice(0, -1), `${fitting(lines.at(-1) ?? '', width - 3)}...`]
    const line = fitting(rest, width)
    const blank = line === rest ? -1 : rest.lastIndexOf(' ', line.length)
    const end = blank > line.length / 2 ? blank : line.length
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return lines
}

/** As much of the beginning as fits, whole characters of it, and at least one. */
function fitting(text: string, width: number): string {
  let end = 0
  let used = 0
  for (const character of text) {
    used += widthOf(character)
    if (used > width && end > 0) break
    end += character.length
  }
  return text.slice(0, end)
}
