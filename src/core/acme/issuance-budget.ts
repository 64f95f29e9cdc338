/** How many certificates may be ordered; every order counts, also one that comes to nothing. */
export interface IssuanceBudget {
  readonly perHour: number
  readonly perDay: number
  readonly perWeek: number
  /** Orders under way at once. */
  readonly atOnce: number
}

/** Orders of one minute, as a count of minutes since 1970. */
export interface SpentMinute {
  readonly minute: number
  readonly count: number
}

/** What was ordered in the last week, the oldest first: at most one entry for each of its minutes. */
export type SpentBudget = readonly SpentMinute[]

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const weekMs = 7 * 24 * hourMs

/** With one order more, and without what no window reaches any more. */
export function spendOne(spent: SpentBudget, now: number): SpentBudget {
  const current = Math.floor(now / minuteMs)
  const kept = settle(spent, now)
  const last = kept.at(-1)
  if (last?.minute === current) return [...kept.slice(0, -1), { minute: current, count: last.count + 1 }]
  return [...kept, { minute: current, count: 1 }]
}

/** When the next order may begin: `now`, or as soon as every window has room. Any hour, day and week are within it. */
export function roomAt(spent: SpentBudget, now: number, budget: IssuanceBudget): number {
  const kept = settle(spent, now)
  return Math.max(
    now,
    roomOfWindow(kept, hourMs, budget.perHour),
    roomOfWindow(kept, 24 * hourMs, budget.perDay),
    roomOfWindow(kept, weekMs, budget.perWeek),
  )
}

/** When so few orders are left in the window that one more fits. */
function roomOfWindow(spent: SpentBudget, windowMs: number, most: number): number {
  let newer = 0
  // Backwards, up to the order that must have left the window. A minute counts as if all of it were at its end.
  for (const { minute, count } of spent.toReversed()) {
    newer += count
    if (newer >= most) return (minute + 1) * minuteMs + windowMs
  }
  return Number.NEGATIVE_INFINITY
}

/**
 * Without what is older than a week. Minutes that have not come yet, because a clock went wrong, count as the current one: they
 * would never pass.
 */
function settle(spent: SpentBudget, now: number): SpentBudget {
  const current = Math.floor(now / minuteMs)
  const kept = spent.filter(({ minute }) => minute <= current && (minute + 1) * minuteMs + weekMs > now)
  const ahead = spent.filter(({ minute }) => minute > current).reduce((sum, { count }) => sum + count, 0)
  if (ahead === 0) return kept
  const last = kept.at(-1)
  if (last?.minute !== current) return [...kept, { minute: current, count: ahead }]
  return [...kept.slice(0, -1), { minute: current, count: last.count + ahead }]
}
