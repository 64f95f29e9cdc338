import { limits } from '../limits.ts'
import { type DomainName, parseDomainName, parseHostName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'

/** A name, or with `below` that name and every name below it. */
export interface NamePattern {
  readonly name: DomainName
  readonly below: boolean
}

/** What an override is about: mail to a domain, mail by way of an MX host, or with both just the one by way of the other. */
export interface OverrideTarget {
  readonly domain: NamePattern | undefined
  readonly host: NamePattern | undefined
}

/** What is decided, in the place of what was found or beside it. */
export type OverrideRule =
  /** At least that, whatever was found. Names are those of which a certificate must bear one; none means the host's own. */
  | { readonly kind: 'require'; readonly level: 'encrypt' | 'dane' }
  | { readonly kind: 'require'; readonly level: 'pkix'; readonly names: readonly DomainName[] }
  /** That suffices, whatever was found. */
  | { readonly kind: 'relax'; readonly level: 'may' | 'encrypt' }
  /** Of a domain: we have no say about it. Of a host: it is never used. */
  | { readonly kind: 'skip' }

/** What an operator decided in the place of the tables. */
export interface Override {
  readonly target: OverrideTarget
  readonly rule: OverrideRule
  /** One line each. */
  readonly reason: string
  readonly author: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** When it ends; undefined for requirements that last. */
  readonly expiresAt: number | undefined
}

export type OverrideFault =
  | 'no-target'
  | 'relax-without-domain'
  | 'too-wide'
  | 'names-missing'
  | 'too-many-names'
  | 'reason'
  | 'author'
  | 'expiry-missing'
  | 'expiry-past'
  | 'expiry-too-far'

/** Whether an operator may say so; what lowers protection always ends, and never for all domains of a host. */
export function checkOverride(override: Override): Result<Override, OverrideFault> {
  const { target, rule, createdAt, expiresAt } = override
  const { domain, host } = target
  if (domain === undefined && host === undefined) return refuse('no-target')
  if (rule.kind === 'relax' && domain === undefined) return refuse('relax-without-domain')
  if (rule.kind !== 'require' && domain?.below === true && !domain.name.includes('.')) return refuse('too-wide')
  if (rule.kind === 'require' && rule.level === 'pkix') {
    if (rule.names.length > limits.overrides.names) return refuse('too-many-names')
    // A domain's MX records may be forged: the host that they name vouches for nothing.
    if (rule.names.length === 0 && host === undefined) return refuse('names-missing')
  }
  const fault = checkChange(override)
  if (fault !== undefined) return refuse(fault)
  if (expiresAt === undefined) return rule.kind === 'require' ? accept(override) : refuse('expiry-missing')
  if (!(expiresAt > createdAt)) return refuse('expiry-past')
  const most = rule.kind === 'require' ? limits.overrides.requireMs : limits.overrides.relaxMs
  return expiresAt - createdAt > most ? refuse('expiry-too-far') : accept(override)
}

/** Whether somebody may change something so. */
export function checkChange({ reason, author }: Pick<Override, 'reason' | 'author'>): 'reason' | 'author' | undefined {
  if (!isLine(reason, limits.overrides.reasonCharacters)) return 'reason'
  return isLine(author, limits.overrides.authorCharacters) ? undefined : 'author'
}

/** One line that says something, and does nothing to a terminal or a log: no controls, no marks of direction. */
function isLine(text: string, characters: number): boolean {
  return text.trim() === text && text !== '' && text.length <= characters && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text)
}

/** Reads `example.org`, or `.example.org` for that and every name below it. */
export function parseNamePattern(text: string, of: 'domain' | 'host'): Result<NamePattern, 'name'> {
  const below = text.startsWith('.')
  const bare = below ? text.slice(1) : text
  const name = of === 'domain' ? parseDomainName(bare) : parseHostName(bare)
  return name.ok ? accept({ name: name.value, below }) : refuse('name')
}

/** As `parseNamePattern` reads it. */
export function formatNamePattern({ name, below }: NamePattern): string {
  return below ? `.${name}` : name
}

/** `mail to .example.org by way of mx.example.net` */
export function describeTarget({ domain, host }: OverrideTarget): string {
  const parts = [
    ...(domain === undefined ? [] : [`to ${formatNamePattern(domain)}`]),
    ...(host === undefined ? [] : [`by way of ${formatNamePattern(host)}`]),
  ]
  return `mail ${parts.join(' ')}`
}

/** `require pkix (mail.example.org)`, `relax may`, `skip` */
export function describeRule(rule: OverrideRule): string {
  if (rule.kind === 'skip') return 'skip'
  const names = rule.kind === 'require' && rule.level === 'pkix' && rule.names.length > 0 ? rule.names : []
  return `${rule.kind} ${rule.level}${names.length === 0 ? '' : ` (${names.join(', ')})`}`
}

/** On whose word: `by override of alice until 2026-12-01: their certificate lapsed` */
export function describeOverride({ author, expiresAt, reason }: Override): string {
  const until = expiresAt === undefined ? '' : ` until ${formatEnd(expiresAt)}`
  return `by override of ${author}${until}: ${reason}`
}

/** The day where it ends with it, else to the minute. */
function formatEnd(milliseconds: number): string {
  const text = new Date(milliseconds).toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, 16).replace('T', ' ')} UTC`
}

export function matchesPattern({ name, below }: NamePattern, candidate: string): boolean {
  return candidate === name || (below && candidate.endsWith(`.${name}`))
}
