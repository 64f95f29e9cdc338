import { type DomainName, parseDomainName } from '../../src/core/name/domain.ts'

/** A domain name that a test is sure of. */
export function domain(text: string): DomainName {
  const parsed = parseDomainName(text)
  if (!parsed.ok) throw new Error(`not a domain name: "${text}" (${parsed.fault})`)
  return parsed.value
}
