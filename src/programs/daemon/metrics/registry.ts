/** Counts that only grow, by labels whose values are all known beforehand. */
export interface Counter {
  /** One value for each label, in order; one that is not known counts as `other`. */
  add(...values: readonly string[]): void
}

export interface Histogram {
  /** The value of the label, and seconds. */
  observe(value: string, seconds: number): void
}

/** A label with all values that it can have, so that no stranger makes the number of series grow. */
export type Label = readonly [name: string, values: readonly string[]]

/** Metrics of this process in the text format of Prometheus, version 0.0.4. */
export interface Registry {
  counter(about: About, labels: readonly Label[]): Counter
  histogram(about: About, label: Label, bounds: readonly number[]): Histogram
  /** Read whenever somebody looks; undefined leaves it out. */
  reading(about: About & { readonly type: 'gauge' | 'counter' }, read: () => Reading): void
  write(): Promise<string>
}

export interface About {
  readonly name: string
  /** One sentence. */
  readonly help: string
}

/** One number, or one for each set of labels. */
export type Reading = Maybe<number | readonly Sample[]> | Promise<Maybe<number | readonly Sample[]>>

type Maybe<Value> = Value | undefined

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

const unknown = 'other'

export function createRegistry(): Registry {
  const families: (() => Promise<string>)[] = []
  const add = ({ name, help }: About, type: string, samples: () => readonly Line[] | Promise<readonly Line[]>) => {
    families.push(async () => {
      const lines = await samples()
      if (lines.length === 0) return ''
      const texts = lines.map(({ suffix = '', labels, value }) => `${name}${suffix}${labelText(labels)} ${value}\n`)
      return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${texts.join('')}`
    })
  }
  return {
    counter(about, labels) {
      const counts = new Map<string, { readonly labels: Line['labels']; value: number }>()
      const countOf = (values: readonly string[]) => {
        const known = labels.map(([, all], place) => {
          const value = values[place] ?? unknown
          return all.includes(value) ? value : unknown
        })
        const key = known.join(' ')
        const found = counts.get(key)
        if (found !== undefined) return found
        const made = { labels: Object.fromEntries(labels.map(([name], place) => [name, known[place] ?? ''])), value: 0 }
        counts.set(key, made)
        return made
      }
      // A series that begins with its first count hides that count from a rate.
      for (const values of productOf(labels.map(([, all]) => all))) countOf(values)
      add(about, 'counter', () => [...counts.values()])
      return {
        add(...values) {
          countOf(values).value++
        },
      }
    },
    histogram(about, [label, values], bounds) {
      const known = new Map(values.map((value) => [value, { counts: bounds.map(() => 0), sum: 0, count: 0 }]))
      add(about, 'histogram', () =>
        [...known].flatMap(([value, { counts, sum, count }]) => {
          const labels = { [label]: value }
          return [
            ...bounds.map((le, place) => ({
              ...{ suffix: '_bucket', labels: { ...labels, le: String(le) }, value: counts[place] ?? 0 },
            })),
            { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
            { suffix: '_sum', labels, value: sum },
            { suffix: '_count', labels, value: count },
          ]
        }),
      )
      return {
        observe(value, seconds) {
          const found = known.get(value)
          if (found === undefined) return
          found.count++
          found.sum += seconds
          for (const [place, bound] of bounds.entries()) {
            if (seconds <= bound) found.counts[place] = (found.counts[place] ?? 0) + 1
          }
        },
      }
    },
    reading({ type, ...about }, read) {
      add(about, type, async () => {
        const found = await read()
        if (found === undefined) return []
        return typeof found === 'number' ? [{ labels: {}, value: found }] : found
      })
    },
    async write() {
      return (await Promise.all(families.map((family) => family()))).join('')
    },
  }
}

interface Line {
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

function productOf(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>(
    (all, list) => all.flatMap((begun) => list.map((value) => [...begun, value])),
    [[]],
  )
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
