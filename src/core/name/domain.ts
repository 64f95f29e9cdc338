import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import { toALabels, toULabels } from './idna.ts'
import { foldCase, labelsOf, type Name, nameFromLabels } from './name.ts'

/** A domain or host name in A-labels, lower case, no trailing dot. Only the parsers here make one. */
export type DomainName = string & { readonly brand: 'DomainName' }

/** Why text is no domain name. */
export type DomainFault =
  | 'empty'
  | 'empty-label'
  | 'label-too-long'
  | 'too-long'
  | 'bad-character'
  | 'bad-hyphen'
  | 'bad-idna'
  | 'address-literal'

const textOctetsMax = limits.names.octets - 2 // the wire form adds a length octet and the root's zero

/**
 * Reads a domain as people write it, U-labels and a trailing dot allowed. RFC 5321 §4.1.2, RFC 5891 §4
 *
 * Letters, digits and hyphens alone are accepted in the A-label form; addresses, in whatever spelling, are not domains.
 */
export function parseDomainName(text: string): Result<DomainName, DomainFault> {
  return parse(text, { badCharacter: /[^a-z0-9-]/, hasALabels: true })
}

/**
 * As `parseDomainName`, but with `_` allowed, as in MX targets and policy names seen in the wild, and of ASCII whatever it
 * says: a label with `xn--` that is no A-label names a host in DNS all the same, and nobody has to convert it. RFC 5891 §5.3
 */
export function parseHostName(text: string): Result<DomainName, DomainFault> {
  return parse(text, { badCharacter: /[^a-z0-9_-]/, hasALabels: false })
}

interface Form {
  readonly badCharacter: RegExp
  /** Whether labels with `xn--` must be A-labels: those that someone may have written wrongly, or to deceive. */
  readonly hasALabels: boolean
}

function parse(text: string, { badCharacter, hasALabels }: Form): Result<DomainName, DomainFault> {
  if (text === '' || text === '.') return refuse('empty')
  if (text.length > limits.names.textCharacters) return refuse('too-long', limits.names.textCharacters)
  if (text.startsWith('[')) return refuse('address-literal')
  const absolute = text.replace(/[.\u3002\uff0e\uff61]$/, '') // the dots of RFC 3490 §3.1
  const ascii = toAscii(absolute, hasALabels)
  if (ascii === undefined) return refuse('bad-idna', firstOutsideAscii(absolute))
  return checkLabels(ascii, badCharacter)
}

/**
 * Names that are ASCII and have no A-label to be checked need no tables.
 *
 * Hyphens third and fourth, as in `mx--1`, are barred from U-labels alone, and hosts with them are there. RFC 5891 §5.4
 */
function toAscii(text: string, hasALabels: boolean): string | undefined {
  const isPlain = /^[\x00-\x7f]*$/.test(text)
  const lower = foldCase(text)
  if (isPlain && !(hasALabels && /(?:^|\.)xn--/.test(lower))) return lower
  // The tables know nothing of what a URL parser would make of these, and neither may we.
  return /[\s%/\\:@?#[\]]/.test(text) ? undefined : toALabels(lower)
}

function firstOutsideAscii(text: string): number {
  return Math.max(0, text.search(/[^\x00-\x7f]|xn--/i))
}

function checkLabels(ascii: string, badCharacter: RegExp): Result<DomainName, DomainFault> {
  if (ascii.length > textOctetsMax) return refuse('too-long', textOctetsMax)
  let at = 0
  for (const label of ascii.split('.')) {
    if (label === '') return refuse('empty-label', at)
    if (label.length > limits.names.labelOctets) return refuse('label-too-long', at)
    const bad = label.search(badCharacter)
    if (bad >= 0) return refuse('bad-character', at + bad)
    if (label.startsWith('-') || label.endsWith('-')) return refuse('bad-hyphen', at)
    at += label.length + 1
  }
  return looksLikeAddress(ascii) ? refuse('address-literal') : accept(ascii as DomainName)
}

/** Whether the last label is a number, as in `192.0.2.1` or `0x7f.1`: no top-level domain is one. */
function looksLikeAddress(ascii: string): boolean {
  return /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(ascii)
}

/** The name in DNS. */
export function nameOfDomain(domain: DomainName): Name {
  return nameFromLabels(domain.split('.')) as Name // its lengths were checked when it was made
}

/**
 * A host name found in DNS, such as an MX target; refused when it is none.
 *
 * Octets beyond ASCII are no U-labels there: mapped like text, they would lead to a host that DNS never named.
 */
export function domainOfName(name: Name): Result<DomainName, DomainFault> {
  if (name.labelCount === 0) return refuse('empty')
  const labels = labelsOf(name)
  if (labels.some((label) => /[^\x00-\x7f]|\./.test(label))) return refuse('bad-character')
  return parseHostName(labels.join('.'))
}

/** The domain one label up; undefined when it has one label. */
export function parentOfDomain(domain: DomainName): DomainName | undefined {
  const dot = domain.indexOf('.')
  return dot < 0 ? undefined : (domain.slice(dot + 1) as DomainName)
}

/** `xn--bcher-kva.example (bücher.example)`: the A-label form always, the U-label form where it differs. */
export function formatDomain(domain: DomainName): string {
  const unicode = /(?:^|\.)xn--/.test(domain) ? toULabels(domain) : undefined
  return unicode === undefined ? domain : `${domain} (${unicode})`
}
