import { stripVTControlCharacters } from 'node:util'

/** Breaks text at blanks into lines of at most `width` columns; a longer word stands on a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

/** The lines of `text` behind `first` and then `next`, both of the same width. */
export function hang(text: string, { first, next, width }: { first: string; next: string; width: number }): string[] {
  return wrap(text, Math.max(20, width - widthOf(first))).map((line, index) => (index === 0 ? first : next) + line)
}

/** Columns of a terminal that text takes: escape sequences none, East Asian wide characters two. */
export function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text)
  let width = 0
  for (const character of plain) {
    if (/\p{M}/u.test(character)) continue
    width += isWide(character) ? 2 : 1
  }
  return width
}

function isWide(character: string): boolean {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    character,
  )
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}
