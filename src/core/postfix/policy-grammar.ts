import { parseHostName } from '../name/domain.ts'

/** Which attributes a Postfix knows: `base` up to 3.9, `tlsrpt` from 3.10 on. */
export type Dialect = 'base' | 'tlsrpt'

/** A policy table's right-hand side taken apart as Postfix does. */
export interface PolicyData {
  readonly level: string
  readonly attributes: readonly Attribute[]
}

export interface Attribute {
  readonly name: string
  readonly value: string
}

const levels: ReadonlySet<string> = new Set('none may encrypt dane dane-only fingerprint verify secure'.split(' '))

type Repeats = 'once' | 'often'

interface AttributeRule {
  readonly dialect: Dialect
  readonly repeats: Repeats
  /** Why the value will not do for this level; undefined when it will. */
  fault(value: string, level: string): string | undefined
}

const anything = () => undefined
const yesOrNo = (value: string) => (value === 'yes' || value === 'no' ? undefined : 'neither yes nor no')
const oneOf = (...words: readonly string[]) => {
  return (value: string) => (words.includes(value) ? undefined : `none of ${words.join(', ')}`)
}

function base(repeats: Repeats, fault: AttributeRule['fault']): AttributeRule {
  return { dialect: 'base', repeats, fault }
}

function reported(repeats: Repeats, fault: AttributeRule['fault']): AttributeRule {
  return { dialect: 'tlsrpt', repeats, fault }
}

/** Postfix's `smtp_tls_policy_maps` in postconf(5), as smtp_tls_policy.c reads it. */
const rules: ReadonlyMap<string, AttributeRule> = new Map([
  ['match', base('often', matchFault)],
  ['servername', base('once', (value) => (isSpecialName(value) ? undefined : nameFault(value)))],
  ['ciphers', base('once', oneOf('export', 'low', 'medium', 'high', 'null'))],
  ['protocols', base('once', anything)],
  ['exclude', base('once', anything)],
  ['tafile', base('often', (_, level) => (isPkix(level) ? undefined : 'has no use at this level'))],
  ['connection_reuse', base('often', yesOrNo)],
  ['enable_rpk', base('often', yesOrNo)],
  ['policy_type', reported('once', oneOf('sts', 'no-policy-found'))],
  ['policy_domain', reported('once', nameFault)],
  ['policy_string', reported('often', anything)],
  ['mx_host_pattern', reported('often', (value) => nameFault(value.replace(/^\*\./, '')))],
  ['policy_ttl', reported('once', (value) => (/^\d+$/.test(value) ? undefined : 'no number'))],
  [
    'policy_failure',
    reported('once', oneOf('sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid', 'validation-failure')),
  ],
])

function isPkix(level: string): boolean {
  return level === 'verify' || level === 'secure'
}

function isSpecialName(value: string): boolean {
  return value === 'hostname' || value === 'nexthop'
}

function nameFault(value: string): string | undefined {
  return parseHostName(value).ok ? undefined : 'no host name'
}

/** Certificates never match addresses, and an empty list matches nothing. */
function matchFault(value: string, level: string): string | undefined {
  if (level === 'fingerprint') return value === '' ? 'is empty' : undefined
  if (!isPkix(level)) return 'is an error at this level'
  const wrong = value.split(':').find((item) => !isMatchItem(item))
  return wrong === undefined ? undefined : `no name: "${wrong}"`
}

function isMatchItem(item: string): boolean {
  return isSpecialName(item) || item === 'dot-nexthop' || parseHostName(item.replace(/^\./, '')).ok
}

/**
 * Takes a right-hand side of `smtp_tls_policy_maps` apart as the strictest Postfix of the dialect does; text says why it
 * refuses it, for one that is refused stops the mail. Braces around `name = value` are of 3.10 and later.
 */
export function readPolicyData(data: string, dialect: Dialect): PolicyData | string {
  const [level, ...rest] = splitWords(data)
  if (level === undefined) return 'there is no level'
  if (!levels.has(level)) return `no level: "${level}"`
  const attributes: Attribute[] = []
  const seen = new Set<string>()
  for (const word of rest) {
    const attribute = readAttribute(word, dialect)
    if (typeof attribute === 'string') return attribute
    const { name, value } = attribute
    const rule = rules.get(name)
    if (rule === undefined || (rule.dialect === 'tlsrpt' && dialect === 'base')) return `unknown attribute "${name}"`
    if (rule.repeats === 'once' && seen.has(name)) return `"${name}" stands twice`
    const fault = rule.fault(value, level)
    if (fault !== undefined) return `"${name}": ${fault}`
    seen.add(name)
    attributes.push(attribute)
  }
  const stray = attributes.find(({ name }) => rules.get(name)?.dialect === 'tlsrpt')
  if (stray !== undefined && !seen.has('policy_type')) return `"${stray.name}" without "policy_type"`
  return { level, attributes }
}

function readAttribute(word: string, dialect: Dialect): Attribute | string {
  const isBraced = word.startsWith('{')
  if (isBraced && dialect === 'base') return 'braces are not known yet'
  if (isBraced && !word.endsWith('}')) return 'braces that are not closed'
  const inner = isBraced ? word.slice(1, -1).trim() : word
  const parts = /^([A-Za-z_]+)\s*=\s*([\s\S]*)$/.exec(inner)
  if (parts === null) return `no "name=value": "${word}"`
  const [, name = '', value = ''] = parts
  if (value === '') return `"${name}" has no value`
  return { name: name.toLowerCase(), value }
}

/** Blanks, commas, tabs and line ends part words, except within braces, which must be balanced. */
function splitWords(data: string): string[] {
  const words: string[] = []
  let at = 0
  while (at < data.length) {
    if (isSeparator(data[at])) {
      at++
      continue
    }
    const end = data[at] === '{' ? endOfBraces(data, at) : endOfWord(data, at)
    words.push(data.slice(at, end))
    at = end
  }
  return words
}

function isSeparator(character: string | undefined): boolean {
  return character !== undefined && ' \t\r\n,'.includes(character)
}

function endOfWord(data: string, from: number): number {
  let at = from
  while (at < data.length && !isSeparator(data[at])) at++
  return at
}

function endOfBraces(data: string, from: number): number {
  let depth = 0
  for (let at = from; at < data.length; at++) {
    if (data[at] === '{') depth++
    if (data[at] === '}' && --depth === 0) return at + 1
  }
  return data.length
}
