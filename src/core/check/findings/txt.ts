import { readTxt } from '../../dns/rdata/records.ts'
import type { Resolution } from '../../dnssec/resolution.ts'
import { isBroken, isUntold } from '../failures.ts'
import type { Evidence } from '../report.ts'
import { said } from './finding.ts'

/** The strings of each TXT record that a lookup found, joined, as RFC 8461 §3.1 and RFC 8460 §3 have it. */
export function textsIn(lookup: Resolution | undefined): string[] {
  return stringsIn(lookup).map((strings) => strings.join(''))
}

export function stringsIn(lookup: Resolution | undefined): (readonly string[])[] {
  if (lookup?.kind !== 'answer') return []
  return lookup.records.flatMap(({ rdata }) => {
    const text = readTxt(rdata)
    return text.ok ? [text.value] : []
  })
}

/** How a lookup of a record that announces something failed; undefined when it did not. */
export function failureOf(lookup: Resolution | undefined): 'bogus' | 'failed' | 'unanswered' | undefined {
  if (lookup?.kind !== 'failure') return undefined
  if (isUntold(lookup)) return 'unanswered'
  return isBroken(lookup) && lookup.why === 'bogus' ? 'bogus' : 'failed'
}

/** Whether a name that nobody has reason to publish has the very same records: a wildcard answers for all. */
export function isCatchAll(lookup: Resolution | undefined, beside: Resolution | undefined): boolean {
  const here = textsIn(lookup).toSorted()
  const there = textsIn(beside).toSorted()
  return here.length > 0 && here.length === there.length && here.every((text, place) => text === there[place])
}

export function textSeen(name: string, text: string, source?: string): Evidence {
  return said(`${name} TXT "${text}"`, source)
}
