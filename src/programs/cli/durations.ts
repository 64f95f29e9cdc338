/** `90 s`, `5 min`, `2 h`, `3 days`: seconds in the largest unit that leaves at least two of it, rounded down. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}

/** A moment to the minute, in UTC: `2026-11-24 15:04 UTC`. */
export function formatMoment(milliseconds: number): string {
  const time = new Date(milliseconds)
  return Number.isNaN(time.getTime()) ? 'never' : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
