import type { SkipReason } from '../../../core/decision/decision.ts'
import { parseType } from '../../../core/dns/types.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import type { WorldFault } from './fault.ts'
import { numberIn, oneOf, type Reader, readDuration, readName, readOptions, readTime, readYesNo } from './readers.ts'
import { readAt } from './statements.ts'
import type { Line } from './words.ts'
import {
  type Attack,
  type AttackKind,
  attackKinds,
  type ClockEvent,
  type Expectation,
  forgedCertificates,
  manners,
  type SendEvent,
} from './world.ts'

type Parsed<Value> = Result<Value, WorldFault>

const readType: Reader<number> = (text, at) => {
  const type = parseType(text)
  return type === undefined ? refuse('unknown-value', at) : accept(type)
}

const attackReaders = { type: readType, how: oneOf(manners), certificate: oneOf(forgedCertificates) }

/** Which option an attack has. */
const optionOf: Partial<Record<AttackKind, keyof typeof attackReaders>> = {
  'forge-dnssec': 'type',
  'forge-nxdomain': 'type',
  'suppress-txt': 'how',
  'break-tlsa': 'how',
  'swap-certificate': 'certificate',
  'forge-policy-host': 'certificate',
}

function readersFor(kind: AttackKind): Partial<typeof attackReaders> {
  const option = optionOf[kind]
  return option === undefined ? {} : { [option]: attackReaders[option] }
}

/** `attack KIND TARGET option…`: from then on, until calmed. */
export function parseAttackStatement(line: Line): Parsed<Attack> {
  const kind = readAt(line, 1, oneOf(attackKinds))
  if (!kind.ok) return kind
  const target = readAt(line, 2, readName)
  if (!target.ok) return target
  const options = readOptions(line.words.slice(3), readersFor(kind.value) as typeof attackReaders)
  if (!options.ok) return options
  const { type, how, certificate = 'self-signed' } = options.value
  return accept({ kind: kind.value, target: target.value, type, how, certificate })
}

/** `calm [KIND [TARGET]]`: what of the attacks ends; alone, all do. */
export function parseCalmStatement(line: Line): Parsed<{ attack: AttackKind | undefined; target: string | undefined }> {
  if (line.words.length === 1) return accept({ attack: undefined, target: undefined })
  const attack = readAt(line, 1, oneOf(attackKinds))
  if (!attack.ok) return attack
  if (line.words.length === 2) return accept({ attack: attack.value, target: undefined })
  const target = readAt(line, 2, readName)
  if (!target.ok) return target
  return line.words[3] === undefined
    ? accept({ attack: attack.value, target: target.value })
    : refuse('unexpected-word', line.words[3].at)
}

/** `clock TIME` or `clock +DURATION`, and `stale` when nobody signs the zones anew. */
export function parseClockStatement(line: Line): Parsed<ClockEvent> {
  const [, when, manner, extra] = line.words
  if (when === undefined) return refuse('missing-word', line.end)
  if (extra !== undefined) return refuse('unexpected-word', extra.at)
  if (manner !== undefined && manner.text !== 'stale') return refuse('unexpected-word', manner.at)
  const stale = manner !== undefined
  if (when.text.startsWith('+')) {
    const byMs = readDuration(when.text.slice(1), when.at + 1)
    return byMs.ok ? accept({ kind: 'clock', to: undefined, byMs: byMs.value, stale }) : byMs
  }
  const to = readTime(when.text, when.at)
  return to.ok ? accept({ kind: 'clock', to: to.value, byMs: 0, stale }) : to
}

/** The options of a message. */
export const senderReaders = {
  as: oneOf(['enforced', 'opportunistic']),
  dane: oneOf(['usual', 'mandatory']),
  'insecure-mx': oneOf(['dane', 'skip']),
  'require-both': readYesNo,
  audit: readYesNo,
  tls: oneOf(['usual', 'mandatory']),
  requiretls: readYesNo,
  'tls-required-no': readYesNo,
  'defer-on-txt-error': readYesNo,
  'last-attempt': readYesNo,
}

const readMailbox: Reader<string> = (text, at) => {
  const domain = text.slice(text.lastIndexOf('@') + 1)
  const isLiteral = /^\[[0-9a-fA-F.:]+\]$/.test(domain)
  const fits = /^[a-z0-9.+-]{1,64}@/i.test(text) && (isLiteral || readName(domain, at).ok)
  return fits ? accept(text) : refuse('mailbox', at)
}

/** `send MAILBOX option…`: one message, by a sender with these settings. */
export function parseSendStatement(line: Line): Parsed<SendEvent> {
  const mailbox = readAt(line, 1, readMailbox)
  if (!mailbox.ok) return mailbox
  const read = readOptions(line.words.slice(2), senderReaders)
  if (!read.ok) return read
  const options = read.value
  return accept({
    kind: 'send',
    mailbox: mailbox.value,
    options: {
      as: options.as ?? 'enforced',
      dane: options.dane ?? 'usual',
      insecureMx: options['insecure-mx'] ?? 'dane',
      requireBoth: options['require-both'] ?? false,
      audit: options.audit ?? false,
      tls: options.tls ?? 'usual',
      requireTls: options.requiretls ?? false,
      tlsRequiredNo: options['tls-required-no'] ?? false,
      deferOnTxtError: options['defer-on-txt-error'] ?? false,
      lastAttempt: options['last-attempt'] ?? false,
    },
  })
}

/** A row of the decision tables: `1a/M1` to `1d/33`. */
export const readRow: Reader<string> = (text, at) =>
  /^1(?:a\/M[1-8]|b\/H[1-8]|c\/S(?:[1-9]|1[0-2])|d\/(?:[1-9]|[12]\d|3[0-3])|e\/(?:[1-9]|10))$/.test(text)
    ? accept(text)
    : refuse('row', at)

/** An enhanced status code. RFC 3463 §2 */
const readCode: Reader<string> = (text, at) =>
  /^[245]\.\d{1,3}\.\d{1,3}$/.test(text) ? accept(text) : refuse('unknown-value', at)

/** Why a sender passes over a host. */
export const skipReasons = [
  'tlsa-lookup-failed',
  'address-lookup-failed',
  'no-address',
  'mx-not-in-policy',
  'dane-required',
  'requiretls-unprotected',
] as const satisfies readonly SkipReason[]

/** The words that an expectation may begin with; any other is a host or domain. */
export const expectationWords = [
  'delivered',
  'held',
  'bounced',
  'read-by-attacker',
  'row',
  'code',
  'asked',
  'not-asked',
  'fetched',
  'connected',
] as const

/** `expect …`: see `Expectation`. A first word that is no word of its own is a host or domain. */
export function parseExpectStatement(line: Line): Parsed<Expectation> {
  const first = readAt(line, 1, oneOf(expectationWords))
  if (!first.ok) return first.fault === 'unknown-value' ? parseNamed(line) : first
  switch (first.value) {
    case 'delivered':
      return parseDelivered(line)
    case 'held':
    case 'bounced':
    case 'read-by-attacker':
      return ended(line, 2, accept({ kind: first.value }))
    case 'row':
      return withWord(line, readRow, (row) => ({ kind: 'row', row }))
    case 'code':
      return withWord(line, readCode, (code) => ({ kind: 'code', code }))
    case 'asked':
    case 'not-asked':
      return parseAsked(line, first.value === 'asked')
    case 'fetched':
    case 'connected':
      return parseCounted(line, first.value)
  }
}

function ended(line: Line, length: number, parsed: Parsed<Expectation>): Parsed<Expectation> {
  const extra = line.words[length]
  return parsed.ok && extra !== undefined ? refuse('unexpected-word', extra.at) : parsed
}

function withWord(line: Line, reader: Reader<string>, make: (text: string) => Expectation): Parsed<Expectation> {
  const word = readAt(line, 2, reader)
  return word.ok ? ended(line, 3, accept(make(word.value))) : word
}

/** `delivered [HOST] [over tls|clear]` */
function parseDelivered(line: Line): Parsed<Expectation> {
  let index = 2
  let host: string | undefined
  if (line.words[index] !== undefined && line.words[index]?.text !== 'over') {
    const name = readAt(line, index, readName)
    if (!name.ok) return name
    host = name.value
    index += 1
  }
  if (line.words[index] === undefined) return accept({ kind: 'delivered', host, over: undefined })
  const keyword = readAt(line, index, oneOf(['over']))
  if (!keyword.ok) return keyword
  const over = readAt(line, index + 1, oneOf(['tls', 'clear']))
  return over.ok ? ended(line, index + 2, accept({ kind: 'delivered', host, over: over.value })) : over
}

/** `asked OWNER TYPE` */
function parseAsked(line: Line, asked: boolean): Parsed<Expectation> {
  const owner = readAt(line, 2, readName)
  if (!owner.ok) return owner
  const type = readAt(line, 3, readType)
  return type.ok ? ended(line, 4, accept({ kind: 'asked', asked, owner: owner.value, type: type.value })) : type
}

/** `fetched DOMAIN TIMES` and `connected HOST TIMES` */
function parseCounted(line: Line, kind: 'fetched' | 'connected'): Parsed<Expectation> {
  const name = readAt(line, 2, readName)
  if (!name.ok) return name
  const times = readAt(line, 3, numberIn(0, 1000))
  if (!times.ok) return times
  const counted = kind === 'fetched' ? { kind, domain: name.value } : { kind, host: name.value }
  return ended(line, 4, accept({ ...counted, times: times.value } as Expectation))
}

/** `HOST skip [WHY]`, `HOST connect HOW` and `DOMAIN deliver|defer|bounce` */
function parseNamed(line: Line): Parsed<Expectation> {
  const name = readAt(line, 1, readName)
  if (!name.ok) return name
  const verb = readAt(line, 2, oneOf(['skip', 'connect', 'deliver', 'defer', 'bounce']))
  if (!verb.ok) return verb
  if (verb.value === 'connect') {
    const tls = readAt(line, 3, oneOf(['dane', 'pkix', 'encrypt', 'may']))
    return tls.ok ? ended(line, 4, accept({ kind: 'connect', host: name.value, tls: tls.value })) : tls
  }
  if (verb.value !== 'skip') return ended(line, 3, accept({ kind: 'domain', domain: name.value, outcome: verb.value }))
  if (line.words[3] === undefined) return accept({ kind: 'skip', host: name.value, why: undefined })
  const why = readAt(line, 3, oneOf(skipReasons))
  return why.ok ? ended(line, 4, accept({ kind: 'skip', host: name.value, why: why.value })) : why
}
