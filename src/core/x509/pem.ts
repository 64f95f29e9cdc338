import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'

/** One encapsulated object of a text. RFC 7468 §2 */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string
  /** Lines such as `Proc-Type: 4,ENCRYPTED`, which only old ways to encrypt keys have. RFC 1421 §4.6 */
  readonly headers: readonly string[]
  readonly der: Uint8Array
  /** Line of the text that it begins in, from 1. */
  readonly line: number
}

/** `unfinished`: no end of what began; `base64`: other characters in between; `too-many`: more than anybody keeps in one file. */
export type PemFault = 'unfinished' | 'base64' | 'too-many'

const begin = /^(?:\xef\xbb\xbf)?[ \t]*-----BEGIN ([A-Z0-9 ]+)-----[ \t]*$/
const end = /^[ \t]*-----END ([A-Z0-9 ]+)-----[ \t]*$/

/**
 * The objects in a text, in their order; explanations around them are passed over, as are a byte order mark and whatever
 * ends lines. `at` of a fault is the line. RFC 7468 §2, §5.2
 */
export function parsePem(octets: Uint8Array): Result<PemBlock[], PemFault> {
  const lines = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
    .toString('latin1')
    .split(/\r\n|\n|\r/)
  const blocks: PemBlock[] = []
  for (let at = 0; at < lines.length; at++) {
    const label = begin.exec(lines[at] ?? '')?.[1]
    if (label === undefined) continue
    const line = at + 1
    const inside: string[] = []
    for (at++; end.exec(lines[at] ?? '')?.[1] !== label; at++) {
      const text = lines[at]
      if (text === undefined || begin.test(text) || end.test(text)) return refuse('unfinished', line)
      inside.push(text.trim())
    }
    if (blocks.length === limits.keyFiles.objects) return refuse('too-many', line)
    const headers = inside.filter((text) => text.includes(':'))
    const digits = inside.filter((text) => !text.includes(':')).join('')
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(digits) || digits.length % 4 !== 0) return refuse('base64', line)
    blocks.push({ label, headers, der: Buffer.from(digits, 'base64'), line })
  }
  return accept(blocks)
}
