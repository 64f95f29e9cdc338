import { hostname } from 'node:os'
import { escapeText } from '../../core/smtp/escape.ts'
import { formatMailDomain, parseMailDomain } from '../../core/smtp/mailbox.ts'
import { UsageError } from './command.ts'

/** Our name for EHLO: what `--helo` says, or the name of this machine, or what stands for one without. RFC 5321 §4.1.4 */
export function readClientName(text: string | undefined): string {
  const name = parseMailDomain(text ?? hostname())
  if (name.ok) return formatMailDomain(name.value)
  if (text === undefined) return 'localhost'
  throw new UsageError(`option --helo: not a host name: "${escapeText(text)}"`)
}
