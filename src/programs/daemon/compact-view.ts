import type { LineAnswer } from '../../core/lines/reply.ts'
import { lengthen, shorten } from './shorthand.ts'
import type { ServedView } from './view.ts'

/** Everything of a view but what Postfix is told by most, which is kept as it is: answers from memory are made of that. */
type Rest = readonly [
  tlsrpt: string | 0,
  summary: string,
  reasons: readonly string[],
  wouldAnswer: string | 0,
  line: LineAnswer | 0,
]

/** A view in as little memory as it takes: two texts, of which the second is taken apart when somebody asks for it. */
export class CompactView implements ServedView {
  readonly base: string
  private readonly name: string
  private readonly rest: string

  /** `name` is what most of the names in it end in: that of the domain. */
  constructor(name: string, { base, tlsrpt, summary, reasons, wouldAnswer, line }: Omit<ServedView, 'word'>) {
    this.base = compact(base)
    this.name = name
    const rest: Rest = [tlsrpt === base ? 0 : tlsrpt, summary, reasons, wouldAnswer ?? 0, line ?? 0]
    this.rest = compact(shorten(JSON.stringify(rest), namesOf(name, base)))
  }

  get tlsrpt(): string {
    return this.read()[0] || this.base
  }

  get summary(): string {
    return this.read()[1]
  }

  get reasons(): readonly string[] {
    return this.read()[2]
  }

  get wouldAnswer(): string | undefined {
    return this.read()[3] || undefined
  }

  get line(): LineAnswer | undefined {
    return this.read()[4] || undefined
  }

  /** `OK secure match=…` is `secure`; the other answers are words themselves. */
  get word(): string {
    const [first = '', second = ''] = this.base.slice(this.base.indexOf(':') + 1, -1).split(' ', 2)
    return first === 'OK' ? second : first
  }

  private read(): Rest {
    return JSON.parse(lengthen(this.rest, namesOf(this.name, this.base))) as Rest // as the constructor wrote it
  }
}

function namesOf(name: string, base: string): readonly string[] {
  const listed = / match=([^ ]+)/.exec(base)?.[1]?.split(':') ?? []
  return [name, ...listed]
}

/** The same text without the parts that it was put together from: such take several times its room. */
function compact(text: string): string {
  return Buffer.from(text).toString()
}
