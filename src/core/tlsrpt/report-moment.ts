const form =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?(?: ?(?:([Zz]|UTC)|([+-])(\d\d):?(\d\d)))?)?$/

/** A moment of a report, and what it lacks. */
export interface ReportMoment {
  /** Milliseconds since 1970, to the second. */
  readonly at: number
  readonly note: 'without-zone' | 'without-time' | undefined
}

/**
 * A moment of RFC 3339. Without a zone it is taken for UTC, of which reports tell anyway; a day without a time is its
 * beginning, or its last second where it is to be an end. RFC 8460 §4.1, §4.4
 *
 * Undefined for what is no moment: there is no 30 February, and no 25 o'clock.
 */
export function readReportMoment(text: string, isEnd: boolean): ReportMoment | undefined {
  const match = form.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second = '00', utc, sign, zoneHour = '0', zoneMinute = '0'] = match
  const midnight = dayAt(Number(year), Number(month), Number(day))
  if (midnight === undefined) return undefined
  if (hour === undefined) return { at: midnight + (isEnd ? 86_399_000 : 0), note: 'without-time' }
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)]
  // Midnight is sometimes written as the end of a day, and the last second of a day may be its 61st. RFC 3339 §5.7
  const isMidnight = hours === 24 && minutes === 0 && seconds === 0
  if ((hours > 23 && !isMidnight) || minutes > 59 || seconds > 60) return undefined
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1)
  const at = midnight + (hours * 3600 + minutes * 60 + Math.min(seconds, 59) - zone * 60) * 1000
  return { at, note: utc === undefined && sign === undefined ? 'without-zone' : undefined }
}

function dayAt(year: number, month: number, day: number): number | undefined {
  const at = Date.UTC(year, month - 1, day)
  const date = new Date(at)
  return year >= 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? at : undefined
}
