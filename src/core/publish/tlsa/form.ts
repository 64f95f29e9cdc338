import { parseTlsa, type UsableTlsa } from '../../dane/tlsa.ts'
import { accept, type Result, refuse } from '../../result.ts'

/** What a TLSA record is to say, before it is known of what: `3 1 1`. RFC 7672 §3.1 */
export type TlsaForm = Pick<UsableTlsa, 'usage' | 'selector' | 'matchingType'>

/** The key of the server itself, by SHA-256: what renewals may keep and nobody else can have. RFC 7672 §3.1.1 */
export const usualForm: TlsaForm = { usage: 3, selector: 1, matchingType: 1 }

export type TlsaFormFault =
  /** Not three numbers, or three words of RFC 7218. */
  | 'syntax'
  /** PKIX-TA(0) or PKIX-EE(1). */
  | 'pkix-usage'
  /** A number with no meaning. */
  | 'unknown'
  /** A whole certificate. */
  | 'whole-certificate'

/** Reads `3 1 1` or `DANE-EE SPKI SHA2-256`, and refuses what must not stand in DNS for SMTP. */
export function parseTlsaForm(text: string): Result<TlsaForm, TlsaFormFault> {
  if (text.trim().split(/\s+/).length !== 3) return refuse('syntax')
  const fields = parseTlsa(`${text} 00`)
  if (!fields.ok) return refuse('syntax')
  const { usage, selector, matchingType } = fields.value
  if (usage === 0 || usage === 1) return refuse('pkix-usage') // RFC 7672 §3.1.3
  if (usage !== 2 && usage !== 3) return refuse('unknown')
  if (selector !== 0 && selector !== 1) return refuse('unknown')
  if (matchingType !== 0 && matchingType !== 1 && matchingType !== 2) return refuse('unknown')
  if (selector === 0 && matchingType === 0) return refuse('whole-certificate') // RFC 7671 §10.1
  return accept({ usage, selector, matchingType })
}

/** `3 1 1` */
export function formatTlsaForm({ usage, selector, matchingType }: TlsaForm): string {
  return `${usage} ${selector} ${matchingType}`
}
