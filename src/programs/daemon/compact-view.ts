import type { LineAnswer } from '../../core/lines/reply.ts'
import type { Shelved } from '../../io/decisions/decisions.ts'
import { lengthen, shorten } from './shorthand.ts'
import type { ServedView } from './view.ts'

/** All of a view but what Postfix is told by most, which stands ready as it is. */
type Rest = readonly [
  tlsrpt: string | 0,
  summary: string,
  reasons: readonly string[],
  wouldAnswer: string | 0,
  line: LineAnswer | 0,
]

/** A view in as little room as it takes. `name` is what most names in it end in: that of the domain. */
export function shelve(view: Omit<ServedView, 'word'>, name: string): Shelved {
  const { base, tlsrpt, summary, reasons, wouldAnswer, line } = view
  const rest: Rest = [tlsrpt === base ? 0 : tlsrpt, summary, reasons, wouldAnswer ?? 0, line ?? 0]
  return { ready: base, rest: shorten(JSON.stringify(rest), namesOf(name, base)) }
}

/** The view that `shelve` was given. */
export function unshelve({ ready: base, rest }: Shelved, name: string): ServedView {
  const [tlsrpt, summary, reasons, wouldAnswer, line] = JSON.parse(lengthen(rest, namesOf(name, base))) as Rest // as above
  return {
    ...{ base, tlsrpt: tlsrpt || base, summary, reasons, word: wordOf(base) },
    ...{ wouldAnswer: wouldAnswer || undefined, line: line || undefined },
  }
}

function namesOf(name: string, base: string): readonly string[] {
  const listed = / match=([^ ]+)/.exec(base)?.[1]?.split(':') ?? []
  return [name, ...listed]
}

/** `OK secure match=…` is `secure`; the other answers are words themselves. */
function wordOf(base: string): string {
  const [first = '', second = ''] = base.slice(base.indexOf(':') + 1, -1).split(' ', 2)
  return first === 'OK' ? second : first
}
