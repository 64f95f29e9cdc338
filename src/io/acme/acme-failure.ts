/**
 * What kept a certificate from being issued. It says who must act: of `unreachable`, `protocol` and `account` no other name
 * would fare better; `validation`, `refused`, `endless`, `certificate` and `elsewhere` concern
 * the one name.
 */
export type AcmeFault =
  | 'unreachable' // no answer, or one of a server in trouble
  | 'protocol' // an answer that RFC 8555 does not allow
  | 'account' // the authority has no account for us, or wants something of its holder
  | 'rate-limited'
  | 'refused' // the order for this name
  | 'validation' // the authority did not find what it looked for at this name
  | 'endless' // neither done nor refused in the time that an order has
  | 'certificate' // what was issued is not what was asked for
  | 'elsewhere' // the name does not lead to us: nothing was ordered
  | 'storage' // our own disk
  | 'aborted'

/** Why a step did not come about; `reason` is one line of bounded length, escaped. */
export interface AcmeFailure {
  readonly fault: AcmeFault
  readonly reason: string
  /** The type of the authority's problem document, if it sent one. */
  readonly problem?: string
  /** Of an answer over HTTP. */
  readonly status?: number
  /** For how long the authority asks to be left alone. */
  readonly retryAfterMs?: number
}

export function isAcmeFailure(value: object): value is AcmeFailure {
  return 'fault' in value && 'reason' in value
}

const common: ReadonlySet<AcmeFault> = new Set(['unreachable', 'protocol', 'account', 'rate-limited', 'storage'])

/** Whether the fault lies with the authority, with our account there or with our disk: other names would fare no better. */
export function concernsAll({ fault }: AcmeFailure): boolean {
  return common.has(fault)
}

/** Whether an order may still lead to a certificate, when it is gone on with. */
export function leavesOrder({ fault }: AcmeFailure): boolean {
  return common.has(fault) || fault === 'endless' || fault === 'aborted'
}
