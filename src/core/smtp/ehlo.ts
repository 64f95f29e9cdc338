import type { Reply } from './reply.ts'

/** What a server says about itself in its reply to EHLO. RFC 5321 §4.1.1.1 */
export interface Extensions {
  /** Keyword in upper case to its parameters as received; of a repeated keyword the first line counts. */
  readonly keywords: ReadonlyMap<string, string>
  readonly startTls: boolean
  readonly pipelining: boolean
  readonly eightBitMime: boolean
  readonly smtpUtf8: boolean
  readonly requireTls: boolean
  /** Largest message in octets; undefined when no limit is told, which `SIZE 0` means too. RFC 1870 §4 */
  readonly size: number | undefined
}

const keywordSyntax = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ \t]+(.*?))?[ \t]*$/

/** Reads the extensions, keywords in any case. Lines that break the grammar are passed over. */
export function parseEhlo({ lines }: Pick<Reply, 'lines'>): Extensions {
  const keywords = new Map<string, string>()
  for (const line of lines.slice(1)) {
    const found = keywordSyntax.exec(line)
    const keyword = found?.[1]?.toUpperCase()
    if (keyword !== undefined && !keywords.has(keyword)) keywords.set(keyword, found?.[2] ?? '')
  }
  return {
    keywords,
    startTls: keywords.has('STARTTLS'),
    pipelining: keywords.has('PIPELINING'),
    eightBitMime: keywords.has('8BITMIME'),
    smtpUtf8: keywords.has('SMTPUTF8'),
    requireTls: keywords.has('REQUIRETLS'),
    size: parseSize(keywords.get('SIZE')),
  }
}

/** Nothing offered: what is known before EHLO, after HELO, and again right after the TLS handshake. RFC 3207 §4.2 */
export const noExtensions: Extensions = parseEhlo({ lines: [] })

function parseSize(parameter: string | undefined): number | undefined {
  if (parameter === undefined || !/^\d{1,15}$/.test(parameter)) return undefined
  return Number(parameter) || undefined
}
