import type { ValidationPolicy } from './policy.ts'
import { importZoneKey, type ZoneKey } from './zone-key.ts'

/** A signature check that the crypto library is to make: with a key, or with what someone calls one. */
export interface SignatureCheck {
  readonly key: ZoneKey
  readonly data: Uint8Array
  /** As it stands in the record. */
  readonly signature: Uint8Array
  /** By which the key's algorithm is supported. */
  readonly policy: ValidationPolicy
}

export type CheckResult = 'right' | 'wrong' | 'no-key'

/**
 * Judging that stops at every signature check for whoever drives it to make it, here or elsewhere, and goes on with what
 * came of it. What it may cost has been counted by then: who makes the checks has no say in it.
 */
export type Checking<Value> = Generator<SignatureCheck, Value, CheckResult>

/** Makes every check where it is called for. */
export function checkAtOnce<Value>(checking: Checking<Value>): Value {
  let step = checking.next()
  while (step.done !== true) step = checking.next(makeCheck(step.value))
  return step.value
}

export function makeCheck({ key, data, signature, policy }: SignatureCheck): CheckResult {
  const object = importZoneKey(key, policy)
  if (object === undefined) return 'no-key'
  return policy.algorithms.get(key.algorithm)?.verify(data, object, signature) === true ? 'right' : 'wrong'
}
