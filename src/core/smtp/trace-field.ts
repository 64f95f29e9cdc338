/**
 * The trace field that whoever hands a message on puts at its top. RFC 5321 §4.4
 *
 * A message given to us on the spot came from nowhere that could be named, so there is no `from` clause.
 * `now` in milliseconds since 1970-01-01T00:00Z.
 */
export function formatReceived(by: string, now: number): string {
  return `Received: by ${by} (Waxseal);\r\n\t${formatMailDate(now)}\r\n`
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** A date and time in UTC as mail writes it. RFC 5322 §3.3 */
export function formatMailDate(now: number): string {
  const date = new Date(now)
  const two = (value: number) => String(value).padStart(2, '0')
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  const day = `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
  return `${day} ${time} +0000`
}
