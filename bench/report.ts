/** One goal, and how far it is met. */
export interface Row {
  readonly what: string
  readonly measured: string
  readonly goal: string
  readonly met: boolean
}

const widths = { what: 58, measured: 12, goal: 12 } as const

/** Prints the rows as one table, and sets exit status 1 when a goal is missed. */
export function report(title: string, rows: readonly Row[]): void {
  const lines = [line(title, 'measured', 'goal', ''), ...rows.map(lineOf)]
  process.stdout.write(`${lines.join('\n')}\n\n`)
  if (rows.some(({ met }) => !met)) process.exitCode = 1
}

/** A line below a table, for what has no goal. */
export function note(text: string): void {
  process.stdout.write(`  ${text}\n`)
}

function lineOf({ what, measured, goal, met }: Row): string {
  return line(`  ${what}`, measured, goal, met ? '' : 'MISSED')
}

function line(what: string, measured: string, goal: string, end: string): string {
  return `${what.padEnd(widths.what)}${measured.padStart(widths.measured)}${goal.padStart(widths.goal)}  ${end}`.trimEnd()
}

/** Of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  if (low === undefined || high === undefined) throw new RangeError('no values, no median')
  return (low + high) / 2
}

/** A row for a number that is to be at most the goal. */
export function atMost(what: string, value: number, goal: number, unit = ''): Row {
  return { what, measured: show(value, unit), goal: `<= ${show(goal, unit)}`, met: value <= goal }
}

/** A row for a number that is to be at least the goal. */
export function atLeast(what: string, value: number, goal: number, unit = ''): Row {
  return { what, measured: show(value, unit), goal: `>= ${show(goal, unit)}`, met: value >= goal }
}

function show(value: number, unit: string): string {
  return `${Number.isInteger(value) ? value : value.toFixed(2)}${unit}`
}
