/** `20260101000000`: seconds since 1970 in UTC, as RRSIG records show them. RFC 4034 §3.2 */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$|[-:T]/g, '')
}

/** Reads the form above, from 1970 on, or plain seconds; 14 digits are always the former. Undefined when it is neither. */
export function parseTime(text: string): number | undefined {
  if (!/^(?:\d{1,10}|\d{14})$/.test(text)) return undefined
  if (text.length < 14) return Number(text) <= 0xffffffff ? Number(text) : undefined
  const iso = text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.000Z')
  const milliseconds = Date.parse(iso)
  if (!(milliseconds >= 0) || new Date(milliseconds).toISOString() !== iso) return undefined
  // Serial numbers wrap in 2106. RFC 4034 §3.1.5
  return (milliseconds / 1000) % 2 ** 32
}
