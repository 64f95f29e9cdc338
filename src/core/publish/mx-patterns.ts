import { formatMxPattern, listsMx, type MxPattern } from '../mtasts/policy.ts'
import { type DomainFault, type DomainName, parentOfDomain, parseDomainName } from '../name/domain.ts'
import { accept, type Result } from '../result.ts'
import { uniquePatterns } from './sts-policy.ts'

/** Reads a pattern as people write it, `mx1.example.org` or `*.example.org`: U-labels become A-labels. RFC 8461 §3.2 */
export function parseMxPattern(text: string): Result<MxPattern, DomainFault> {
  const wildcard = text.startsWith('*.')
  const name = parseDomainName(wildcard ? text.slice(2) : text)
  return name.ok ? accept({ name: name.value, wildcard }) : name
}

/** One pattern a host, as they come: a wildcard is for whoever asks for one. RFC 8461 §10.4 */
export function patternsFor(hosts: readonly DomainName[]): MxPattern[] {
  return uniquePatterns(hosts.map((name) => ({ name, wildcard: false })))
}

/** The patterns, and for each host that they do not list one more. */
export function patternsWith(patterns: readonly MxPattern[], hosts: readonly DomainName[]): MxPattern[] {
  return uniquePatterns([...patterns, ...patternsFor(hosts.filter((host) => !listsMx(patterns, host)))])
}

/** Something about a pattern that its owner should know. Text is fit for a terminal. */
export interface PatternWarning {
  readonly kind: 'broad-wildcard' | 'needless-wildcard' | 'unused'
  readonly pattern: string
  readonly text: string
}

/**
 * What is doubtful about patterns, by the MX hosts that there are or will be. A wildcard lets whoever has a certificate for
 * any name below take the mail. RFC 8461 §10.4
 */
export function warnOfPatterns(
  patterns: readonly MxPattern[],
  hosts: readonly DomainName[],
  domain: DomainName,
): PatternWarning[] {
  return patterns.flatMap((pattern): PatternWarning[] => {
    const text = formatMxPattern(pattern)
    const listed = hosts.filter((host) => listsMx([pattern], host))
    if (listed.length === 0) {
      const what = pattern.wildcard ? 'lists no MX host' : 'is no MX host'
      return [
        { kind: 'unused', pattern: text, text: `${text} ${what}: what is listed and not in use may be taken over` },
      ]
    }
    if (!pattern.wildcard) return []
    const isBroad = isAbove(pattern.name, domain)
    const hosts1 = listed.join(' and ')
    if (isBroad) {
      const why = `${text} lets every host below ${pattern.name} with a certificate take the mail: list ${hosts1}`
      return [{ kind: 'broad-wildcard', pattern: text, text: why }]
    }
    if (listed.length > 1) return []
    return [
      { kind: 'needless-wildcard', pattern: text, text: `${text} lists ${hosts1} alone: list that host by its name` },
    ]
  })
}

/** The domain itself, or what is above it. */
function isAbove(name: DomainName, domain: DomainName): boolean {
  for (let at: DomainName | undefined = domain; at !== undefined; at = parentOfDomain(at)) if (at === name) return true
  return false
}
