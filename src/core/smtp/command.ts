import { limits } from '../limits.ts'
import { formatPath, type Mailbox, type ReversePath } from './mailbox.ts'

/** One command line with its CRLF, ready to be sent. Only this file makes them. */
export type Command = string & { readonly brand: 'Command' }

/** What MAIL tells beside the sender; each needs the extension of its name to be offered. */
export interface MailParameters {
  /** RFC 1870 §6 */
  readonly size?: number | undefined
  /** RFC 6152 §3 */
  readonly eightBitMime?: boolean
  /** RFC 6531 §3.4 */
  readonly smtpUtf8?: boolean
  /** RFC 8689 §2 */
  readonly requireTls?: boolean
}

export const commands = {
  /** `name` is a host name in A-labels or an address literal, never a U-label. RFC 8616 §4 */
  ehlo: (name: string) => line(`EHLO ${name}`),
  helo: (name: string) => line(`HELO ${name}`),
  startTls: () => line('STARTTLS'),
  mail: (sender: ReversePath, parameters: MailParameters) =>
    line([`MAIL FROM:${formatPath(sender)}`, ...formatParameters(parameters)].join(' ')),
  rcpt: (recipient: Mailbox) => line(`RCPT TO:${formatPath(recipient)}`),
  data: () => line('DATA'),
  rset: () => line('RSET'),
  noop: () => line('NOOP'),
  quit: () => line('QUIT'),
} as const

function formatParameters({ size, eightBitMime, smtpUtf8, requireTls }: MailParameters): string[] {
  const parameters: string[] = []
  if (size !== undefined) parameters.push(`SIZE=${size}`)
  if (eightBitMime === true) parameters.push('BODY=8BITMIME')
  if (smtpUtf8 === true) parameters.push('SMTPUTF8')
  if (requireTls === true) parameters.push('REQUIRETLS')
  return parameters
}

/** The last guard against commands inside commands: a text that could hold a second one is our bug, and stops here. */
function line(text: string): Command {
  if (/[\0-\x1f\x7f]/.test(text)) throw new TypeError('control character in an SMTP command')
  if (Buffer.byteLength(text) > limits.smtp.commandOctets) throw new RangeError('SMTP command too long')
  return `${text}\r\n` as Command
}
