import { isIP } from 'node:net'
import { formatType, parseType, TYPE } from '../../core/dns/types.ts'
import { nameOfDomain, parseDomainName } from '../../core/name/domain.ts'
import type { Name } from '../../core/name/name.ts'
import { parseName } from '../../core/name/text.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { readEndpoint } from '../config/endpoint.ts'
import { suggestion } from '../nearest.ts'
import { UsageError } from './command.ts'

/** What is looked up. */
export interface DnsQuestion {
  readonly name: Name
  readonly type: number
}

/** Words of a command line as dig(1) takes them: `@SERVER` anywhere, and in their order a name and a type. */
export interface DnsWords {
  /** Without the `@`. */
  readonly servers: readonly string[]
  readonly name: string | undefined
  /** `A` unless given. */
  readonly type: string
}

/** Throws UsageError for a server that is none, and for a word too many. */
export function readWords(words: readonly string[]): DnsWords {
  const servers = words.filter((word) => word.startsWith('@')).map((word) => word.slice(1))
  const [name, type = 'A', extra] = words.filter((word) => !word.startsWith('@'))
  if (extra !== undefined) throw new UsageError(`unexpected argument "${escapeText(extra)}"`)
  for (const server of servers) {
    if (readEndpoint(server, 53) !== undefined) continue
    throw new UsageError(`"@${escapeText(server)}" is no address, or address and port`)
  }
  return { servers, name, type }
}

export type QuestionFault = 'not-a-name' | 'address' | 'unknown-type' | 'no-record-type' | 'too-many-words'

/** A line of a list: a name, and behind blanks a type, `A` unless given. */
export function readQuestionLine(text: string): Result<DnsQuestion, QuestionFault> {
  const [name = '', type = 'A', extra] = text.split(/\s+/)
  return extra === undefined ? readQuestion(name, type) : refuse('too-many-words')
}

function readQuestion(nameText: string, typeText: string): Result<DnsQuestion, QuestionFault> {
  if (isIP(nameText) !== 0) return refuse('address')
  const name = readName(nameText)
  if (!name.ok) return refuse('not-a-name')
  const type = parseType(typeText)
  if (type === undefined) return refuse('unknown-type')
  return isRecordType(type) ? accept({ name: name.value, type }) : refuse('no-record-type')
}

/** Throws UsageError that says what is wrong with a name or type of a command line. */
export function demandQuestion({ name: nameText = '', type: typeText }: DnsWords): DnsQuestion {
  const question = readQuestion(nameText, typeText)
  if (question.ok) return question.value
  throw new UsageError(complaint(question.fault, nameText, typeText))
}

function complaint(fault: QuestionFault, nameText: string, typeText: string): string {
  switch (fault) {
    case 'address':
      return `"${nameText}" is an address, and not a name`
    case 'not-a-name': {
      const name = readName(nameText)
      return `not a name: "${escapeText(nameText)}" (${name.ok ? fault : name.fault.replaceAll('-', ' ')})`
    }
    case 'unknown-type':
      return `unknown record type "${escapeText(typeText)}"${suggestion(typeText.toUpperCase(), Object.keys(TYPE))}`
    case 'no-record-type':
      return `${formatType(parseType(typeText) ?? 0)} is no type of records that can be looked up`
    case 'too-many-words':
      return 'too many words'
  }
}

/** Zone text can name anything; what is not ASCII is a domain in its own script. */
function readName(text: string): Result<Name, string> {
  const zoneText = parseName(text)
  if (zoneText.ok || zoneText.fault !== 'not-octets') return zoneText
  const domain = parseDomainName(text)
  return domain.ok ? accept(nameOfDomain(domain.value)) : domain
}

/** Not those of questions and of packets, which no zone holds. RFC 6895 §3.1 */
function isRecordType(type: number): boolean {
  return type !== 0 && type !== TYPE.OPT && (type < 128 || type > 255)
}
