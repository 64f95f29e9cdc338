const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/**
 * Reads when something ends, in milliseconds since 1970: `90m`, `12h`, `30d`, `2w` from now; `2026-12-01`, which is when
 * that day begins in UTC; or `2026-12-01T15:00Z`. Undefined for anything else.
 */
export function readMoment(text: string, now: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  if (count !== undefined) return now + Number(count) * (units[unit] ?? Number.NaN)
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/.test(text)) return undefined
  const moment = Date.parse(text)
  // 30 February is no day.
  return Number.isNaN(moment) || !new Date(moment).toISOString().startsWith(text.slice(0, 10)) ? undefined : moment
}
