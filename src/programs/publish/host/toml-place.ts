/** Where a value stands: the keys of tables, and the number of each table in an array of such. */
export type TomlPath = readonly (string | number)[]

/**
 * The line on which a table of a TOML text begins or a key is set; where that cannot be seen, the line of what is around it,
 * and the first at last. The parser tells values, but not where they stand.
 */
export function lineOfPath(text: string, path: TomlPath): number {
  const places = placesOf(text)
  for (let length = path.length; length > 0; length--) {
    const wanted = path.slice(0, length)
    const found = places.find(({ path: place }) => startsWith(place, wanted))
    if (found !== undefined) return found.line
  }
  return 1
}

function startsWith(path: TomlPath, wanted: TomlPath): boolean {
  return wanted.every((part, place) => part === path[place])
}

interface Place {
  readonly path: TomlPath
  readonly line: number
}

const word = /"[^"]*"|'[^']*'|[\w-]+/g

function placesOf(text: string): Place[] {
  const counts = new Map<string, number>()
  let table: TomlPath = []
  return text.split('\n').flatMap((line, place): Place[] => {
    const [, open, inside] = /^\s*(\[\[?)([^[\]]+)\]/.exec(line) ?? []
    if (inside !== undefined) {
      const names = wordsOf(inside)
      const number = counts.get(inside.trim()) ?? 0
      counts.set(inside.trim(), number + 1)
      table = open === '[[' ? [...names, number] : names
      return [{ path: table, line: place + 1 }]
    }
    const [, keys] = /^\s*((?:"[^"]*"|'[^']*'|[\w.-]|\s(?=\s*[.=]))+)\s*=/.exec(line) ?? []
    return keys === undefined ? [] : [{ path: [...table, ...wordsOf(keys)], line: place + 1 }]
  })
}

function wordsOf(text: string): string[] {
  return (text.match(word) ?? []).map((name) => name.replace(/^(["'])(.*)\1$/, '$2'))
}
