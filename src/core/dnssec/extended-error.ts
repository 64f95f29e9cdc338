import { digestTypes } from './algorithms.ts'
import type { ChainLink, Failure, Resolution } from './resolution.ts'

/**
 * The Extended DNS Error of each way to fail, where nothing more is known. RFC 8914 §4
 *
 * Not all of them have one of their own: the rest is Other, to which belongs a text, and every failure has that.
 */
export const failureCodes: Readonly<Record<Failure['why'], number>> = {
  bogus: 6,
  timeout: 22,
  servfail: 22,
  refused: 22,
  malformed: 23,
  unreachable: 23,
  limit: 0,
  overload: 0,
  aborted: 0,
  'alias-loop': 0,
  config: 21,
}

/** RFC 8914 §4.14 */
const cachedError = 13

/** What only means that nobody signs, as is their right. */
const isNoError: ReadonlySet<string> = new Set<ChainLink['by']>(['anchor', 'ds', 'unsigned-delegation', 'opt-out'])

/**
 * The Extended DNS Error of a zone that is insecure by what we can or will do, not by its parent's proof alone:
 * unsupported algorithms or digests, NSEC3 iterations, no trust anchor or a negative one. RFC 8914 §4.2, §4.3, §4.6
 */
export function codeOfInsecureZone({ by, ds }: ChainLink): number | undefined {
  if (isNoError.has(by)) return undefined
  if (by === 'unsupported-algorithm') return ds.some(({ digestType }) => digestTypes.has(digestType)) ? 1 : 2
  if (by === 'nsec3-iterations') return tooManyIterations
  return by === 'no-anchor' ? 5 : 0
}

/** Of a denial that is not looked at. RFC 9276 §3.2 */
export const tooManyIterations = 27

/** Our own Extended DNS Errors about a result, the one that says most first. */
export function codesOf(resolution: Resolution): number[] {
  const { ede, cached } = resolution.kind === 'failure' ? resolution : { ...resolution.evidence, cached: false }
  return [...(ede === undefined ? [] : [ede]), ...(cached ? [cachedError] : [])]
}
