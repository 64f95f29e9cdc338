/** What a parser or a step yields: a value, or the named fault why there is none. */
export type Result<Value, Fault extends string> = Accepted<Value> | Refused<Fault>

export interface Accepted<Value> {
  readonly ok: true
  readonly value: Value
}

/** Why input was refused, and where: `at` is an offset from its start, in octets or characters as it was given. */
export interface Refused<Fault extends string> {
  readonly ok: false
  readonly fault: Fault
  readonly at: number
}

export function accept<Value>(value: Value): Accepted<Value> {
  return { ok: true, value }
}

export function refuse<Fault extends string>(fault: Fault, at = 0): Refused<Fault> {
  return { ok: false, fault, at }
}

/** The value, if there is one; for lists of which what cannot be read counts as not being there. */
export function acceptedValue<Value>(result: Result<Value, string>): Value | undefined {
  return result.ok ? result.value : undefined
}
