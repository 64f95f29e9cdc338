/** A status code that says more than three digits. RFC 3463 §2 */
export interface EnhancedStatus {
  /** 2 success, 4 persistent transient failure, 5 permanent failure. */
  readonly class: 2 | 4 | 5
  readonly subject: number
  readonly detail: number
}

/** Sub-codes have no leading zeros. RFC 3463 §2 */
const syntax = /^([245])\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})(?:[ \t]|$)/

/**
 * The enhanced status code with which reply text begins; undefined when there is none.
 *
 * RFC 2034 §4: its class must agree with the first digit of the reply code, so one that does not is only text.
 */
export function readEnhancedStatus(code: number, text: string): EnhancedStatus | undefined {
  const found = syntax.exec(text)
  if (found === null || found[1] !== String(code)[0]) return undefined
  return { class: Number(found[1]) as 2 | 4 | 5, subject: Number(found[2]), detail: Number(found[3]) }
}

export function formatEnhancedStatus({ class: kind, subject, detail }: EnhancedStatus): string {
  return `${kind}.${subject}.${detail}`
}
