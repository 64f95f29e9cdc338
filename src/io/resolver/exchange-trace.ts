import { extendedErrorsOf, formatExtendedError } from '../../core/dns/edns.ts'
import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { formatRcode, formatType } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import { formatName } from '../../core/name/text.ts'
import type { Endpoint } from '../network.ts'
import type { ExchangeRequest } from './exchange-query.ts'

/** `192.0.2.53`, or `192.0.2.53#5353` where the port is not 53. */
export function formatServer({ address, port }: Endpoint): string {
  return port === 53 ? address : `${address}#${port}`
}

/** The flags of a query, as a comment of zone text: `; rd cd do`. */
export function formatQuery(
  { recursionDesired, checkingDisabled, authenticData = false }: ExchangeRequest,
  isPlain = false,
): string {
  return formatFlags([
    ['rd', recursionDesired],
    ['ad', authenticData],
    ['cd', checkingDisabled],
    ['do', !isPlain],
  ])
}

/** A reply as zone text: its status and sections as comments, its records a line each. */
export function formatReply(message: Message): string {
  return [
    formatStatus(message),
    ...extendedErrorsOf(message).map((error) => `; ${formatExtendedError(error)}`),
    ...message.damaged.map(({ name, type }) => `; malformed: ${formatName(name)} ${formatType(type)}`),
    ...message.answer.map(formatRecord),
    ...formatSection('authority', message.authority),
    ...formatSection('additional', message.additional),
  ].join('\n')
}

function formatStatus(message: Message): string {
  const flags = formatFlags([
    [formatRcode(message.rcode), true],
    ['aa', message.isAuthoritative],
    ['tc', message.isTruncated],
    ['ra', message.recursionAvailable],
    ['ad', message.authenticData],
    ['cd', message.checkingDisabled],
  ])
  return message.edns === undefined ? `${flags}, no EDNS` : flags
}

function formatFlags(flags: readonly (readonly [name: string, isSet: boolean])[]): string {
  return `; ${flags.flatMap(([name, isSet]) => (isSet ? [name] : [])).join(' ')}`
}

function formatSection(title: string, records: readonly ResourceRecord[]): string[] {
  return records.length === 0 ? [] : [`; ${title}`, ...records.map(formatRecord)]
}
