import { accept, type Result, refuse } from '../../../core/result.ts'
import type { WorldFault } from './fault.ts'
import { oneOf, readName, readOptions, readText } from './readers.ts'
import { readAt } from './statements.ts'
import type { Line } from './words.ts'
import { type Due, dues, type TestDeclaration } from './world.ts'

/** The options of a test. */
export const testReaders = {
  fault: readText,
  rfc: readText,
  opportunistic: oneOf(dues),
  dane: oneOf(dues),
  sts: oneOf(dues),
  both: oneOf(dues),
  via: readName,
}

/**
 * `test DOMAIN option…`: what must become of mail to a domain. Who enforces a thing does with all else as who enforces
 * nothing, and who enforces both does what the stricter of the two asks, unless it is said otherwise.
 */
export function parseTestStatement(line: Line): Result<TestDeclaration, WorldFault> {
  const domain = readAt(line, 1, readName)
  if (!domain.ok) return domain
  const read = readOptions(line.words.slice(2), testReaders)
  if (!read.ok) return read
  const { fault = '', rfc = '', opportunistic = 'deliver', via } = read.value
  const { dane = opportunistic, sts = opportunistic } = read.value
  const { both = stricterOf(dane, sts) } = read.value
  const needsHost = [opportunistic, dane, sts, both].includes('second')
  if (needsHost && via === undefined) return refuse('missing-word', line.end)
  return accept({ domain: domain.value, fault, rfc, opportunistic, dane, sts, both, via })
}

function stricterOf(one: Due, other: Due): Due {
  return dues[Math.max(dues.indexOf(one), dues.indexOf(other))] ?? one
}
