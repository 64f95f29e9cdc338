/** Of these words the one most like `given`, when it is like enough to be what was meant. */
export function nearest(given: string, words: Iterable<string>): string | undefined {
  const short = given.slice(0, 64)
  let best: string | undefined
  let least = short.length < 6 ? 1 : Math.floor(short.length / 3) + 1
  for (const word of words) {
    const distance = editDistance(short, word)
    if (distance > least || (distance === least && best !== undefined)) continue
    best = word
    least = distance
  }
  return best
}

/** `, did you mean "this"` to put behind a message, or nothing. */
export function suggestion(given: string, words: Iterable<string>, prefix = ''): string {
  const word = nearest(given, words)
  return word === undefined ? '' : `, did you mean "${prefix}${word}"`
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word of the other. */
function editDistance(from: string, to: string): number {
  let before: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const line = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const cost = [(above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + (same ? 0 : 1)]
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) cost.push((before[column - 2] ?? 0) + 1)
      line.push(Math.min(...cost))
    }
    before = above
    above = line
  }
  return above[to.length] ?? 0
}
