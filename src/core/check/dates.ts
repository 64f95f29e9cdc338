import type { CheckReport } from './report.ts'

/** Something that ends on a day that is known. */
export interface ReportDate {
  readonly kind: 'certificate' | 'finding'
  /** The same as long as it is the same thing, whatever its date: `mx.example.org RSA`, `sts-certificate-expires mx…`. */
  readonly key: string
  /** One line without a full stop. */
  readonly text: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/**
 * What ends when, the first end first: the certificates that hosts present, and what findings tell of. Of several
 * addresses with one kind of certificate the first end counts.
 */
export function datesIn({ grid, findings }: CheckReport): ReportDate[] {
  const dates = new Map<string, ReportDate>()
  const note = (date: ReportDate) => {
    const known = dates.get(date.key)
    if (!Number.isNaN(date.at) && (known === undefined || date.at < known.at)) dates.set(date.key, date)
  }
  for (const { host, addresses } of grid) {
    for (const { keyType, expires } of addresses.flatMap(({ keys }) => keys)) {
      const text = `the ${keyType} certificate of ${host} ends`
      note({ kind: 'certificate', key: `certificate ${host} ${keyType}`, text, at: dayOf(expires.text) })
    }
  }
  for (const { id, subject, title, date } of findings) {
    if (date !== null)
      note({ kind: 'finding', key: `${id} ${subject}`, text: `${title}: ${subject}`, at: Date.parse(date) })
  }
  return [...dates.values()].toSorted((one, other) => one.at - other.at)
}

/** Of a day as the grid has it; NaN of anything else. */
function dayOf(text: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
}
